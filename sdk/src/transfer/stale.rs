//! Aborts old multipart uploads that were neither completed nor aborted.

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
    /// Uploads that could not be aborted, each with its error. The server still stores their parts.
    pub failed: Vec<(StaleUpload, Error)>,
}

/// Multipart upload that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleUpload {
    /// Key of the object that the upload would create.
    pub key: String,
    /// Id of the upload.
    pub upload_id: String,
    /// Time at which the upload was initiated.
    pub created: Timestamp,
}

/// # Abandoned multipart uploads
impl Bucket {
    /// Aborts the incomplete multipart uploads that were initiated more than `older_than` ago.
    ///
    /// Only uploads whose keys begin with `prefix` are aborted; an empty `prefix` matches all keys. The server stores and
    /// bills the parts of an incomplete upload until it is completed or aborted. Lists of objects do not contain them.
    ///
    /// An upload whose key is not UTF-8 is skipped, and a warning is logged.
    ///
    /// An upload of that age is aborted even if a client is still sending its parts. Choose days rather than hours.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use std::time::Duration;
    ///
    /// let week = Duration::from_secs(7 * 24 * 3600);
    /// let cleaned = bucket.abort_stale_uploads("backups/", week).await?;
    /// println!("aborted {} uploads", cleaned.aborted.len());
    /// for (upload, error) in cleaned.failed {
    ///     eprintln!("upload {} of {} remains: {error}", upload.upload_id, upload.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of `ListMultipartUploads`. Errors of individual aborts are in [`AbortedUploads::failed`].
    pub async fn abort_stale_uploads(&self, prefix: &str, older_than: Duration) -> Result<AbortedUploads> {
        let mut listing = ListMultipartUploadsInput::new();
        listing.prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
        // All pages are listed before the first abort, because the marker of the next page must be an upload that still exists.
        let mut pages = self.paginate(listing).pages();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            listed.extend(page?.uploads);
        }
        // The clock is read after the response, because the server may have corrected it by refusing a signature.
        let now = self.server_time().as_unix();
        let limit = now.saturating_sub(i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX));
        let mut outcome = AbortedUploads::default();
        for upload in listed {
            // An upload whose age is unknown may be new, so it is not aborted.
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
