//! Methods of the store that read, write, append to, move and delete objects and their versions.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::data_directory::read_record;
use super::version::{DeleteMarker, VersionRecord};
use super::{Bucket, Content, History, Object, Store, Version, VersionId, Versioning};
use crate::clock::Moment;
use crate::error::{Code, Error};

/// A version of an object, as found by [`Store::find`].
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) content: Content,
    /// `None` if the bucket never had versioning.
    pub(crate) version_id: Option<String>,
}

/// Result of a deletion.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// The version that was created or removed. `None` if the bucket never had versioning or nothing was removed.
    pub(crate) version_id: Option<String>,
    /// True if that version is a delete marker.
    pub(crate) delete_marker: bool,
}

/// A move whose source was not deleted before the process was killed.
#[derive(Debug)]
pub(super) struct UnfinishedMove {
    pub(super) bucket: String,
    /// The object that was moved.
    pub(super) source: Arc<Object>,
    /// Time of the move.
    pub(super) moved: Moment,
    /// The record of the new object.
    pub(super) target: PathBuf,
}

/// A new version whose record has a temporary name.
pub(super) struct Staged {
    content: Content,
    sequence: u64,
    /// The id of the upload or object that becomes this version.
    consumed: Option<String>,
    record: NamedTempFile,
}

/// A version whose record has its final name.
pub(super) struct Committed {
    pub(super) id: VersionId,
    /// The version that it replaced. Dropping it may delete files, so it should be dropped after the lock is released.
    pub(super) replaced: Option<Version>,
}

impl Committed {
    /// Returns the version id for the response. `None` for the null version.
    pub(super) fn version_id(&self) -> Option<String> {
        (self.id != VersionId::Null).then(|| self.id.to_string())
    }
}

impl Store {
    /// Returns the current object of a key.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, Error> {
        self.lock().bucket(bucket)?.current(key).cloned().ok_or_else(|| no_object(key))
    }

    /// Returns the version with this id, or the latest version of the key if `version_id` is `None`.
    pub(crate) fn find(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<Found, Error> {
        let index = self.lock();
        let bucket = index.bucket(bucket)?;
        let history = bucket.histories.get(key).ok_or_else(|| no_object(key))?;
        let version = match version_id {
            None => history.latest().ok_or_else(|| no_object(key))?,
            Some(text) => VersionId::parse(text).and_then(|id| history.find(id)).ok_or_else(|| {
                Error::new(Code::ObjectNotExists, format!("the object \"{key}\" has no version \"{text}\""))
            })?,
        };
        let version_id = (bucket.versioning != Versioning::Disabled).then(|| version.id().to_string());
        Ok(Found { content: version.content.clone(), version_id })
    }

    /// Calls `read` with the histories of all keys of a bucket, sorted by key.
    pub(crate) fn with_histories<T>(
        &self,
        bucket: &str,
        read: impl FnOnce(&BTreeMap<String, History>) -> T,
    ) -> Result<T, Error> {
        Ok(read(&self.lock().bucket(bucket)?.histories))
    }

    /// Stores an object. Returns its version id if the bucket keeps versions.
    pub(crate) fn put_object(&self, bucket: &str, object: Object) -> Result<Option<String>, Error> {
        let staged = self.stage(Content::Object(Arc::new(object)), None)?;
        let committed = {
            let mut index = self.lock();
            self.commit(index.bucket_mut(bucket)?, staged)?
        };
        Ok(committed.version_id())
    }

    /// Replaces the current object by the result of `append`, which receives the current object. The store is locked
    /// meanwhile. Returns the new object, and its version id if the bucket keeps versions.
    ///
    /// An existing object keeps its version, because appending does not replace its data. A new object is a new
    /// version.
    pub(crate) fn append_object(
        &self,
        bucket: &str,
        key: &str,
        append: impl FnOnce(Option<&Object>) -> Result<Object, Error>,
    ) -> Result<(Arc<Object>, Option<String>), Error> {
        let (object, committed) = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let latest = bucket.histories.get(key).and_then(|history| history.latest());
            let current = latest.filter(|version| version.object().is_some());
            let object = Arc::new(append(current.and_then(Version::object).map(Arc::as_ref))?);
            let content = Content::Object(Arc::clone(&object));
            let committed = match current {
                Some(version) => {
                    let extended = Version { content, ..version.clone() };
                    self.rewrite(bucket, extended)?
                }
                None => {
                    let staged = self.stage(content, None)?;
                    self.commit(bucket, staged)?
                }
            };
            (object, committed)
        };
        Ok((object, committed.version_id()))
    }

    /// Stores `object`, a copy of `source`, in the bucket `to`, and deletes `source` from the bucket `from`. Fails if
    /// `source` is no longer the current object of its key. If `source` cannot be deleted, undoes the change of `to`.
    /// Returns the version id of `object` if its bucket keeps versions.
    pub(crate) fn move_object(
        &self,
        (from, source): (&str, &Object),
        to: &str,
        object: Object,
    ) -> Result<Option<String>, Error> {
        let (key, moved) = (object.key.clone(), object.modified);
        let staged = self.stage(Content::Object(Arc::new(object)), Some(source.id.clone()))?;
        let (version_id, _dropped_after_unlock) = {
            let mut index = self.lock();
            if index.bucket(from)?.current(&source.key).is_none_or(|current| current.id != source.id) {
                return Err(no_object(&source.key));
            }
            let target = index.bucket_mut(to)?;
            let committed = self.commit(target, staged)?;
            let record = self.directory.version(&target.id, &key, committed.id);
            let origin = index.bucket_mut(from)?;
            let removed = match self.delete_latest(origin, &source.key, moved) {
                Ok((_, removed)) => removed,
                Err(error) => {
                    // If this fails too, the next start finishes the move.
                    let _ = self.undo_commit(index.bucket_mut(to)?, &key, committed);
                    return Err(error.into());
                }
            };
            if origin.versioning != Versioning::Disabled {
                // If this fails, the next start does it.
                let _ = self.clear_move_source(&record);
            }
            (committed.version_id(), (committed.replaced, removed))
        };
        Ok(version_id)
    }

    /// Removes a committed version, or restores the version that it replaced.
    fn undo_commit(&self, bucket: &mut Bucket, key: &str, committed: Committed) -> io::Result<()> {
        match committed.replaced {
            Some(replaced) => self.rewrite(bucket, replaced).map(drop),
            None => self.remove(bucket, key, committed.id).map(drop),
        }
    }

    /// Finishes an interrupted move by deleting its source.
    pub(super) fn finish_move(&self, unfinished: &UnfinishedMove) -> io::Result<()> {
        let UnfinishedMove { bucket, source, moved, target } = unfinished;
        let mut index = self.lock();
        let Some(bucket) = index.buckets.get_mut(bucket) else {
            return Ok(());
        };
        if bucket.current(&source.key).is_some_and(|current| current.id == source.id) {
            drop(self.delete_latest(bucket, &source.key, *moved)?);
        }
        self.clear_move_source(target)
    }

    /// Removes the id of the move's source from the record of the new object. With versioning, the source remains as an
    /// earlier version and can become the current object again. The next start must not delete it in that case.
    fn clear_move_source(&self, path: &Path) -> io::Result<()> {
        let record: VersionRecord = read_record(path)?;
        self.directory.stage(&VersionRecord { consumed: None, ..record })?.persist(path)?;
        Ok(())
    }

    /// Deletes the current object of a key, if there is one. If the bucket ever had versioning, adds a delete marker
    /// even if there is no object.
    pub(crate) fn delete_object(&self, bucket: &str, key: &str, now: Moment) -> Result<Deleted, Error> {
        let (deleted, _dropped_after_unlock) = {
            let mut index = self.lock();
            self.delete_latest(index.bucket_mut(bucket)?, key, now)?
        };
        Ok(deleted)
    }

    /// Deletes a version permanently, if it exists. If it was the latest version, the one before it becomes the latest.
    pub(crate) fn delete_version(&self, bucket: &str, key: &str, version_id: &str) -> Result<Deleted, Error> {
        let (removed, had_versioning) = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let removed = match VersionId::parse(version_id) {
                Some(id) => self.remove(bucket, key, id)?,
                None => None,
            };
            (removed, bucket.versioning != Versioning::Disabled)
        };
        Ok(removed.map_or_else(Deleted::default, |version| Deleted {
            version_id: had_versioning.then(|| version.id().to_string()),
            delete_marker: version.object().is_none(),
        }))
    }

    /// Implements [`delete_object`](Self::delete_object) under the lock. Dropping the returned version may delete
    /// files.
    fn delete_latest(&self, bucket: &mut Bucket, key: &str, now: Moment) -> io::Result<(Deleted, Option<Version>)> {
        if bucket.versioning == Versioning::Disabled {
            let removed = self.remove(bucket, key, VersionId::Null)?;
            return Ok((Deleted::default(), removed));
        }
        let marker = DeleteMarker { key: key.to_owned(), modified: now };
        let staged = self.stage(Content::DeleteMarker(marker), None)?;
        let committed = self.commit(bucket, staged)?;
        let deleted = Deleted { version_id: Some(committed.id.to_string()), delete_marker: true };
        Ok((deleted, committed.replaced))
    }

    /// Writes the record of a new version. `consumed` is the id of the upload or object that becomes this version.
    pub(super) fn stage(&self, content: Content, consumed: Option<String>) -> io::Result<Staged> {
        let sequence = self.sequence.next(content.modified());
        let record = self.write_version(&content, sequence, consumed.clone())?;
        Ok(Staged { content, sequence, consumed, record })
    }

    fn write_version(&self, content: &Content, sequence: u64, consumed: Option<String>) -> io::Result<NamedTempFile> {
        match content {
            Content::Object(object) => self.directory.stage(&VersionRecord {
                sequence,
                delete_marker: false,
                consumed,
                content: object.as_ref(),
            }),
            Content::DeleteMarker(marker) => {
                self.directory.stage(&VersionRecord { sequence, delete_marker: true, consumed, content: marker })
            }
        }
    }

    /// Gives the record of a new version its final name and makes the version the latest one of its key.
    pub(super) fn commit(&self, bucket: &mut Bucket, staged: Staged) -> io::Result<Committed> {
        let latest = bucket.histories.get(staged.content.key()).and_then(|history| history.latest());
        // The version that is committed last must have the highest sequence number. If the current latest version was
        // staged after this one, this one gets a new number.
        let is_overtaken = latest.is_some_and(|latest| latest.sequence > staged.sequence);
        let staged = if is_overtaken { self.stage(staged.content, staged.consumed)? } else { staged };
        let is_null = bucket.versioning != Versioning::Enabled;
        let version = Version { sequence: staged.sequence, is_null, content: staged.content };
        self.place(bucket, version, staged.record)
    }

    /// Replaces the content of a version, which keeps its id and position.
    fn rewrite(&self, bucket: &mut Bucket, version: Version) -> io::Result<Committed> {
        let record = self.write_version(&version.content, version.sequence, None)?;
        self.place(bucket, version, record)
    }

    /// Gives the record of a version its final name and inserts the version into the index.
    fn place(&self, bucket: &mut Bucket, version: Version, record: NamedTempFile) -> io::Result<Committed> {
        let id = version.id();
        record.persist(self.directory.version(&bucket.id, version.content.key(), id))?;
        Ok(Committed { id, replaced: bucket.insert(version) })
    }

    /// Deletes a version and its record. Returns the version, or `None` if it does not exist.
    fn remove(&self, bucket: &mut Bucket, key: &str, id: VersionId) -> io::Result<Option<Version>> {
        if bucket.histories.get(key).and_then(|history| history.find(id)).is_none() {
            return Ok(None);
        }
        match fs::remove_file(self.directory.version(&bucket.id, key, id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(bucket.remove(key, id)),
        }
    }
}

impl Bucket {
    /// Returns the current object of a key.
    fn current(&self, key: &str) -> Option<&Arc<Object>> {
        self.histories.get(key).and_then(History::current)
    }

    /// Inserts a version and returns the version with the same id that it replaces.
    pub(super) fn insert(&mut self, version: Version) -> Option<Version> {
        self.histories.entry(version.content.key().to_owned()).or_default().insert(version)
    }

    fn remove(&mut self, key: &str, id: VersionId) -> Option<Version> {
        let history = self.histories.get_mut(key)?;
        let removed = history.remove(id);
        if history.is_empty() {
            self.histories.remove(key);
        }
        removed
    }
}

pub(crate) fn no_object(key: &str) -> Error {
    Error::new(Code::ObjectNotExists, format!("there is no object \"{key}\""))
}
