//! A body that can be taken back from the HTTP library.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::ExactBody;
use crate::error::BoxError;

/// What the HTTP library gets. It keeps a body until the connection has ended, and that it ends only when what it took over
/// before is sent: never, if nobody reads it.
pub(crate) struct RevocableBody(Arc<Lent>);

/// Takes the body back when it is dropped, with all that it holds.
pub(crate) struct Revocation(Arc<Lent>);

/// The lock also makes the body `Sync`, which the HTTP library asks for and streams need not be.
struct Lent {
    body: Mutex<Option<ExactBody>>,
    is_revoked: AtomicBool,
}

impl RevocableBody {
    pub(crate) fn new(body: ExactBody) -> (Self, Revocation) {
        let lent = Arc::new(Lent { body: Mutex::new(Some(body)), is_revoked: AtomicBool::new(false) });
        (Self(Arc::clone(&lent)), Revocation(lent))
    }
}

impl Lent {
    fn body(&self) -> MutexGuard<'_, Option<ExactBody>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is dropped with a body may be an application's, so the lock is not held meanwhile.
    fn drop_body(&self) {
        let body = self.body().take();
        drop(body);
    }
}

impl Drop for Revocation {
    fn drop(&mut self) {
        self.0.is_revoked.store(true, Ordering::SeqCst);
        // It may be a callback of this very body that drops the request. Then the body is dropped after that.
        let body = self.0.body.try_lock().ok().and_then(|mut body| body.take());
        drop(body);
    }
}

impl Drop for RevocableBody {
    fn drop(&mut self) {
        self.0.drop_body();
    }
}

impl http_body::Body for RevocableBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.0.body().as_mut().map(|body| Pin::new(body).poll_frame(context));
        match frame {
            Some(frame) if !self.0.is_revoked.load(Ordering::SeqCst) => frame,
            _ => {
                self.0.drop_body();
                Poll::Ready(Some(Err("the request was dropped".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.body().as_ref().is_some_and(ExactBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body().as_ref().map(ExactBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::*;
    use crate::Body;
    use crate::body::{Activity, BodyProgress};

    fn lent(body: impl Into<Body>) -> (RevocableBody, Revocation) {
        let mut body = body.into();
        let activity = Activity::new(body.len());
        RevocableBody::new(body.attempt(&activity))
    }

    fn next(body: &mut RevocableBody) -> Option<Result<Bytes, String>> {
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
    fn what_was_taken_back_is_an_error_and_no_end() {
        let (mut body, revocation) = lent("content");
        drop(revocation);
        assert_eq!(next(&mut body), dropped());
        assert!(!body.is_end_stream());
    }

    #[test]
    fn what_is_not_taken_back_is_the_body() {
        let (mut body, _revocation) = lent("content");
        assert_eq!(body.size_hint().exact(), Some(7));
        assert_eq!(next(&mut body), Some(Ok(Bytes::from_static(b"content"))));
        assert!(body.is_end_stream());
    }

    #[test]
    fn what_the_library_has_done_with_is_let_go_of() {
        let (body, revocation) = lent("content");
        drop(body);
        assert!(revocation.0.body().is_none());
    }

    /// Drops the request when its bytes are asked for.
    struct Dropping(Mutex<Option<Revocation>>);

    impl BodyProgress for Dropping {
        fn start_attempt(&self) -> u32 {
            1
        }

        fn on_sent(&self, _: u32, _: u64) {
            drop(self.0.lock().unwrap().take());
        }
    }

    #[test]
    fn a_callback_of_the_body_may_drop_the_request() {
        let dropping = Arc::new(Dropping(Mutex::default()));
        let observer: Arc<dyn BodyProgress> = dropping.clone();
        let (mut body, revocation) = lent(Body::from("content").with_progress(observer));
        *dropping.0.lock().unwrap() = Some(revocation);
        assert_eq!(next(&mut body), dropped());
        assert!(body.0.body().is_none());
    }
}
