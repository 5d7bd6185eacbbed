//! Hashes the parts of a multipart upload and sends them concurrently.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::multipart::MultipartUpload;
use super::resume::UploadJournal;
use crate::body::{Body, Source};
use crate::client::can_retry_body;
use crate::error::{Error, Result};
use crate::generated::operations::UploadMultipartOutput;
use crate::md5_lanes::{LANES, Md5Sum, VECTOR};
use crate::operation::{ObjectScope, Operation};
use crate::transfer::etag::{Checksum, content_md5, hex, parse_hex};
use crate::transfer::hashing::sums_if;
use crate::transfer::job::Job;
use crate::transfer::part_size::MAX_PARTS;
use crate::transfer::progress::PartMeter;
use crate::transfer::tasks::stopped;
use crate::types::ObjectPart;

/// Part that has to be sent.
pub(super) struct PendingPart {
    pub(super) number: u32,
    pub(super) region: Source,
}

type HashedPart = (PendingPart, Option<Md5Sum>);

/// Part that the server has stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompletedPart {
    pub(crate) number: u32,
    /// Length in bytes.
    pub(crate) length: u64,
    /// MD5 of the bytes. `None` if they were not hashed.
    pub(crate) sum: Option<Md5Sum>,
}

impl CompletedPart {
    /// Returns the part as an entry of the list in `CompleteMultipartUpload`.
    pub(super) fn listed(&self, is_encrypted: bool) -> ObjectPart {
        let mut part = ObjectPart::new(self.number);
        // The ETag of an encrypted part is the MD5 of the encrypted bytes, which only the server knows.
        part.etag = self.sum.as_ref().filter(|_| !is_encrypted).map(hex);
        part
    }
}

/// Sends parts concurrently and returns them in any order.
///
/// Stops at the first error. No part is being sent when the function returns. Dropping the future stops all parts.
pub(super) async fn send_parts(
    upload: &Arc<MultipartUpload>,
    parts: impl Stream<Item = Result<PendingPart>> + Send + 'static,
) -> Result<Vec<CompletedPart>> {
    let options = &upload.job.options;
    // `LANES` parts are hashed together.
    let (pending_sender, pending) = mpsc::channel(LANES);
    // A part is read once to be hashed and again to be sent. Few parts wait in between, so that they stay in the page cache.
    let (hashed_sender, hashed) = mpsc::channel(VECTOR);
    let hashed = Arc::new(Mutex::new(hashed));
    let mut tasks = JoinSet::new();
    tasks.spawn(feed_parts(parts, pending_sender).in_current_span());
    tasks.spawn(hash_parts(pending, hashed_sender, options.checksum).in_current_span());
    for _ in 0..options.concurrency.min(MAX_PARTS as usize) {
        tasks.spawn(send_hashed(Arc::clone(upload), Arc::clone(&hashed)).in_current_span());
    }
    // The channel closes when the last sending task ends.
    drop(hashed);
    let joining = async {
        let mut completed = Vec::new();
        while let Some(outcome) = tasks.join_next().await {
            completed.extend(outcome.map_err(stopped).flatten()?);
        }
        Ok(completed)
    };
    let completed = joining.await;
    tasks.shutdown().await;
    completed
}

/// Passes parts to the hashing task. Returns no completed parts.
async fn feed_parts(
    parts: impl Stream<Item = Result<PendingPart>>,
    pending: mpsc::Sender<PendingPart>,
) -> Result<Vec<CompletedPart>> {
    let mut parts = pin!(parts);
    while let Some(part) = parts.next().await {
        if pending.send(part?).await.is_err() {
            break;
        }
    }
    Ok(Vec::new())
}

/// Hashes parts and passes them to the sending tasks. Up to [`LANES`] pending parts are hashed at once. Returns no completed
/// parts.
async fn hash_parts(
    mut pending: mpsc::Receiver<PendingPart>,
    hashed: mpsc::Sender<HashedPart>,
    checksum: Option<Checksum>,
) -> Result<Vec<CompletedPart>> {
    let mut parts = Vec::with_capacity(LANES);
    while pending.recv_many(&mut parts, LANES).await > 0 {
        let regions = parts.iter().map(|part| part.region.clone()).collect();
        let sums = sums_if(checksum, regions).await?;
        for part in parts.drain(..).zip(sums) {
            if hashed.send(part).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
    Ok(Vec::new())
}

/// Receives hashed parts and sends them one at a time, until the channel is closed.
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

impl MultipartUpload {
    async fn send_part(
        &self,
        PendingPart { number, region }: PendingPart,
        sum: Option<Md5Sum>,
    ) -> Result<CompletedPart> {
        let _in_progress = self.in_progress.read().await;
        let input = |body, content_md5| {
            let mut input = self.job.properties.part_input(&self.upload_id, number);
            (input.body, input.content_md5) = (body, content_md5);
            input
        };
        let etag_and_attempts = |output: &UploadMultipartOutput| (output.etag.clone(), output.response.attempts);
        let sent = self.job.send_verified(&region, sum.as_ref(), input, etag_and_attempts).await;
        self.count_requests(number, sent, |(_, requests)| *requests)?;
        let upload_id = self.upload_id.clone();
        let record = move |journal: &UploadJournal| {
            // An error does not stop the upload. If it is resumed later, parts that the journal lacks are hashed again.
            if let Err(error) = journal.record(number, sum.as_ref().map(hex)) {
                tracing::warn!(upload_id, %error, "the upload continues, but its checkpoint lacks some parts");
            }
            Ok(())
        };
        self.with_journal(record).await?;
        Ok(CompletedPart { number, length: region.len(), sum })
    }
}

impl Job {
    /// Sends the bytes of `region`, and sends them again if the server received other bytes. Returns the output and the number
    /// of requests.
    ///
    /// The server compares the bytes with their `Content-MD5`. If the ETag in the response is an MD5, the client compares it
    /// with `sum`. `input` creates the input of a request from the body and the `Content-MD5`. `etag_and_attempts`
    /// returns the ETag and the number of attempts of an output.
    pub(super) async fn send_verified<I: Operation<Scope = ObjectScope>>(
        &self,
        region: &Source,
        sum: Option<&Md5Sum>,
        input: impl Fn(Body, Option<String>) -> I,
        etag_and_attempts: impl Fn(&I::Output) -> (Option<String>, u32),
    ) -> Result<(I::Output, u32)> {
        let meter = PartMeter::new(&self.meter);
        let (mut attempts, mut requests) = (self.bucket.attempts(), 0);
        // The ETag of an encrypted object or part is the MD5 of the encrypted bytes.
        let expected = sum.filter(|_| self.properties.encryption.is_none());
        loop {
            let body = Body::from_source(region.clone()).with_progress(Arc::<PartMeter>::clone(&meter));
            let input = input(body, sum.map(content_md5));
            let (error, is_wrong_etag) = match self.bucket.send_object_within(&mut attempts, &self.key, input).await {
                Ok(output) => {
                    let (etag, sent) = etag_and_attempts(&output);
                    requests += sent;
                    let stored = etag.as_deref().and_then(parse_hex);
                    if stored.is_none() || expected.is_none_or(|sum| stored == Some(*sum)) {
                        meter.finish();
                        return Ok((output, requests));
                    }
                    let message = "the server's MD5 differs from the one sent: the bytes were changed on the way";
                    (
                        Error::unexpected_response(message).with_call(&self.bucket.call_name(I::SPEC.name, &self.key)),
                        true,
                    )
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
            tracing::warn!(%error, "the server did not confirm the bytes that the client sent");
            attempts.pause(error).await?;
        }
    }
}
