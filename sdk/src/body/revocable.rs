//! A body that can be taken back from the HTTP library.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::ExactBody;
use crate::error::BoxError;

/// What the HTTP library gets. It keeps a body until the connection has ended, and that it ends only when what it took over
/// before is sent: never, if nobody reads it.
pub(crate) struct RevocableBody(Arc<Mutex<Option<ExactBody>>>);

/// Takes the body back when it is dropped, with all that it holds.
pub(crate) struct Revocation(Option<Arc<Mutex<Option<ExactBody>>>>);

impl RevocableBody {
    pub(crate) fn new(body: ExactBody) -> (Self, Revocation) {
        let body = Arc::new(Mutex::new(Some(body)));
        (Self(Arc::clone(&body)), Revocation(Some(body)))
    }

    fn body(&self) -> MutexGuard<'_, Option<ExactBody>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Revocation {
    /// The body may go on: there is an answer, and more of it may come while the body is sent.
    pub(crate) fn give_up(mut self) {
        self.0 = None;
    }
}

impl Drop for Revocation {
    fn drop(&mut self) {
        // Where the lock is taken the body is being read from, so its connection is none that stands still; and to wait
        // for callbacks of an application could be for ever.
        let body = self.0.as_ref().and_then(|body| body.try_lock().ok()?.take());
        drop(body);
    }
}

impl http_body::Body for RevocableBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.body().as_mut() {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(Some(Err("the request was dropped".into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body().as_ref().is_some_and(ExactBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body().as_ref().map(ExactBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::*;
    use crate::Body;
    use crate::body::Progress;

    fn lent(bytes: &'static [u8]) -> (RevocableBody, Revocation) {
        RevocableBody::new(Body::from(bytes).attempt(&Progress::new()))
    }

    fn next(body: &mut RevocableBody) -> Option<Result<Bytes, String>> {
        match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => frame.map(|frame| {
                frame.map(|frame| frame.into_data().unwrap_or_default()).map_err(|error| error.to_string())
            }),
            Poll::Pending => Some(Err("pending".to_owned())),
        }
    }

    #[test]
    fn what_was_taken_back_is_an_error_and_no_end() {
        let (mut body, revocation) = lent(b"content");
        drop(revocation);
        assert_eq!(next(&mut body), Some(Err("the request was dropped".to_owned())));
        assert!(!body.is_end_stream());
    }

    #[test]
    fn what_is_not_taken_back_is_the_body() {
        let (mut body, revocation) = lent(b"content");
        assert_eq!(body.size_hint().exact(), Some(7));
        revocation.give_up();
        assert_eq!(next(&mut body), Some(Ok(Bytes::from_static(b"content"))));
        assert!(body.is_end_stream());
    }
}
