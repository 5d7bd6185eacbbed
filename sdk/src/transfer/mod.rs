//! Whole files: planned in parts, sent side by side, verified, resumed.

mod cancelled;
mod checkpoint_lock;
mod copy;
mod destination;
mod download;
mod etag;
mod hashing;
mod journal;
mod object_properties;
mod object_snapshot;
mod over;
pub(crate) mod part_size;
mod progress;
mod rate_limiter;
mod source;
mod stale;
mod tasks;
mod upload;

pub use copy::{Copied, ObjectCopy};
pub use download::{Download, Downloaded};
pub use etag::Checksum;
pub use object_properties::CustomerKey;
pub use part_size::MIB;
pub use progress::TransferProgress;
pub use stale::{AbortedUploads, StaleUpload};
pub use upload::{Upload, Uploaded};

use crate::{Bucket, ObjectSource};

impl Bucket {
    /// Uploads a file, bytes, or whatever can be read, of any size: see [`Upload`].
    pub fn upload(&self, key: impl Into<String>) -> Upload {
        Upload::new(self, key.into())
    }

    /// Downloads an object of any size to a file: see [`Download`].
    pub fn download(&self, key: impl Into<String>) -> Download {
        Download::new(self, key.into())
    }

    /// Copies an object of any size to a key of this bucket, without fetching it: see [`ObjectCopy`].
    pub fn copy(&self, source: impl Into<ObjectSource>, key: impl Into<String>) -> ObjectCopy {
        ObjectCopy::new(self, source.into(), key.into())
    }
}
