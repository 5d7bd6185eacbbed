//! A multipart upload on the server, and the parts that are sent to it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::complete::{Outcome, may_have_executed};
use super::resume::UploadJournal;
use crate::body::{Body, Source};
use crate::client::can_retry_body;
use crate::error::{Error, Result};
use crate::generated::operations::{AbortMultipartUploadInput, UploadMultipartOutput};
use crate::md5_lanes::{LANES, Md5Sum, VECTOR};
use crate::operation::{ObjectScope, Operation};
use crate::transfer::etag::{Checksum, content_md5, hex, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::part_size::MAX_PARTS;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::tasks::{join_all, run_blocking};
use crate::types::ObjectPart;
use crate::{Bucket, Timestamp};

pub(crate) struct MultipartUpload {
    pub(crate) bucket: Bucket,
    pub(crate) key: String,
    pub(crate) upload_id: String,
    /// Time of its initiation by the server's clock, as far as the client knows that clock.
    pub(crate) begun: Timestamp,
    /// True if an earlier process may have sent parts of it, or completed it.
    pub(super) is_resumed: bool,
    pub(crate) headers: ObjectProperties,
    pub(crate) meter: Arc<Meter>,
    /// The journal that records its parts. Set if the caller asked for a checkpoint.
    pub(super) journal: OnceLock<Arc<UploadJournal>>,
    /// Result of its completion. Unset before the completion and if the upload is known to be open.
    pub(super) outcome: OnceLock<Outcome>,
    /// True if the source changed, so that the parts on the server can never become the object.
    is_useless: AtomicBool,
    /// Held for reading while a part is sent.
    in_progress: RwLock<()>,
    attempts: AtomicU32,
}

/// A part that the server has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompletedPart {
    pub(crate) number: u32,
    pub(crate) length: u64,
    pub(crate) sum: Option<Md5Sum>,
}

/// A part that has to be sent.
pub(super) struct PendingPart {
    pub(super) number: u32,
    pub(super) region: Source,
}

type HashedPart = (PendingPart, Option<Md5Sum>);

impl CompletedPart {
    /// Returns the part as `CompleteMultipartUpload` lists it.
    pub(crate) fn listed(&self, is_encrypted: bool) -> ObjectPart {
        let mut part = ObjectPart::new(self.number);
        // Only the server knows the MD5 of the encrypted bytes.
        part.etag = self.sum.as_ref().filter(|_| !is_encrypted).map(hex);
        part
    }
}

impl MultipartUpload {
    pub(super) async fn initiate(
        bucket: &Bucket,
        key: &str,
        headers: &ObjectProperties,
        meter: &Arc<Meter>,
    ) -> Result<Self> {
        let initiated = bucket.initiate_multipart_upload(key, headers.initiate()).await;
        let initiated = initiated
            .map_err(|error| if may_have_executed(&error) { error.with_maybe_started_upload() } else { error })?;
        // The answer may have corrected the clock.
        let begun = bucket.server_time();
        Ok(Self { is_resumed: false, ..Self::resumed(bucket, key, initiated.upload_id, begun, headers, meter) })
    }

    pub(super) fn resumed(
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
            journal: OnceLock::new(),
            outcome: OnceLock::new(),
            is_useless: AtomicBool::new(false),
            in_progress: RwLock::default(),
            attempts: AtomicU32::new(0),
        }
    }

    pub(super) fn is_useless(&self) -> bool {
        self.is_useless.load(Ordering::Relaxed)
    }

    /// Records that the source is not the one that parts were sent from.
    pub(super) fn mark_useless(&self) {
        self.is_useless.store(true, Ordering::Relaxed);
    }

    /// Returns a guard that must live as long as a part is sent.
    pub(crate) async fn part_in_progress(&self) -> RwLockReadGuard<'_, ()> {
        self.in_progress.read().await
    }

    /// Waits until every task that was stopped has dropped its request, so that the next request is the last one.
    pub(super) async fn no_part_in_progress(&self) -> RwLockWriteGuard<'_, ()> {
        self.in_progress.write().await
    }

    /// Returns the number of requests that were sent for parts.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn add_attempts(&self, attempts: u32) {
        self.attempts.fetch_add(attempts, Ordering::Relaxed);
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.headers.encryption.is_some()
    }

    async fn send_part(
        &self,
        PendingPart { number, region }: PendingPart,
        sum: Option<Md5Sum>,
    ) -> Result<CompletedPart> {
        let _in_progress = self.part_in_progress().await;
        let meter = PartMeter::new(&self.meter);
        let input = || {
            let mut input = self.headers.part(&self.upload_id, number);
            input.body = Body::from_source(region.clone()).with_progress(Arc::<PartMeter>::clone(&meter));
            input.content_md5 = sum.as_ref().map(content_md5);
            input
        };
        let answer = |output: &UploadMultipartOutput| (output.etag.clone(), output.response.attempts);
        let sent = send_verified(&self.bucket, &self.key, &self.headers, sum.as_ref(), input, answer).await;
        self.add_attempts(sent.as_ref().map_or_else(Error::attempts, |(_, requests)| *requests));
        sent.map_err(|error| error.with_part(&self.upload_id, number))?;
        meter.finish();
        self.record(number, sum).await?;
        Ok(CompletedPart { number, length: region.len(), sum })
    }

    /// Writes the journal, so that a later process recognises the object if this one completes the upload.
    pub(super) async fn flush_journal(&self) -> Result<()> {
        let Some(journal) = self.journal.get().cloned() else { return Ok(()) };
        run_blocking(move || journal.flush()).await
    }

    async fn record(&self, number: u32, sum: Option<Md5Sum>) -> Result<()> {
        let Some(journal) = self.journal.get().cloned() else { return Ok(()) };
        let upload_id = self.upload_id.clone();
        let recording = move || {
            // The upload goes on: parts that are not in the journal are hashed again when it is resumed.
            if let Err(error) = journal.record(number, sum.as_ref()) {
                tracing::warn!(upload_id, %error, "the upload continues, with parts that are not in its checkpoint");
            }
            Ok(())
        };
        run_blocking(recording).await
    }

    pub(super) async fn abort(&self) -> Result<()> {
        let input = AbortMultipartUploadInput::new(&self.upload_id);
        self.bucket.abort_multipart_upload(&self.key, input).await.map(drop)
    }
}

/// Sends a body until the server has stored the bytes that were sent. Returns the answer and the number of requests.
///
/// The client compares the ETag in the answer, if it is an MD5. `answer` returns this ETag and the number of requests.
pub(super) async fn send_verified<I: Operation<Scope = ObjectScope>>(
    bucket: &Bucket,
    key: &str,
    headers: &ObjectProperties,
    sum: Option<&Md5Sum>,
    input: impl Fn() -> I,
    answer: impl Fn(&I::Output) -> (Option<String>, u32),
) -> Result<(I::Output, u32)> {
    let (mut attempts, mut requests) = (bucket.attempts(), 0);
    // The ETag of an encrypted object or part is the MD5 of the encrypted bytes.
    let expected = sum.filter(|_| headers.encryption.is_none());
    loop {
        let (error, is_wrong_etag) = match bucket.send_object_within(&mut attempts, key, input()).await {
            Ok(output) => {
                let (etag, sent) = answer(&output);
                requests += sent;
                let stored = etag.as_deref().and_then(parse_hex);
                if stored.is_none() || expected.is_none_or(|sum| stored == Some(*sum)) {
                    return Ok((output, requests));
                }
                let message = "the server's MD5 differs from the one sent: the bytes were changed on the way";
                (Error::unexpected_response(message).with_call(&bucket.call(I::SPEC.name, key)), true)
            }
            Err(error) => {
                requests += error.attempts();
                (error, false)
            }
        };
        let error = error.with_attempts(requests);
        if !can_retry_body(&error, is_wrong_etag) {
            return Err(error);
        }
        tracing::warn!(%error, "the server received other bytes than were sent");
        attempts.pause(error).await?;
    }
}

/// Returns a channel for pending parts. It holds as many as are hashed together.
pub(super) fn part_channel() -> (mpsc::Sender<PendingPart>, mpsc::Receiver<PendingPart>) {
    mpsc::channel(LANES)
}

/// Sends the parts that `feeding` puts into the channel. If a part fails, it returns when no part is in progress any more.
///
/// Dropping the future stops all parts.
pub(super) async fn send_parts<F>(
    upload: &Arc<MultipartUpload>,
    feeding: F,
    pending: mpsc::Receiver<PendingPart>,
    concurrency: usize,
    checksum: Option<Checksum>,
) -> Result<Vec<CompletedPart>>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    // A part is read once to be hashed and again to be sent. The channel is short, so that it is still in the page cache.
    let (sender, hashed) = mpsc::channel(VECTOR);
    let hashed = Arc::new(Mutex::new(hashed));
    let mut tasks = JoinSet::new();
    tasks.spawn(async { feeding.await.map(|()| Vec::new()) }.in_current_span());
    tasks.spawn(hash_parts(pending, sender, checksum).in_current_span());
    for _ in 0..concurrency.min(MAX_PARTS as usize) {
        tasks.spawn(send_hashed(Arc::clone(upload), Arc::clone(&hashed)).in_current_span());
    }
    // The channel has to close when the last sending task ends.
    drop(hashed);
    let outcome = join_all(&mut tasks).await;
    tasks.shutdown().await;
    let mut completed: Vec<CompletedPart> = outcome?.into_iter().flatten().collect();
    completed.sort_by_key(|part| part.number);
    Ok(completed)
}

/// Hashes parts before they are sent, as many together as are pending.
async fn hash_parts(
    mut pending: mpsc::Receiver<PendingPart>,
    hashed: mpsc::Sender<HashedPart>,
    checksum: Option<Checksum>,
) -> Result<Vec<CompletedPart>> {
    let mut parts = Vec::with_capacity(LANES);
    while pending.recv_many(&mut parts, LANES).await > 0 {
        let sums = match checksum {
            None => vec![None; parts.len()],
            Some(Checksum::Md5) => {
                let regions = parts.iter().map(|part| part.region.clone()).collect();
                sums_of(regions).await?.into_iter().map(Some).collect()
            }
        };
        for part in parts.drain(..).zip(sums) {
            if hashed.send(part).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
    Ok(Vec::new())
}

async fn send_hashed(
    upload: Arc<MultipartUpload>,
    hashed: Arc<Mutex<mpsc::Receiver<HashedPart>>>,
) -> Result<Vec<CompletedPart>> {
    let mut completed = Vec::new();
    loop {
        let next = hashed.lock().await.recv().await;
        let Some((part, sum)) = next else { return Ok(completed) };
        completed.push(upload.send_part(part, sum).await?);
    }
}
