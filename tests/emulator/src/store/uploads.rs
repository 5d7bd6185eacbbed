//! Multipart uploads in the store.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data_directory::write_record;
use super::{Bucket, Content, Extent, Object, Store, total};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::ids;
use crate::limits::MAX_PARTS;
use crate::metadata::Properties;

/// An unfinished multipart upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) created: Moment,
    #[serde(flatten)]
    pub(crate) properties: Properties,
    /// Parts by number. Each part has its own record, so the record of the upload omits them. Clones of an upload share
    /// the parts.
    #[serde(skip)]
    pub(crate) parts: BTreeMap<u32, Arc<Part>>,
}

/// A part of an upload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u32,
    /// MD5 of the data: 32 hex digits without quotes.
    pub(crate) etag: String,
    pub(crate) created: Moment,
    pub(crate) extents: Vec<Extent>,
}

impl Part {
    pub(crate) fn size(&self) -> u64 {
        total(&self.extents)
    }
}

impl Store {
    /// Stores a new upload and returns its id.
    pub(crate) fn create_upload(&self, bucket: &str, upload: Upload) -> Result<String, Error> {
        let id = ids::sequential(upload.created);
        let staged = self.directory.temporary_directory()?;
        write_record(&staged.path().join("upload.json"), &upload)?;

        let mut index = self.lock();
        let bucket = index.bucket_mut(bucket)?;
        std::fs::rename(staged.path(), self.directory.upload(&bucket.id, &id))?;
        bucket.uploads.insert(id.clone(), upload);
        Ok(id)
    }

    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
        self.lock().bucket(bucket)?.upload(key, id).cloned()
    }

    /// Returns the digest of an upload's encryption key, if it has one. Each uploaded part needs the digest. Unlike
    /// [`upload`](Self::upload), this method does not copy the list of parts.
    pub(crate) fn upload_encryption(&self, bucket: &str, key: &str, id: &str) -> Result<Option<String>, Error> {
        self.lock().bucket(bucket)?.upload(key, id).map(|upload| upload.properties.encryption.clone())
    }

    /// Returns the creation times of unfinished uploads, by key and id. The order of ids is the order of creation.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<BTreeMap<String, BTreeMap<String, Moment>>, Error> {
        let mut uploads = BTreeMap::<String, BTreeMap<String, Moment>>::new();
        for (id, upload) in &self.lock().bucket(bucket)?.uploads {
            uploads.entry(upload.key.clone()).or_default().insert(id.clone(), upload.created);
        }
        Ok(uploads)
    }

    /// Adds a part, or replaces the part with the same number.
    pub(crate) fn put_part(&self, bucket: &str, key: &str, upload: &str, part: Part) -> Result<(), Error> {
        let record = self.directory.stage(&part)?;
        // Dropping the replaced part deletes its file, so it happens after the lock is released.
        let _replaced = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let current = bucket.upload(key, upload)?;
            if current.parts.len() >= MAX_PARTS && !current.parts.contains_key(&part.number) {
                return Err(too_many_parts());
            }
            record.persist(self.directory.part(&bucket.id, upload, part.number)).map_err(io::Error::from)?;
            bucket.uploads.get_mut(upload).and_then(|current| current.parts.insert(part.number, Arc::new(part)))
        };
        Ok(())
    }

    /// Completes an upload. `assemble` builds the object from the parts, without reading or writing their data. Other
    /// requests see either the upload or the object. Returns the version id of the object if the bucket keeps versions.
    pub(crate) fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload: &str,
        assemble: impl FnOnce(&Upload) -> Result<Object, Error>,
    ) -> Result<Option<String>, Error> {
        let (version_id, _dropped_after_unlock) = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let object = assemble(bucket.upload(key, upload)?)?;
            let staged = self.stage(Content::Object(Arc::new(object)), Some(upload.to_owned()))?;
            let committed = self.commit(bucket, staged)?;
            // The object exists from here on. If the upload's directory cannot be removed, the next start removes it.
            let trash = self.directory.discard(&self.directory.upload(&bucket.id, upload));
            (committed.version_id(), (trash, committed.replaced, bucket.uploads.remove(upload)))
        };
        Ok(version_id)
    }

    /// Removes an upload, if it exists.
    pub(crate) fn abort_upload(&self, bucket: &str, key: &str, upload: &str) -> Result<(), Error> {
        let _dropped_after_unlock = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            if bucket.upload(key, upload).is_err() {
                return Ok(());
            }
            let trash = self.directory.discard(&self.directory.upload(&bucket.id, upload))?;
            (trash, bucket.uploads.remove(upload))
        };
        Ok(())
    }
}

impl Bucket {
    fn upload(&self, key: &str, id: &str) -> Result<&Upload, Error> {
        self.uploads.get(id).filter(|upload| upload.key == key).ok_or_else(|| {
            let message = format!("there is no unfinished upload \"{id}\" of \"{key}\"");
            Error::new(Code::UploadNotExists, message)
        })
    }
}

pub(crate) fn too_many_parts() -> Error {
    Error::new(Code::MaxPartsExceeded, format!("an upload has at most {MAX_PARTS} parts"))
}
