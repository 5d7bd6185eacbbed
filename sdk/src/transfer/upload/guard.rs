//! An upload that does not succeed is aborted, unless it can be resumed.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::Handle;

use super::Cancelled;
use super::completion::Fate;
use super::run::stopped;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

/// Does what makes an object of the upload, and does away with the upload if that fails or is dropped.
pub(crate) async fn see_through<T>(
    session: &Arc<Session>,
    is_resumable: bool,
    cancelled: Option<&mut Cancelled>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    // One that was resumed is known to its checkpoint, and one that is to have a checkpoint is not, before there is one.
    let is_known = is_resumable && session.is_resumed;
    let guard = (!is_known).then(|| AbortOnDrop(Some(Arc::clone(session))));
    // Whatever is under way is dropped with it, before anything is aborted.
    let outcome = match or_cancelled(work, cancelled).await {
        Ok(done) => Ok(done),
        Err(error) => Err(error.with_fate(&session.upload_id, give_up(session).await)),
    };
    if let Some(mut guard) = guard {
        guard.0 = None;
    }
    outcome
}

/// The outcome of the work, or an error if it is to end before.
pub(crate) async fn or_cancelled<T>(
    work: impl Future<Output = Result<T>>,
    cancelled: Option<&mut Cancelled>,
) -> Result<T> {
    let Some(cancelled) = cancelled else { return work.await };
    let mut work = Box::pin(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending => cancelled
            .as_mut()
            .poll(context)
            .map(|()| Err(Error::new(ErrorKind::Cancelled, "the transfer was cancelled"))),
    })
    .await
}

/// Keeps an upload that cannot go on for resuming it, or aborts it; which of the two in words.
async fn give_up(session: &Session) -> String {
    match session.fate.get() {
        Some(Fate::Completed) => return "was completed all the same".to_owned(),
        Some(Fate::Gone) => return "is not there any more: somebody aborted it".to_owned(),
        // An abort could come into a completion that is still under way.
        Some(Fate::Unknown) => return "may have been completed, and was not aborted".to_owned(),
        None => {}
    }
    if let Some(file) = session.checkpoint.get().cloned() {
        let path = file.path().display().to_string();
        return match tokio::task::spawn_blocking(move || file.flush()).await.map_err(stopped).flatten() {
            Ok(()) => format!("is kept: the checkpoint {path} resumes it"),
            Err(failure) => format!("is kept, but not all of it is noted ({failure})"),
        };
    }
    if session.is_resumed {
        return "is kept: the checkpoint is what it was, and resumes it".to_owned();
    }
    match session.abort().await {
        Ok(()) => "was aborted".to_owned(),
        Err(failure) => format!("could not be aborted and keeps its parts until it is ({failure})"),
    }
}

/// Aborts the upload when it is dropped, in the background, unless a checkpoint has it.
struct AbortOnDrop(Option<Arc<Session>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let is_open = |session: &Arc<Session>| session.fate.get().is_none() && session.checkpoint.get().is_none();
        if let Some(session) = self.0.take().filter(is_open) {
            abort_in_background(session);
        }
    }
}

/// Aborts an upload that nobody waits for any more.
pub(super) fn abort_in_background(session: Arc<Session>) {
    let Ok(runtime) = Handle::try_current() else {
        tracing::warn!(
            upload_id = session.upload_id,
            "an upload that was cancelled could not be aborted: there is no runtime"
        );
        return;
    };
    runtime.spawn(async move {
        match session.abort().await {
            Ok(()) => tracing::debug!(upload_id = session.upload_id, "an upload that was cancelled was aborted"),
            Err(error) => {
                tracing::warn!(upload_id = session.upload_id, %error, "an upload that was cancelled could not be aborted");
            }
        }
    });
}
