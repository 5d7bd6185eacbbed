//! Completes a multipart upload, or aborts it if anything fails or the future is dropped.
//!
//! An upload with a checkpoint is kept instead.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::try_join;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::complete::{Completed, Outcome};
use super::multipart::{CompletedPart, MultipartUpload};
use super::resume::remove_journal;
use crate::Bucket;
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::progress::Meter;
use crate::transfer::tasks::Cancellation;

/// Starts a multipart upload. If the future is dropped before the server's answer arrives, the upload is aborted then.
pub(crate) async fn start(
    bucket: &Bucket,
    key: &str,
    headers: &ObjectProperties,
    meter: &Arc<Meter>,
) -> Result<Arc<MultipartUpload>> {
    let (bucket, key, headers, meter) = (bucket.clone(), key.to_owned(), headers.clone(), Arc::clone(meter));
    let (sender, receiver) = oneshot::channel();
    let starting = async move {
        let started = MultipartUpload::initiate(&bucket, &key, &headers, &meter).await;
        // If the future was dropped, the guard is dropped here or in the channel.
        let _received = sender.send(started.map(|upload| AbortGuard::new(Arc::new(upload))));
    };
    tokio::spawn(starting.in_current_span());
    let ended =
        || Error::new(ErrorKind::Body, "the task that started the upload was stopped").with_maybe_started_upload();
    receiver.await.map_err(|_| ended())??.disarm().ok_or_else(ended)
}

impl MultipartUpload {
    /// Sends the parts by `sending`, then completes the upload. If that fails or is cancelled, aborts or keeps the upload.
    pub(crate) async fn finish(
        self: &Arc<Self>,
        cancellation: &Cancellation,
        sending: impl Future<Output = Result<Vec<CompletedPart>>>,
    ) -> Result<(Vec<CompletedPart>, Completed)> {
        let guard = AbortGuard::new(Arc::clone(self));
        let finished = match self.send_and_complete(cancellation, sending).await {
            Ok(completed) => Ok(completed),
            Err(error) => Err(error.with_upload_state(&self.upload_id, self.abort_or_keep().await)),
        };
        guard.disarm();
        finished
    }

    async fn send_and_complete(
        &self,
        cancellation: &Cancellation,
        sending: impl Future<Output = Result<Vec<CompletedPart>>>,
    ) -> Result<(Vec<CompletedPart>, Completed)> {
        let sending = async {
            let sent = try_join(Box::pin(sending), self.object_before().map(Ok)).await?;
            if let Err(error) = self.flush_journal().await {
                tracing::warn!(upload_id = self.upload_id, %error, "the upload is completed all the same");
            }
            Ok(sent)
        };
        let (parts, before) = cancellation.unless_cancelled(sending).await?;
        let completed = self.complete(&parts, &before).await?;
        Ok((parts, completed))
    }

    /// Aborts an upload that failed, unless its completion decides otherwise or a checkpoint can resume it.
    async fn abort_or_keep(&self) -> UploadState {
        match self.outcome.get() {
            Some(Outcome::Completed) => return UploadState::Completed,
            Some(Outcome::Gone) => return UploadState::Gone,
            // An abort could destroy an object that is being created.
            Some(Outcome::Unknown) => {
                let checkpoint = self.journal.get().map(|journal| journal.path().to_owned());
                return UploadState::Unknown { checkpoint, unsaved: self.flush_journal().await.err() };
            }
            Some(Outcome::Open | Outcome::Retry) | None => {}
        }
        let _last_request = self.no_part_in_progress().await;
        let journal = self.journal.get().filter(|journal| journal.is_open_or_close());
        if let Some(journal) = journal.filter(|_| !self.is_useless()) {
            let checkpoint = journal.path().to_owned();
            return UploadState::Kept { checkpoint, unsaved: self.flush_journal().await.err() };
        }
        if let Err(cause) = self.abort().await {
            return UploadState::AbortFailed { cause };
        }
        if let Some(journal) = journal {
            remove_journal(Arc::clone(journal)).await;
        }
        UploadState::Aborted
    }
}

/// Aborts the upload in the background when it is dropped, unless a checkpoint can resume it.
struct AbortGuard {
    upload: Option<Arc<MultipartUpload>>,
    /// The thread that drops the guard may be outside of the runtime.
    runtime: Option<Handle>,
}

impl AbortGuard {
    fn new(upload: Arc<MultipartUpload>) -> Self {
        Self { upload: Some(upload), runtime: Handle::try_current().ok() }
    }

    fn disarm(mut self) -> Option<Arc<MultipartUpload>> {
        self.upload.take()
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take().filter(|upload| upload.outcome.get().is_none()) else { return };
        if upload.journal.get().is_some_and(|journal| journal.is_open_or_close()) {
            return;
        }
        let Some(runtime) = &self.runtime else {
            tracing::warn!(upload_id = upload.upload_id, "a dropped upload could not be aborted: there is no runtime");
            return;
        };
        runtime.spawn(async move {
            let _last_request = upload.no_part_in_progress().await;
            match upload.abort().await {
                Ok(()) => tracing::debug!(upload_id = upload.upload_id, "a dropped upload was aborted"),
                Err(error) => {
                    tracing::warn!(upload_id = upload.upload_id, %error, "a dropped upload could not be aborted")
                }
            }
        });
    }
}
