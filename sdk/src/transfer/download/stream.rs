//! Downloads that an application reads as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::iter::Peekable;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::future::poll_fn;
use futures_util::stream::{StreamExt, try_unfold};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::processing::{Collector, Processing, Processor, Received};
use super::range::RangeFetcher;
use super::verify::ExpectedDigest;
use super::{Download, Downloaded, Source};
use crate::body::ChunkReader;
use crate::error::{CallName, Error, ErrorKind, Result};
use crate::generated::operations::HeadObjectOutput;
use crate::operation::ResponseInfo;
use crate::transfer::hashing::ReceivedHashes;
use crate::transfer::part_size::{Part, PartLayout};
use crate::transfer::progress::Meter;
use crate::transfer::tasks::{Cancellation, stopped};

/// The content of an object as a stream. [`Download::stream`] creates it.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let mut stream = bucket.download("logs/2026.csv").stream().await?;
/// println!("{} bytes, type {:?}", stream.size(), stream.object().content_type);
/// let mut lines = 0;
/// while let Some(bytes) = stream.next().await? {
///     lines += bytes.iter().filter(|byte| **byte == b'\n').count();
/// }
/// println!("{lines} lines, verified: {}", stream.is_verified());
/// # Ok(())
/// # }
/// ```
///
/// Tasks of the runtime fetch ranges of the object concurrently, ahead of the reader, and the stream returns their bytes in
/// order. At most [`memory_budget`](Download::memory_budget) bytes are fetched and not yet returned, also if the reader is
/// slow. A slow reader keeps no connection waiting, because a range is requested only if the budget has space for all of
/// its bytes.
///
/// All ranges are from the same state of the object: if it is overwritten while it is read, the stream returns an error, for
/// which [`Error::is_precondition_failed`] is true if the server compared the ETag. An object without a strong ETag is
/// recognised by its modification date, in seconds. Failed requests are retried as for a
/// download to a file. After an error, the stream ends.
///
/// The bytes are [verified](Download#verification) before the last ones are returned: if they do not have the digest in the
/// ETag, the stream returns an error instead. An application must therefore not use the bytes before it has all of them.
///
/// Besides [`next`](ObjectStream::next) and [`bytes`](ObjectStream::bytes), it implements [`Stream`], [`AsyncRead`] and
/// [`AsyncBufRead`]. The source of an [`io::Error`] is the [`Error`]. Dropping it stops all requests.
#[must_use = "the object is fetched only while the stream is read"]
pub struct ObjectStream {
    object: HeadObjectOutput,
    size: u64,
    reader: ChunkReader<BoxStream<'static, Result<Bytes>>>,
    /// Number of bytes that `reader` has not returned yet.
    remaining: u64,
    parts: u32,
    requests: Arc<AtomicU32>,
    is_verified: Arc<AtomicBool>,
    transfer: CallName,
}

/// A download whose ranges are fetched and returned in order.
struct Reading {
    /// `None` when all ranges were fetched.
    fetcher: Option<Arc<RangeFetcher>>,
    /// Parts whose fetching has not started.
    waiting: Peekable<Box<dyn Iterator<Item = Part> + Send>>,
    /// Parts whose fetching has started and that were not returned as a whole, in order.
    started: VecDeque<StartedPart>,
    /// The tasks that fetch. Dropping the set stops them.
    tasks: JoinSet<Result<Option<ResponseInfo>>>,
    /// Number of bytes of the started parts that were not returned yet.
    ahead: u64,
    memory_budget: u64,
    concurrency: usize,
    verification: Option<Verification>,
    /// The response to HEAD or the last one with a range.
    response: ResponseInfo,
    is_verified: Arc<AtomicBool>,
    cancellation: Cancellation,
    meter: Arc<Meter>,
}

struct StartedPart {
    chunks: mpsc::UnboundedReceiver<Bytes>,
    /// Number of bytes that were not returned yet.
    unread: u64,
}

struct Verification {
    expected: ExpectedDigest,
    processing: Processing,
    /// Hashes the bytes in order when they are returned. `None` if the ranges hash them when they receive them.
    in_order: Option<Collector>,
}

/// Minimum number of ranges that must fit into the memory budget, if they are not of the configured size.
const MIN_PARALLEL: u64 = 4;

impl Download {
    /// Requests the headers of the object and returns its content as a stream.
    ///
    /// No range is fetched before the stream is read.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`] if an option for a file is set, an option is out of its limits, or the
    ///   [`range`](Download::range) begins after the last byte of the object.
    /// * [`ErrorKind::UnexpectedResponse`] if the object has neither a strong ETag nor a modification date.
    /// * The errors of the operation `HeadObject`.
    pub async fn stream(self) -> Result<ObjectStream> {
        let transfer = self.bucket.call_name("download", &self.key);
        self.start_stream(transfer.clone()).await.map_err(|error| error.in_transfer(&transfer))
    }

    /// Downloads the object and writes it to `writer`, such as standard output or a network connection. Returns a summary.
    ///
    /// Reads an [`ObjectStream`], with its guarantees, and flushes the writer at the end. It does not shut it down. If an error
    /// occurs, the writer has received some of the bytes.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// bucket.download("logs/2026.csv").to_writer(tokio::io::stdout()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`stream`](Download::stream) and of reading it, and [`ErrorKind::Body`] if the writer returns an error.
    pub async fn to_writer(self, writer: impl AsyncWrite + Send) -> Result<Downloaded> {
        let key = self.key.clone();
        let cancellation = self.options.cancellation.clone();
        let mut stream = self.stream().await?;
        let size = stream.remaining();
        let mut writer = Box::pin(writer);
        let transfer = stream.transfer.clone();
        let unwritten =
            |error: io::Error| Error::new(ErrorKind::Body, "the bytes could not be written").with_source(error);
        let writing = async {
            while let Some(bytes) = stream.next().await? {
                writer.write_all(&bytes).await.map_err(unwritten)?;
            }
            writer.flush().await.map_err(unwritten)
        };
        cancellation.unless_cancelled(writing).await.map_err(|error| error.in_transfer(&transfer))?;
        Ok(Downloaded {
            key,
            size,
            is_verified: stream.is_verified(),
            parts: stream.parts,
            attempts: stream.requests.load(Ordering::Relaxed),
            resumed_bytes: 0,
            etag: stream.object.etag,
            version_id: stream.object.version_id,
        })
    }

    async fn start_stream(self, transfer: CallName) -> Result<ObjectStream> {
        if self.target.is_some() || self.options.checkpoint.is_some() || self.is_durable {
            return Err(Error::invalid_input(
                "`to_file`, `checkpoint` and `durable` apply to a download to a file: end it with `send`, or remove them",
            ));
        }
        let meter = self.options.meter()?;
        let memory_budget = self.options.stream_memory()?;
        let cancellation = self.options.cancellation.clone();
        let Source { mut object, size, snapshot, input, expected } =
            cancellation.unless_cancelled(self.source()).await?;
        object.content_length = Some(size);
        let range =
            self.range.as_ref().map_or(Ok(0..size), |range| range.within(size)).map_err(Error::invalid_input)?;
        let expected = if range == (0..size) { expected } else { ExpectedDigest::Unknown };

        // Ranges that are the parts of the ETag can be hashed in parallel.
        let part_size = expected.part_size().filter(|size| size.saturating_mul(MIN_PARALLEL) <= memory_budget);
        let part_size = part_size.unwrap_or(self.options.part_size);
        let layout = PartLayout::unlimited(range.end - range.start, part_size);
        let shifted =
            move |part: Part| Part { bytes: part.bytes.start + range.start..part.bytes.end + range.start, ..part };
        let parts = layout.parts().map(shifted);
        meter.update(|progress| {
            (progress.total_bytes, progress.total_parts) = (Some(layout.size), Some(layout.count()));
        });

        let concurrency = self.options.concurrency;
        let hashed = expected.parts(size);
        let are_ranges = parts.clone().eq(hashed.iter().cloned());
        let (mut processor, mut verification) = (None, None);
        if !hashed.is_empty() {
            let parallel = if are_ranges { concurrency } else { 1 };
            let (hasher, processing) = Processor::start(None, ReceivedHashes::new(hashed, parallel));
            let in_order = if are_ranges {
                processor = Some(hasher);
                None
            } else {
                let received = Received { position: 0, checksum: 0 };
                Some(Collector::new(Some(hasher), received))
            };
            verification = Some(Verification { expected, processing, in_order });
        }
        let requests = Arc::new(AtomicU32::new(0));
        let is_verified = Arc::new(AtomicBool::new(false));
        let reading = Reading {
            fetcher: Some(Arc::new(RangeFetcher {
                bucket: self.bucket,
                key: self.key,
                input,
                snapshot,
                size,
                processor,
                file: None,
                completed: None,
                meter: Arc::clone(&meter),
                requests: Arc::clone(&requests),
            })),
            waiting: (Box::new(parts) as Box<dyn Iterator<Item = Part> + Send>).peekable(),
            started: VecDeque::new(),
            tasks: JoinSet::new(),
            ahead: 0,
            memory_budget,
            concurrency,
            verification,
            response: object.response.clone(),
            is_verified: Arc::clone(&is_verified),
            cancellation,
            meter,
        };
        let name = transfer.clone();
        let chunks = try_unfold(Box::new(reading), move |mut reading| {
            let name = name.clone();
            async move {
                let next = reading.next().await.map_err(|error| error.in_transfer(&name))?;
                Ok(next.map(|bytes| (bytes, reading)))
            }
        });
        Ok(ObjectStream {
            object,
            size,
            reader: ChunkReader::new(chunks.boxed()),
            remaining: layout.size,
            parts: layout.count(),
            requests,
            is_verified,
            transfer,
        })
    }
}

impl Reading {
    /// Returns the next bytes, or `None` at the end if the bytes are not corrupt.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let cancellation = self.cancellation.clone();
        cancellation.unless_cancelled(self.next_unless_cancelled()).await
    }

    async fn next_unless_cancelled(&mut self) -> Result<Option<Bytes>> {
        loop {
            while let Some(ended) = self.tasks.try_join_next() {
                self.check(ended)?;
            }
            self.start_ranges();
            let Some(part) = self.started.front_mut() else {
                // The next part is started when a task has ended.
                match self.tasks.join_next().await {
                    Some(ended) => self.check(ended)?,
                    None => return self.verify().await.map(|()| None),
                }
                continue;
            };
            if part.unread == 0 {
                self.started.pop_front();
                continue;
            }
            let Some(bytes) = part.chunks.recv().await else {
                // The task has failed. Its error is the next result.
                match self.tasks.join_next().await {
                    Some(ended) => self.check(ended)?,
                    None => return Err(Error::new(ErrorKind::Body, "a range ended before its last byte")),
                }
                continue;
            };
            part.unread -= bytes.len() as u64;
            self.ahead -= bytes.len() as u64;
            if let Some(Verification { in_order: Some(in_order), .. }) = &mut self.verification {
                in_order.add(bytes.clone()).await?;
            }
            if self.ahead == 0 && self.waiting.peek().is_none() {
                // A reader that knows the size may not read beyond the last byte, so this is the end.
                while let Some(ended) = self.tasks.join_next().await {
                    self.check(ended)?;
                }
                self.verify().await?;
            }
            return Ok(Some(bytes));
        }
    }

    /// Keeps the response of a task that has ended. Returns its error if it failed.
    fn check(&mut self, ended: std::result::Result<Result<Option<ResponseInfo>>, JoinError>) -> Result<()> {
        if let Some(response) = ended.map_err(stopped).flatten()? {
            self.response = response;
        }
        Ok(())
    }

    /// Starts to fetch the next parts, as far as the memory budget and the concurrency allow it.
    fn start_ranges(&mut self) {
        while self.tasks.len() < self.concurrency
            && let Some(fetcher) = self.fetcher.clone()
            && let Some(part) = self.waiting.next_if(|part| self.ahead + part.len() <= self.memory_budget)
        {
            let (reader, chunks) = mpsc::unbounded_channel();
            self.ahead += part.len();
            self.started.push_back(StartedPart { chunks, unread: part.len() });
            self.tasks.spawn(fetcher.fetch(part, Some(reader)).in_current_span());
        }
    }

    /// Verifies the bytes after all of them were received.
    async fn verify(&mut self) -> Result<()> {
        let Some(fetcher) = self.fetcher.take() else { return Ok(()) };
        let (call, requests) = (fetcher.call_name(), fetcher.requests.load(Ordering::Relaxed));
        drop(fetcher);
        if let Some(Verification { expected, processing, in_order }) = self.verification.take() {
            if let Some(mut in_order) = in_order {
                in_order.flush().await?;
            }
            // The task that hashes ends now, because no other task can send bytes to it.
            let verdict = expected.verify(&processing.finish().await?);
            let is_verified = verdict.check(&self.response, &call, requests)?;
            self.is_verified.store(is_verified, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.meter.finish();
    }
}

impl ObjectStream {
    /// Returns the headers of the object, such as ETag, content type and metadata.
    pub fn object(&self) -> &HeadObjectOutput {
        &self.object
    }

    /// Returns the size of the object in bytes, also if only a [`range`](Download::range) of it is read.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the number of bytes that were not read yet.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Returns true if all bytes were returned and have the digest in the ETag. See
    /// [`Downloaded::is_verified`]. A [`range`](Download::range) is never verified.
    pub fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Relaxed)
    }

    /// Returns the next bytes, or `None` at the end.
    ///
    /// If the future is dropped, no bytes are lost.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::UnexpectedResponse`] if a response is not the requested range of the same object, or, instead of the
    ///   last bytes, if the bytes do not have the digest in the ETag.
    /// * [`ErrorKind::Cancelled`] after a cancellation.
    /// * The errors of the operation `GetObject`. [`Error::is_precondition_failed`] is true if the object has changed.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    /// Reads the rest of the stream into memory. The memory is allocated once.
    ///
    /// # Errors
    ///
    /// As for [`next`](ObjectStream::next), and [`ErrorKind::Body`] if there is not enough memory.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut all = Vec::new();
        usize::try_from(self.remaining())
            .map_err(io::Error::other)
            .and_then(|length| Ok(all.try_reserve_exact(length)?))
            .map_err(|error| {
                let message = format!("there is no memory for {} bytes: read them with `next`", self.remaining());
                Error::new(ErrorKind::Body, message).with_source(error).in_transfer(&self.transfer)
            })?;
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let next = ready!(Pin::new(&mut self.reader).poll_next(context));
        if let Some(Ok(bytes)) = &next {
            self.remaining -= bytes.len() as u64;
        }
        Poll::Ready(next)
    }
}

impl Stream for ObjectStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(context)
    }
}

impl AsyncBufRead for ObjectStream {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().reader).poll_fill_buf(context)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let this = self.get_mut();
        this.remaining -= count as u64;
        Pin::new(&mut this.reader).consume(count);
    }
}

impl AsyncRead for ObjectStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.reader).poll_read(context, buffer);
        this.remaining -= (buffer.filled().len() - before) as u64;
        outcome
    }
}

impl fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStream").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}
