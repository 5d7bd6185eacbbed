//! Uploads the bytes of a reader, which can be read only once and whose size is unknown.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{AcquireError, Semaphore, mpsc};

use super::Uploaded;
use super::multipart::MultipartUpload;
use super::parts::{PendingPart, send_parts};
use super::run::Content;
use crate::body::{BufferPool, CHUNK_SIZE, OpenFile, Source, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::job::Job;
use crate::transfer::part_size::{MAX_PARTS, MIB, growing_part_size};
use crate::transfer::progress::Meter;
use crate::transfer::tasks::run_blocking;

/// Maximum number of parts in temporary files. Parts that are larger than the memory budget are written there.
const MAX_PARTS_ON_DISK: usize = 2;

/// Bytes that can be read only once and whose number is unknown.
pub(super) enum ByteSource {
    Reader(Pin<Box<dyn AsyncRead + Send>>),
    /// Bytes that an `UploadWriter` sends. Empty bytes mark the end.
    Written {
        receiver: mpsc::Receiver<Bytes>,
        /// Bytes that were received and not yet read.
        rest: Bytes,
    },
}

impl Job {
    /// Uploads the bytes of a reader: with one request if they fit into one part, otherwise with a multipart upload.
    pub(super) async fn upload_reader(self: &Arc<Self>, source: ByteSource) -> Result<Uploaded> {
        let mut parts = ReaderParts::new(source, self)?;
        let cancellation = &self.options.cancellation;
        let first = cancellation.unless_cancelled(parts.next()).await?;
        let second = if parts.is_at_end { None } else { cancellation.unless_cancelled(parts.next()).await? };
        let Some(second) = second else {
            let all = first.map_or_else(|| Source::bytes(Bytes::new()), |part| part.region);
            return self.upload_content(Content::new(all).await?).await;
        };
        let first_two = stream::iter(first.into_iter().chain([second]).map(Ok));
        let rest = stream::try_unfold(parts, async |mut parts: ReaderParts| {
            let part = parts.next().await?;
            if part.is_none() {
                parts.meter.update(|progress| {
                    progress.total_bytes = Some(parts.bytes_read);
                    progress.total_parts = Some(parts.next_number);
                });
            }
            Ok(part.map(|part| (part, parts)))
        });
        let upload = MultipartUpload::start(self).await?;
        upload.finish(send_parts(&upload, first_two.chain(rest))).await
    }
}

/// Splits the bytes of a reader into parts.
struct ReaderParts {
    source: ByteSource,
    /// Size of the first part in bytes.
    first_part_size: u64,
    /// Number of the next part.
    next_number: u32,
    /// Unused memory of the budget: one permit per MiB. A part returns its permits after it was sent.
    memory: Arc<Semaphore>,
    /// Memory budget in MiB.
    budget: u32,
    /// Buffers of parts that were sent.
    pool: Arc<BufferPool>,
    /// One permit per temporary file that may still be created. A part returns its permit after it was sent.
    disk: Arc<Semaphore>,
    meter: Arc<Meter>,
    /// Number of bytes read so far.
    bytes_read: u64,
    is_at_end: bool,
}

impl ReaderParts {
    fn new(source: ByteSource, job: &Job) -> Result<Self> {
        let max = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let budget = u32::try_from(job.options.reader_memory()?).unwrap_or(max).min(max);
        Ok(Self {
            source,
            first_part_size: job.options.part_size,
            next_number: 0,
            memory: Arc::new(Semaphore::new(usize::try_from(budget).unwrap_or(usize::MAX))),
            budget,
            pool: BufferPool::new(CHUNK_SIZE, usize::try_from(budget).unwrap_or(usize::MAX)),
            disk: Arc::new(Semaphore::new(MAX_PARTS_ON_DISK)),
            meter: Arc::clone(&job.meter),
            bytes_read: 0,
            is_at_end: false,
        })
    }

    /// Reads the next part. Returns `None` at the end.
    ///
    /// Waits while earlier parts use the memory budget. They free memory only after they were sent, so the caller must pass each
    /// part on before it calls `next` again. The first two parts are an exception: the budget holds both.
    async fn next(&mut self) -> Result<Option<PendingPart>> {
        if self.is_at_end {
            return Ok(None);
        }
        let number = self.next_number;
        let Some(length) = growing_part_size(number, self.first_part_size) else {
            return self.check_end().await.map(|()| None);
        };
        let mebibytes = u32::try_from(length.div_ceil(MIB)).unwrap_or(u32::MAX);
        let region = if mebibytes <= self.budget {
            let permits = Arc::clone(&self.memory).acquire_many_owned(mebibytes).await.map_err(closed)?;
            self.read_in_memory(length).await?.with_permit(permits)
        } else {
            let permit = Arc::clone(&self.disk).acquire_owned().await.map_err(closed)?;
            self.read_on_disk(length).await?.with_permit(permit)
        };
        // An empty reader has one empty part.
        if region.len() == 0 && number > 0 {
            return Ok(None);
        }
        self.next_number += 1;
        Ok(Some(PendingPart { number, region }))
    }

    async fn read_in_memory(&mut self, length: u64) -> Result<Source> {
        let pool = Arc::clone(&self.pool);
        let (mut chunks, mut left) = (Vec::new(), length);
        while left > 0 && !self.is_at_end {
            let chunk = self.read_chunk(&pool, left).await?;
            left -= chunk.len() as u64;
            chunks.push(chunk);
        }
        Ok(Source::chunks(chunks))
    }

    async fn read_on_disk(&mut self, length: u64) -> Result<Source> {
        let file = Arc::new(run_blocking(|| OpenFile::temporary().map_err(unreadable)).await?);
        let mut left = length;
        while left > 0 && !self.is_at_end {
            let chunk = self.read_chunk(BufferPool::chunks(), left).await?;
            left -= chunk.len() as u64;
            let file = Arc::clone(&file);
            run_blocking(move || file.append(&chunk).map_err(unreadable)).await?;
        }
        Ok(Source::file(file, 0..length - left))
    }

    /// Reads a chunk of at most `limit` bytes. It may be empty at the end.
    async fn read_chunk(&mut self, pool: &Arc<BufferPool>, limit: u64) -> Result<Bytes> {
        let chunk = match &mut self.source {
            ByteSource::Reader(reader) => {
                let mut buffer = pool.buffer(limit);
                let filled = fill(reader.as_mut(), buffer.as_mut()).await?;
                self.is_at_end = filled < buffer.as_ref().len();
                buffer.into_bytes().slice(..filled)
            }
            ByteSource::Written { receiver, rest } => {
                if rest.is_empty() {
                    *rest = receiver.recv().await.ok_or_else(|| {
                        Error::new(ErrorKind::Cancelled, "the writer of the upload was dropped before it was finished")
                    })?;
                }
                self.is_at_end = rest.is_empty();
                rest.split_to(usize::try_from(limit).unwrap_or(usize::MAX).min(rest.len()))
            }
        };
        self.bytes_read += chunk.len() as u64;
        Ok(chunk)
    }

    /// Checks that the reader ends after the last part that the service allows.
    async fn check_end(&mut self) -> Result<()> {
        let allowed = self.bytes_read;
        if self.read_chunk(BufferPool::frames(), 1).await?.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Body,
            format!(
                "the reader has more than {} bytes, the maximum for {MAX_PARTS} parts of which the first has {} bytes: \
                 raise part_size",
                allowed, self.first_part_size
            ),
        ))
    }
}

/// Fills the buffer, or reads to the end of the reader if that comes first. Returns the number of bytes.
async fn fill(mut reader: Pin<&mut (dyn AsyncRead + Send)>, buffer: &mut [u8]) -> Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    while buffer.remaining() > 0 {
        let before = buffer.filled().len();
        let reading = poll_fn(|context| reader.as_mut().poll_read(context, &mut buffer));
        reading.await.map_err(|error| {
            Error::new(ErrorKind::Body, "the source of the upload could not be read").with_source(error)
        })?;
        if buffer.filled().len() == before {
            break;
        }
    }
    Ok(buffer.filled().len())
}

fn closed(error: AcquireError) -> Error {
    Error::new(ErrorKind::Body, "the memory budget of the upload is closed").with_source(error)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::AsyncRead;

    use super::*;
    use crate::Body;

    /// Reader that returns at most 70,001 bytes at a time, which is no divisor of a part or chunk.
    struct ShortReads(Vec<u8>);

    impl AsyncRead for ShortReads {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let length = buffer.remaining().min(self.0.len()).min(70_001);
            buffer.put_slice(&self.0[..length]);
            self.0.drain(..length);
            Poll::Ready(Ok(()))
        }
    }

    fn content(size: usize) -> Vec<u8> {
        (0..size).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
    }

    /// Returns parts that are all on disk, because there is no memory budget.
    fn parts_on_disk(content: &[u8], part: usize) -> ReaderParts {
        ReaderParts {
            source: ByteSource::Reader(Box::pin(ShortReads(content.to_vec()))),
            first_part_size: part as u64,
            next_number: 0,
            memory: Arc::new(Semaphore::new(0)),
            budget: 0,
            pool: BufferPool::new(CHUNK_SIZE, 0),
            disk: Arc::new(Semaphore::new(MAX_PARTS_ON_DISK)),
            meter: Meter::new(None, None),
            bytes_read: 0,
            is_at_end: false,
        }
    }

    #[tokio::test]
    async fn parts_on_disk_contain_the_bytes_of_the_reader() {
        for part in [2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 777, 777] {
            for size in [0, 1, part - 1, part, part + 1, 3 * part - 5, 3 * part] {
                let content = content(size);
                let mut parts = parts_on_disk(&content, part);
                // An empty reader has one empty part.
                if size == 0 {
                    assert_eq!(Body::from_source(parts.next().await.unwrap().unwrap().region).sent().await, content);
                }
                for (number, bytes) in content.chunks(part).enumerate() {
                    let read = parts.next().await.unwrap().unwrap();
                    let file = read.region.clone();
                    assert!(file.path().is_some());
                    assert_eq!(file.fingerprint().unwrap().size, bytes.len() as u64, "the file has no other bytes");
                    assert_eq!((read.number as usize, read.region.len()), (number, bytes.len() as u64));
                    assert!(
                        Body::from_source(read.region).sent().await == bytes,
                        "part {number} of {size} bytes in parts of {part}"
                    );
                }
                assert!(parts.next().await.unwrap().is_none(), "{size} bytes in parts of {part}");
                assert_eq!(parts.bytes_read, size as u64);
            }
        }
    }

    #[tokio::test]
    async fn at_most_two_parts_are_on_disk() {
        let mut parts = parts_on_disk(&content(3 * CHUNK_SIZE), CHUNK_SIZE);
        let first = parts.next().await.unwrap().unwrap();
        let _second = parts.next().await.unwrap().unwrap();
        assert_eq!(parts.disk.available_permits(), 0);
        drop(first);
        assert_eq!(parts.next().await.unwrap().unwrap().number, 2);
    }

    #[tokio::test]
    async fn reader_may_end_after_the_last_possible_part_but_not_later() {
        let mut last = ReaderParts { next_number: MAX_PARTS - 1, ..parts_on_disk(&content(1), 1) };
        assert_eq!(last.next().await.unwrap().unwrap().number, MAX_PARTS - 1);
        assert!(last.next().await.unwrap().is_none());
        let mut longer = ReaderParts { next_number: MAX_PARTS, ..parts_on_disk(&content(1), 1) };
        let error = longer.next().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("raise part_size"), "{error}");
    }
}
