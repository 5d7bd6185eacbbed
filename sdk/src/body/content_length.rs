//! The body of one attempt: sends a source in frames and checks its length.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::buffer_pool::FRAME_SIZE;
use super::source::{ByteStream, Source};
use super::{Activity, BodyProgress, unreadable};
use crate::error::{BoxError, Error, ErrorKind, Result};

/// Number of bytes at the start and at the end of a body that are sent in small frames.
///
/// hyper does not report how much of a frame it has written, so a whole frame must be written within the idle timeout.
/// On a connection that is slow from the start, this requires small frames. At the end, small frames keep the number of
/// bytes low that hyper still has to write when the response timeout starts.
const SMALL_FRAMES_WITHIN: u64 = 1024 * 1024;
const SMALL_FRAME_SIZE: usize = 64 * 1024;
/// Size of the first frame of a body that pauses after it. The kernel's empty send buffer has room for it and for the
/// head of the request (on Linux at least 16 KiB, and more once the connection is open), so that the write does not
/// fail.
const TRIAL_FRAME_SIZE: usize = 8 * 1024;

/// The body of one attempt.
pub(crate) struct AttemptBody {
    /// Bytes that are sent next.
    pending: Bytes,
    source: ExactSource,
    /// Bytes that are sent after the source.
    suffix: Bytes,
    /// Total length in bytes.
    length: u64,
    sent: u64,
    activity: Arc<Activity>,
    /// Receiver of progress, and its number for this attempt.
    progress: Option<(Arc<dyn BodyProgress>, u32)>,
    /// Pause of the rate limiter, or after the first frame.
    pause: Option<Pin<Box<Sleep>>>,
    pause_after_first: Option<Duration>,
}

impl AttemptBody {
    pub(super) fn new(
        source: &Source,
        (prefix, suffix): (Bytes, Bytes),
        progress: Option<Arc<dyn BodyProgress>>,
    ) -> Self {
        // A stream may announce any length, so the sum may overflow.
        let length = source.len().saturating_add((prefix.len() + suffix.len()) as u64);
        Self {
            pending: prefix,
            source: ExactSource::new(source),
            suffix,
            length,
            sent: 0,
            activity: Activity::new(length),
            progress: progress.map(|progress| {
                let attempt = progress.start_attempt();
                (progress, attempt)
            }),
            pause: None,
            pause_after_first: None,
        }
    }

    /// Makes the first frame small, and the body pause after it, so that the server can refuse the request before it
    /// receives the rest.
    pub(crate) fn pause_after_first_frame(&mut self, pause: Duration) {
        self.pause_after_first = Some(pause);
    }

    pub(crate) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// Takes the next frame from `pending`.
    fn next_frame(&mut self) -> Frame<Bytes> {
        let is_near_start_or_end = self.sent < SMALL_FRAMES_WITHIN || self.length - self.sent <= SMALL_FRAMES_WITHIN;
        let limit = if is_near_start_or_end { SMALL_FRAME_SIZE } else { FRAME_SIZE };
        let limit = if self.pause_after_first.is_some() { TRIAL_FRAME_SIZE } else { limit };
        let limit = self.progress.as_ref().map_or(limit, |(progress, _)| progress.max_chunk().clamp(1, limit));
        let frame = self.pending.split_to(self.pending.len().min(limit));
        let length = frame.len() as u64;
        let mut pause = self.pause_after_first.take();
        if let Some((progress, attempt)) = &self.progress {
            progress.on_sent(*attempt, length);
            pause = pause.max(progress.delay_after(length));
        }
        self.pause = pause.map(|pause| Box::pin(tokio::time::sleep(pause)));
        self.activity.record(length);
        self.sent += length;
        Frame::data(frame)
    }
}

impl http_body::Body for AttemptBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        while this.pending.is_empty() {
            match ready!(this.source.poll_chunk(context)) {
                Ok(Some(chunk)) => this.pending = chunk,
                Ok(None) if this.suffix.is_empty() => return Poll::Ready(None),
                Ok(None) => this.pending = std::mem::take(&mut this.suffix),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
        Poll::Ready(Some(Ok(this.next_frame())))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length && self.source.is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

/// Reads a source chunk by chunk and fails if its length is not the announced one.
struct ExactSource {
    /// `None` after the end.
    reader: Option<Reader>,
    length: u64,
    read: u64,
    /// Last bytes of the source. They are returned only after the source has ended, when its length is known to be
    /// correct.
    last: Bytes,
}

enum Reader {
    Rewindable {
        source: Source,
        /// Task that reads the next chunk from a disk.
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
    Stream(ByteStream),
    /// An earlier attempt has taken the stream.
    Taken,
}

impl ExactSource {
    fn new(source: &Source) -> Self {
        let reader = if source.is_rewindable() {
            Reader::Rewindable { source: source.clone(), reading: None }
        } else {
            source.take_stream().map_or(Reader::Taken, Reader::Stream)
        };
        Self { reader: Some(reader), length: source.len(), read: 0, last: Bytes::new() }
    }

    fn is_at_end(&self) -> bool {
        self.reader.is_none()
    }

    /// Returns the next chunk, or `None` at the end.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            let Some(reader) = &mut self.reader else { return Poll::Ready(Ok(None)) };
            let Some(bytes) = ready!(reader.poll_chunk(self.read, context)?) else {
                self.reader = None;
                if self.read < self.length {
                    let message = format!("the body ended after {} of the {} bytes announced", self.read, self.length);
                    return Poll::Ready(Err(Error::new(ErrorKind::Body, message)));
                }
                return Poll::Ready(Ok(Some(std::mem::take(&mut self.last)).filter(|last| !last.is_empty())));
            };
            self.read = self.read.saturating_add(bytes.len() as u64);
            if self.read > self.length {
                return Poll::Ready(Err(Error::new(ErrorKind::Body, "the body is longer than announced")));
            }
            if self.read < self.length {
                return Poll::Ready(Ok(Some(bytes)));
            }
            if !bytes.is_empty() {
                self.last = bytes;
            }
        }
    }
}

impl Reader {
    /// Returns the chunk at `offset`, or `None` at the end.
    fn poll_chunk(&mut self, offset: u64, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let (source, reading) = match self {
            Self::Rewindable { source, reading } => (source, reading),
            Self::Stream(stream) => {
                let item = ready!(stream.as_mut().poll_next(context)).transpose();
                return Poll::Ready(
                    item.map_err(|error| Error::new(ErrorKind::Body, "the body's stream failed").with_source(error)),
                );
            }
            Self::Taken => {
                let message = "the stream was already sent and cannot be sent again";
                return Poll::Ready(Err(Error::new(ErrorKind::Body, message)));
            }
        };
        if offset == source.len() {
            return Poll::Ready(Ok(None));
        }
        if reading.is_none()
            && let Some(bytes) = source.chunk_in_memory(offset)
        {
            return Poll::Ready(Ok(Some(bytes)));
        }
        let handle = reading.get_or_insert_with(|| {
            let source = source.clone();
            tokio::task::spawn_blocking(move || source.read_chunk(offset))
        });
        let read = ready!(Pin::new(handle).poll(context));
        *reading = None;
        Poll::Ready(match read {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(error)) => Err(unreadable(error)),
            Err(error) => Err(Error::new(ErrorKind::Body, "reading the file was interrupted").with_source(error)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body::Body as _;

    use super::*;
    use crate::Body;

    #[tokio::test]
    async fn frames_are_small_in_the_first_and_the_last_mebibyte() {
        let mut attempt = Body::from(vec![7; 4 << 20]).attempt();
        let mut frames = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await {
            frames.push(frame.unwrap().into_data().unwrap().len());
        }
        let expected = [[SMALL_FRAME_SIZE; 16].as_slice(), &[FRAME_SIZE; 8], &[SMALL_FRAME_SIZE; 16]].concat();
        assert_eq!(frames, expected);
    }
}
