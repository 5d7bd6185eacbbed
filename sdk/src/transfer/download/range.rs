//! Fetches ranges of an object.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::mpsc;

use super::partial_file::PartialFile;
use super::processing::{Collector, Processor, Received};
use crate::Bucket;
use crate::body::{BodyProgress, ResponseBody};
use crate::client::{Attempts, can_retry_range};
use crate::error::{CallName, Error, ErrorKind, Result};
use crate::generated::operations::{GetObjectInput, GetObjectOutput};
use crate::operation::ResponseInfo;
use crate::transfer::object_snapshot::ObjectSnapshot;
use crate::transfer::part_size::Part;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::tasks::run_blocking;
use crate::value::{ContentRange, escape};

/// Minimum length of received bytes that are kept without a copy. hyper receives into buffers of 8 to 408 KiB, which stay
/// in memory as a whole while a part of them is used. With 256 KiB, a stream took 8 % more CPU time, and its peaks with a
/// slow reader were 86 to 96 instead of 89 to 110 MiB (Linux, two cores, 2026-11-29).
const MIN_SHARED: usize = 64 << 10;

/// Fetches the ranges of one object.
pub(super) struct RangeFetcher {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// Input of `GetObject` for the whole object. Each request adds its range.
    pub(super) input: GetObjectInput,
    pub(super) snapshot: ObjectSnapshot,
    pub(super) size: u64,
    /// Writes and hashes the received bytes. `None` if they are only passed to a reader.
    pub(super) processor: Option<Processor>,
    /// File that the bytes are written to, and whose journal lists the finished parts. `None` if there is a reader.
    pub(super) file: Option<Arc<PartialFile>>,
    /// Receives the parts that were written to the file.
    pub(super) completed: Option<mpsc::UnboundedSender<Range<u64>>>,
    pub(super) meter: Arc<Meter>,
    /// Number of requests that were sent, including failed ones.
    pub(super) requests: Arc<AtomicU32>,
}

/// Receives the bytes of one part in their order.
pub(super) type Reader = mpsc::UnboundedSender<Bytes>;

impl RangeFetcher {
    /// Fetches one part, and returns its last response. After a transient error, fetches only the rest of the part.
    ///
    /// The bytes are passed to `reader`, if there is one. The retry policy limits the number of consecutive attempts that
    /// receive no further bytes.
    pub(super) async fn fetch(self: Arc<Self>, part: Part, reader: Option<Reader>) -> Result<Option<ResponseInfo>> {
        let meter = PartMeter::new(&self.meter);
        let mut attempt = meter.start_attempt();
        let mut attempts = self.bucket.attempts();
        let begin = Received { position: part.bytes.start, checksum: 0 };
        let (mut received, mut furthest) = (begin, begin.position);
        let (mut requests, mut response) = (0, None);
        while received.position < part.bytes.end {
            let outcome = self.get(&mut attempts, received.position..part.bytes.end).await;
            let sent = outcome.as_ref().map_or_else(Error::attempts, |object| object.response.attempts);
            requests += sent;
            self.requests.fetch_add(sent, Ordering::Relaxed);
            let (error, is_in_body) = match outcome {
                Ok(object) => {
                    let info = response.insert(object.response.clone());
                    let output = (reader.as_ref(), &mut received);
                    match self.receive(object.body, info, part.bytes.end, output, (&meter, attempt)).await {
                        Ok(()) => continue,
                        Err(error) => (error, true),
                    }
                }
                Err(error) => (error, false),
            };
            let error = error.with_attempts(requests);
            if !can_retry_range(&error, is_in_body) {
                return Err(error);
            }
            if error.is_unexpected_response() {
                if reader.is_none() {
                    // The bytes that earlier responses returned for this part may belong to another object too.
                    received = begin;
                    attempt = meter.start_attempt();
                } else if received.position > begin.position && self.snapshot.if_match.is_none() {
                    return Err(error);
                }
            } else if received.position > furthest {
                furthest = received.position;
                attempts.reset();
            }
            attempts.pause(error).await?;
        }
        if let Some(file) = self.file.clone() {
            run_blocking(move || file.record(part.number, received.checksum)).await?;
        }
        if let Some(completed) = &self.completed {
            // Without a receiver, the download has failed.
            let _ = completed.send(part.bytes);
        }
        meter.finish();
        Ok(response)
    }

    /// Requests a range, and checks that the response is this range of the same object.
    async fn get<'a>(&'a self, attempts: &mut Attempts<'a>, bytes: Range<u64>) -> Result<GetObjectOutput> {
        let is_whole = bytes.start == 0 && bytes.end == self.size;
        let range = (!is_whole).then(|| bytes.clone().into());
        let input = GetObjectInput { range, ..self.input.clone() };
        let object = self.bucket.send_object_within(attempts, &self.key, input).await?;
        match self.mismatch(&object, &bytes, is_whole) {
            Some(mismatch) => Err(self.unexpected(&object.response, &mismatch)),
            None => Ok(object),
        }
    }

    /// Passes the bytes of a response to the reader and the processor, and moves the position behind them.
    ///
    /// If the body ends with an error, this includes the bytes that arrived before it.
    async fn receive(
        &self,
        mut body: ResponseBody,
        response: &ResponseInfo,
        end: u64,
        (reader, received): (Option<&Reader>, &mut Received),
        (meter, attempt): (&PartMeter, u32),
    ) -> Result<()> {
        let mut collector = Collector::new(self.processor.clone(), *received);
        let outcome = loop {
            match body.next().await {
                Ok(Some(bytes)) => {
                    let length = bytes.len() as u64;
                    if collector.end() + length > end {
                        break Err(self.unexpected(response, "it has more bytes than the requested range"));
                    }
                    meter.on_sent(attempt, length);
                    let bytes = if bytes.len() < MIN_SHARED { Bytes::copy_from_slice(&bytes) } else { bytes };
                    if let Some(reader) = reader {
                        // If the reader was dropped, this task is stopped soon.
                        let _ = reader.send(bytes.clone());
                    }
                    if let Some(pause) = meter.delay_after(length) {
                        tokio::time::sleep(pause).await;
                    }
                    collector.add(bytes).await?;
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        collector.flush().await?;
        *received = collector.received;
        outcome?;
        if received.position < end {
            let message = "the response ended before the end of the requested range";
            return Err(Error::new(ErrorKind::Connection, message).with_call(&self.call_name()));
        }
        Ok(())
    }

    /// Describes why a response is not the requested range of the same object. Returns `None` if it is.
    fn mismatch(&self, object: &GetObjectOutput, requested: &Range<u64>, is_whole: bool) -> Option<String> {
        if let Some(difference) = self.snapshot.difference(object) {
            return Some(difference);
        }
        let length = requested.end - requested.start;
        if let Some(announced) = object.content_length.filter(|announced| *announced != length) {
            return Some(format!("its length is {announced} bytes and not {length}"));
        }
        if is_whole && object.response.status == StatusCode::OK {
            return None;
        }
        let expected = ContentRange { bytes: requested.clone(), size: Some(self.size) };
        match object.content_range.as_deref() {
            Some(range) if ContentRange::parse(range).as_ref() == Some(&expected) => None,
            Some(range) => Some(format!("its Content-Range is {range} and not {expected}")),
            None => Some("it has no Content-Range".to_owned()),
        }
    }

    fn unexpected(&self, response: &ResponseInfo, mismatch: &str) -> Error {
        let message = format!("the response is not the requested range: {}", escape(mismatch));
        response.unexpected(message).with_call(&self.call_name())
    }

    pub(super) fn call_name(&self) -> CallName {
        self.bucket.call_name("GetObject", &self.key)
    }
}
