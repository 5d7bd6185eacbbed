//! Versions, also after a restart or a kill.

use std::fs;
use std::path::PathBuf;

use super::fixture::{BUCKET, Fixture, now, object, text};
use super::*;
use crate::clock::Moment;
use crate::error::Code;
use crate::ids;

impl Fixture {
    fn versioning(&self, status: Versioning) {
        self.store.set_versioning(BUCKET, status).unwrap();
    }

    fn enabled() -> Self {
        let fixture = Self::new();
        fixture.versioning(Versioning::Enabled);
        fixture
    }

    fn append(&self, key: &str, data: &'static str) -> Option<String> {
        let extents = self.data(data);
        let extend = |current: Option<&Object>| {
            let mut extended = current.cloned().unwrap_or_else(|| object(key, Vec::new()));
            extended.extents.extend(extents);
            Ok(Object { id: ids::sequential(now()), is_appendable: true, ..extended })
        };
        self.store.append_object(BUCKET, key, extend).unwrap().1
    }

    /// Returns the path of the record of the latest version of a key.
    fn latest_record(&self, key: &str) -> PathBuf {
        let index = self.store.lock();
        let bucket = index.bucket(BUCKET).unwrap();
        self.store.directory.version(&bucket.id, key, bucket.histories[key].latest().unwrap().id())
    }

    fn read_version(&self, key: &str, version_id: &str) -> Option<String> {
        match self.store.find(BUCKET, key, Some(version_id)).ok()?.content {
            Content::Object(object) => Some(text(object.extents.clone())),
            Content::DeleteMarker(_) => None,
        }
    }
}

/// Returns the expected texts of versions. A dash stands for a delete marker.
fn versions(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned()).filter(|text| text != "-")).collect()
}

#[test]
fn restart_keeps_every_version_in_order() {
    let fixture = Fixture::new();
    assert_eq!(fixture.put("key", "before"), None);
    fixture.versioning(Versioning::Enabled);
    let first = fixture.put("key", "one").unwrap();
    let second = fixture.put("key", "two").unwrap();
    let deleted = fixture.delete("key");
    assert!(deleted.delete_marker);
    fixture.versioning(Versioning::Suspended);
    assert_eq!(fixture.put("key", "after"), None);
    assert_eq!(fixture.put("key", "later"), None);

    let fixture = fixture.restart();
    assert_eq!(fixture.store.versioning(BUCKET).unwrap(), Versioning::Suspended);
    assert_eq!(fixture.history("key"), versions(&["later", "-", "two", "one"]));
    assert_eq!(fixture.read("key").as_deref(), Some("later"));
    assert_eq!(fixture.read_version("key", &first).as_deref(), Some("one"));
    assert_eq!(fixture.read_version("key", &second).as_deref(), Some("two"));
    assert_eq!(fixture.read_version("key", "null").as_deref(), Some("later"));
    assert_eq!(fixture.segments(), 3);
}

#[test]
fn removing_a_delete_marker_restores_the_object() {
    let fixture = Fixture::enabled();
    let version = fixture.put("key", "data").unwrap();
    let marker = fixture.delete("key").version_id.unwrap();
    let fixture = fixture.restart();
    assert_eq!(fixture.read("key"), None);
    assert_eq!(fixture.history("key"), versions(&["-", "data"]));
    assert!(fixture.store.delete_version(BUCKET, "key", &marker).unwrap().delete_marker);
    let fixture = fixture.restart();
    assert_eq!(fixture.read("key").as_deref(), Some("data"));
    assert!(!fixture.store.delete_version(BUCKET, "key", &version).unwrap().delete_marker);
    assert_eq!(fixture.segments(), 0);
    assert_eq!(fs::read_dir(fixture.records()).unwrap().count(), 0);
    fixture.store.delete_bucket(BUCKET).unwrap();
}

#[test]
fn bucket_with_old_versions_is_not_empty() {
    let fixture = Fixture::enabled();
    fixture.put("key", "data");
    fixture.delete("key");
    let refused = fixture.store.delete_bucket(BUCKET).unwrap_err();
    assert_eq!(refused.code, Code::BucketNotEmpty);
    assert!(refused.message.contains("versions"), "{}", refused.message);
}

#[test]
fn deletion_while_suspended_replaces_the_null_version() {
    let fixture = Fixture::enabled();
    fixture.put("key", "kept");
    fixture.versioning(Versioning::Suspended);
    fixture.put("key", "null");
    assert_eq!(fixture.delete("key").version_id.as_deref(), Some("null"));
    let fixture = fixture.restart();
    assert_eq!(fixture.history("key"), versions(&["-", "kept"]));
    assert_eq!(fixture.segments(), 1);
}

#[test]
fn version_committed_last_is_the_latest() {
    let fixture = Fixture::enabled();
    let store = &fixture.store;
    let staged = |text| {
        let object = object("key", fixture.data(text));
        store.stage(Content::Object(Arc::new(object)), None).unwrap()
    };
    let (early, late) = (staged("staged first"), staged("staged last"));
    for staged in [late, early] {
        let mut index = store.lock();
        store.commit(index.bucket_mut(BUCKET).unwrap(), staged).unwrap();
    }
    assert_eq!(fixture.restart().history("key"), versions(&["staged first", "staged last"]));
}

#[test]
fn append_keeps_the_version() {
    let fixture = Fixture::enabled();
    let version = fixture.append("log", "a").unwrap();
    assert_eq!(fixture.append("log", "b").as_deref(), Some(&*version));
    let fixture = fixture.restart();
    assert_eq!(fixture.append("log", "c").as_deref(), Some(&*version));
    assert_eq!(fixture.history("log"), versions(&["abc"]));
    fixture.delete("log");
    assert_ne!(fixture.append("log", "new"), Some(version.clone()));
    let fixture = fixture.restart();
    assert_eq!(fixture.history("log"), versions(&["new", "-", "abc"]));
    assert!(fixture.store.object(BUCKET, "log").unwrap().is_appendable);
    // A replaced object cannot be appended to.
    fixture.put("log", "put");
    assert!(!fixture.restart().store.object(BUCKET, "log").unwrap().is_appendable);
}

#[test]
fn move_keeps_the_versions_of_the_source() {
    let fixture = Fixture::enabled();
    fixture.put("from", "old");
    fixture.append("log", "moved");
    let version = fixture.move_object("log", "to").unwrap();
    assert!(version.is_some());
    fixture.move_object("from", "log").unwrap();
    let fixture = fixture.restart();
    assert_eq!(fixture.history("from"), versions(&["-", "old"]));
    assert_eq!(fixture.history("log"), versions(&["old", "-", "moved"]));
    assert!(fixture.store.object(BUCKET, "to").unwrap().is_appendable);
    assert_eq!(fixture.move_object("from", "x").map_err(|error| error.code), Err(Code::ObjectNotExists));
}

/// Simulates a kill after each of the three records that a move writes: the target, the delete marker, and the target
/// again.
#[test]
fn start_completes_a_killed_move_once() {
    for written in 1..=3 {
        let fixture = Fixture::enabled();
        fixture.put("from", "data");
        let source = fixture.store.object(BUCKET, "from").unwrap().id.clone();
        fixture.move_object("from", "to").unwrap();
        let (target, marker) = (fixture.latest_record("to"), fixture.latest_record("from"));
        let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&target).unwrap()).unwrap();
        assert_eq!(record.get("consumed"), None);
        if written < 3 {
            record["consumed"] = source.into();
            fs::write(&target, record.to_string()).unwrap();
        }
        if written < 2 {
            fs::remove_file(&marker).unwrap();
        }

        let fixture = fixture.restart();
        assert_eq!(fixture.history("from"), versions(&["-", "data"]), "{written}");
        assert_eq!(fixture.history("to"), versions(&["data"]), "{written}");
        let marker = fixture.store.find(BUCKET, "from", None).unwrap().version_id.unwrap();
        fixture.store.delete_version(BUCKET, "from", &marker).unwrap();
        assert_eq!(fixture.restart().read("from").as_deref(), Some("data"), "{written}");
    }
}

#[test]
fn clock_set_back_does_not_change_the_order() {
    let fixture = Fixture::enabled();
    fixture.put("key", "first");
    let mut fixture = fixture.restart();
    for text in ["set back", "set back further"] {
        let modified = Moment::from_seconds(now().seconds() - 3600 * text.len() as i64);
        let object = Object { modified, ..object("key", fixture.data(text)) };
        fixture.store.put_object(BUCKET, object).unwrap();
        fixture = fixture.restart();
    }
    assert_eq!(fixture.history("key"), versions(&["set back further", "set back", "first"]));
}
