//! Bodies of requests and responses.

mod buffer_pool;
mod cancel;
mod chunk_reader;
mod content_length;
mod file;
mod progress;
mod response;
mod source;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;

use crate::error::{BoxError, Error, ErrorKind, Result};
pub(crate) use buffer_pool::{BufferPool, CHUNK_SIZE, PooledBuffer};
pub(crate) use cancel::{CancelOnDrop, CancellableBody};
#[allow(unused_imports, reason = "transfers may not use it")]
pub(crate) use chunk_reader::ChunkReader;
pub(crate) use content_length::AttemptBody;
pub(crate) use file::{OpenFile, unreadable};
pub(crate) use progress::{Activity, BodyProgress};
pub use response::ResponseBody;
pub(crate) use response::{Incoming, Rest, Resume, read_limited};
pub(crate) use source::{Fingerprint, Source};

/// The body of a request: bytes, a region of a file, or a stream of known length.
///
/// The length must be known in advance, because QingStor requires `Content-Length` and does not accept chunked transfer
/// encoding. Files are read while they are sent, in chunks of at most 1 MiB, so that large files take little memory. Up
/// to 28 MiB of buffers are kept for reuse. Bytes and files are rewindable: they are sent again if a request is
/// retried. A request with a stream is never retried.
///
/// ```
/// use qingstor_sdk::Body;
///
/// let hello: Body = "hello".into();
/// assert_eq!(hello.len(), 5);
/// ```
pub struct Body {
    source: Source,
    /// Boxed to keep bodies small, because futures contain them and most bodies have no additions.
    additions: Option<Box<Additions>>,
}

#[derive(Default)]
struct Additions {
    /// Bytes before and after the source, for a form with a file.
    framing: Option<(Bytes, Bytes)>,
    progress: Option<Arc<dyn BodyProgress>>,
}

impl Body {
    /// Creates an empty body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Opens a file. Its current length is the length of the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Body`] if the file cannot be opened. The request fails with the same kind if the file has become
    /// shorter when it is sent.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        Self::open(path.as_ref(), 0, None).await
    }

    /// Opens a region of a file, such as a part of a multipart upload: `length` bytes, starting at byte `offset`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Body`] if the file cannot be opened or ends before `offset + length`.
    pub async fn file_region(path: impl AsRef<Path>, offset: u64, length: u64) -> Result<Self> {
        Self::open(path.as_ref(), offset, Some(length)).await
    }

    async fn open(path: &Path, offset: u64, length: Option<u64>) -> Result<Self> {
        let path = path.to_owned();
        match tokio::task::spawn_blocking(move || Source::open(&path, offset, length)).await {
            Ok(Ok(source)) => Ok(Self::from_source(source)),
            Ok(Err(error)) => Err(unreadable(error)),
            Err(error) => Err(Error::new(ErrorKind::Body, "the file could not be opened").with_source(error)),
        }
    }

    /// Creates a body from a stream that yields exactly `length` bytes.
    ///
    /// If the stream yields more or fewer bytes, the request fails with [`ErrorKind::Body`] and the server stores
    /// nothing.
    pub fn stream<S, E>(length: u64, stream: S) -> Self
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::from_source(Source::stream(length, Box::pin(stream.err_into())))
    }

    /// Creates a body from chunks of bytes in memory, which are sent one after the other. They are not copied.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use qingstor_sdk::Body;
    ///
    /// let body = Body::from_chunks([Bytes::from("one"), Bytes::from("two")]);
    /// assert_eq!((body.len(), body.is_rewindable()), (6, true));
    /// ```
    pub fn from_chunks(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        Self::from_source(Source::chunks(chunks))
    }

    pub(crate) fn from_source(source: Source) -> Self {
        Self { source, additions: None }
    }

    /// Reports the progress of every attempt to `progress`.
    pub(crate) fn with_progress(mut self, progress: Arc<dyn BodyProgress>) -> Self {
        self.additions.get_or_insert_default().progress = Some(progress);
        self
    }

    /// Adds bytes before and after the body, without copying it.
    pub(crate) fn framed(mut self, prefix: Bytes, suffix: Bytes) -> Self {
        self.additions.get_or_insert_default().framing = Some((prefix, suffix));
        self
    }

    fn framing(&self) -> Option<&(Bytes, Bytes)> {
        self.additions.as_ref()?.framing.as_ref()
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        // A stream may announce any length, so the sum may overflow.
        let framing = self.framing().map_or(0, |(prefix, suffix)| prefix.len() + suffix.len());
        self.source.len().saturating_add(framing as u64)
    }

    /// Returns true if the body has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns true if the body can be sent more than once.
    pub fn is_rewindable(&self) -> bool {
        self.source.is_rewindable()
    }

    /// Returns the bytes if they are contiguous in memory.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        if self.framing().is_some() { None } else { self.source.as_bytes() }
    }

    /// Returns the body of the next attempt. Only a rewindable body can be sent more than once.
    pub(crate) fn attempt(&self) -> AttemptBody {
        let framing = self.framing().cloned().unwrap_or_default();
        let progress = self.additions.as_ref().and_then(|additions| additions.progress.clone());
        AttemptBody::new(&self.source, framing, progress)
    }
}

#[cfg(test)]
impl Body {
    /// Returns the bytes that an attempt sends.
    pub(crate) async fn sent(&self) -> Vec<u8> {
        use http_body::Body as _;
        use std::pin::Pin;

        let mut attempt = self.attempt();
        let mut bytes = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }
}

impl Default for Body {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.framing().is_some() { "form" } else { self.source.kind() };
        write!(f, "Body({kind}, {} bytes)", self.len())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::from_source(Source::bytes(bytes))
    }
}

impl From<Vec<Bytes>> for Body {
    fn from(chunks: Vec<Bytes>) -> Self {
        Self::from_chunks(chunks)
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
