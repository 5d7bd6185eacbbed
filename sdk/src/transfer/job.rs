//! A transfer that creates an object.

use std::sync::Arc;

use super::object_properties::ObjectProperties;
use super::object_snapshot::ObjectRef;
use super::options::TransferOptions;
use super::progress::Meter;
use crate::Bucket;

/// Upload or copy that creates an object: the address and the properties of the object, and the options of the transfer.
pub(crate) struct Job {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) properties: ObjectProperties,
    pub(crate) options: TransferOptions,
    pub(crate) meter: Arc<Meter>,
}

impl Job {
    /// Returns a reference to the object that the job creates.
    pub(crate) fn object(&self) -> ObjectRef<'_> {
        ObjectRef {
            bucket: &self.bucket,
            key: &self.key,
            version_id: None,
            encryption: self.properties.encryption.as_ref(),
        }
    }
}
