//! Bodies of responses.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::Sleep;

use crate::error::{CallName, Error, Result};

/// A response body that the transport receives.
pub(crate) type Incoming = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send + Sync>>;

/// The body of a response. It is read from the connection chunk by chunk, so it is never in memory as a whole.
///
/// [`chunk`](ResponseBody::chunk) returns one chunk at a time, and [`bytes`](ResponseBody::bytes) the whole body. The
/// chunks are also available as a [`Stream`]. If the connection breaks before `Content-Length` bytes have arrived,
/// reading fails.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write;
/// use qingstor_sdk::operations::GetObjectInput;
///
/// let mut object = bucket.get_object("film.mp4", GetObjectInput::new()).await?;
/// let mut file = std::fs::File::create("film.mp4")?;
/// while let Some(chunk) = object.body.chunk().await? {
///     file.write_all(&chunk)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ResponseBody(Option<Open>);

struct Open {
    incoming: Incoming,
    call: Arc<CallName>,
    attempts: u32,
    idle_timeout: Duration,
    /// Timer since the last byte. `None` unless a chunk is awaited.
    idle_timer: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(incoming: Incoming, call: Arc<CallName>, attempts: u32, idle_timeout: Duration) -> Self {
        Self(Some(Open { incoming, call, attempts, idle_timeout, idle_timer: None }))
    }

    /// Returns the number of bytes that have not been received yet, if the server announced the length.
    pub fn remaining(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |open| open.incoming.size_hint().exact())
    }

    /// Returns the next chunk, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection) if the connection breaks, and
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if no byte arrives for
    /// [`Config::idle_timeout`](crate::Config::idle_timeout).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    /// Reads the rest of the body into memory.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](ResponseBody::chunk).
    pub async fn bytes(self) -> Result<Bytes> {
        read_limited(self, usize::MAX).await
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(open) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let item = loop {
            break match open.incoming.as_mut().poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    open.idle_timer = None;
                    // Trailers are skipped.
                    let Ok(bytes) = frame.into_data() else { continue };
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Poll::Ready(Some(Err(error))) => Some(Err(open.with_context(error))),
                Poll::Ready(None) => None,
                Poll::Pending => {
                    let limit = open.idle_timeout;
                    let timer = open.idle_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
                    ready!(timer.as_mut().poll(context));
                    Some(Err(open.with_context(Error::stalled(limit))))
                }
            };
        };
        // The connection is released after the end and after an error.
        self.0 = None;
        Poll::Ready(item)
    }
}

impl Open {
    /// Adds the call and the number of attempts to an error.
    fn with_context(&self, error: Error) -> Error {
        error.with_call(&self.call).with_attempts(self.attempts)
    }
}

/// Reads a whole body into memory.
///
/// # Errors
///
/// If the body cannot be read, or is longer than `limit` bytes: a server must not be able to exhaust the client's memory.
pub(crate) async fn read_limited(mut body: ResponseBody, limit: usize) -> Result<Bytes> {
    // If there is only one chunk, it is returned without a copy.
    let mut first = body.chunk().await?.unwrap_or_default();
    let mut length = first.len();
    let mut joined: Option<BytesMut> = None;
    while length <= limit {
        let Some(chunk) = body.chunk().await? else {
            return Ok(joined.map_or(first, BytesMut::freeze));
        };
        length = length.saturating_add(chunk.len());
        joined.get_or_insert_with(|| std::mem::take(&mut first).into()).extend_from_slice(&chunk);
    }
    Err(Error::unexpected_response(format!("the response is longer than {limit} bytes")))
}

impl Stream for ResponseBody {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(context)
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remaining() {
            Some(bytes) => write!(f, "ResponseBody({bytes} bytes left)"),
            None => write!(f, "ResponseBody(unknown length)"),
        }
    }
}
