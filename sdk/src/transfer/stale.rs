//! Uploads that nobody goes on with.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::{AbortMultipartUploadInput, Bucket, ListMultipartUploadsInput, Timestamp};

/// What [`Bucket::abort_stale_uploads`] did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AbortedUploads {
    /// The uploads that were aborted.
    pub aborted: Vec<StaleUpload>,
    /// Those that could not be, and why. They keep their parts.
    pub failed: Vec<(StaleUpload, Error)>,
}

/// An upload in parts that was begun and neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleUpload {
    /// The key that its object would have had.
    pub key: String,
    /// Its id.
    pub upload_id: String,
    /// When it was begun.
    pub created: Timestamp,
}

impl Bucket {
    /// Aborts the uploads in parts that were begun longer than `older_than` ago, to keys that begin with `prefix`.
    ///
    /// The parts of an upload that nobody completes are stored, and paid for, until it is aborted, and no list of objects
    /// shows them. Uploads that somebody still works on are aborted too if they were begun so long ago, and cannot be
    /// completed or resumed then: be generous, with days rather than hours.
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
    /// If the uploads cannot be listed. What cannot be aborted is no error, but is in [`AbortedUploads::failed`].
    pub async fn abort_stale_uploads(&self, prefix: &str, older_than: Duration) -> Result<AbortedUploads> {
        let mut listing = ListMultipartUploadsInput::new();
        listing.prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
        // All are listed before the first is aborted, so that no page begins after an upload that is gone.
        let listed = self.paginate(listing).items().into_vec().await?;
        // Only after an answer is it known what time it is there.
        let now = self.server_time().as_unix();
        let limit = now.saturating_sub(i64::try_from(older_than.as_secs()).unwrap_or(i64::MAX));
        let mut outcome = AbortedUploads::default();
        for upload in listed {
            // One of which nobody knows when it began may have been begun just now.
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
