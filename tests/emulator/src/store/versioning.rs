//! Whether a bucket keeps what is replaced and deleted.

use serde::{Deserialize, Serialize};

use super::Store;
use crate::error::Error;

/// A bucket begins with versioning disabled; once it was enabled, it can only be suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Versioning {
    #[default]
    Disabled,
    Enabled,
    Suspended,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VersioningRecord {
    pub(crate) status: Versioning,
}

impl Store {
    pub(crate) fn versioning(&self, bucket: &str) -> Result<Versioning, Error> {
        Ok(self.lock().bucket(bucket)?.versioning)
    }

    pub(crate) fn set_versioning(&self, bucket: &str, status: Versioning) -> Result<(), Error> {
        let record = self.layout.stage(&VersioningRecord { status })?;
        let mut index = self.lock();
        let bucket = index.bucket_mut(bucket)?;
        record.persist(self.layout.versioning(&bucket.id)).map_err(|error| error.error)?;
        bucket.versioning = status;
        Ok(())
    }
}
