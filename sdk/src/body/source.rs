//! The bytes of a body or part: in memory, in a file or from a stream.

use std::fs::Metadata;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::buffer_pool::BufferPool;
use super::file::OpenFile;
use crate::error::BoxError;

pub(super) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// The bytes of a request body or of a part of an upload. Clones share the bytes.
///
/// A source that is not a stream can be read at any offset and any number of times.
#[derive(Clone)]
pub(crate) struct Source {
    data: Data,
    /// The bytes of `data` that belong to the source.
    range: Range<u64>,
    /// Share of a memory budget. It is released when the last clone is dropped.
    _permit: Option<Arc<OwnedSemaphorePermit>>,
}

#[derive(Clone)]
enum Data {
    Bytes(Bytes),
    Chunks(Arc<[Chunk]>),
    File(Arc<OpenFile>),
    /// The attempt that sends the stream takes it.
    Stream(Arc<Mutex<Option<ByteStream>>>),
}

/// Bytes of a source that are contiguous in memory. They are not empty.
struct Chunk {
    /// Position of the first byte in the source.
    start: u64,
    bytes: Bytes,
}

impl Source {
    fn new(data: Data, range: Range<u64>) -> Self {
        Self { data, range, _permit: None }
    }

    pub(crate) fn bytes(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::new(Data::Bytes(bytes), 0..length)
    }

    pub(crate) fn chunks(chunks: impl IntoIterator<Item = Bytes>) -> Self {
        let mut length = 0;
        let chunk = |bytes: Bytes| {
            let start = length;
            length += bytes.len() as u64;
            Chunk { start, bytes }
        };
        let chunks = chunks.into_iter().filter(|bytes| !bytes.is_empty()).map(chunk).collect();
        Self::new(Data::Chunks(chunks), 0..length)
    }

    pub(crate) fn file(file: Arc<OpenFile>, range: Range<u64>) -> Self {
        Self::new(Data::File(file), range)
    }

    pub(super) fn stream(length: u64, stream: ByteStream) -> Self {
        Self::new(Data::Stream(Arc::new(Mutex::new(Some(stream)))), 0..length)
    }

    /// Opens a file. The source is `length` bytes from `offset` on, or up to the end of the file if `length` is `None`.
    /// Blocks.
    pub(crate) fn open(path: &Path, offset: u64, length: Option<u64>) -> io::Result<Self> {
        let file = OpenFile::open(path)?;
        let size = file.size()?;
        let length = length.unwrap_or_else(|| size.saturating_sub(offset));
        match offset.checked_add(length).filter(|end| *end <= size) {
            Some(end) => Ok(Self::file(Arc::new(file), offset..end)),
            None => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the file {} has {size} bytes, too few for {length} bytes from byte {offset}", path.display()),
            )),
        }
    }

    /// Adds a share of a memory budget, which is released when the last clone is dropped.
    pub(crate) fn with_permit(self, permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: Some(Arc::new(permit)), ..self }
    }

    /// Returns a range of the source without copying it.
    pub(crate) fn region(&self, range: Range<u64>) -> Self {
        Self { range: self.range.start + range.start..self.range.start + range.end, ..self.clone() }
    }

    /// Returns the length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    pub(crate) fn is_rewindable(&self) -> bool {
        !matches!(self.data, Data::Stream(_))
    }

    /// Returns the path if the source is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.data {
            Data::File(file) => Some(file.path()),
            _ => None,
        }
    }

    /// Returns a short name for `Debug`.
    pub(super) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Bytes(_) | Data::Chunks(_) => "bytes",
            Data::File(_) => "file",
            Data::Stream(_) => "stream",
        }
    }

    /// Returns the bytes if they are contiguous in memory.
    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        match &self.data {
            Data::Bytes(bytes) => bytes.get(usize_range(&self.range)),
            _ => None,
        }
    }

    /// Takes the stream. Returns `None` if there is none or if it was taken before.
    pub(super) fn take_stream(&self) -> Option<ByteStream> {
        match &self.data {
            Data::Stream(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).take(),
            _ => None,
        }
    }

    /// Returns the chunk at `offset` if it is in memory or in the page cache.
    pub(super) fn chunk_in_memory(&self, offset: u64) -> Option<Bytes> {
        if let Some((bytes, range)) = self.memory_at(offset) {
            return Some(bytes.slice(range));
        }
        let Data::File(file) = &self.data else { return None };
        if !OpenFile::CAN_READ_CACHED {
            return None;
        }
        let mut buffer = BufferPool::frames().buffer(self.len().saturating_sub(offset));
        file.read_cached(buffer.as_mut(), self.range.start + offset).then(|| buffer.into_bytes())
    }

    /// Reads the chunk at `offset` of a file. Blocks.
    pub(super) fn read_chunk(&self, offset: u64) -> io::Result<Bytes> {
        let mut buffer = BufferPool::chunks().buffer(self.len().saturating_sub(offset));
        if let Data::File(file) = &self.data {
            file.read_exact_at(buffer.as_mut(), self.range.start + offset)?;
        }
        Ok(buffer.into_bytes())
    }

    /// Returns the bytes from `offset` on, at most `scratch.len()` of them. Blocks.
    ///
    /// The bytes of a file, and those of several chunks in memory, are copied into `scratch`. If the bytes of a file
    /// are not in the page cache, `before_disk` is called before they are read from the disk.
    pub(crate) fn read<'a>(
        &'a self,
        offset: u64,
        scratch: &'a mut [u8],
        before_disk: impl FnOnce(),
    ) -> io::Result<&'a [u8]> {
        // With 32 bits, a file can be longer than `usize::MAX`.
        let length = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX).min(scratch.len());
        if let Some((bytes, range)) = self.memory_at(offset)
            && range.len() >= length
        {
            return Ok(bytes.get(range.start..range.start + length).unwrap_or_default());
        }
        let scratch = &mut scratch[..length];
        let Data::File(file) = &self.data else {
            let mut filled = 0;
            while let Some((bytes, range)) = self.memory_at(offset + filled as u64).filter(|_| filled < length) {
                let copied = range.len().min(length - filled);
                scratch[filled..filled + copied].copy_from_slice(&bytes[range.start..range.start + copied]);
                filled += copied;
            }
            return Ok(&scratch[..filled]);
        };
        let start = self.range.start + offset;
        if !file.read_cached(scratch, start) {
            before_disk();
            file.read_exact_at(scratch, start)?;
        }
        Ok(scratch)
    }

    /// Asks the kernel to read a range of a file ahead.
    pub(crate) fn prefetch(&self, range: Range<u64>) {
        if let Data::File(file) = &self.data {
            let position = |offset: u64| self.range.end.min(self.range.start + offset);
            file.prefetch(position(range.start)..position(range.end));
        }
    }

    /// Returns the location in memory of the bytes from `offset` to the end of their chunk.
    fn memory_at(&self, offset: u64) -> Option<(&Bytes, Range<usize>)> {
        let start = self.range.end.min(self.range.start + offset);
        match &self.data {
            Data::Bytes(bytes) => Some((bytes, usize_range(&(start..self.range.end)))),
            Data::Chunks(chunks) => {
                let following = chunks.partition_point(|chunk| chunk.start <= start);
                let chunk = &chunks[following.checked_sub(1)?];
                let end = self.range.end.min(chunk.start + chunk.bytes.len() as u64);
                Some((&chunk.bytes, usize_range(&(start - chunk.start..end - chunk.start))))
            }
            Data::File(_) | Data::Stream(_) => None,
        }
    }

    /// Returns the properties from which a later call can tell that the bytes have changed. Blocks.
    pub(crate) fn fingerprint(&self) -> io::Result<Fingerprint> {
        let Data::File(file) = &self.data else {
            return Ok(Fingerprint { size: self.len(), modified: None, identity: None });
        };
        let metadata = file.metadata()?;
        Ok(Fingerprint {
            size: metadata.len(),
            modified: metadata.modified().ok().map(nanoseconds),
            identity: identity(&metadata),
        })
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({}, {} bytes)", self.kind(), self.len())
    }
}

/// Properties of a file that change if its content does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// Size in bytes.
    pub(crate) size: u64,
    /// Time of the last write in nanoseconds since 1970. `None` if the file system does not know.
    pub(crate) modified: Option<i64>,
    /// Device, inode and time of the last change of content or attributes. `None` if the operating system does not
    /// support it.
    pub(crate) identity: Option<(u64, u64, i64, i64)>,
}

impl Fingerprint {
    /// Returns true if neither the content nor the attributes changed between `self` and `now`, and false if the
    /// operating system does not tell.
    ///
    /// Equal times in `modified` are no proof, because programs can set that time. They cannot set the time in
    /// `identity`.
    pub(crate) fn is_untouched(&self, now: &Self) -> bool {
        self.identity.is_some() && self == now
    }

    /// Describes the change of the content, if there is one.
    pub(crate) fn difference(&self, now: &Self) -> Option<String> {
        if self.size != now.size {
            return Some(format!("it had {} bytes and has {}", self.size, now.size));
        }
        (self.modified != now.modified).then(|| "it was written to".to_owned())
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;

    Some((metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64, i64, i64)> {
    None
}

fn nanoseconds(time: SystemTime) -> i64 {
    let signed = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

/// Converts a range to `usize`. Offsets of bytes in memory always fit; larger ones become `usize::MAX`.
fn usize_range(range: &Range<u64>) -> Range<usize> {
    let position = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    position(range.start)..position(range.end)
}

#[cfg(test)]
mod tests {
    use super::super::buffer_pool::{CHUNK_SIZE, FRAME_SIZE};
    use super::*;
    use crate::Body;

    fn numbered(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i % 251) as u8).collect()
    }

    fn file_of(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    /// Returns the content in chunks of various lengths, some of which are empty.
    fn chunks(content: &[u8]) -> Source {
        let (mut rest, mut chunks) = (content, Vec::new());
        for length in [0, 1, CHUNK_SIZE, 77, 300_000].into_iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(length));
            chunks.push(Bytes::copy_from_slice(chunk));
            rest = after;
            if rest.is_empty() {
                return Source::chunks(chunks);
            }
        }
        unreachable!()
    }

    #[tokio::test]
    async fn chunks_can_be_sent_in_order_twice() {
        let content = numbered(2 * CHUNK_SIZE + 9);
        let body = Body::from_source(chunks(&content));
        assert_eq!((body.len(), body.is_rewindable()), (content.len() as u64, true));
        for _ in 0..2 {
            assert!(body.sent().await == content);
        }
    }

    #[test]
    fn read_stops_at_the_end_of_a_region() {
        let content = numbered(3 * CHUNK_SIZE);
        let file = file_of(&content);
        let (start, end) = (5, 2 * CHUNK_SIZE + 9);
        let mut scratch = vec![0; CHUNK_SIZE / 4];
        for source in [
            Source::bytes(content.clone().into()).region(start as u64..end as u64),
            Source::open(file.path(), 0, None).unwrap().region(start as u64..end as u64),
            chunks(&content).region(start as u64..end as u64),
        ] {
            for offset in (0..3 * CHUNK_SIZE).step_by(scratch.len()) {
                let first = (start + offset).min(end);
                let expected = &content[first..(first + scratch.len()).min(end)];
                assert!(source.read(offset as u64, &mut scratch, || ()).unwrap() == expected, "{offset} of {source:?}");
            }
        }
    }

    #[test]
    fn chunks_of_a_file_join_to_the_region() {
        let content = numbered(2 * CHUNK_SIZE + 777);
        let file = file_of(&content);
        for length in [CHUNK_SIZE + 500, FRAME_SIZE + 500] {
            let source = Source::open(file.path(), 13, Some(length as u64)).unwrap();
            let (mut read, mut cached) = (Vec::new(), Vec::new());
            while read.len() < length {
                read.extend_from_slice(&source.read_chunk(read.len() as u64).unwrap());
            }
            while cached.len() < length {
                // Not every file system supports reads from the page cache.
                let offset = cached.len() as u64;
                let chunk = source.chunk_in_memory(offset).unwrap_or_else(|| source.read_chunk(offset).unwrap());
                cached.extend_from_slice(&chunk);
            }
            assert!(read == content[13..13 + length] && cached == read, "{length}");
        }
    }

    #[test]
    fn read_fails_if_the_file_becomes_shorter() {
        let file = file_of(&[7; 100]);
        let source = Source::open(file.path(), 0, None).unwrap();
        file.as_file().set_len(50).unwrap();
        assert_eq!(source.chunk_in_memory(0), None);
        assert!(source.read_chunk(0).unwrap_err().to_string().contains("became shorter"));
    }

    #[test]
    fn open_rejects_a_range_past_the_end_of_the_file() {
        let file = file_of(b"12345");
        let error = Source::open(file.path(), 3, Some(3)).unwrap_err().to_string();
        assert!(error.contains("has 5 bytes, too few for 3 bytes from byte 3"), "{error}");
        assert!(Source::open(file.path(), u64::MAX, Some(2)).is_err());
    }

    #[test]
    fn open_rejects_a_directory() {
        let error = Source::open(&std::env::temp_dir(), 0, None).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }

    #[test]
    fn fingerprint_describes_a_change() {
        let file = file_of(b"12345");
        let source = Source::open(file.path(), 0, None).unwrap();
        let before = source.fingerprint().unwrap();
        assert_eq!(before.difference(&source.fingerprint().unwrap()), None);
        file.as_file().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        let after = source.fingerprint().unwrap();
        assert_eq!(before.difference(&after).unwrap(), "it was written to");
        file.as_file().set_len(3).unwrap();
        assert_eq!(before.difference(&source.fingerprint().unwrap()).unwrap(), "it had 5 bytes and has 3");
    }
}
