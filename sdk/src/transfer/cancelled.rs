//! Ending a transfer before it is done.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::error::{Error, ErrorKind, Result};

/// When it is done, the transfer is to end.
pub(crate) type Cancelled = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The outcome of the work, or an error if it is to end before and that is not too late.
pub(crate) async fn or_cancelled<T>(
    work: impl Future<Output = Result<T>>,
    cancelled: &mut Option<Cancelled>,
    is_too_late: impl Fn() -> bool,
) -> Result<T> {
    let Some(cancelled) = cancelled else { return work.await };
    let mut work = Box::pin(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending if is_too_late() => Poll::Pending,
        Poll::Pending => cancelled
            .as_mut()
            .poll(context)
            .map(|()| Err(Error::new(ErrorKind::Cancelled, "the transfer was cancelled"))),
    })
    .await
}
