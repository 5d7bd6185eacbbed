//! Buckets, their settings and their versioning.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data_directory::write_record;
use super::{Bucket, DataDirectory, Index, Store};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::ids;
use crate::settings::{CnameRecord, Settings};

pub(super) const SETTINGS_FILE: &str = "settings.json";
pub(super) const VERSIONING_FILE: &str = "versioning.json";

/// Properties of a bucket that never change. Content of `bucket.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BucketInfo {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) created: Moment,
}

/// The versioning of a bucket. It is disabled at first. Once enabled, it can be suspended, but not disabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Versioning {
    #[default]
    Disabled,
    Enabled,
    Suspended,
}

/// Content of `versioning.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct VersioningRecord {
    pub(super) status: Versioning,
}

impl Bucket {
    pub(super) fn new(id: String, info: BucketInfo) -> Self {
        Self {
            id,
            info,
            versioning: Versioning::default(),
            settings: Arc::default(),
            histories: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }
}

impl Store {
    pub(crate) fn create_bucket(&self, info: BucketInfo) -> Result<(), Error> {
        let id = ids::sequential(info.created);
        let staged = self.directory.temporary_directory()?;
        fs::create_dir(staged.path().join("objects"))?;
        fs::create_dir(staged.path().join("uploads"))?;
        write_record(&staged.path().join("bucket.json"), &info)?;

        let mut index = self.lock();
        if index.buckets.contains_key(&info.name) {
            return Err(Error::new(Code::BucketAlreadyExists, format!("the bucket \"{}\" already exists", info.name)));
        }
        fs::rename(staged.path(), self.directory.bucket(&id))?;
        index.buckets.insert(info.name.clone(), Bucket::new(id, info));
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<BucketInfo, Error> {
        Ok(self.lock().bucket(name)?.info.clone())
    }

    /// Returns all buckets, sorted by name.
    pub(crate) fn buckets(&self) -> Vec<BucketInfo> {
        self.lock().buckets.values().map(|bucket| bucket.info.clone()).collect()
    }

    /// Deletes a bucket and its unfinished uploads. Refuses a bucket with objects or versions.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), Error> {
        // Dropping the result deletes the files. That takes time, so it happens after the lock is released.
        let _removed = {
            let mut index = self.lock();
            let bucket = index.bucket(name)?;
            if !bucket.histories.is_empty() {
                let has_objects = bucket.histories.values().any(|history| history.current().is_some());
                let content = if has_objects { "objects" } else { "versions of deleted objects" };
                let message = format!("the bucket \"{name}\" has {content}");
                return Err(Error::new(Code::BucketNotEmpty, message));
            }
            let trash = self.directory.discard(&self.directory.bucket(&bucket.id))?;
            (trash, index.buckets.remove(name))
        };
        Ok(())
    }

    pub(crate) fn versioning(&self, bucket: &str) -> Result<Versioning, Error> {
        Ok(self.lock().bucket(bucket)?.versioning)
    }

    pub(crate) fn set_versioning(&self, bucket: &str, status: Versioning) -> Result<(), Error> {
        let record = self.directory.stage(&VersioningRecord { status })?;
        let mut index = self.lock();
        let bucket = index.bucket_mut(bucket)?;
        record.persist(self.directory.bucket(&bucket.id).join(VERSIONING_FILE)).map_err(io::Error::from)?;
        bucket.versioning = status;
        Ok(())
    }

    pub(crate) fn settings(&self, bucket: &str) -> Result<Arc<Settings>, Error> {
        Ok(Arc::clone(&self.lock().bucket(bucket)?.settings))
    }

    pub(crate) fn change_settings(&self, bucket: &str, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        Ok(replace_settings(&self.directory, self.lock().bucket_mut(bucket)?, change)?)
    }

    /// Returns the bucket to which a domain is bound.
    pub(crate) fn bucket_of_domain(&self, domain: &str) -> Option<String> {
        bucket_of_domain(&self.lock(), domain).map(str::to_owned)
    }

    /// Binds a domain to a bucket. Refuses a domain that is bound to another bucket.
    pub(crate) fn bind_domain(&self, bucket: &str, record: CnameRecord) -> Result<(), Error> {
        let mut index = self.lock();
        index.bucket(bucket)?;
        if let Some(other) = bucket_of_domain(&index, &record.domain).filter(|other| *other != bucket) {
            let message = format!("the domain \"{}\" is bound to the bucket \"{other}\"", record.domain);
            return Err(Error::new(Code::CnameError, message));
        }
        Ok(replace_settings(&self.directory, index.bucket_mut(bucket)?, |settings| {
            settings.cnames.retain(|bound| !bound.is_for(&record.domain));
            settings.cnames.push(record);
        })?)
    }
}

fn bucket_of_domain<'a>(index: &'a Index, domain: &str) -> Option<&'a str> {
    let has_domain = |bucket: &&Bucket| bucket.settings.cnames.iter().any(|bound| bound.is_for(domain));
    index.buckets.values().find(has_domain).map(|bucket| bucket.info.name.as_str())
}

/// Changes the settings of a bucket. The caller holds the lock while the file is written. The file is small.
fn replace_settings(
    directory: &DataDirectory,
    bucket: &mut Bucket,
    change: impl FnOnce(&mut Settings),
) -> io::Result<()> {
    let mut settings = Settings::clone(&bucket.settings);
    change(&mut settings);
    directory.stage(&settings)?.persist(directory.bucket(&bucket.id).join(SETTINGS_FILE))?;
    bucket.settings = Arc::new(settings);
    Ok(())
}
