//! Buckets, objects and uploads, also after a restart or a kill.

use std::fs;

use tempfile::TempDir;

use super::fixture::{BUCKET, Fixture, now, object, text};
use super::*;
use crate::ids;

#[test]
fn restart_keeps_objects_and_uploads() {
    let fixture = Fixture::new();
    fixture.put("plain", "one");
    fixture.put("/../odd\u{0} \"key\" 中", "two");
    fixture.put("empty", "");
    let done = fixture.initiate("done");
    fixture.part("done", &done, 0, "three");
    fixture.part("done", &done, 5, "four");
    fixture.complete("done", &done);
    let open = fixture.initiate("open");
    fixture.part("open", &open, 1, "five");

    let fixture = fixture.restart();
    assert_eq!(fixture.read("plain").as_deref(), Some("one"));
    assert_eq!(fixture.read("/../odd\u{0} \"key\" 中").as_deref(), Some("two"));
    assert_eq!(fixture.read("empty").as_deref(), Some(""));
    assert_eq!(fixture.read("done").as_deref(), Some("threefour"));
    assert_eq!(fixture.segments(), 5);
    assert!(fixture.store.upload(BUCKET, "done", &done).is_err());
    fixture.part("open", &open, 2, "six");
    fixture.complete("open", &open);
    assert_eq!(fixture.restart().read("open").as_deref(), Some("fivesix"));
}

#[test]
fn replaced_data_remains_until_its_last_reader_ends() {
    let fixture = Fixture::new();
    fixture.put("key", "old");
    let reader = fixture.store.object(BUCKET, "key").unwrap();
    fixture.put("key", "new");
    fixture.delete("key");
    assert_eq!(text(reader.extents.clone()), "old");
    assert_eq!(fixture.segments(), 1);
    drop(reader);
    assert_eq!(fixture.segments(), 0);
}

#[test]
fn copies_share_data_and_survive_their_source() {
    let fixture = Fixture::new();
    fixture.put("source", "0123456789");
    let source = fixture.store.object(BUCKET, "source").unwrap();
    let middle = slice(&source.extents, 2, 3);
    fixture.store.put_object(BUCKET, object("copy", middle)).unwrap();
    drop(source);
    fixture.delete("source");
    let fixture = fixture.restart();
    assert_eq!(fixture.read("source"), None);
    assert_eq!(fixture.read("copy").as_deref(), Some("234"));
    fixture.delete("copy");
    assert_eq!(fixture.segments(), 0);
}

#[test]
fn slices_span_extents() {
    let fixture = Fixture::new();
    let mut extents = fixture.data("abc");
    extents.extend(fixture.data("def"));
    extents.extend(fixture.data("ghi"));
    for start in 0..9 {
        for length in 1..=9 - start {
            let expected = &"abcdefghi"[start..start + length];
            let slice = slice(&extents, start as u64, length as u64);
            assert_eq!(total(&slice), length as u64);
            assert_eq!(text(slice), expected);
        }
    }
}

#[test]
fn move_deletes_the_source_once() {
    let fixture = Fixture::new();
    fixture.put("from", "data");
    let source = fixture.store.object(BUCKET, "from").unwrap();
    let moved = Object { id: ids::sequential(now()), key: "to".into(), ..Object::clone(&source) };
    let store = &fixture.store;
    store.move_object((BUCKET, &source), BUCKET, moved.clone()).unwrap();
    assert!(store.move_object((BUCKET, &source), BUCKET, moved).is_err());
    drop(source);
    let fixture = fixture.restart();
    assert_eq!(fixture.read("from"), None);
    assert_eq!(fixture.read("to").as_deref(), Some("data"));
}

/// A move that failed must not be finished at the next start.
#[test]
fn failed_move_changes_nothing() {
    for target in [None, Some("old target")] {
        let fixture = Fixture::new();
        fixture.put("from", "source");
        let record = fs::read_dir(fixture.records()).unwrap().next().unwrap().unwrap().path();
        if let Some(text) = target {
            fixture.put("to", text);
        }
        // The store fails to remove the record, because a directory has replaced the file.
        let bytes = fs::read(&record).unwrap();
        fs::remove_file(&record).unwrap();
        fs::create_dir(&record).unwrap();
        assert!(fixture.move_object("from", "to").is_err());
        assert_eq!(fixture.read("from").as_deref(), Some("source"));
        assert_eq!(fixture.read("to").as_deref(), target);

        fs::remove_dir(&record).unwrap();
        fs::write(&record, bytes).unwrap();
        let fixture = fixture.restart();
        assert_eq!(fixture.read("from").as_deref(), Some("source"));
        assert_eq!(fixture.read("to").as_deref(), target);
    }
}

#[test]
fn start_completes_changes_of_a_killed_process() {
    let fixture = Fixture::new();
    let upload = fixture.initiate("key");
    fixture.part("key", &upload, 0, "data");
    fixture.put("from", "moved");
    let root = fixture.directory.path().to_owned();
    let buckets = root.join("buckets");
    let bucket = fs::read_dir(&buckets).unwrap().next().unwrap().unwrap().path();
    let saved = root.join("tmp").join("saved");
    // Saves the files that a killed process would not have removed, and restores them later.
    fs::create_dir_all(&saved).unwrap();
    let upload_path = bucket.join("uploads").join(&upload);
    for entry in fs::read_dir(&upload_path).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), saved.join(entry.file_name())).unwrap();
    }
    let record = fs::read_dir(bucket.join("objects")).unwrap().next().unwrap().unwrap().path();
    let record_bytes = fs::read(&record).unwrap();

    fixture.complete("key", &upload);
    let source = fixture.store.object(BUCKET, "from").unwrap();
    let content = Object { id: ids::sequential(now()), key: "to".into(), ..Object::clone(&source) };
    fixture.store.move_object((BUCKET, &source), BUCKET, content).unwrap();
    drop(source);
    fs::rename(&saved, &upload_path).unwrap();
    fs::write(&record, record_bytes).unwrap();

    let fixture = fixture.restart();
    assert_eq!(fixture.read("key").as_deref(), Some("data"));
    assert!(fixture.store.upload(BUCKET, "key", &upload).is_err());
    assert!(!upload_path.exists());
    assert_eq!(fixture.read("from"), None);
    assert_eq!(fixture.read("to").as_deref(), Some("moved"));
}

#[test]
fn start_removes_unfinished_files() {
    let fixture = Fixture::new();
    fixture.put("key", "data");
    let root = fixture.directory.path().to_owned();
    fs::write(root.join("tmp/unfinished"), "data").unwrap();
    fs::write(root.join("segments/unreferenced"), "data").unwrap();
    let fixture = fixture.restart();
    assert_eq!(fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    assert_eq!(fixture.segments(), 1);
    assert_eq!(fixture.read("key").as_deref(), Some("data"));
}

#[test]
fn directory_with_other_files_is_refused() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("notes.txt"), "text").unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("neither empty nor"), "{error}");
    assert!(directory.path().join("notes.txt").exists());
}

#[test]
fn damaged_directory_is_refused_and_not_changed() {
    let fixture = Fixture::new();
    fixture.put("lost", "data");
    fixture.put("kept", "data");
    let Fixture { directory, store } = fixture;
    let lost = store.object(BUCKET, "lost").unwrap().extents[0].segment.id.clone();
    drop(store);
    let segments = directory.path().join("segments");
    fs::remove_file(segments.join(lost)).unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(fs::read_dir(segments).unwrap().count(), 1);
}

#[test]
fn creates_and_deletes_buckets() {
    let fixture = Fixture::new();
    fixture.put("key", "data");
    let code = |result: Result<(), Error>| result.map_err(|error| error.code);
    let again = BucketInfo { name: BUCKET.into(), zone: "gd2".into(), created: now() };
    assert_eq!(code(fixture.store.create_bucket(again)), Err(Code::BucketAlreadyExists));
    assert_eq!(code(fixture.store.delete_bucket(BUCKET)), Err(Code::BucketNotEmpty));
    fixture.delete("key");
    let upload = fixture.initiate("unfinished");
    fixture.part("unfinished", &upload, 0, "data");
    assert_eq!(code(fixture.store.delete_bucket(BUCKET)), Ok(()));
    assert_eq!(code(fixture.store.delete_bucket(BUCKET)), Err(Code::BucketNotExists));
    assert_eq!(fixture.segments(), 0);
    assert!(fixture.restart().store.buckets().is_empty());
}
