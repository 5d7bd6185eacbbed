//! Making, finding and removing buckets.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::versioning::Versioning;
use super::{Bucket, Store, layout};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::ids;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BucketInfo {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) created: Moment,
}

impl Store {
    pub(crate) fn create_bucket(&self, info: BucketInfo) -> Result<(), Error> {
        let id = ids::sequential(info.created);
        let staged = self.layout.temporary_directory()?;
        fs::create_dir(staged.path().join("objects"))?;
        fs::create_dir(staged.path().join("uploads"))?;
        layout::write_record(&staged.path().join("bucket.json"), &info)?;

        let mut index = self.lock();
        if index.buckets.contains_key(&info.name) {
            return Err(Error::new(Code::BucketAlreadyExists, format!("there already is a bucket \"{}\"", info.name)));
        }
        fs::rename(staged.path(), self.layout.bucket(&id))?;
        let bucket = Bucket {
            id,
            info: info.clone(),
            versioning: Versioning::default(),
            settings: Default::default(),
            objects: BTreeMap::new(),
            histories: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        index.buckets.insert(info.name, bucket);
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<BucketInfo, Error> {
        Ok(self.lock().bucket(name)?.info.clone())
    }

    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> Vec<BucketInfo> {
        self.lock().buckets.values().map(|bucket| bucket.info.clone()).collect()
    }

    /// Removes a bucket without objects and without versions of any. Unfinished uploads go with it.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), Error> {
        let removed = {
            let mut index = self.lock();
            let bucket = index.bucket(name)?;
            if !bucket.histories.is_empty() {
                let what = if bucket.objects.is_empty() { "versions of deleted objects" } else { "objects" };
                let message = format!("the bucket \"{name}\" still has {what}");
                return Err(Error::new(Code::BucketNotEmpty, message));
            }
            let grave = self.layout.discard(&self.layout.bucket(&bucket.id))?;
            (grave, index.buckets.remove(name))
        };
        // Deletes files: not while everyone waits.
        drop(removed);
        Ok(())
    }
}
