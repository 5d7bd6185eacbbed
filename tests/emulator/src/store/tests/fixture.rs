//! A store in a temporary directory, with one bucket.

use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::body::ExtentReader;
use crate::clock::{Clock, Moment};
use crate::ids;
use crate::metadata::Properties;
use crate::store::objects::Deleted;

pub(super) const BUCKET: &str = "bucket";

pub(super) struct Fixture {
    pub(super) directory: TempDir,
    pub(super) store: Arc<Store>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Arc::new(Store::open(directory.path()).unwrap());
        store.create_bucket(BucketInfo { name: BUCKET.into(), zone: "pek3a".into(), created: now() }).unwrap();
        Self { directory, store }
    }

    /// Closes the store and opens its directory again.
    pub(super) fn restart(self) -> Self {
        let Self { directory, store } = self;
        drop(store);
        let store = Arc::new(Store::open(directory.path()).unwrap());
        Self { directory, store }
    }

    pub(super) fn data(&self, text: &'static str) -> Vec<Extent> {
        let mut writer = SegmentWriter::new(Arc::clone(&self.store));
        if !text.is_empty() {
            writer.append(&[Bytes::from_static(text.as_bytes())]).unwrap();
        }
        writer.finish(now()).unwrap().extents
    }

    /// Stores an object and returns its version id.
    pub(super) fn put(&self, key: &str, text: &'static str) -> Option<String> {
        let object = object(key, self.data(text));
        self.store.put_object(BUCKET, object).unwrap()
    }

    pub(super) fn delete(&self, key: &str) -> Deleted {
        self.store.delete_object(BUCKET, key, now()).unwrap()
    }

    pub(super) fn move_object(&self, from: &str, to: &str) -> Result<Option<String>, Error> {
        let source = self.store.object(BUCKET, from)?;
        let object = Object { id: ids::sequential(now()), key: to.into(), modified: now(), ..Object::clone(&source) };
        self.store.move_object((BUCKET, &source), BUCKET, object)
    }

    pub(super) fn initiate(&self, key: &str) -> String {
        let upload =
            Upload { key: key.into(), created: now(), properties: Properties::default(), parts: BTreeMap::new() };
        self.store.create_upload(BUCKET, upload).unwrap()
    }

    pub(super) fn part(&self, key: &str, upload: &str, number: u32, text: &'static str) {
        let part = Part { number, etag: "e".into(), created: now(), extents: self.data(text) };
        self.store.put_part(BUCKET, key, upload, part).unwrap();
    }

    pub(super) fn complete(&self, key: &str, upload: &str) {
        self.store
            .complete_upload(BUCKET, key, upload, |upload| {
                let parts = upload.parts.values();
                let extents = parts.flat_map(|part| part.extents.iter().cloned());
                Ok(object(&upload.key, extents.collect()))
            })
            .unwrap();
    }

    pub(super) fn read(&self, key: &str) -> Option<String> {
        let object = self.store.object(BUCKET, key).ok()?;
        Some(text(object.extents.clone()))
    }

    /// Returns the texts of the versions of a key, the latest first. `None` is a delete marker.
    pub(super) fn history(&self, key: &str) -> Vec<Option<String>> {
        let store = &self.store;
        let contents: Vec<Content> = store
            .with_histories(BUCKET, |histories| {
                let versions = histories.get(key).into_iter().flat_map(|history| history.latest_first());
                versions.map(|version| version.content.clone()).collect()
            })
            .unwrap();
        contents
            .into_iter()
            .map(|content| match content {
                Content::Object(object) => Some(text(object.extents.clone())),
                Content::DeleteMarker(_) => None,
            })
            .collect()
    }

    /// Returns the directory with the records of the bucket's versions.
    pub(super) fn records(&self) -> PathBuf {
        let id = self.store.lock().bucket(BUCKET).unwrap().id.clone();
        self.store.directory.objects(&id)
    }

    /// Returns the number of segments on disk.
    pub(super) fn segments(&self) -> usize {
        fs::read_dir(self.directory.path().join("segments")).unwrap().count()
    }
}

pub(super) fn now() -> Moment {
    Clock::default().now()
}

pub(super) fn object(key: &str, extents: Vec<Extent>) -> Object {
    Object { extents, ..Object::new(key, Properties::default(), now()) }
}

pub(super) fn text(extents: Vec<Extent>) -> String {
    let mut reader = ExtentReader::new(extents);
    let mut all = Vec::new();
    loop {
        let chunk = reader.read().unwrap();
        if chunk.is_empty() {
            return String::from_utf8(all).unwrap();
        }
        all.extend_from_slice(&chunk);
    }
}
