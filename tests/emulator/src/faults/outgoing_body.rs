//! The body of an answer, with the injected fault.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use http_body::{Body, Frame, SizeHint};

use super::injected_fault::BodyFault;
use crate::connection::Connection;
use crate::response_body::ResponseBody;

pub(crate) struct OutgoingBody {
    remaining: u64,
    chunks: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
}

impl OutgoingBody {
    pub(crate) fn new(body: ResponseBody, connection: Arc<Connection>, fault: Option<BodyFault>) -> Self {
        let remaining = body.remaining();
        if let Some(BodyFault::End { after }) = fault
            && after < remaining
        {
            connection.close_after(after);
        }
        let source = Source { body, connection, fault, sent: 0, pending: Bytes::new() };
        let chunks =
            try_unfold(source, |mut source| async move { Ok(source.next().await?.map(|chunk| (chunk, source))) });
        Self { remaining, chunks: Box::pin(chunks) }
    }
}

struct Source {
    body: ResponseBody,
    connection: Arc<Connection>,
    fault: Option<BodyFault>,
    sent: u64,
    /// Bytes that were read and not sent yet.
    pending: Bytes,
}

impl Source {
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
            // The connection closes itself as soon as the kernel has accepted these bytes.
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
        let chunk = ready!(this.chunks.as_mut().poll_next(context));
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
