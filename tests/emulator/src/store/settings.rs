//! Keeping what is set on buckets.

use std::sync::Arc;

use super::{Bucket, Index, Layout, Store};
use crate::error::{Code, Error};
use crate::settings::{CnameRecord, Settings};

impl Store {
    pub(crate) fn settings(&self, bucket: &str) -> Result<Arc<Settings>, Error> {
        Ok(Arc::clone(&self.lock().bucket(bucket)?.settings))
    }

    pub(crate) fn change_settings(&self, bucket: &str, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let mut index = self.lock();
        let bucket = index.bucket_mut(bucket)?;
        let mut settings = Settings::clone(&bucket.settings);
        change(&mut settings);
        replace(&self.layout, bucket, settings)
    }

    /// Binds a domain to a bucket, unless another bucket has it.
    pub(crate) fn bind_domain(&self, bucket: &str, record: CnameRecord) -> Result<(), Error> {
        let mut index = self.lock();
        index.bucket(bucket)?;
        if let Some(other) = index.bound_elsewhere(bucket, &record.domain) {
            let message = format!("the domain \"{}\" is bound to the bucket \"{other}\"", record.domain);
            return Err(Error::new(Code::CnameError, message));
        }
        let bucket = index.bucket_mut(bucket)?;
        let mut settings = Settings::clone(&bucket.settings);
        settings.cnames.retain(|bound| !bound.is(&record.domain));
        settings.cnames.push(record);
        replace(&self.layout, bucket, settings)
    }
}

impl Index {
    fn bound_elsewhere(&self, bucket: &str, domain: &str) -> Option<&str> {
        self.buckets
            .values()
            .filter(|other| other.info.name != bucket)
            .find(|other| other.settings.cnames.iter().any(|bound| bound.is(domain)))
            .map(|other| other.info.name.as_str())
    }
}

// Under the lock, for what is written depends on what was there; it is a small file.
fn replace(layout: &Layout, bucket: &mut Bucket, settings: Settings) -> Result<(), Error> {
    let record = layout.stage(&settings)?;
    record.persist(layout.settings(&bucket.id)).map_err(|error| error.error)?;
    bucket.settings = Arc::new(settings);
    Ok(())
}
