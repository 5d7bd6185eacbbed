//! What a request carries.

mod aligned;
mod buffer_pool;
mod cancel;
mod content_length;
mod file;
mod page_cache;
mod progress;
mod response;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;

use crate::error::{BoxError, Error, ErrorKind, Result};
pub(crate) use aligned::AlignedBuffer;
use buffer_pool::FRAME;
pub(crate) use buffer_pool::{PIECE, Piece, PiecePool};
pub(crate) use cancel::{RevocableBody, Revocation};
pub(crate) use content_length::{BodyError, ExactBody};
use file::FileRegion;
pub(crate) use file::OpenFile;
pub(crate) use progress::{Activity, BodyProgress};
pub use response::ResponseBody;
pub(crate) use response::{Incoming, read_limited};

type ByteStream = Pin<Box<dyn Stream<Item = std::result::Result<Bytes, BoxError>> + Send>>;

/// The body of a request: bytes, a region of a file, or a stream whose length is known.
///
/// Its length is known before anything is sent, because QingStor wants `Content-Length` and no chunked transfer.
/// Files are read in pieces of at most 1 MiB while they are sent, so a body of any size takes little memory; up to 28 MiB of
/// buffers are kept for the next ones. On Linux, what the system has in memory is read where it is sent, and only what comes
/// from a disk by a thread that may wait.
/// Bytes and files can be sent again when an attempt fails; a stream cannot, so an operation that carries one is never
/// retried.
///
/// ```
/// use qingstor_sdk::Body;
///
/// let hello: Body = "hello".into();
/// assert_eq!(hello.len(), 5);
/// ```
#[derive(Default)]
pub struct Body(Source);

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Bytes(Bytes),
    Pieces(Arc<[Bytes]>),
    File(Arc<FileRegion>),
    Stream {
        length: u64,
        stream: ByteStream,
    },
    Framed(Box<Framed>),
    Observed(Box<Body>, Arc<dyn BodyProgress>),
}

/// A body between bytes that belong to it, as a file in a form is.
struct Framed {
    before: Bytes,
    content: Body,
    after: Bytes,
}

impl Body {
    /// A body of no bytes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A whole file, as long as it is now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Body`] if the file cannot be opened. If it is shorter by the time it is sent, the request fails
    /// with that kind too.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        Self::open(path.as_ref(), 0, None).await
    }

    /// `length` bytes of a file, from byte `offset` on: a part of a multipart upload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Body`] if the file cannot be opened or ends before `offset + length`.
    pub async fn file_region(path: impl AsRef<Path>, offset: u64, length: u64) -> Result<Self> {
        Self::open(path.as_ref(), offset, Some(length)).await
    }

    async fn open(path: &Path, offset: u64, length: Option<u64>) -> Result<Self> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || FileRegion::open(&path, offset, length)).await;
        match opened {
            Ok(Ok(region)) => Ok(Self(Source::File(Arc::new(region)))),
            Ok(Err(error)) => {
                let message = error.to_string();
                Err(Error::new(ErrorKind::Body, message).with_source(error))
            }
            Err(error) => Err(Error::new(ErrorKind::Body, "the file could not be opened").with_source(error)),
        }
    }

    /// A stream that yields exactly `length` bytes.
    ///
    /// A stream that yields more or fewer makes the request fail with [`ErrorKind::Body`]: the server never stores a
    /// body that is not what was announced.
    pub fn stream<S, E>(length: u64, stream: S) -> Self
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(Source::Stream { length, stream: Box::pin(content_length::BoxedErrors(Box::pin(stream))) })
    }

    /// `length` bytes of a file that is open, from byte `offset` on.
    pub(crate) fn of_file(file: Arc<OpenFile>, offset: u64, length: u64) -> Self {
        Self(Source::File(Arc::new(FileRegion::of(file, offset, length))))
    }

    /// Bytes that are in memory piece by piece.
    pub(crate) fn of_pieces(pieces: Arc<[Bytes]>) -> Self {
        Self(Source::Pieces(pieces))
    }

    /// Returns the body with its progress reported to `progress`.
    pub(crate) fn with_progress(self, progress: Arc<dyn BodyProgress>) -> Self {
        Self(Source::Observed(Box::new(self), progress))
    }

    /// The body with something before and after it; nothing of it is copied.
    pub(crate) fn framed(self, before: Bytes, after: Bytes) -> Self {
        Self(Source::Framed(Box::new(Framed { before, content: self, after })))
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Source::Empty => 0,
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::Pieces(pieces) => length_of(pieces),
            Source::File(region) => region.length(),
            Source::Stream { length, .. } => *length,
            // A stream may announce any length; the sum must not become a small one.
            Source::Framed(framed) => {
                let frame = (framed.before.len() + framed.after.len()) as u64;
                framed.content.len().saturating_add(frame)
            }
            Source::Observed(body, _) => body.len(),
        }
    }

    /// Whether it has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it can be sent more than once.
    pub fn is_replayable(&self) -> bool {
        match &self.0 {
            Source::Empty | Source::Bytes(_) | Source::Pieces(_) | Source::File(_) => true,
            Source::Stream { .. } => false,
            Source::Framed(framed) => framed.content.is_replayable(),
            Source::Observed(body, _) => body.is_replayable(),
        }
    }

    /// The bytes, if the body is in memory.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Source::Empty => Some(&[]),
            Source::Bytes(bytes) => Some(bytes),
            Source::Pieces(_) | Source::File(_) | Source::Stream { .. } | Source::Framed(_) => None,
            Source::Observed(body, _) => body.as_bytes(),
        }
    }

    /// What one attempt sends. A stream is handed over; who attempts again asks [`Body::is_replayable`] first.
    pub(crate) fn attempt(&mut self, activity: &Arc<Activity>) -> ExactBody {
        match &mut self.0 {
            Source::Empty => ExactBody::of_bytes(Bytes::new(), activity),
            Source::Bytes(bytes) => ExactBody::of_bytes(bytes.clone(), activity),
            Source::Pieces(pieces) => ExactBody::of_pieces(pieces, activity),
            Source::File(region) => ExactBody::of_file(Arc::clone(region), activity),
            Source::Stream { length, stream } => {
                let taken = std::mem::replace(stream, Box::pin(content_length::Taken));
                ExactBody::of_stream(*length, taken, activity)
            }
            Source::Framed(framed) => {
                let Framed { before, content, after } = &mut **framed;
                let around = |bytes: &Bytes| ExactBody::of_bytes(bytes.clone(), activity);
                ExactBody::of_parts([around(before), content.attempt(activity), around(after)], activity)
            }
            Source::Observed(body, progress) => body.attempt(activity).with_progress(Arc::clone(progress)),
        }
    }
}

#[cfg(test)]
impl Body {
    /// What an attempt sends, to its end.
    pub(crate) async fn sent(&mut self) -> Vec<u8> {
        use http_body::Body as _;

        let mut attempt = self.attempt(&Activity::new(self.len()));
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }
}

pub(crate) fn length_of(pieces: &[Bytes]) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Source::Empty => "empty",
            Source::Bytes(_) | Source::Pieces(_) => "bytes",
            Source::File(_) => "file",
            Source::Stream { .. } => "stream",
            Source::Framed(_) => "form",
            Source::Observed(body, _) => return body.fmt(f),
        };
        write!(f, "Body({kind}, {} bytes)", self.len())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Source::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}
