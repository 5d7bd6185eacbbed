//! Bytes that an operation returns, as they come in.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::Sleep;

use crate::error::{CallName, Error, Result};

/// The body of an answer, streamed: nothing is held in memory but the piece that is being handed over.
///
/// Take it piece by piece with [`chunk`](ResponseBody::chunk) or as a [`Stream`], or all at once with
/// [`bytes`](ResponseBody::bytes). It ends early only with an error: a connection that breaks before
/// `Content-Length` bytes have come is never taken for the end.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write;
/// use qingstor_sdk::operations::GetObjectInput;
///
/// let mut object = bucket.get_object("film.mp4", GetObjectInput::new()).await?;
/// let mut file = std::fs::File::create("film.mp4")?;
/// while let Some(piece) = object.body.chunk().await? {
///     file.write_all(&piece)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ResponseBody(Option<Open>);

/// Bytes of a response as the transport receives them.
pub(crate) trait Incoming: Send + Sync {
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>>;

    /// Returns the number of bytes that have not been received, if the server announced it.
    fn remaining(&self) -> Option<u64>;
}

struct Open {
    incoming: Box<dyn Incoming>,
    call: Arc<CallName>,
    attempts: u32,
    idle_timeout: Duration,
    idle: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(crate) fn new(
        incoming: impl Incoming + 'static,
        call: Arc<CallName>,
        attempts: u32,
        idle_timeout: Duration,
    ) -> Self {
        Self(Some(Open { incoming: Box::new(incoming), call, attempts, idle_timeout, idle: None }))
    }

    /// How many bytes are still to come, if the server said so.
    pub fn remaining(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |open| open.incoming.remaining())
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection) if the connection breaks,
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if nothing comes for as long as
    /// [`Config::idle_timeout`](crate::Config::idle_timeout) says.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    /// Everything that is left, in memory.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](ResponseBody::chunk).
    pub async fn bytes(mut self) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(open) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let item = match open.incoming.poll_bytes(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                open.idle = None;
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => Some(Err(open.describe(error))),
            Poll::Ready(None) => None,
            Poll::Pending => {
                let limit = open.idle_timeout;
                let idle = open.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
                if idle.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                Some(Err(open.describe(Error::stalled(limit))))
            }
        };
        // Nothing comes after the end or an error, and the connection is let go.
        self.0 = None;
        Poll::Ready(item)
    }
}

impl Open {
    fn describe(&self, error: Error) -> Error {
        error.with_call(&self.call).with_attempts(self.attempts)
    }
}

/// Reads the whole body, which must not be longer than `limit`: no server decides how much memory a client uses.
pub(crate) async fn read_limited(mut body: ResponseBody, limit: usize) -> Result<Bytes> {
    let mut all = BytesMut::new();
    while let Some(piece) = body.chunk().await? {
        if all.len() + piece.len() > limit {
            return Err(Error::unexpected_response(format!("the answer is longer than {limit} bytes")));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
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
            Some(bytes) => write!(f, "ResponseBody({bytes} bytes to come)"),
            None => write!(f, "ResponseBody(unknown length)"),
        }
    }
}
