//! Reads a stream of chunks as bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::error::Result;

/// A reader of the bytes of a stream. An [`Error`](crate::Error) of the stream is the source of the `io::Error`.
pub(crate) struct ChunkReader<S> {
    chunks: S,
    /// Rest of the latest chunk.
    unread: Bytes,
}

impl<S> ChunkReader<S> {
    pub(crate) fn new(chunks: S) -> Self {
        Self { chunks, unread: Bytes::new() }
    }
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Stream for ChunkReader<S> {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.unread.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.unread))));
        }
        Pin::new(&mut this.chunks).poll_next(context)
    }
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> AsyncBufRead for ChunkReader<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        // An empty chunk is not the end, but an empty buffer would be.
        while this.unread.is_empty() {
            match ready!(Pin::new(&mut this.chunks).poll_next(context)) {
                Some(chunk) => this.unread = chunk?,
                None => break,
            }
        }
        Poll::Ready(Ok(&this.unread))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().unread.advance(count);
    }
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> AsyncRead for ChunkReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let unread = ready!(self.as_mut().poll_fill_buf(context))?;
        let count = unread.len().min(buffer.remaining());
        buffer.put_slice(&unread[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt};

    use super::*;
    use crate::error::{Error, ErrorKind};

    fn reader(chunks: Vec<Result<&'static str>>) -> ChunkReader<impl Stream<Item = Result<Bytes>> + Unpin> {
        ChunkReader::new(stream::iter(chunks.into_iter().map(|chunk| chunk.map(Bytes::from))))
    }

    #[tokio::test]
    async fn reads_across_chunks_and_skips_empty_ones() {
        let mut reader = reader(vec![Ok(""), Ok("ab\nc"), Ok(""), Ok("d\ne")]);
        let mut line = String::new();
        for expected in ["ab\n", "cd\n", "e", ""] {
            line.clear();
            reader.read_line(&mut line).await.unwrap();
            assert_eq!(line, expected);
        }
    }

    #[tokio::test]
    async fn fills_buffers_of_any_size() {
        let mut reader = reader(vec![Ok("abc"), Ok("defgh")]);
        assert_eq!(reader.read(&mut []).await.unwrap(), 0);
        let mut start = [0; 2];
        reader.read_exact(&mut start).await.unwrap();
        let mut rest = String::new();
        reader.read_to_string(&mut rest).await.unwrap();
        assert_eq!((&start, rest.as_str()), (b"ab", "cdefgh"));
    }

    #[tokio::test]
    async fn error_of_the_stream_is_the_source() {
        let mut reader = reader(vec![Ok("abc"), Err(Error::new(ErrorKind::Timeout, "stalled"))]);
        let mut read = Vec::new();
        let error = reader.read_to_end(&mut read).await.unwrap_err();
        assert_eq!((read.as_slice(), error.kind()), (&b"abc"[..], io::ErrorKind::TimedOut));
        assert!(error.get_ref().is_some_and(|source| source.is::<Error>()), "{error:?}");
    }
}
