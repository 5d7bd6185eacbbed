//! The body of one attempt: exactly as long as announced, and noticed whenever it moves.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as _, Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::file::FileRegion;
use super::{Activity, BodyProgress, ByteStream, FRAME, length_of};
use crate::error::BoxError;

/// Size of the first and last part of a body that is sent in small frames.
///
/// hyper does not report how much of a frame it has written, so a frame must move within the idle timeout even on a slow line.
/// A line that is slow from its first byte needs small frames in the beginning, and the fewer bytes hyper holds at the end, the
/// sooner a response can be expected.
const SMALL_FRAMES_WITHIN: u64 = 1024 * 1024;
const SMALL_FRAME: usize = 64 * 1024;

/// Why a body could not be sent. Found again in the chain of causes that the HTTP library returns.
#[derive(Debug)]
pub(crate) struct BodyError {
    message: String,
    source: Option<BoxError>,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

pub(crate) struct ExactBody {
    source: AttemptSource,
    /// What the source has yielded and was not yet handed over.
    rest: Bytes,
    length: u64,
    sent: u64,
    activity: Arc<Activity>,
    /// Receiver of progress, and the number that it gave the attempt.
    progress: Option<(Arc<dyn BodyProgress>, u32)>,
    pause: Option<Pin<Box<Sleep>>>,
}

enum AttemptSource {
    Bytes(Bytes),
    Pieces(VecDeque<Bytes>),
    File {
        region: Arc<FileRegion>,
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
    /// The last bytes are held back until the stream has ended: only then is its length known to be right.
    Stream {
        stream: ByteStream,
        last: Option<Bytes>,
    },
    /// One after the other; each is asked until it has ended, and so found out if it is not as long as it said.
    Parts(VecDeque<ExactBody>),
}

impl ExactBody {
    pub(super) fn of_bytes(bytes: Bytes, activity: &Arc<Activity>) -> Self {
        Self::new(bytes.len() as u64, AttemptSource::Bytes(bytes), activity)
    }

    pub(super) fn of_pieces(pieces: &[Bytes], activity: &Arc<Activity>) -> Self {
        let waiting = pieces.iter().filter(|piece| !piece.is_empty()).cloned().collect();
        Self::new(length_of(pieces), AttemptSource::Pieces(waiting), activity)
    }

    pub(super) fn of_file(region: Arc<FileRegion>, activity: &Arc<Activity>) -> Self {
        Self::new(region.length(), AttemptSource::File { region, reading: None }, activity)
    }

    pub(super) fn of_stream(length: u64, stream: ByteStream, activity: &Arc<Activity>) -> Self {
        Self::new(length, AttemptSource::Stream { stream, last: None }, activity)
    }

    pub(super) fn of_parts<const N: usize>(parts: [Self; N], activity: &Arc<Activity>) -> Self {
        let length = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.length));
        Self::new(length, AttemptSource::Parts(parts.into()), activity)
    }

    fn new(length: u64, source: AttemptSource, activity: &Arc<Activity>) -> Self {
        let activity = Arc::clone(activity);
        Self { source, rest: Bytes::new(), length, sent: 0, activity, progress: None, pause: None }
    }

    pub(super) fn with_progress(self, progress: Arc<dyn BodyProgress>) -> Self {
        let attempt = progress.start_attempt();
        Self { progress: Some((progress, attempt)), ..self }
    }

    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let too_long = || failed("the body is longer than announced".to_owned(), None);
        loop {
            let AttemptSource::Stream { stream, last } = &mut self.source else {
                return Poll::Ready(None);
            };
            let held = last.as_ref().map_or(0, |bytes| bytes.len() as u64);
            match ready!(stream.as_mut().poll_next(context)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(Ok(bytes)) => {
                    let after = self.sent + held + bytes.len() as u64;
                    if after > self.length {
                        return Poll::Ready(Some(Err(too_long())));
                    }
                    if after < self.length {
                        return Poll::Ready(Some(self.next_frame(bytes)));
                    }
                    *last = Some(bytes);
                }
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(failed("the body's stream failed".into(), Some(error)))));
                }
                None => {
                    if let Some(bytes) = last.take() {
                        return Poll::Ready(Some(self.next_frame(bytes)));
                    }
                    if self.sent < self.length {
                        let message =
                            format!("the body ended after {} of the {} bytes announced", self.sent, self.length);
                        return Poll::Ready(Some(Err(failed(message, None))));
                    }
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn poll_parts(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let AttemptSource::Parts(parts) = &mut self.source else {
            return Poll::Ready(None);
        };
        while let Some(part) = parts.front_mut() {
            match ready!(Pin::new(part).poll_frame(context)) {
                Some(Ok(frame)) => {
                    self.sent += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => drop(parts.pop_front()),
            }
        }
        Poll::Ready(None)
    }

    /// Hands over the first frame of `bytes` and keeps the rest.
    fn next_frame(&mut self, mut bytes: Bytes) -> Result<Frame<Bytes>, BoxError> {
        let is_near_an_end = self.sent < SMALL_FRAMES_WITHIN || self.length - self.sent <= SMALL_FRAMES_WITHIN;
        let limit = if is_near_an_end { SMALL_FRAME } else { FRAME };
        let limit = self.progress.as_ref().map_or(limit, |(progress, _)| progress.max_chunk().clamp(1, limit));
        let frame = bytes.split_to(bytes.len().min(limit));
        self.rest = bytes;
        let length = frame.len() as u64;
        if let Some((progress, attempt)) = &self.progress {
            progress.on_sent(*attempt, length);
            self.pause = progress.delay_after(length).map(|pause| Box::pin(tokio::time::sleep(pause)));
        }
        self.activity.record(length);
        self.sent += length;
        Ok(Frame::data(frame))
    }
}

fn failed(message: String, source: Option<BoxError>) -> BoxError {
    Box::new(BodyError { message, source })
}

impl http_body::Body for ExactBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return Poll::Ready(Some(this.next_frame(rest)));
        }
        match &mut this.source {
            AttemptSource::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            AttemptSource::Bytes(bytes) => {
                let all = std::mem::take(bytes);
                Poll::Ready(Some(this.next_frame(all)))
            }
            AttemptSource::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|piece| this.next_frame(piece))),
            AttemptSource::File { region, reading } => {
                if this.sent == this.length {
                    return Poll::Ready(None);
                }
                if reading.is_none()
                    && let Some(bytes) = region.read_cached(this.sent)
                {
                    return Poll::Ready(Some(this.next_frame(bytes)));
                }
                let handle = reading.get_or_insert_with(|| {
                    let (region, done) = (Arc::clone(region), this.sent);
                    tokio::task::spawn_blocking(move || region.read_piece(done))
                });
                let read = ready!(Pin::new(handle).poll(context));
                *reading = None;
                Poll::Ready(Some(match read {
                    Ok(Ok(bytes)) => this.next_frame(bytes),
                    Ok(Err(error)) => Err(failed(error.to_string(), Some(error.into()))),
                    Err(error) => Err(failed("reading the file was interrupted".into(), Some(error.into()))),
                }))
            }
            AttemptSource::Stream { .. } => this.poll_stream(context),
            AttemptSource::Parts(_) => this.poll_parts(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            AttemptSource::Bytes(_) | AttemptSource::Pieces(_) | AttemptSource::File { .. } => self.sent == self.length,
            // Whether a stream has more to say than it announced shows only when it is asked.
            AttemptSource::Stream { .. } => false,
            AttemptSource::Parts(parts) => parts.iter().all(Self::is_end_stream),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

/// A stream whose errors are boxed.
pub(super) struct BoxedErrors<S>(pub(super) Pin<Box<S>>);

impl<S, E> Stream for BoxedErrors<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context).map(|item| item.map(|bytes| bytes.map_err(Into::into)))
    }
}

/// Stands where a stream was before an attempt took it.
pub(super) struct Taken;

impl Stream for Taken {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err("the stream was sent already and cannot be sent again".into())))
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
        let mut body = Body::from(vec![7; 4 << 20]);
        let mut attempt = body.attempt(&Activity::new(body.len()));
        let mut frames = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await {
            frames.push(frame.unwrap().into_data().unwrap().len());
        }
        let expected = [[SMALL_FRAME; 16].as_slice(), &[FRAME; 8], &[SMALL_FRAME; 16]].concat();
        assert_eq!(frames, expected);
    }
}
