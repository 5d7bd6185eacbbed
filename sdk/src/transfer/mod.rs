//! Uploads, downloads and copies of whole objects, in concurrent parts that are verified.

mod copy;
mod download;
mod etag;
mod hashing;
mod job;
mod journal;
mod object_properties;
mod object_snapshot;
mod options;
pub(crate) mod part_size;
mod progress;
mod rate_limiter;
mod stale;
mod tasks;
mod upload;

pub use copy::{Copied, ObjectCopy};
pub use download::{Download, Downloaded, ObjectStream};
pub use etag::Checksum;
pub use object_properties::CustomerKey;
pub use part_size::MIB;
pub use progress::TransferProgress;
pub use stale::{AbortedUploads, StaleUpload};
pub use upload::{Upload, UploadWriter, Uploaded};
