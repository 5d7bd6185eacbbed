//! The body of one attempt: exactly as long as announced, and noticed whenever it moves.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as _, Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::file::FileRegion;
use super::{ByteStream, FRAME, Observer, Progress, length_of};
use crate::error::BoxError;

/// The HTTP library says nothing of how far it has come with the bytes it was handed, only that it wants more. So it is
/// handed little at a time, however much a caller or a stream has in one piece: else a large piece on its way over a
/// slow line would look like a standstill.
const MOST_AT_ONCE: usize = FRAME;

/// Over a line that may be slow: of 8 KiB a second, it takes no longer for these than the 15 s after which nothing moves.
const LEAST_AT_ONCE: usize = 64 * 1024;

/// As much as the HTTP library and the system take over whatever becomes of it.
const UNTOLD: u64 = 1024 * 1024;

/// A line that takes longer for what was handed over is handed less: whether that is of use shows by itself, so this may be
/// no more than a busy machine.
const SLOW: Duration = Duration::from_millis(200);

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
    is_slow: bool,
    is_asked: bool,
    progress: Arc<Progress>,
    /// And the attempt's number, as it counts them.
    observer: Option<(Arc<dyn Observer>, u32)>,
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
    pub(super) fn of_bytes(bytes: Bytes, progress: &Arc<Progress>) -> Self {
        Self::new(bytes.len() as u64, AttemptSource::Bytes(bytes), progress)
    }

    pub(super) fn of_pieces(pieces: &[Bytes], progress: &Arc<Progress>) -> Self {
        let waiting = pieces.iter().filter(|piece| !piece.is_empty()).cloned().collect();
        Self::new(length_of(pieces), AttemptSource::Pieces(waiting), progress)
    }

    pub(super) fn of_file(region: Arc<FileRegion>, progress: &Arc<Progress>) -> Self {
        Self::new(region.length(), AttemptSource::File { region, reading: None }, progress)
    }

    pub(super) fn of_stream(length: u64, stream: ByteStream, progress: &Arc<Progress>) -> Self {
        Self::new(length, AttemptSource::Stream { stream, last: None }, progress)
    }

    pub(super) fn of_parts<const N: usize>(parts: [Self; N], progress: &Arc<Progress>) -> Self {
        let length = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.length));
        Self::new(length, AttemptSource::Parts(parts.into()), progress)
    }

    fn new(length: u64, source: AttemptSource, progress: &Arc<Progress>) -> Self {
        let progress = Arc::clone(progress);
        let rest = Bytes::new();
        Self { source, rest, length, sent: 0, is_slow: false, is_asked: false, progress, observer: None, pause: None }
    }

    pub(super) fn observed(self, observer: Arc<dyn Observer>) -> Self {
        let attempt = observer.begin();
        Self { observer: Some((observer, attempt)), ..self }
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
                        return Poll::Ready(Some(self.count(bytes)));
                    }
                    *last = Some(bytes);
                }
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(failed("the body's stream failed".into(), Some(error)))));
                }
                None => {
                    if let Some(bytes) = last.take() {
                        return Poll::Ready(Some(self.count(bytes)));
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

    /// To be called whenever more is wanted: what is waited for after that is not the line.
    fn look_how_slow(&mut self) {
        if !self.is_asked {
            self.is_asked = true;
            // Before the first piece it was the connection that was waited for.
            if self.sent > 0 {
                let pause = self.progress.end_pause();
                self.is_slow |= pause > SLOW;
            }
        }
    }

    /// Hands over the first piece and keeps the rest for next time.
    fn count(&mut self, mut bytes: Bytes) -> Result<Frame<Bytes>, BoxError> {
        self.is_asked = false;
        let at_once = if self.is_slow || self.sent < UNTOLD { LEAST_AT_ONCE } else { MOST_AT_ONCE };
        let most = self.observer.as_ref().map_or(at_once, |(observer, _)| observer.most_at_once().clamp(1, at_once));
        let piece = bytes.split_to(bytes.len().min(most));
        self.rest = bytes;
        if let Some((observer, attempt)) = &self.observer {
            observer.sent(*attempt, piece.len() as u64);
            self.pause = observer.pause_after(piece.len() as u64).map(|pause| Box::pin(tokio::time::sleep(pause)));
        }
        self.progress.moved(piece.len() as u64);
        self.sent += piece.len() as u64;
        Ok(Frame::data(piece))
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
        this.look_how_slow();
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        if !this.rest.is_empty() {
            let rest = std::mem::take(&mut this.rest);
            return Poll::Ready(Some(this.count(rest)));
        }
        match &mut this.source {
            AttemptSource::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            AttemptSource::Bytes(bytes) => {
                let all = std::mem::take(bytes);
                Poll::Ready(Some(this.count(all)))
            }
            AttemptSource::Pieces(pieces) => Poll::Ready(pieces.pop_front().map(|piece| this.count(piece))),
            AttemptSource::File { region, reading } => {
                if this.sent == this.length {
                    return Poll::Ready(None);
                }
                if reading.is_none()
                    && let Some(bytes) = region.read_cached(this.sent)
                {
                    return Poll::Ready(Some(this.count(bytes)));
                }
                let handle = reading.get_or_insert_with(|| {
                    let (region, done) = (Arc::clone(region), this.sent);
                    tokio::task::spawn_blocking(move || region.read_piece(done))
                });
                let read = ready!(Pin::new(handle).poll(context));
                *reading = None;
                Poll::Ready(Some(match read {
                    Ok(Ok(bytes)) => this.count(bytes),
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
