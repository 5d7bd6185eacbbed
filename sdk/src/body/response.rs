//! Bodies of responses.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::io::AsyncBufRead;
use tokio::time::Sleep;

use super::chunk_reader::ChunkReader;
use crate::error::{CallName, Error, ErrorKind, Result};

/// A response body that the transport receives.
pub(crate) type Incoming = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send + Sync>>;

/// The body of a response. It is read from the connection chunk by chunk, so it is never in memory as a whole.
///
/// There are four ways to read it:
///
/// - [`next`](ResponseBody::next) returns one chunk at a time.
/// - [`bytes`](ResponseBody::bytes) returns the whole body.
/// - [`into_async_read`](ResponseBody::into_async_read) is for programs that read from Tokio's `AsyncRead`.
/// - The body is a [`Stream`] of chunks.
///
/// If the connection breaks before the last byte has arrived, the body of `get_object` continues with another request;
/// see [`RetryConfig::resume_bodies`](crate::RetryConfig::resume_bodies). Otherwise, reading fails. The error says how many
/// bytes were received, and the body ends after it.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write;
/// use qingstor_sdk::operations::GetObjectInput;
///
/// let mut object = bucket.get_object("film.mp4", GetObjectInput::new()).await?;
/// let mut file = std::fs::File::create("film.mp4")?;
/// while let Some(chunk) = object.body.next().await? {
///     file.write_all(&chunk)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ResponseBody(Option<Open>);

struct Open {
    source: Source,
    call: Arc<CallName>,
    /// Number of requests that were sent for the body.
    attempts: u32,
    idle_timeout: Duration,
    /// Timer since the last byte. `None` unless a chunk is awaited.
    idle_timer: Option<Pin<Box<Sleep>>>,
    /// Number of bytes that were returned.
    received: u64,
    /// Number of bytes of the whole body, if it is known.
    length: Option<u64>,
    resumption: Resumption,
}

/// The place from which the next chunk comes.
enum Source {
    Connection(Incoming),
    /// A request for the rest of the body. The mutex is never locked; it makes the body `Sync`.
    Request(Mutex<ResumingFuture>),
}

type ResumingFuture = Pin<Box<dyn Future<Output = Result<Rest>> + Send>>;

/// Reaction to a broken connection.
enum Resumption {
    /// Reading fails. The operation does not resume bodies, or the rest was requested and the request failed.
    None,
    /// Reading fails for this reason.
    Impossible(&'static str),
    Possible(Box<dyn Resume>),
}

/// Requests the rest of a body.
pub(crate) trait Resume: Send + Sync {
    /// Waits as the retry policy asks, and requests the rest of the body after its first `received` bytes. `error` is the
    /// reason, and the result if the policy allows no other attempt.
    fn resume(self: Box<Self>, received: u64, error: Error) -> ResumingFuture;
}

/// The rest of a body.
pub(crate) struct Rest {
    pub(crate) body: ResponseBody,
    pub(crate) resume: Box<dyn Resume>,
}

impl ResponseBody {
    pub(crate) fn new(incoming: Incoming, call: Arc<CallName>, attempts: u32, idle_timeout: Duration) -> Self {
        let length = incoming.size_hint().exact();
        let source = Source::Connection(incoming);
        let resumption = Resumption::None;
        Self(Some(Open { source, call, attempts, idle_timeout, idle_timer: None, received: 0, length, resumption }))
    }

    /// Lets `resume` continue the body after its connection broke. `length` is the number of bytes of the whole body.
    pub(crate) fn set_resumable(&mut self, resume: Box<dyn Resume>, length: u64) {
        if let Some(open) = &mut self.0 {
            open.length = Some(length);
            open.resumption = Resumption::Possible(resume);
        }
    }

    /// Adds to errors of the body the reason for which it cannot be resumed.
    pub(crate) fn set_not_resumable(&mut self, reason: &'static str) {
        if let Some(open) = &mut self.0 {
            open.resumption = Resumption::Impossible(reason);
        }
    }

    /// Returns the number of bytes that have not been received yet, if the server announced the length.
    pub fn remaining(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |open| open.length.map(|length| length.saturating_sub(open.received)))
    }

    /// Returns the next chunk, or `None` at the end. Chunks vary in size.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connection`] if the connection breaks, [`ErrorKind::Timeout`] if no byte arrives for
    /// [`Config::idle_timeout`](crate::Config::idle_timeout), and any error of the requests with which the body is resumed:
    /// [`ErrorKind::Service`] with status 412 if the object has changed, and [`ErrorKind::UnexpectedResponse`] if the
    /// response to such a request is not the rest of the same object.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    /// Reads the rest of the body into memory. If the server announced the length, memory is allocated once. A body that
    /// arrives in one chunk is not copied.
    ///
    /// # Errors
    ///
    /// As for [`next`](ResponseBody::next). [`ErrorKind::UnexpectedResponse`] if the announced length exceeds the
    /// available memory.
    pub async fn bytes(self) -> Result<Bytes> {
        read_limited(self, usize::MAX).await
    }

    /// Converts the body into a reader. An error of the body becomes the source of the [`std::io::Error`].
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
    /// use qingstor_sdk::operations::GetObjectInput;
    /// use tokio::io::AsyncBufReadExt;
    ///
    /// let object = bucket.get_object("server.log", GetObjectInput::new()).await?;
    /// let mut lines = object.body.into_async_read().lines();
    /// while let Some(line) = lines.next_line().await? {
    ///     println!("{line}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_async_read(self) -> impl AsyncBufRead + Send + Sync + Unpin + 'static {
        ChunkReader::new(self)
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let Some(open) = &mut self.0 else { return Poll::Ready(None) };
        let item = loop {
            match ready!(open.poll_source(context)) {
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(bytes))),
                Ok(None) => break None,
                Err(error) => {
                    if let Err(error) = open.resume_after(error) {
                        break Some(Err(error));
                    }
                }
            }
        };
        // The connection is released after the end and after an error.
        self.0 = None;
        Poll::Ready(item)
    }
}

impl Open {
    /// Returns the next chunk of the connection, after the request for the rest, if there is one.
    fn poll_source(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            match &mut self.source {
                Source::Request(request) => {
                    let request = request.get_mut().unwrap_or_else(PoisonError::into_inner);
                    match ready!(request.as_mut().poll(context)) {
                        Ok(Rest { body: ResponseBody(Some(rest)), resume }) => {
                            self.attempts += rest.attempts;
                            self.source = rest.source;
                            self.resumption = Resumption::Possible(resume);
                        }
                        Ok(Rest { body: ResponseBody(None), .. }) => return Poll::Ready(Err(ended_early())),
                        Err(error) => {
                            self.attempts += error.attempts();
                            return Poll::Ready(Err(error));
                        }
                    }
                }
                Source::Connection(incoming) => match incoming.as_mut().poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => {
                        self.idle_timer = None;
                        // Trailers are skipped.
                        if let Ok(bytes) = frame.into_data() {
                            return Poll::Ready(self.count(bytes).map(Some));
                        }
                    }
                    Poll::Ready(None) if self.is_incomplete() => return Poll::Ready(Err(ended_early())),
                    Poll::Ready(None) => return Poll::Ready(Ok(None)),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(self.end_with(error)),
                    Poll::Pending => {
                        let limit = self.idle_timeout;
                        let timer = self.idle_timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
                        ready!(timer.as_mut().poll(context));
                        return Poll::Ready(self.end_with(Error::stalled(limit)));
                    }
                },
            }
        }
    }

    /// Counts the bytes of a chunk. Bytes beyond the announced length are an error.
    fn count(&mut self, bytes: Bytes) -> Result<Bytes> {
        let received = self.received + bytes.len() as u64;
        if let Some(length) = self.length.filter(|length| received > *length) {
            return Err(Error::unexpected_response(format!("the response is longer than its {length} bytes")));
        }
        self.received = received;
        Ok(bytes)
    }

    fn is_incomplete(&self) -> bool {
        self.length.is_some_and(|length| self.received < length)
    }

    /// Returns the error with which the connection failed, or the end of the body if all announced bytes have arrived
    /// before.
    fn end_with(&self, error: Error) -> Result<Option<Bytes>> {
        if self.length.is_none() || self.is_incomplete() { Err(error) } else { Ok(None) }
    }

    /// Starts a request for the rest of the body. Returns the error if the body cannot be resumed.
    fn resume_after(&mut self, error: Error) -> Result<()> {
        self.idle_timer = None;
        let is_interrupted = matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout);
        match std::mem::replace(&mut self.resumption, Resumption::None) {
            Resumption::Possible(resume) if is_interrupted => {
                let request = resume.resume(self.received, error.with_call(&self.call));
                // This also closes the broken connection.
                self.source = Source::Request(Mutex::new(request));
                Ok(())
            }
            Resumption::Impossible(reason) if is_interrupted => {
                let error = error.with_note(&self.progress());
                let note = format!("the rest was not requested, because {reason}");
                Err(self.with_context(error.with_note(&note)))
            }
            _ => {
                let error = error.with_note(&self.progress());
                Err(self.with_context(error))
            }
        }
    }

    /// Describes the bytes that were received, for errors.
    fn progress(&self) -> String {
        let received = self.received;
        match self.length {
            Some(length) => format!("{received} of {length} bytes were received"),
            None => format!("{received} bytes were received"),
        }
    }

    /// Adds the call and the number of attempts to an error.
    fn with_context(&self, error: Error) -> Error {
        error.with_call(&self.call).with_attempts(self.attempts)
    }
}

fn ended_early() -> Error {
    Error::new(ErrorKind::Connection, "the response ended before its last byte")
}

/// Reads a whole body into memory.
///
/// # Errors
///
/// If the body cannot be read, or is longer than `limit` bytes: a server must not be able to exhaust the client's memory.
pub(crate) async fn read_limited(mut body: ResponseBody, limit: usize) -> Result<Bytes> {
    let too_long = || Error::unexpected_response(format!("the response is longer than {limit} bytes"));
    let announced = body.remaining();
    if announced.is_some_and(|announced| announced > limit as u64) {
        return Err(too_long());
    }
    // If there is only one chunk, it is returned without a copy.
    let first = body.next().await?.unwrap_or_default();
    if first.len() > limit {
        return Err(too_long());
    }
    let Some(second) = body.next().await? else { return Ok(first) };
    let mut joined = Vec::new();
    if let Some(announced) = announced {
        let reserved = usize::try_from(announced).ok().and_then(|length| joined.try_reserve_exact(length).ok());
        reserved.ok_or_else(|| {
            let message =
                format!("the response has {announced} bytes, which exceeds the available memory: read it in chunks");
            Error::unexpected_response(message)
        })?;
    }
    joined.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if chunk.len() > limit - joined.len() {
            return Err(too_long());
        }
        joined.extend_from_slice(&chunk);
        next = body.next().await?;
    }
    Ok(joined.into())
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
