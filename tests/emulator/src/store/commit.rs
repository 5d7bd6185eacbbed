//! How a version comes to be and how it goes: a record is put aside, then one rename or removal changes everything.

use std::fs;
use std::io;

use tempfile::NamedTempFile;

use super::record::VersionRecord;
use super::version::{Content, Version, VersionId};
use super::versioning::Versioning;
use super::{Bucket, Store};

/// A version that has no place yet.
pub(super) struct Staged {
    content: Content,
    sequence: u64,
    consumed: Option<String>,
    record: NamedTempFile,
}

/// A version that has its place.
pub(super) struct Committed {
    pub(super) id: VersionId,
    /// What was there before. It deletes files when it is dropped, so not while everyone waits.
    pub(super) replaced: Option<Version>,
}

impl Store {
    /// Puts a version aside. `consumed` is the id of the upload or object that the version is made of and that goes.
    pub(super) fn stage(&self, content: Content, consumed: Option<String>) -> io::Result<Staged> {
        let sequence = self.sequence.next(content.modified());
        let record = self.layout.stage(&VersionRecord::new(&content, sequence, consumed.clone()))?;
        Ok(Staged { content, sequence, consumed, record })
    }

    /// Makes a staged version the latest of its key.
    pub(super) fn commit(&self, bucket: &mut Bucket, staged: Staged) -> io::Result<Committed> {
        let latest = bucket.histories.get(staged.content.key()).and_then(|history| history.latest());
        let overtaken = latest.is_some_and(|latest| latest.sequence > staged.sequence);
        // Another one was staged later and is there earlier. The order is that of arriving here.
        let staged = if overtaken { self.stage(staged.content, staged.consumed)? } else { staged };
        let is_null = bucket.versioning != Versioning::Enabled;
        let version = Version { sequence: staged.sequence, is_null, content: staged.content };
        self.place(bucket, version, staged.record)
    }

    /// Puts other content into a version that is there; its name and its place stay.
    pub(super) fn rewrite(&self, bucket: &mut Bucket, version: Version) -> io::Result<Committed> {
        let record = self.layout.stage(&VersionRecord::new(&version.content, version.sequence, None))?;
        self.place(bucket, version, record)
    }

    fn place(&self, bucket: &mut Bucket, version: Version, record: NamedTempFile) -> io::Result<Committed> {
        let id = version.id();
        let path = self.layout.version(&bucket.id, version.content.key(), id);
        record.persist(path).map_err(|error| error.error)?;
        Ok(Committed { id, replaced: bucket.insert(version) })
    }

    /// Removes a version for good and gives it back, if it was there.
    pub(super) fn remove(&self, bucket: &mut Bucket, key: &str, id: VersionId) -> io::Result<Option<Version>> {
        if bucket.histories.get(key).and_then(|history| history.find(id)).is_none() {
            return Ok(None);
        }
        match fs::remove_file(self.layout.version(&bucket.id, key, id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(bucket.remove(key, id)),
        }
    }
}

impl Bucket {
    pub(super) fn insert(&mut self, version: Version) -> Option<Version> {
        let key = version.content.key().to_owned();
        let replaced = self.histories.entry(key.clone()).or_default().insert(version);
        self.serve_latest(&key);
        replaced
    }

    fn remove(&mut self, key: &str, id: VersionId) -> Option<Version> {
        let history = self.histories.get_mut(key)?;
        let removed = history.remove(id);
        if history.is_empty() {
            self.histories.remove(key);
        }
        self.serve_latest(key);
        removed
    }

    fn serve_latest(&mut self, key: &str) {
        match self.histories.get(key).and_then(|history| history.current()) {
            Some(object) => self.objects.insert(key.to_owned(), object.clone()),
            None => self.objects.remove(key),
        };
    }
}
