//! One upload in parts on the server, from its beginning to its end.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::complete::{Fate, may_have_happened};
use super::corruption::until_whole;
use crate::error::{Error, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{content_md5, hex};
use crate::transfer::journal::CheckpointFile;
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::source::Region;
use crate::transfer::tasks::stopped;
use crate::types::ObjectPart;
use crate::{AbortMultipartUploadInput, Bucket, Timestamp, UploadMultipartOutput};

pub(crate) struct MultipartUpload {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) upload_id: String,
    /// By the server's clock, as far as it is known.
    pub(crate) begun: Timestamp,
    /// Whether another program may have done something with it before.
    pub(super) is_resumed: bool,
    pub(crate) headers: ObjectProperties,
    pub(crate) meter: Arc<Meter>,
    /// Where parts are noted that were sent; none if they are not and never will be.
    pub(crate) checkpoint: OnceLock<Option<Arc<CheckpointFile>>>,
    /// What is known of it since its completion was asked for.
    pub(crate) fate: OnceLock<Fate>,
    is_being_completed: AtomicBool,
    /// Whether what is there already can never become the object.
    is_useless: AtomicBool,
    /// Held for reading as long as a part is under way.
    under_way: RwLock<()>,
    attempts: AtomicU32,
}

/// A part that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompletedPart {
    pub(crate) number: u32,
    pub(crate) length: u64,
    pub(crate) sum: Option<Md5Sum>,
}

impl CompletedPart {
    /// As the list has it that makes an object of parts.
    pub(crate) fn listed(&self, is_encrypted: bool) -> ObjectPart {
        let mut part = ObjectPart::new(self.number);
        // What is encrypted has a sum that only the server knows.
        part.etag = self.sum.as_ref().filter(|_| !is_encrypted).map(hex);
        part
    }
}

impl MultipartUpload {
    pub(crate) async fn begin(
        bucket: &Bucket,
        key: &str,
        headers: &ObjectProperties,
        meter: &Arc<Meter>,
    ) -> Result<Self> {
        let initiated = bucket.initiate_multipart_upload(key, headers.initiate()).await;
        let initiated =
            initiated.map_err(|error| if may_have_happened(&error) { error.of_unknown_upload() } else { error })?;
        // Only after an answer is it known what time it is there.
        let begun = bucket.server_time();
        Ok(Self { is_resumed: false, ..Self::resumed(bucket, key, initiated.upload_id, begun, headers, meter) })
    }

    pub(crate) fn resumed(
        bucket: &Bucket,
        key: &str,
        upload_id: String,
        begun: Timestamp,
        headers: &ObjectProperties,
        meter: &Arc<Meter>,
    ) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            upload_id,
            begun,
            is_resumed: true,
            headers: headers.clone(),
            meter: Arc::clone(meter),
            checkpoint: OnceLock::new(),
            fate: OnceLock::new(),
            is_being_completed: AtomicBool::new(false),
            is_useless: AtomicBool::new(false),
            under_way: RwLock::default(),
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

    pub(super) fn is_useless(&self) -> bool {
        self.is_useless.load(Ordering::Relaxed)
    }

    /// Says that the source is not what parts were sent of.
    pub(super) fn become_useless(&self) {
        self.is_useless.store(true, Ordering::Relaxed);
    }

    /// To be held as long as a part is under way.
    pub(crate) async fn part_under_way(&self) -> RwLockReadGuard<'_, ()> {
        self.under_way.read().await
    }

    /// Waits until the tasks that were stopped have noticed: whatever follows comes after the last of their requests.
    pub(super) async fn parts_at_rest(&self) -> RwLockWriteGuard<'_, ()> {
        self.under_way.write().await
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

    pub(crate) async fn send_part(&self, number: u32, region: &Region, sum: Option<Md5Sum>) -> Result<CompletedPart> {
        let _under_way = self.part_under_way().await;
        let meter = PartMeter::new(&self.meter);
        let send = || async {
            let mut input = self.headers.part(&self.upload_id, number);
            input.body = region.body().with_progress(Arc::<PartMeter>::clone(&meter));
            input.content_md5 = sum.as_ref().map(content_md5);
            self.bucket.upload_multipart(&self.key, input).await
        };
        let told = |output: &UploadMultipartOutput| (output.etag.clone(), output.response.attempts);
        let call = self.bucket.call("UploadMultipart", &self.key);
        let sent = until_whole(&call, send, told, sum.as_ref(), &self.headers).await;
        self.count(sent.as_ref().map_or_else(Error::attempts, |(_, requests)| *requests));
        sent.map_err(|error| error.of_part(&self.upload_id, number))?;
        meter.finish();
        self.note(number, sum).await?;
        Ok(CompletedPart { number, length: region.length(), sum })
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
