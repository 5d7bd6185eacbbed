//! One upload in parts on the server, from its beginning to its end.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::completion::{Fate, may_have_happened};
use super::run::stopped;
use crate::error::{Error, Result};
use crate::transfer::checkpoint::CheckpointFile;
use crate::transfer::checksum::{content_md5, hex, parse_hex};
use crate::transfer::md5::Md5Sum;
use crate::transfer::object_headers::ObjectHeaders;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::source::Region;
use crate::types::ObjectPart;
use crate::{AbortMultipartUploadInput, Bucket, Timestamp};

/// How often a part is sent whose bytes were changed on their way.
pub(crate) const MOST_CORRUPTIONS: u32 = 3;

pub(crate) struct Session {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) upload_id: String,
    /// By the server's clock, as far as it is known.
    pub(crate) begun: Timestamp,
    pub(crate) headers: ObjectHeaders,
    pub(crate) meter: Arc<Meter>,
    /// Where parts are noted that were sent; none if they are not and never will be.
    pub(crate) checkpoint: OnceLock<Option<Arc<CheckpointFile>>>,
    /// What is known of it since its completion was asked for.
    pub(crate) fate: OnceLock<Fate>,
    is_being_completed: AtomicBool,
    attempts: AtomicU32,
}

/// A part that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentPart {
    pub(crate) number: u32,
    pub(crate) length: u64,
    pub(crate) sum: Option<Md5Sum>,
}

impl SentPart {
    /// As the list has it that makes an object of parts.
    pub(crate) fn listed(&self, is_encrypted: bool) -> ObjectPart {
        let mut part = ObjectPart::new(self.number);
        // What is encrypted has a sum that only the server knows.
        part.etag = self.sum.as_ref().filter(|_| !is_encrypted).map(hex);
        part
    }
}

impl Session {
    pub(crate) async fn begin(bucket: &Bucket, key: &str, headers: &ObjectHeaders, meter: &Arc<Meter>) -> Result<Self> {
        let initiated = bucket.initiate_multipart_upload(key, headers.initiate()).await;
        let initiated =
            initiated.map_err(|error| if may_have_happened(&error) { error.of_unknown_upload() } else { error })?;
        // Only after an answer is it known what time it is there.
        let begun = bucket.server_time();
        Ok(Self::resumed(bucket, key, initiated.upload_id, begun, headers, meter))
    }

    pub(crate) fn resumed(
        bucket: &Bucket,
        key: &str,
        upload_id: String,
        begun: Timestamp,
        headers: &ObjectHeaders,
        meter: &Arc<Meter>,
    ) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            upload_id,
            begun,
            headers: headers.clone(),
            meter: Arc::clone(meter),
            checkpoint: OnceLock::new(),
            fate: OnceLock::new(),
            is_being_completed: AtomicBool::new(false),
            attempts: AtomicU32::new(0),
        }
    }

    /// Whether its completion was asked for, so that nobody may say any more that there is no object.
    pub(crate) fn is_being_completed(&self) -> bool {
        self.is_being_completed.load(Ordering::Relaxed)
    }

    pub(super) fn begin_completion(&self) {
        self.is_being_completed.store(true, Ordering::Relaxed);
    }

    /// How many requests carried a part, or tried to.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, attempts: u32) {
        self.attempts.fetch_add(attempts, Ordering::Relaxed);
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.headers.encryption.is_some()
    }

    pub(crate) async fn send_part(&self, number: u32, region: &Region, sum: Option<Md5Sum>) -> Result<SentPart> {
        let meter = PartMeter::new(&self.meter);
        let mut corruptions = 0;
        loop {
            let mut input = self.headers.part(&self.upload_id, number);
            input.body = region.body().observed(Arc::<PartMeter>::clone(&meter));
            input.content_md5 = sum.as_ref().map(content_md5);
            let outcome = self.bucket.upload_multipart(&self.key, input).await;
            let attempts = outcome.as_ref().map_or_else(Error::attempts, |output| output.response.attempts);
            self.count(attempts);
            let failure = match outcome {
                Ok(output) if is_what_was_sent(output.etag.as_deref(), sum.as_ref(), &self.headers) => {
                    meter.finish();
                    self.note(number, sum).await?;
                    return Ok(SentPart { number, length: region.length(), sum });
                }
                Ok(_) => corrupted(),
                Err(error) if error.code() == Some("bad_digest") => error,
                Err(error) => return Err(error.of_part(&self.upload_id, number)),
            };
            corruptions += 1;
            if corruptions == MOST_CORRUPTIONS {
                return Err(failure.of_part(&self.upload_id, number));
            }
            tracing::warn!(upload_id = self.upload_id, part = number, error = %failure, "sending the part again");
        }
    }

    /// Has everything noted, so that an upload that was completed is known again.
    pub(crate) async fn flush_notes(&self) -> Result<()> {
        let Some(file) = self.checkpoint() else { return Ok(()) };
        tokio::task::spawn_blocking(move || file.flush()).await.map_err(stopped)?
    }

    async fn note(&self, number: u32, sum: Option<Md5Sum>) -> Result<()> {
        let (Some(file), Some(sum)) = (self.checkpoint(), sum) else { return Ok(()) };
        tokio::task::spawn_blocking(move || file.note(number, &sum)).await.map_err(stopped)
    }

    pub(crate) fn checkpoint(&self) -> Option<Arc<CheckpointFile>> {
        self.checkpoint.get().cloned().flatten()
    }

    pub(crate) async fn abort(&self) -> Result<()> {
        let input = AbortMultipartUploadInput::new(&self.upload_id);
        self.bucket.abort_multipart_upload(&self.key, input).await.map(drop)
    }
}

/// Whether an entity tag, if it is a sum at all, is that of what was sent.
pub(crate) fn is_what_was_sent(etag: Option<&str>, sum: Option<&Md5Sum>, headers: &ObjectHeaders) -> bool {
    match (etag.and_then(parse_hex), sum) {
        // What is encrypted has the sum of what is stored.
        (Some(stored), Some(sum)) => headers.encryption.is_some() || stored == *sum,
        _ => true,
    }
}

pub(crate) fn corrupted() -> Error {
    Error::unexpected_response("the server's checksum is not that of what was sent: it was changed on its way")
}
