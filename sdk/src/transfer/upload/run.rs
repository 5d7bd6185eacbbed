//! Runs an upload: with one request, as a multipart upload, or as the rest of an interrupted multipart upload.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream;
use tracing::{Instrument, debug_span};

use super::multipart::MultipartUpload;
use super::parts::{CompletedPart, PendingPart, send_parts};
use super::resume::{Start, UploadJournal, lock_journal, remove_journal};
use super::{Input, Uploaded};
use crate::body::{Fingerprint, Source, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::PutObjectOutput;
use crate::transfer::hashing::sums_if;
use crate::transfer::job::Job;
use crate::transfer::part_size::{Part, PartLayout};
use crate::transfer::tasks::run_blocking;

/// Content of known size: a file, or bytes in memory.
pub(super) struct Content {
    source: Source,
    /// Size and modification time when the upload started.
    pub(super) fingerprint: Fingerprint,
}

impl Content {
    async fn open(path: PathBuf) -> Result<Self> {
        // The path is recorded in the checkpoint, which may be resumed from another working directory.
        Self::with_fingerprint(move || Source::open(&std::path::absolute(path)?, 0, None)).await
    }

    pub(super) async fn new(source: Source) -> Result<Self> {
        Self::with_fingerprint(|| Ok(source)).await
    }

    async fn with_fingerprint(open: impl FnOnce() -> io::Result<Source> + Send + 'static) -> Result<Self> {
        let open = || {
            let source = open()?;
            Ok(Self { fingerprint: source.fingerprint()?, source })
        };
        run_blocking(move || open().map_err(unreadable)).await
    }

    pub(super) fn size(&self) -> u64 {
        self.fingerprint.size
    }

    /// Returns the path of the file. Bytes in memory have an empty path.
    pub(super) fn path(&self) -> &Path {
        self.source.path().unwrap_or(Path::new(""))
    }

    pub(super) fn region(&self, part: &Part) -> Source {
        self.source.region(part.bytes.clone())
    }

    /// Returns a description of how the file has changed since the upload started, or `None` if it has not.
    async fn change(&self) -> Result<Option<String>> {
        let now = Self::new(self.source.clone()).await?.fingerprint;
        let difference = self.fingerprint.difference(&now);
        let path = self.path().display();
        Ok(difference.map(|difference| format!("the file {path} changed while it was uploaded: {difference}")))
    }
}

impl Job {
    /// Uploads the input and returns a summary.
    pub(super) async fn upload(self: &Arc<Self>, input: Input) -> Result<Uploaded> {
        let span = debug_span!("upload", bucket = self.bucket.name(), key = self.key);
        let uploading = async {
            match input {
                Input::File(path) => self.upload_content(Content::open(path).await?).await,
                Input::Bytes(bytes) => self.upload_content(Content::new(Source::bytes(bytes)).await?).await,
                Input::Reader(source) => self.upload_reader(source).await,
            }
        };
        let outcome = Box::pin(uploading.instrument(span)).await;
        self.meter.finish();
        outcome.map_err(|error| error.in_transfer(&self.bucket.call_name("upload", &self.key)))
    }

    pub(super) async fn upload_content(self: &Arc<Self>, content: Content) -> Result<Uploaded> {
        self.meter.update(|progress| progress.total_bytes = Some(content.size()));
        let journal = lock_journal(self.options.checkpoint.clone(), &content).await?;
        let uploaded = match self.find_start(journal.as_ref(), &content).await? {
            Start::Completed(uploaded) => *uploaded,
            Start::Resumed { upload, layout, stored } => {
                self.send_missing(upload, journal.as_ref(), &content, layout, stored).await?
            }
            Start::New { is_restart } => {
                let layout = PartLayout::new(content.size(), self.options.part_size)?;
                let uploaded = if layout.count() == 1 {
                    self.put(&content).await?
                } else {
                    let upload = MultipartUpload::start(self).await?;
                    self.send_missing(upload, journal.as_ref(), &content, layout, Vec::new()).await?
                };
                Uploaded { restarted: is_restart, ..uploaded }
            }
        };
        if let Some(journal) = journal {
            remove_journal(journal).await;
        }
        Ok(uploaded)
    }

    /// Uploads the content with one request.
    async fn put(&self, content: &Content) -> Result<Uploaded> {
        let whole = content.source.region(0..content.size());
        let hashing = sums_if(self.options.checksum, vec![whole.clone()]);
        let sum = self.options.cancellation.unless_cancelled(hashing).await?.pop().flatten();
        let input = |body, content_md5| {
            let mut input = self.properties.put_input();
            (input.body, input.content_md5) = (body, content_md5);
            input
        };
        let etag_and_attempts = |output: &PutObjectOutput| (output.etag.clone(), output.response.attempts);
        let putting = self.send_verified(&whole, sum.as_ref(), input, etag_and_attempts);
        let outcome = self.options.cancellation.unless_cancelled(putting).await;
        // If the file has changed, the error reports that and not the failure that the change caused.
        if let Some(change) = content.change().await? {
            let stored = match (&outcome, sum) {
                (Err(_), _) => "",
                (Ok(_), Some(_)) => "; the object has the content from before the change",
                (Ok(_), None) => "; the object may be a mixture of the old and the new content",
            };
            return Err(Error::new(ErrorKind::Body, format!("{change}{stored}")));
        }
        let (PutObjectOutput { etag, version_id, .. }, attempts) = outcome?;
        if etag.is_none() {
            self.check_exists(content.size()).await?;
        }
        Ok(Uploaded { etag, version_id, attempts, ..Uploaded::new(self, content.size()) })
    }

    /// Checks that the object exists. Called after a response without an ETag, because a server that is not QingStor may have
    /// sent the response.
    async fn check_exists(&self, size: u64) -> Result<()> {
        match self.object().verify_stored(size).await {
            Err(error) if error.is_not_found() => Err(Error::unexpected_response(
                "the request succeeded, but the object does not exist: check that the endpoint is that of the object storage",
            )
            .with_call(&self.bucket.call_name("PutObject", &self.key))),
            checked => checked.map(drop),
        }
    }

    /// Sends the parts that are not in `stored`, and completes the upload. `stored` are the parts that the server already has.
    async fn send_missing(
        &self,
        upload: Arc<MultipartUpload>,
        journal: Option<&Arc<UploadJournal>>,
        content: &Content,
        layout: PartLayout,
        mut stored: Vec<CompletedPart>,
    ) -> Result<Uploaded> {
        let resumed_bytes: u64 = stored.iter().map(|part| part.length).sum();
        self.meter.update(|progress| {
            progress.total_parts = Some(layout.count());
            progress.parts = u32::try_from(stored.len()).unwrap_or(u32::MAX);
            progress.bytes = resumed_bytes;
            progress.resumed_bytes = resumed_bytes;
        });
        let journal = journal.map(|journal| Arc::clone(upload.journal.get_or_init(|| Arc::clone(journal))));
        let sending = async {
            if let Some(journal) = journal.filter(|_| !upload.is_resumed) {
                upload.start_journal(journal, content, layout.part_size).await?;
            }
            let numbers: BTreeSet<u32> = stored.iter().map(|part| part.number).collect();
            let missing = layout.parts().filter(|part| !numbers.contains(&part.number));
            let pending = missing.map(|part| Ok(PendingPart { number: part.number, region: content.region(&part) }));
            let sent = send_parts(&upload, stream::iter(pending.collect::<Vec<_>>())).await;
            // If the file has changed, the error reports that and not the failure that the change caused.
            if let Some(change) = content.change().await? {
                upload.has_source_changed.store(true, Ordering::Relaxed);
                return Err(Error::new(ErrorKind::Body, change));
            }
            stored.extend(sent?);
            Ok(stored)
        };
        upload.finish(sending).await
    }
}
