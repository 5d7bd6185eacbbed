//! An upload that does not succeed is aborted, unless it can be resumed.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::complete::Fate;
use super::multipart::MultipartUpload;
use crate::Bucket;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::cancelled::{Cancelled, or_cancelled};
use crate::transfer::journal::CheckpointFile;
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::progress::Meter;
use crate::transfer::tasks::stopped;

/// Begins an upload. If nobody waits for that any more when the server has answered, the upload is aborted.
pub(crate) async fn begin(
    bucket: &Bucket,
    key: &str,
    headers: &ObjectProperties,
    meter: &Arc<Meter>,
) -> Result<Arc<MultipartUpload>> {
    let (bucket, key, headers, meter) = (bucket.clone(), key.to_owned(), headers.clone(), Arc::clone(meter));
    let (sender, receiver) = oneshot::channel();
    let beginning = async move {
        let begun = MultipartUpload::begin(&bucket, &key, &headers, &meter).await;
        // Dropped on either side of the channel, it aborts.
        let _taken = sender.send(begun.map(|upload| AbortOnDrop::of(Arc::new(upload))));
    };
    tokio::spawn(beginning.in_current_span());
    let ended = || Error::new(ErrorKind::Body, "the task that began the upload was stopped").of_unknown_upload();
    let mut guard = receiver.await.map_err(|_| ended())??;
    guard.upload.take().ok_or_else(ended)
}

/// Does what makes an object of the upload, and does away with the upload if that fails or is dropped and there is no
/// checkpoint to resume it from.
pub(crate) async fn see_through<T>(
    upload: &Arc<MultipartUpload>,
    mut cancelled: Option<Cancelled>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut guard = AbortOnDrop::of(Arc::clone(upload));
    // Whatever is under way is dropped with it, and stops.
    let outcome = match or_cancelled(work, &mut cancelled, || upload.is_being_completed()).await {
        Ok(done) => Ok(done),
        Err(error) => Err(error.with_fate(&upload.upload_id, give_up(upload).await)),
    };
    guard.upload = None;
    outcome
}

/// Keeps an upload that cannot go on for resuming it, or aborts it; which of the two in words.
async fn give_up(upload: &MultipartUpload) -> String {
    match upload.fate.get() {
        Some(Fate::Completed) => return "was completed all the same".to_owned(),
        Some(Fate::Gone) => return "is not there any more: somebody aborted it".to_owned(),
        // An abort could come into a completion that is still under way.
        Some(Fate::Unknown) => return leave_alone(upload).await,
        None => {}
    }
    let _at_rest = upload.parts_at_rest().await;
    // One that is being written at this moment comes too late, and is removed again.
    let checkpoint = upload.checkpoint.get_or_init(|| None).clone();
    if let Some(file) = checkpoint.as_ref().filter(|_| !upload.is_useless()) {
        return match upload.flush_notes().await {
            Ok(()) => kept(file.path()),
            Err(failure) => format!("is kept, but not all of it is noted ({failure})"),
        };
    }
    match upload.abort().await {
        Ok(()) => {
            if let Some(file) = checkpoint {
                remove(file).await;
            }
            "was aborted".to_owned()
        }
        Err(failure) => format!("could not be aborted and keeps its parts until it is ({failure})"),
    }
}

/// What becomes of an upload that can be resumed.
pub(super) fn kept(checkpoint: &Path) -> String {
    format!("is kept: the checkpoint {} resumes it", checkpoint.display())
}

async fn leave_alone(upload: &MultipartUpload) -> String {
    let unknown = "may have been completed, and was not aborted";
    let Some(file) = upload.checkpoint() else { return unknown.to_owned() };
    let path = file.path().display().to_string();
    match upload.flush_notes().await {
        Ok(()) => format!("{unknown}: with the checkpoint {path}, the same call finds out and goes on"),
        Err(failure) => format!("{unknown}; not all of it is noted ({failure})"),
    }
}

/// The upload that it would resume is not there any more.
async fn remove(file: Arc<CheckpointFile>) {
    let removing = tokio::task::spawn_blocking(move || file.remove());
    if let Err(error) = removing.await.map_err(stopped).flatten() {
        tracing::warn!(%error, "an upload was aborted, and its checkpoint is still there");
    }
}

/// Aborts the upload in the background when it is dropped, unless the upload can be resumed.
struct AbortOnDrop {
    upload: Option<Arc<MultipartUpload>>,
    /// The future may be dropped by a thread that is none of the runtime's.
    runtime: Option<Handle>,
}

impl AbortOnDrop {
    fn of(upload: Arc<MultipartUpload>) -> Self {
        Self { upload: Some(upload), runtime: Handle::try_current().ok() }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take().filter(|upload| upload.fate.get().is_none()) else { return };
        // One that is being written at this moment comes too late, and is removed again.
        if upload.checkpoint.get_or_init(|| None).is_some() {
            return;
        }
        let Some(runtime) = &self.runtime else {
            tracing::warn!(
                upload_id = upload.upload_id,
                "an upload that was cancelled could not be aborted: there is no runtime"
            );
            return;
        };
        runtime.spawn(async move {
            let _at_rest = upload.parts_at_rest().await;
            match upload.abort().await {
                Ok(()) => tracing::debug!(upload_id = upload.upload_id, "an upload that was cancelled was aborted"),
                Err(error) => {
                    tracing::warn!(upload_id = upload.upload_id, %error, "an upload that was cancelled could not be aborted");
                }
            }
        });
    }
}
