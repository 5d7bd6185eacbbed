//! Fetches one range of an object into its place in a file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::partial_file::PartialFile;
use crate::Bucket;
use crate::body::BodyProgress;
use crate::client::{Attempts, can_retry_range};
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::{GetObjectInput, GetObjectOutput};
use crate::transfer::part_size::Part;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::tasks::run_blocking;

/// Number of bytes that are written at once.
const WRITE_SIZE: usize = 256 << 10;

/// Object that is downloaded, and the file that it is written to.
pub(super) struct RangeFetcher {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// Input of `GetObject` without a range.
    pub(super) input: GetObjectInput,
    pub(super) size: u64,
    pub(super) file: Arc<PartialFile>,
    pub(super) meter: Arc<Meter>,
    pub(super) attempts: AtomicU32,
}

impl RangeFetcher {
    /// Fetches one range, and continues after failures as long as bytes arrive.
    pub(super) async fn fetch(&self, part: &Part) -> Result<()> {
        let meter = PartMeter::new(&self.meter);
        let mut attempt = meter.start_attempt();
        let mut attempts = self.bucket.attempts();
        let (mut position, mut furthest) = (part.bytes.start, part.bytes.start);
        while position < part.bytes.end {
            let (error, is_in_body) = match self.get(&mut attempts, position..part.bytes.end).await {
                Ok(object) => match self.receive(object, part.bytes.end, &mut position, (&meter, attempt)).await {
                    Ok(()) => continue,
                    Err(error) => (error, true),
                },
                Err(error) => (error, false),
            };
            if !can_retry_range(&error, is_in_body) {
                return Err(error);
            }
            if error.is_unexpected_response() {
                // The bytes before may have come from the wrong object, too.
                position = part.bytes.start;
                attempt = meter.start_attempt();
            } else if position > furthest {
                furthest = position;
                attempts.reset();
            }
            attempts.pause(error).await?;
        }
        let (file, number) = (Arc::clone(&self.file), part.number);
        run_blocking(move || file.record(number)).await?;
        meter.finish();
        Ok(())
    }

    async fn get<'a>(&'a self, attempts: &mut Attempts<'a>, bytes: Range<u64>) -> Result<GetObjectOutput> {
        let is_whole = bytes.start == 0 && bytes.end == self.size;
        let range = (!is_whole).then(|| format!("bytes={}-{}", bytes.start, bytes.end - 1));
        let input = GetObjectInput { range, ..self.input.clone() };
        let outcome = self.bucket.send_object_within(attempts, &self.key, input).await;
        let requests = outcome.as_ref().map_or_else(Error::attempts, |output| output.response.attempts);
        self.attempts.fetch_add(requests, Ordering::Relaxed);
        let object = outcome?;
        match self.mismatch(&object, &bytes, is_whole) {
            Some(mismatch) => Err(self.unexpected(&mismatch)),
            None => Ok(object),
        }
    }

    /// Writes the bytes of a response, and advances `position` past them.
    async fn receive(
        &self,
        mut object: GetObjectOutput,
        end: u64,
        position: &mut u64,
        (meter, attempt): (&PartMeter, u32),
    ) -> Result<()> {
        let mut waiting = BytesMut::new();
        let received = loop {
            match object.body.chunk().await {
                Ok(Some(bytes)) => {
                    if *position + (waiting.len() + bytes.len()) as u64 > end {
                        return Err(self.unexpected("it has more bytes than the requested range"));
                    }
                    meter.on_sent(attempt, bytes.len() as u64);
                    let pause = meter.delay_after(bytes.len() as u64);
                    waiting.extend_from_slice(&bytes);
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if waiting.len() >= WRITE_SIZE {
                self.write(waiting.split().freeze(), position).await?;
            }
        };
        self.write(waiting.freeze(), position).await?;
        received?;
        if *position < end {
            return Err(Error::new(ErrorKind::Connection, "the response ended before the requested range did"));
        }
        Ok(())
    }

    async fn write(&self, bytes: Bytes, position: &mut u64) -> Result<()> {
        let (file, offset, length) = (Arc::clone(&self.file), *position, bytes.len() as u64);
        run_blocking(move || file.write_at(&bytes, offset)).await?;
        *position += length;
        Ok(())
    }

    /// Returns the difference if a response is not the requested range of the same object.
    fn mismatch(&self, object: &GetObjectOutput, asked: &Range<u64>, is_whole: bool) -> Option<String> {
        if let (Some(pinned), Some(etag)) = (&self.input.if_match, &object.etag)
            && pinned != etag
        {
            return Some(format!("its ETag is {etag} and not {pinned}"));
        }
        let length = asked.end - asked.start;
        if let Some(announced) = object.content_length.filter(|announced| *announced != length) {
            return Some(format!("{announced} bytes and not {length}"));
        }
        if is_whole && object.response.status == StatusCode::OK {
            return None;
        }
        let expected = format!("bytes {}-{}/{}", asked.start, asked.end - 1, self.size);
        match object.content_range.as_deref() {
            Some(range) if range == expected => None,
            Some(range) => Some(format!("{range} and not {expected}")),
            None => Some("it has no Content-Range".to_owned()),
        }
    }

    fn unexpected(&self, mismatch: &str) -> Error {
        Error::unexpected_response(format!(
            "the response for key {:?} is not the requested range: {mismatch}",
            self.key
        ))
    }
}
