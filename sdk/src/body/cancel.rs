//! Cancellation of a request body that hyper owns.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{Activity, AttemptBody};
use crate::error::BoxError;

/// A request body whose content can be dropped while hyper owns it.
///
/// If a request is dropped, hyper keeps its body until the connection is closed. Before hyper closes the connection, it
/// writes the bytes that it has already taken from the body. If the server does not read, this never ends.
pub(crate) struct CancellableBody(Arc<Shared>);

/// Drops the content of a [`CancellableBody`] when it is dropped.
pub(crate) struct CancelOnDrop(Arc<Shared>);

struct Shared {
    body: Mutex<Option<AttemptBody>>,
    activity: Arc<Activity>,
    is_cancelled: AtomicBool,
}

impl CancellableBody {
    pub(crate) fn new(body: AttemptBody) -> (Self, CancelOnDrop) {
        let activity = body.activity();
        let shared = Shared { body: Mutex::new(Some(body)), activity, is_cancelled: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        (Self(Arc::clone(&shared)), CancelOnDrop(shared))
    }
}

impl Shared {
    fn body(&self) -> MutexGuard<'_, Option<AttemptBody>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the body after the lock is released, because dropping it may run code of the application, such as the
    /// `Drop` of a stream.
    fn drop_body(&self) {
        let body = self.body().take();
        drop(body);
    }
}

impl CancelOnDrop {
    /// Returns the next frame, without marking the request as taken.
    pub(crate) fn poll_frame(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.body().as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        // If a callback of this body drops the request, `poll_frame` holds the lock and drops the body itself.
        let body = self.0.body.try_lock().ok().and_then(|mut body| body.take());
        drop(body);
    }
}

impl Drop for CancellableBody {
    fn drop(&mut self) {
        self.0.drop_body();
    }
}

impl Body for CancellableBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.activity.set_taken();
        let frame = self.0.body().as_mut().map(|body| Pin::new(body).poll_frame(context));
        match frame {
            Some(frame) if !self.0.is_cancelled.load(Ordering::SeqCst) => frame,
            _ => {
                self.0.drop_body();
                Poll::Ready(Some(Err("the request was dropped".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // hyper asks for this before it writes the head of the request.
        self.0.activity.set_taken();
        self.0.body().as_ref().is_some_and(AttemptBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body().as_ref().map(AttemptBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::body::BodyProgress;

    fn cancellable(body: impl Into<crate::Body>) -> (CancellableBody, CancelOnDrop) {
        CancellableBody::new(body.into().attempt())
    }

    fn next(body: &mut CancellableBody) -> Option<Result<Bytes, String>> {
        match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => frame.map(|frame| {
                frame.map(|frame| frame.into_data().unwrap_or_default()).map_err(|error| error.to_string())
            }),
            Poll::Pending => Some(Err("pending".to_owned())),
        }
    }

    fn dropped() -> Option<Result<Bytes, String>> {
        Some(Err("the request was dropped".to_owned()))
    }

    #[test]
    fn cancelled_body_fails_and_does_not_end() {
        let (mut body, cancel) = cancellable("content");
        drop(cancel);
        assert_eq!(next(&mut body), dropped());
        assert!(!body.is_end_stream());
    }

    #[test]
    fn body_is_sent_unless_cancelled() {
        let (mut body, _cancel) = cancellable("content");
        assert_eq!(body.size_hint().exact(), Some(7));
        assert_eq!(next(&mut body), Some(Ok(Bytes::from_static(b"content"))));
        assert!(body.is_end_stream());
    }

    #[test]
    fn request_is_taken_when_hyper_looks_at_its_body() {
        let (mut body, cancel) = cancellable("content");
        assert_eq!(body.size_hint().exact(), Some(7));
        assert!(!cancel.0.activity.is_taken());
        assert_eq!(next(&mut body), Some(Ok(Bytes::from_static(b"content"))));
        assert!(cancel.0.activity.is_taken());
        let (body, cancel) = cancellable("");
        assert!(!body.is_end_stream());
        assert!(cancel.0.activity.is_taken());
    }

    #[test]
    fn body_is_dropped_with_the_request_of_hyper() {
        let (body, cancel) = cancellable("content");
        drop(body);
        assert!(cancel.0.body().is_none());
    }

    /// A receiver of progress that drops the request when bytes are sent.
    struct Dropping(Mutex<Option<CancelOnDrop>>);

    impl BodyProgress for Dropping {
        fn start_attempt(&self) -> u32 {
            1
        }

        fn on_sent(&self, _: u32, _: u64) {
            drop(self.0.lock().unwrap().take());
        }
    }

    #[test]
    fn callback_of_the_body_may_drop_the_request() {
        let dropping = Arc::new(Dropping(Mutex::default()));
        let progress: Arc<dyn BodyProgress> = dropping.clone();
        let (mut body, cancel) = cancellable(crate::Body::from("content").with_progress(progress));
        *dropping.0.lock().unwrap() = Some(cancel);
        assert_eq!(next(&mut body), dropped());
        assert!(body.0.body().is_none());
    }
}
