//! A multipart upload: it is started, its parts are sent, and it is completed, aborted or kept to be resumed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::try_join;
use tokio::runtime::Handle;
use tokio::sync::RwLock;
use tracing::Instrument;

use super::Uploaded;
use super::complete::{Outcome, may_have_executed};
use super::parts::CompletedPart;
use super::resume::{UploadJournal, remove_journal};
use crate::Timestamp;
use crate::error::{Error, Result, UploadState};
use crate::generated::operations::{AbortMultipartUploadInput, HeadObjectOutput};
use crate::transfer::job::Job;
use crate::transfer::object_properties::TakenOver;
use crate::transfer::tasks::{run_blocking, stopped};

/// Maximum length of an upload id in bytes. The ids of the service have 32 (PROTOCOL.md D2).
const MAX_UPLOAD_ID: usize = 1024;

/// Multipart upload that exists on the server.
pub(crate) struct MultipartUpload {
    pub(crate) job: Arc<Job>,
    pub(crate) upload_id: String,
    /// Time at which the upload was initiated. It is the local time, corrected by the server's clock if the client knows it.
    pub(super) initiated: Timestamp,
    /// True if an earlier process may have sent parts of the upload, or may have completed it.
    pub(super) is_resumed: bool,
    /// Journal that records the finished parts. Set if the caller asked for a checkpoint.
    pub(super) journal: OnceLock<Arc<UploadJournal>>,
    /// True if the source has changed, so that the parts on the server cannot be used any more.
    pub(super) has_source_changed: AtomicBool,
    /// Locked for reading while a part is sent, and for writing during an abort: a part that arrives after the abort would
    /// stay on the server.
    pub(crate) in_progress: RwLock<()>,
    /// Number of requests that were sent for parts.
    pub(crate) attempts: AtomicU32,
}

impl MultipartUpload {
    /// Initiates a multipart upload on the server.
    ///
    /// If the future is dropped before the response arrives, the upload is aborted as soon as its id is known.
    pub(crate) async fn start(job: &Arc<Job>) -> Result<Arc<Self>> {
        let job = Arc::clone(job);
        let starting = async move {
            let input = job.properties.initiate_input();
            let initiated = if job.properties.are_taken_over {
                job.bucket.send_object(&job.key, TakenOver(input)).await
            } else {
                job.bucket.initiate_multipart_upload(&job.key, input).await
            };
            let output = initiated.and_then(|output| {
                // The id is part of every further request and of the checkpoint.
                if (1..=MAX_UPLOAD_ID).contains(&output.upload_id.len()) {
                    return Ok(output);
                }
                let length = output.upload_id.len();
                let message = format!("the upload id has {length} bytes, but it should have 1 to {MAX_UPLOAD_ID}");
                let call = job.bucket.call_name("InitiateMultipartUpload", &job.key);
                Err(Error::unexpected_response(message).with_call(&call))
            });
            let output = output
                .map_err(|error| if may_have_executed(&error) { error.with_maybe_started_upload() } else { error })?;
            // The clock is read after the response, because the server may have corrected it by refusing a signature.
            let initiated = job.bucket.server_time();
            let upload = Arc::new(Self::new(job, output.upload_id, initiated, false));
            let guard = AbortGuard::new(Arc::clone(&upload));
            Ok((upload, guard))
        };
        // If this future is dropped, the task continues, and its result is dropped with the guard.
        let started = tokio::spawn(starting.in_current_span()).await;
        let (upload, mut guard) = started.map_err(|error| stopped(error).with_maybe_started_upload())??;
        guard.disarm();
        Ok(upload)
    }

    pub(super) fn new(job: Arc<Job>, upload_id: String, initiated: Timestamp, is_resumed: bool) -> Self {
        Self {
            job,
            upload_id,
            initiated,
            is_resumed,
            journal: OnceLock::new(),
            has_source_changed: AtomicBool::new(false),
            in_progress: RwLock::default(),
            attempts: AtomicU32::new(0),
        }
    }

    /// Counts the requests that were sent for a part, and adds the part to its error.
    pub(crate) fn count_requests<T>(&self, part: u32, sent: Result<T>, requests: impl FnOnce(&T) -> u32) -> Result<T> {
        let requests = sent.as_ref().map_or_else(Error::attempts, requests);
        self.attempts.fetch_add(requests, Ordering::Relaxed);
        sent.map_err(|error| error.with_part(&self.upload_id, part))
    }

    /// Runs `sending`, which sends the parts and returns them in any order, and completes the upload.
    ///
    /// After an error or a cancellation, the upload is aborted, or kept if a checkpoint can resume it. The error contains the
    /// [`UploadState`].
    pub(crate) async fn finish(
        self: &Arc<Self>,
        sending: impl Future<Output = Result<Vec<CompletedPart>>>,
    ) -> Result<Uploaded> {
        let mut guard = AbortGuard::new(Arc::clone(self));
        let completed = match self.send(sending).await {
            Ok((parts, before)) => self.complete(&parts, &before).await.map(|()| parts),
            Err(error) => Err((error, Outcome::Open)),
        };
        // If the upload may have been completed, an abort could destroy the object.
        if !matches!(completed, Err((_, Outcome::Open))) {
            guard.disarm();
        }
        let (error, state) = match completed {
            Ok(parts) => match self.verify(&parts).await {
                Ok(uploaded) => return Ok(uploaded),
                Err(error) => (error, UploadState::Completed),
            },
            Err((error, Outcome::Gone)) => (error, UploadState::Gone),
            Err((error, Outcome::Unknown)) => {
                let checkpoint = self.journal.get().map(|journal| journal.path().to_owned());
                let unsaved = self.with_journal(UploadJournal::flush).await.err();
                (error, UploadState::Unknown { checkpoint, unsaved })
            }
            Err((error, _)) => (error, self.abort_or_keep().await),
        };
        guard.disarm();
        Err(error.with_upload_state(&self.upload_id, state))
    }

    /// Runs `sending`, and looks up the object that the upload will replace. Returns the parts by number, and that object.
    ///
    /// If the completion fails and it is unclear whether the server has executed it, the client compares this object with the
    /// one that it finds then.
    async fn send(
        &self,
        sending: impl Future<Output = Result<Vec<CompletedPart>>>,
    ) -> Result<(Vec<CompletedPart>, Result<Option<HeadObjectOutput>>)> {
        let finding = self.job.object().find().map(|found| {
            Ok(found.inspect_err(|error| tracing::debug!(%error, "the object before the completion is unknown")))
        });
        let sending = async {
            let (mut parts, before) = try_join(Box::pin(sending), finding).await?;
            parts.sort_by_key(|part| part.number);
            // If this process dies during the completion, the next one computes the ETag of the object from the MD5s in the
            // journal, and recognises the object by it.
            if let Err(error) = self.with_journal(UploadJournal::flush).await {
                let upload_id = &self.upload_id;
                tracing::warn!(upload_id, %error, "the upload is being completed, but its checkpoint lacks some parts");
            }
            Ok((parts, before))
        };
        self.job.options.cancellation.unless_cancelled(sending).await
    }

    /// Aborts an upload that failed before its completion, or keeps it if a checkpoint can resume it.
    async fn abort_or_keep(&self) -> UploadState {
        let _no_part = self.in_progress.write().await;
        let journal = self.journal.get().filter(|journal| journal.close_unless_started());
        if let Some(journal) = journal.filter(|_| !self.has_source_changed.load(Ordering::Relaxed)) {
            let unsaved = self.with_journal(UploadJournal::flush).await.err();
            return UploadState::Kept { checkpoint: journal.path().to_owned(), unsaved };
        }
        if let Err(cause) = self.abort().await {
            return UploadState::AbortFailed { cause };
        }
        if let Some(journal) = journal {
            remove_journal(Arc::clone(journal)).await;
        }
        UploadState::Aborted
    }

    /// Aborts the upload on the server.
    async fn abort(&self) -> Result<()> {
        let input = AbortMultipartUploadInput::new(&self.upload_id);
        self.job.bucket.abort_multipart_upload(&self.job.key, input).await.map(drop)
    }

    /// Runs blocking work on the journal, if there is one.
    pub(super) async fn with_journal(
        &self,
        work: impl FnOnce(&UploadJournal) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let Some(journal) = self.journal.get().cloned() else { return Ok(()) };
        run_blocking(move || work(&journal)).await
    }
}

/// Aborts the upload in the background when it is dropped, unless a checkpoint can resume the upload.
struct AbortGuard {
    upload: Option<Arc<MultipartUpload>>,
    /// The guard may be dropped on a thread outside of the runtime.
    runtime: Option<Handle>,
}

impl AbortGuard {
    fn new(upload: Arc<MultipartUpload>) -> Self {
        Self { upload: Some(upload), runtime: Handle::try_current().ok() }
    }

    /// Makes the guard do nothing when it is dropped.
    fn disarm(&mut self) {
        self.upload = None;
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        if upload.journal.get().is_some_and(|journal| journal.close_unless_started()) {
            return;
        }
        let Some(runtime) = &self.runtime else {
            tracing::warn!(upload_id = upload.upload_id, "a dropped upload could not be aborted: there is no runtime");
            return;
        };
        runtime.spawn(async move {
            let _no_part = upload.in_progress.write().await;
            match upload.abort().await {
                Ok(()) => tracing::debug!(upload_id = upload.upload_id, "a dropped upload was aborted"),
                Err(error) => {
                    tracing::warn!(upload_id = upload.upload_id, %error, "a dropped upload could not be aborted")
                }
            }
        });
    }
}
