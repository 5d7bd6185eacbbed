//! Fetches ranges of an object and writes them to the partial file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::partial_file::PartialFile;
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
use crate::value::escape;

/// Number of bytes that are collected before they are written to the file.
const WRITE_SIZE: usize = 256 << 10;

/// Fetches the ranges of one object into one file.
pub(super) struct RangeFetcher {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// Input of `GetObject` for the whole object. Each request adds its range.
    pub(super) input: GetObjectInput,
    pub(super) snapshot: ObjectSnapshot,
    pub(super) size: u64,
    pub(super) file: Arc<PartialFile>,
    pub(super) meter: Arc<Meter>,
    /// Number of requests that were sent, including failed ones.
    pub(super) requests: Arc<AtomicU32>,
}

/// Progress of the part that is fetched.
#[derive(Clone, Copy)]
struct Written {
    /// Offset in the object at which the next byte is written.
    position: u64,
    /// CRC-32C of the bytes of the part before `position`. It is computed from memory, so it reveals bytes that the
    /// disk lost.
    checksum: u32,
}

impl Written {
    fn new(part: &Part) -> Self {
        Self { position: part.bytes.start, checksum: 0 }
    }
}

impl RangeFetcher {
    /// Fetches one part, and returns its last response. After a transient error, fetches only the rest of the part.
    ///
    /// The retry policy limits the number of consecutive attempts that receive no further bytes.
    pub(super) async fn fetch(self: Arc<Self>, part: Part) -> Result<Option<ResponseInfo>> {
        let meter = PartMeter::new(&self.meter);
        let mut attempt = meter.start_attempt();
        let mut attempts = self.bucket.attempts();
        let (mut written, mut furthest) = (Written::new(&part), part.bytes.start);
        let (mut requests, mut response) = (0, None);
        while written.position < part.bytes.end {
            let outcome = self.get(&mut attempts, written.position..part.bytes.end).await;
            let sent = outcome.as_ref().map_or_else(Error::attempts, |object| object.response.attempts);
            requests += sent;
            self.requests.fetch_add(sent, Ordering::Relaxed);
            let (error, is_in_body) = match outcome {
                Ok(object) => {
                    let info = response.insert(object.response.clone());
                    match self.receive(object.body, info, part.bytes.end, &mut written, (&meter, attempt)).await {
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
                // The bytes that earlier responses returned for this part may belong to another object too.
                written = Written::new(&part);
                attempt = meter.start_attempt();
            } else if written.position > furthest {
                furthest = written.position;
                attempts.reset();
            }
            attempts.pause(error).await?;
        }
        let (file, number) = (Arc::clone(&self.file), part.number);
        run_blocking(move || file.record(number, written.checksum)).await?;
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

    /// Writes the bytes of a response to the file, and adds them to `written`.
    ///
    /// If the body ends with an error, the bytes that arrived before it are written too.
    async fn receive(
        &self,
        mut body: ResponseBody,
        response: &ResponseInfo,
        end: u64,
        written: &mut Written,
        (meter, attempt): (&PartMeter, u32),
    ) -> Result<()> {
        let mut unwritten = BytesMut::new();
        let received = loop {
            match body.next().await {
                Ok(Some(bytes)) => {
                    if written.position + (unwritten.len() + bytes.len()) as u64 > end {
                        return Err(self.unexpected(response, "it has more bytes than the requested range"));
                    }
                    meter.on_sent(attempt, bytes.len() as u64);
                    let pause = meter.delay_after(bytes.len() as u64);
                    unwritten.extend_from_slice(&bytes);
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if unwritten.len() >= WRITE_SIZE {
                self.write(unwritten.split().freeze(), written).await?;
            }
        };
        self.write(unwritten.freeze(), written).await?;
        received?;
        if written.position < end {
            let message = "the response ended before the end of the requested range";
            return Err(Error::new(ErrorKind::Connection, message).with_call(&self.call_name()));
        }
        Ok(())
    }

    async fn write(&self, bytes: Bytes, written: &mut Written) -> Result<()> {
        let (file, Written { position, checksum }) = (Arc::clone(&self.file), *written);
        let writing = run_blocking(move || {
            file.write_at(&bytes, position)?;
            let checksum = crc32c::crc32c_append(checksum, &bytes);
            Ok(Written { position: position + bytes.len() as u64, checksum })
        });
        *written = writing.await?;
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
        let expected = format!("bytes {}-{}/{}", requested.start, requested.end - 1, self.size);
        match object.content_range.as_deref() {
            Some(range) if range == expected => None,
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
