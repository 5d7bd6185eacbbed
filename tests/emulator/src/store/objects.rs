//! Reading, writing and deleting objects and their versions.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::version::{Content, DeleteMarker, History, Version, VersionId};
use super::versioning::Versioning;
use super::{Bucket, NewObject, Object, Store};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::ids;

/// What is found under a key, or under a key and a version's name.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) content: Content,
    /// Its name, unless the bucket never had versioning.
    pub(crate) version_id: Option<String>,
}

/// What deleting has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// The version that was made or removed, unless the bucket never had versioning.
    pub(crate) version_id: Option<String>,
    /// Whether that is a delete marker.
    pub(crate) delete_marker: bool,
}

impl Store {
    /// The object that is served under a key.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, Error> {
        self.lock().bucket(bucket)?.objects.get(key).cloned().ok_or_else(|| no_object(key))
    }

    /// The latest version of a key, or the one of that name.
    pub(crate) fn find(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<Found, Error> {
        let index = self.lock();
        let bucket = index.bucket(bucket)?;
        let history = bucket.histories.get(key).ok_or_else(|| no_object(key))?;
        let version = match version_id {
            None => history.latest().ok_or_else(|| no_object(key))?,
            Some(name) => {
                VersionId::parse(name).and_then(|id| history.find(id)).ok_or_else(|| no_version(key, name))?
            }
        };
        let version_id = (bucket.versioning != Versioning::Disabled).then(|| version.id().to_string());
        Ok(Found { content: version.content.clone(), version_id })
    }

    /// Reads the objects that a bucket serves, in the order of their keys' bytes. Neither deleted objects nor earlier
    /// versions are among them.
    pub(crate) fn with_objects<T>(
        &self,
        bucket: &str,
        read: impl FnOnce(&BTreeMap<String, Arc<Object>>) -> T,
    ) -> Result<T, Error> {
        Ok(read(&self.lock().bucket(bucket)?.objects))
    }

    /// Reads the versions of all keys of a bucket, in the order of the keys' bytes.
    pub(crate) fn with_histories<T>(
        &self,
        bucket: &str,
        read: impl FnOnce(&BTreeMap<String, History>) -> T,
    ) -> Result<T, Error> {
        Ok(read(&self.lock().bucket(bucket)?.histories))
    }

    /// Stores an object. The answer is the name of the new version, if the bucket keeps versions.
    pub(crate) fn put_object(&self, bucket: &str, content: NewObject) -> Result<Option<String>, Error> {
        let staged = self.stage(Content::Object(Arc::new(new_object(content))), None)?;
        let committed = {
            let mut index = self.lock();
            self.commit(index.bucket_mut(bucket)?, staged)?
        };
        Ok(announced(committed.id))
    }

    /// Deletes a key, if it is there; a bucket that ever had versioning gets a delete marker in any case.
    pub(crate) fn delete_object(&self, bucket: &str, key: &str, now: Moment) -> Result<Deleted, Error> {
        let (deleted, _dropped_unlocked) = {
            let mut index = self.lock();
            self.delete_latest(index.bucket_mut(bucket)?, key, now)?
        };
        Ok(deleted)
    }

    /// Deletes one version for good, if it is there. What came before it is the latest then.
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

    /// What deleting without the name of a version does. What is given back with it may delete files when dropped.
    pub(super) fn delete_latest(
        &self,
        bucket: &mut Bucket,
        key: &str,
        now: Moment,
    ) -> io::Result<(Deleted, Option<Version>)> {
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
}

/// The name of a version that was written, as far as the service tells it: the null version has no name of its own.
pub(super) fn announced(id: VersionId) -> Option<String> {
    (id != VersionId::Null).then(|| id.to_string())
}

pub(super) fn new_object(content: NewObject) -> Object {
    Object {
        id: ids::sequential(content.modified),
        size: super::total(&content.extents),
        is_appendable: false,
        content,
    }
}

pub(crate) fn no_object(key: &str) -> Error {
    Error::new(Code::ObjectNotExists, format!("there is no object \"{key}\""))
}

fn no_version(key: &str, version_id: &str) -> Error {
    Error::new(Code::ObjectNotExists, format!("the object \"{key}\" has no version \"{version_id}\""))
}
