//! Runs an upload: with one request, as a multipart upload, or as the rest of one that a checkpoint describes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::{Instrument, debug_span};

use super::abort_guard::start;
use super::multipart::{CompletedPart, MultipartUpload, PendingPart, part_channel, send_parts, send_verified};
use super::resume::{Start, UploadJournal, remove_journal};
use super::{Input, Uploaded};
use crate::Bucket;
use crate::body::{Body, Fingerprint, Source, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::PutObjectOutput;
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{Checksum, content_md5};
use crate::transfer::hashing::sums_of;
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::options::TransferOptions;
use crate::transfer::part_size::{MIB, PartLayout};
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::tasks::run_blocking;

/// An upload to run.
pub(super) struct Job<'a> {
    pub(super) bucket: &'a Bucket,
    pub(super) key: &'a str,
    pub(super) headers: &'a ObjectProperties,
    pub(super) options: &'a TransferOptions,
    pub(super) meter: &'a Arc<Meter>,
}

pub(super) async fn run(
    bucket: &Bucket,
    key: &str,
    input: Input,
    headers: &ObjectProperties,
    options: TransferOptions,
) -> Result<Uploaded> {
    let meter = options.meter()?;
    let options = TransferOptions { part_size: options.part_size.next_multiple_of(MIB), ..options };
    let job = Job { bucket, key, headers, options: &options, meter: &meter };
    let span = debug_span!("upload", bucket = bucket.name(), key);
    let uploading = async {
        match input {
            Input::File(path) => job.upload(open(path).await?).await,
            _ if options.checkpoint.is_some() => Err(Error::invalid_input(
                "checkpoint is set, but only the upload of a file can be resumed: use `file`, or leave it unset",
            )),
            Input::Reader(reader) => job.stream(reader).await,
            Input::Bytes(bytes) => job.upload(Source::bytes(bytes)).await,
        }
    };
    let outcome = uploading.instrument(span).await;
    meter.finish();
    outcome
}

async fn open(path: PathBuf) -> Result<Source> {
    // A checkpoint has to mean the same file wherever it is resumed from.
    let open = move || Source::open(&std::path::absolute(path)?, 0, None);
    run_blocking(move || open().map_err(unreadable)).await
}

impl Job<'_> {
    pub(super) async fn upload(&self, source: Source) -> Result<Uploaded> {
        let before = fingerprint(&source).await?;
        self.meter.update(|progress| progress.total_bytes = Some(before.size));
        let journal = self.lock_journal().await?;
        let uploaded = match self.find_start(journal.as_ref(), &source, before).await? {
            Start::Resumed { upload, layout, parts } => {
                self.send(upload, journal.clone(), &source, before, layout, parts).await?
            }
            Start::Completed(uploaded) => *uploaded,
            Start::New { is_restart } => {
                let layout = PartLayout::new(before.size, self.options.part_size)?;
                let uploaded = if layout.count() == 1 {
                    self.put(&source, before).await?
                } else {
                    let upload = start(self.bucket, self.key, self.headers, self.meter).await?;
                    self.send(upload, journal.clone(), &source, before, layout, Vec::new()).await?
                };
                Uploaded { restarted: is_restart, ..uploaded }
            }
        };
        if let Some(journal) = journal {
            remove_journal(journal).await;
        }
        Ok(uploaded)
    }

    /// Sends the parts that the server has not stored, and completes the upload.
    async fn send(
        &self,
        upload: Arc<MultipartUpload>,
        journal: Option<Arc<UploadJournal>>,
        source: &Source,
        before: Fingerprint,
        layout: PartLayout,
        stored: Vec<CompletedPart>,
    ) -> Result<Uploaded> {
        let resumed: u64 = stored.iter().map(|part| part.length).sum();
        self.meter.update(|progress| {
            progress.total_parts = Some(layout.count());
            progress.parts = u32::try_from(stored.len()).unwrap_or(u32::MAX);
            progress.bytes = resumed;
            progress.resumed_bytes = resumed;
        });
        let journal = journal.map(|journal| Arc::clone(upload.journal.get_or_init(|| journal)));
        let sending = async {
            if let Some(journal) = journal.filter(|_| !upload.is_resumed) {
                self.start_journal(journal, &upload, source, before, layout.part_size()).await?;
            }
            let stored_numbers: BTreeSet<u32> = stored.iter().map(|part| part.number).collect();
            let missing = layout.parts().filter(|part| !stored_numbers.contains(&part.number));
            let pending = missing.map(|part| PendingPart { number: part.number, region: source.region(part.bytes) });
            let (sender, receiver) = part_channel();
            let feeding = feed(pending.collect(), sender);
            let TransferOptions { concurrency, checksum, .. } = self.options;
            let outcome = send_parts(&upload, feeding, receiver, *concurrency, *checksum).await;
            // If the source changed, that is the cause, whatever error it led to.
            if let Some(change) = change(source, before).await? {
                upload.mark_useless();
                return Err(Error::new(ErrorKind::Body, change));
            }
            let mut parts = stored;
            parts.extend(outcome?);
            parts.sort_by_key(|part| part.number);
            Ok(parts)
        };
        self.finish(&upload, sending).await
    }

    /// Uploads the source with one request.
    async fn put(&self, source: &Source, before: Fingerprint) -> Result<Uploaded> {
        let whole = source.region(0..before.size);
        let sum = match self.options.checksum {
            None => None,
            Some(Checksum::Md5) => {
                self.options.cancellation.unless_cancelled(sums_of(vec![whole.clone()])).await?.first().copied()
            }
        };
        let outcome = self.options.cancellation.unless_cancelled(self.put_verified(&whole, sum.as_ref())).await;
        // If the source changed, that is the cause, whatever error it led to.
        if let Some(change) = change(source, before).await? {
            let stored = match (&outcome, sum) {
                (Err(_), _) => "",
                (Ok(_), Some(_)) => "; the object has the content from before the change",
                (Ok(_), None) => "; the object may be a mixture of the old and the new content",
            };
            return Err(Error::new(ErrorKind::Body, format!("{change}{stored}")));
        }
        let (output, attempts) = outcome?;
        if output.etag.is_none() {
            self.check_put(before.size).await?;
        }
        Ok(Uploaded {
            key: self.key.to_owned(),
            size: before.size,
            etag: output.etag,
            etag_kept: None,
            version_id: output.version_id,
            upload_id: None,
            parts: 0,
            attempts,
            retried_bytes: self.meter.progress().retried_bytes,
            resumed_bytes: 0,
            restarted: false,
        })
    }

    async fn put_verified(&self, whole: &Source, sum: Option<&Md5Sum>) -> Result<(PutObjectOutput, u32)> {
        let meter = PartMeter::new(self.meter);
        let input = || {
            let mut input = self.headers.put();
            input.content_md5 = sum.map(content_md5);
            input.body = Body::from_source(whole.clone()).with_progress(Arc::<PartMeter>::clone(&meter));
            input
        };
        let answer = |output: &PutObjectOutput| (output.etag.clone(), output.response.attempts);
        let put = send_verified(self.bucket, self.key, self.headers, sum, input, answer).await?;
        meter.finish();
        Ok(put)
    }

    /// Looks at an object after an answer without an ETag: something other than the server may have answered.
    async fn check_put(&self, size: u64) -> Result<()> {
        match self.headers.stored(self.bucket, self.key).verify_stored(size).await {
            Err(error) if error.is_not_found() => Err(Error::unexpected_response(
                "the request succeeded, but the object does not exist: check that the endpoint is that of the object storage",
            )
            .with_call(&self.bucket.call("PutObject", self.key))),
            looked => looked.map(drop),
        }
    }

    /// Sends the parts by `sending`, and completes the upload.
    pub(super) async fn finish(
        &self,
        upload: &Arc<MultipartUpload>,
        sending: impl Future<Output = Result<Vec<CompletedPart>>>,
    ) -> Result<Uploaded> {
        let (parts, completed) = upload.finish(&self.options.cancellation, sending).await?;
        let progress = self.meter.progress();
        Ok(Uploaded {
            key: self.key.to_owned(),
            size: parts.iter().map(|part| part.length).sum(),
            etag: completed.etag,
            etag_kept: completed.etag_kept,
            version_id: completed.version_id,
            upload_id: Some(upload.upload_id.clone()),
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            attempts: upload.attempts(),
            retried_bytes: progress.retried_bytes,
            resumed_bytes: progress.resumed_bytes,
            restarted: false,
        })
    }
}

async fn feed(parts: Vec<PendingPart>, sender: mpsc::Sender<PendingPart>) -> Result<()> {
    for part in parts {
        if sender.send(part).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn fingerprint(source: &Source) -> Result<Fingerprint> {
    let source = source.clone();
    run_blocking(move || source.fingerprint().map_err(unreadable)).await
}

/// Describes the change of the source since `before`, if there is one.
async fn change(source: &Source, before: Fingerprint) -> Result<Option<String>> {
    let now = fingerprint(source).await?;
    let path = || source.path().map(|path| path.display().to_string()).unwrap_or_default();
    let changed = |difference| format!("the file {} changed while it was uploaded: {difference}", path());
    Ok(before.difference(&now).map(changed))
}
