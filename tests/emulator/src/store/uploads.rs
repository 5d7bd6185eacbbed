//! Multipart uploads: begun, filled with parts, completed or aborted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::{announced, new_object};
use super::record::{PartRecord, UploadRecord};
use super::version::Content;
use super::{Bucket, Extent, NewObject, Store, layout};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::ids;
use crate::limits::PARTS;
use crate::metadata::Metadata;

#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) created: Moment,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: String,
    pub(crate) encryption: Option<String>,
    /// By number. Parts are shared: looking at an upload copies no list of extents.
    pub(crate) parts: BTreeMap<u32, Arc<Part>>,
}

#[derive(Debug)]
pub(crate) struct NewUpload {
    pub(crate) key: String,
    pub(crate) created: Moment,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: String,
    pub(crate) encryption: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) size: u64,
    /// 32 hex digits without quotes.
    pub(crate) etag: String,
    pub(crate) created: Moment,
    pub(crate) extents: Vec<Extent>,
}

#[derive(Debug)]
pub(crate) struct NewPart {
    pub(crate) number: u32,
    pub(crate) etag: String,
    pub(crate) created: Moment,
    pub(crate) extents: Vec<Extent>,
}

impl Store {
    pub(crate) fn create_upload(&self, bucket: &str, new: NewUpload) -> Result<String, Error> {
        let id = ids::sequential(new.created);
        let record = UploadRecord {
            key: new.key,
            created: new.created,
            metadata: new.metadata,
            storage_class: new.storage_class,
            encryption: new.encryption,
        };
        let staged = self.layout.temporary_directory()?;
        layout::write_record(&staged.path().join("upload.json"), &record)?;

        let mut index = self.lock();
        let bucket = index.bucket_mut(bucket)?;
        std::fs::rename(staged.path(), self.layout.upload(&bucket.id, &id))?;
        bucket.uploads.insert(id.clone(), record.load(id.clone()));
        Ok(id)
    }

    /// An upload as it is now.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
        self.lock().bucket(bucket)?.upload(key, id).cloned()
    }

    /// The digest of the key that an upload is encrypted with, if it is. Unlike looking at all of an upload it takes no
    /// longer the more parts there are, and it is asked for every part.
    pub(crate) fn upload_encryption(&self, bucket: &str, key: &str, id: &str) -> Result<Option<String>, Error> {
        self.lock().bucket(bucket)?.upload(key, id).map(|upload| upload.encryption.clone())
    }

    /// Keys and ids of the unfinished uploads, by key and then by age.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<Vec<(String, String, Moment)>, Error> {
        let mut uploads: Vec<_> = self
            .lock()
            .bucket(bucket)?
            .uploads
            .values()
            .map(|upload| (upload.key.clone(), upload.id.clone(), upload.created))
            .collect();
        uploads.sort();
        Ok(uploads)
    }

    /// Adds a part, or puts it in the place of an earlier one with its number.
    pub(crate) fn put_part(&self, bucket: &str, key: &str, upload: &str, new: NewPart) -> Result<(), Error> {
        let part = Part {
            number: new.number,
            size: super::total(&new.extents),
            etag: new.etag,
            created: new.created,
            extents: new.extents,
        };
        let record = self.layout.stage(&PartRecord::new(&part))?;
        let replaced = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let known = bucket.upload(key, upload)?;
            if known.parts.len() >= PARTS && !known.parts.contains_key(&part.number) {
                return Err(too_many_parts());
            }
            let path = self.layout.part(&bucket.id, upload, part.number);
            record.persist(path).map_err(|error| error.error)?;
            bucket.uploads.get_mut(upload).and_then(|known| known.parts.insert(part.number, Arc::new(part)))
        };
        drop(replaced);
        Ok(())
    }

    /// Makes an object of an upload, in one step for every reader. `assemble` chooses among the parts; no data is
    /// read or written. The answer is the name of the new version, if the bucket keeps versions.
    pub(crate) fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload: &str,
        assemble: impl FnOnce(&Upload) -> Result<NewObject, Error>,
    ) -> Result<Option<String>, Error> {
        let (id, _dropped_unlocked) = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let object = new_object(assemble(bucket.upload(key, upload)?)?);
            let staged = self.stage(Content::Object(Arc::new(object)), Some(upload.to_owned()))?;
            let committed = self.commit(bucket, staged)?;
            // From here on the object is there; should the directory stay, the next start takes it away.
            let grave = self.layout.discard(&self.layout.upload(&bucket.id, upload));
            (committed.id, (grave, committed.replaced, bucket.uploads.remove(upload)))
        };
        Ok(announced(id))
    }

    /// Forgets an upload, if there is one.
    pub(crate) fn abort_upload(&self, bucket: &str, key: &str, upload: &str) -> Result<(), Error> {
        let removed = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            if bucket.upload(key, upload).is_err() {
                return Ok(());
            }
            let directory = self.layout.upload(&bucket.id, upload);
            let grave = self.layout.discard(&directory)?;
            (grave, bucket.uploads.remove(upload))
        };
        drop(removed);
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
    Error::new(Code::MaxPartsExceeded, format!("an upload has at most {PARTS} parts"))
}
