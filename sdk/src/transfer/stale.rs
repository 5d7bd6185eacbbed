//! Aborts multipart uploads that were never completed.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::generated::operations::{AbortMultipartUploadInput, ListMultipartUploadsInput};
use crate::{Bucket, Timestamp};

/// Result of [`Bucket::abort_stale_uploads`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AbortedUploads {
    /// Uploads that were aborted.
    pub aborted: Vec<StaleUpload>,
    /// Uploads that could not be aborted, with the error. They keep their parts.
    pub failed: Vec<(StaleUpload, Error)>,
}

/// Multipart upload that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleUpload {
    /// Key of the object that it would create.
    pub key: String,
    /// Id of the upload.
    pub upload_id: String,
    /// Time at which it was initiated.
    pub created: Timestamp,
}

impl Bucket {
    /// Aborts multipart uploads that were initiated more than `older_than` ago, to keys that begin with `prefix`.
    ///
    /// The parts of an incomplete upload are stored and billed until it is aborted, and no list of objects shows them. An
    /// upload that is still running is aborted too if it is that old, so use days rather than hours.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use std::time::Duration;
    ///
    /// let cleaned = bucket.abort_stale_uploads("backups/", Duration::from_secs(7 * 24 * 3600)).await?;
    /// println!("{} uploads were aborted, {} could not be", cleaned.aborted.len(), cleaned.failed.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of `ListMultipartUploads`. Errors of single aborts are in [`AbortedUploads::failed`].
    pub async fn abort_stale_uploads(&self, prefix: &str, older_than: Duration) -> Result<AbortedUploads> {
        let mut listing = ListMultipartUploadsInput::new();
        listing.prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
        // All pages are listed first, because a page must not begin after an upload that was aborted.
        let listed = self.paginate(listing).items().into_vec().await?;
        // The server's time is known only after a response.
        let now = self.server_time().as_unix();
        let limit = now.saturating_sub(i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX));
        let mut outcome = AbortedUploads::default();
        for upload in listed {
            // An upload without a time may be new.
            let Some(created) = upload.created.filter(|created| created.as_unix() <= limit) else { continue };
            let stale = StaleUpload { key: upload.key, upload_id: upload.upload_id, created };
            let input = AbortMultipartUploadInput::new(&stale.upload_id);
            match self.abort_multipart_upload(&stale.key, input).await {
                Ok(_) => outcome.aborted.push(stale),
                Err(error) => outcome.failed.push((stale, error)),
            }
        }
        Ok(outcome)
    }
}
