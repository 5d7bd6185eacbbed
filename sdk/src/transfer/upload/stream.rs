//! Uploads a reader, which can be read only once.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::ReadBuf;
use tokio::sync::{AcquireError, Semaphore, mpsc};

use super::abort_guard::start;
use super::multipart::{PendingPart, part_channel, send_parts};
use super::run::Job;
use super::{Reader, Uploaded};
use crate::body::{BufferPool, CHUNK_SIZE, OpenFile, Source, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::options::TransferOptions;
use crate::transfer::part_size::{MAX_PARTS, MIB, growing_part_size};
use crate::transfer::progress::Meter;
use crate::transfer::tasks::run_blocking;

/// Maximum number of parts in temporary files. Parts that exceed the memory budget go there.
const MAX_PARTS_ON_DISK: usize = 2;

impl Job<'_> {
    pub(super) async fn stream(&self, reader: Reader) -> Result<Uploaded> {
        let mut parts = Parts::new(reader, self)?;
        let first = self.options.cancellation.unless_cancelled(parts.next()).await?;
        let second =
            if parts.is_at_end { None } else { self.options.cancellation.unless_cancelled(parts.next()).await? };
        let Some(second) = second else {
            let all = first.map_or_else(|| Source::bytes(Bytes::new()), |part| part.region);
            return self.upload(all).await;
        };
        let upload = start(self.bucket, self.key, self.headers, self.meter).await?;
        self.finish(&upload, async {
            let (sender, receiver) = part_channel();
            let feeding = parts.feed(first.into_iter().chain([second]).collect(), sender);
            let TransferOptions { concurrency, checksum, .. } = self.options;
            send_parts(&upload, feeding, receiver, *concurrency, *checksum).await
        })
        .await
    }
}

/// Splits a reader into parts.
struct Parts {
    reader: Reader,
    /// Size of the first part in bytes.
    first: u64,
    next: u32,
    /// Free memory in MiB.
    memory: Arc<Semaphore>,
    budget: u32,
    /// Reuses the buffers of parts that were sent.
    pool: Arc<BufferPool>,
    disk: Arc<Semaphore>,
    meter: Arc<Meter>,
    read: u64,
    is_at_end: bool,
}

impl Parts {
    fn new(reader: Reader, job: &Job<'_>) -> Result<Self> {
        let first = job.options.part_size;
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let budget = u32::try_from(job.options.reader_memory()?).unwrap_or(most).min(most);
        Ok(Self {
            reader,
            first,
            next: 0,
            memory: Arc::new(Semaphore::new(usize::try_from(budget).unwrap_or(usize::MAX))),
            budget,
            pool: BufferPool::new(CHUNK_SIZE, usize::try_from(budget).unwrap_or(usize::MAX)),
            disk: Arc::new(Semaphore::new(MAX_PARTS_ON_DISK)),
            meter: Arc::clone(job.meter),
            read: 0,
            is_at_end: false,
        })
    }

    async fn feed(mut self, begun: Vec<PendingPart>, sender: mpsc::Sender<PendingPart>) -> Result<()> {
        for part in begun {
            if sender.send(part).await.is_err() {
                return Ok(());
            }
        }
        // No part is held here while the next one waits for memory, because only parts in the channel free memory.
        while let Some(part) = self.next().await? {
            if sender.send(part).await.is_err() {
                return Ok(());
            }
        }
        self.meter.update(|progress| {
            progress.total_bytes = Some(self.read);
            progress.total_parts = Some(self.next);
        });
        Ok(())
    }

    /// Returns the next part, or `None` at the end.
    async fn next(&mut self) -> Result<Option<PendingPart>> {
        if self.is_at_end {
            return Ok(None);
        }
        let number = self.next;
        let Some(length) = growing_part_size(number, self.first) else {
            return self.end().await;
        };
        let mebibytes = u32::try_from(length.div_ceil(MIB)).unwrap_or(u32::MAX);
        let part = if mebibytes <= self.budget {
            let space = Arc::clone(&self.memory).acquire_many_owned(mebibytes).await.map_err(closed)?;
            self.read_in_memory(length).await?.with_permit(space)
        } else {
            let space = Arc::clone(&self.disk).acquire_owned().await.map_err(closed)?;
            self.read_on_disk(length).await?.with_permit(space)
        };
        self.is_at_end = part.len() < length;
        if part.len() == 0 && number > 0 {
            return Ok(None);
        }
        self.read += part.len();
        self.next += 1;
        Ok(Some(PendingPart { number, region: part }))
    }

    async fn read_in_memory(&mut self, length: u64) -> Result<Source> {
        let mut chunks = Vec::new();
        let mut done = 0;
        while done < length {
            let mut buffer = self.pool.buffer(length - done);
            let wanted = buffer.as_ref().len();
            let filled = fill(&mut self.reader, buffer.as_mut()).await?;
            chunks.push(buffer.into_bytes().slice(..filled));
            done += filled as u64;
            if filled < wanted {
                break;
            }
        }
        Ok(Source::chunks(chunks))
    }

    async fn read_on_disk(&mut self, length: u64) -> Result<Source> {
        let file = run_blocking(|| OpenFile::temporary().map_err(unreadable)).await?;
        let file = Arc::new(file);
        let mut buffer = BufferPool::chunks().buffer(CHUNK_SIZE as u64);
        let mut done = 0;
        while done < length {
            let wanted = usize::try_from(length - done).unwrap_or(usize::MAX).min(CHUNK_SIZE);
            let filled = fill(&mut self.reader, &mut buffer.as_mut()[..wanted]).await?;
            let target = Arc::clone(&file);
            let append = move || target.append(&buffer.as_ref()[..filled]).map(|()| buffer).map_err(unreadable);
            buffer = run_blocking(append).await?;
            done += filled as u64;
            if filled < wanted {
                break;
            }
        }
        Ok(Source::file(file, 0..done))
    }

    /// Checks that the reader is at its end after the last part that the service allows.
    async fn end(&mut self) -> Result<Option<PendingPart>> {
        if fill(&mut self.reader, &mut [0]).await? == 0 {
            self.is_at_end = true;
            return Ok(None);
        }
        Err(Error::new(
            ErrorKind::Body,
            format!(
                "the reader has more than {} bytes, which is what {MAX_PARTS} parts hold if the first has {}: a larger \
                 part_size makes all of them larger",
                self.read, self.first
            ),
        ))
    }
}

/// Fills the buffer, unless the reader ends before.
async fn fill(reader: &mut Reader, buffer: &mut [u8]) -> Result<usize> {
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
    Error::new(ErrorKind::Body, "there is no room for the next part").with_source(error)
}

#[cfg(test)]
mod tests;
