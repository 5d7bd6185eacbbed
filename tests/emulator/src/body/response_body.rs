//! Bodies of responses. Objects are read from their files in chunks. A chunk is read while the one before it is sent.

use std::fs::File;
use std::future::pending;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, try_unfold};
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::BodyFault;
use crate::connection::Connection;
use crate::store::{Extent, total};

/// Maximum size of a chunk, in bytes.
const CHUNK: u64 = 256 * 1024;

/// The body of a response: bytes in memory, or an object in files.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Bytes(Bytes),
    Object { remaining: u64, next: Option<ReadTask> },
}

type ReadTask = JoinHandle<io::Result<(ExtentReader, Bytes)>>;

impl ResponseBody {
    /// Creates the body and starts to read its first chunk.
    pub(crate) fn extents(extents: Vec<Extent>) -> Self {
        let remaining = total(&extents);
        let next = (remaining > 0).then(|| ExtentReader::new(extents).read_in_background());
        Self::Object { remaining, next }
    }

    /// Returns the number of bytes that `next` has not returned.
    pub(crate) fn remaining(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object { remaining, .. } => *remaining,
        }
    }

    /// Returns the next bytes, or `None` at the end.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Bytes(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Self::Object { remaining, next } => {
                let Some(task) = next.take() else {
                    return Ok(None);
                };
                let (reader, bytes) = task.await.map_err(io::Error::other)??;
                *remaining -= bytes.len() as u64;
                *next = (*remaining > 0).then(|| reader.read_in_background());
                Ok(Some(bytes))
            }
        }
    }
}

/// The body of a response as hyper sends it, with the injected fault.
pub(crate) struct OutgoingBody {
    remaining: u64,
    chunks: BoxStream<'static, io::Result<Bytes>>,
}

impl OutgoingBody {
    pub(crate) fn new(body: ResponseBody, connection: Arc<Connection>, fault: Option<BodyFault>) -> Self {
        let remaining = body.remaining();
        if let Some(BodyFault::End { after }) = fault
            && after < remaining
        {
            connection.close_after(after);
        }
        let state = SendState { body, connection, fault, sent: 0, pending: Bytes::new() };
        let chunks = try_unfold(state, |mut state| async move { Ok(state.next().await?.map(|chunk| (chunk, state))) });
        Self { remaining, chunks: chunks.boxed() }
    }
}

/// The state of a response's body while it is sent.
struct SendState {
    body: ResponseBody,
    connection: Arc<Connection>,
    fault: Option<BodyFault>,
    sent: u64,
    /// Bytes that were read and have not been sent.
    pending: Bytes,
}

impl SendState {
    /// Returns the next bytes to send, or `None` at the end. Applies the injected fault.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.pending.is_empty() {
            let Some(bytes) = self.body.next().await? else {
                return Ok(None);
            };
            self.pending = bytes;
        }
        if let Some(BodyFault::Stall { after, lasts }) = self.fault
            && self.sent >= after
        {
            self.connection.stall(lasts).await;
            self.fault = None;
        }
        let mut size = self.pending.len();
        match &self.fault {
            // The connection is closed as soon as the kernel has accepted the bytes before this position.
            Some(BodyFault::End { after }) if self.sent >= *after => return pending().await,
            Some(BodyFault::End { after } | BodyFault::Stall { after, .. }) => {
                size = size.min(usize::try_from(after - self.sent).unwrap_or(usize::MAX));
            }
            Some(BodyFault::Limit(limiter)) => {
                size = size.min(limiter.chunk_size());
                limiter.transfer(size).await;
            }
            Some(BodyFault::Flip { .. }) | None => {}
        }
        let chunk = self.pending.split_to(size);
        let start = self.sent;
        self.sent += size as u64;
        Ok(Some(match &self.fault {
            Some(fault) => fault.flip_bit(chunk, start),
            None => chunk,
        }))
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let chunk = ready!(this.chunks.poll_next_unpin(context));
        if let Some(Ok(chunk)) = &chunk {
            this.remaining = this.remaining.saturating_sub(chunk.len() as u64);
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// Reads extents one after another, with one open file at a time. Holding the extents keeps their files from being
/// deleted.
#[derive(Debug)]
pub(crate) struct ExtentReader {
    extents: std::vec::IntoIter<Extent>,
    /// The open file and the part of its extent that has not been read.
    current: Option<(File, Extent)>,
}

impl ExtentReader {
    pub(crate) fn new(extents: Vec<Extent>) -> Self {
        Self { extents: extents.into_iter(), current: None }
    }

    /// Returns the next chunk, or an empty one at the end. Blocks.
    pub(crate) fn read(&mut self) -> io::Result<Bytes> {
        let (mut file, mut extent) = match self.current.take() {
            Some(current) => current,
            None => {
                let Some(extent) = self.extents.next() else {
                    return Ok(Bytes::new());
                };
                let mut file = extent.segment.open()?;
                file.seek(SeekFrom::Start(extent.offset))?;
                (file, extent)
            }
        };
        let size = extent.length.min(CHUNK);
        let mut chunk = Vec::with_capacity(size as usize);
        (&mut file).take(size).read_to_end(&mut chunk)?;
        if chunk.len() as u64 != size {
            let message = format!("segment {} is shorter than its record says", extent.segment.id);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        extent.length -= size;
        if extent.length > 0 {
            self.current = Some((file, extent));
        }
        Ok(chunk.into())
    }

    fn read_in_background(mut self) -> ReadTask {
        spawn_blocking(move || {
            let chunk = self.read()?;
            Ok((self, chunk))
        })
    }
}
