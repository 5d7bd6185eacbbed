//! One range of an object, into its place in a file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::partial::PartialFile;
use crate::body::Observer;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::plan::PlannedPart;
use crate::transfer::progress::{Meter, PartMeter};
use crate::transfer::tasks::stopped;
use crate::{Bucket, GetObjectInput, GetObjectOutput};

/// What is written at once.
const PIECE: usize = 256 << 10;

/// What is fetched, and where to.
pub(super) struct Fetch {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// Without its range.
    pub(super) input: GetObjectInput,
    pub(super) size: u64,
    pub(super) file: Arc<PartialFile>,
    pub(super) meter: Arc<Meter>,
    pub(super) attempts: AtomicU32,
}

impl Fetch {
    pub(super) async fn part(&self, part: &PlannedPart) -> Result<()> {
        let meter = PartMeter::new(&self.meter);
        let mut there = part.bytes.start;
        let mut failures = 0;
        while there < part.bytes.end {
            let before = there;
            // What the client could try again by itself, it has.
            let object = self.ask(there..part.bytes.end).await?;
            match self.receive(object, part.bytes.end, &mut there, &meter).await {
                Ok(()) => {}
                Err(error) if !may_pass(&error) => return Err(error),
                Err(error) => {
                    // What moves is not given up, however often it breaks.
                    failures = if there > before { 1 } else { failures + 1 };
                    if failures >= self.bucket.retry().most_attempts() {
                        return Err(error);
                    }
                    tracing::debug!(key = self.key, part = part.number, %error, "fetching the rest of the range");
                    tokio::time::sleep(self.bucket.retry().backoff(failures)).await;
                }
            }
        }
        let (file, number, length) = (Arc::clone(&self.file), part.number, part.bytes.end - part.bytes.start);
        tokio::task::spawn_blocking(move || file.note(number, length)).await.map_err(stopped)??;
        meter.finish();
        Ok(())
    }

    async fn ask(&self, bytes: Range<u64>) -> Result<GetObjectOutput> {
        let is_whole = bytes.start == 0 && bytes.end == self.size;
        let range = (!is_whole).then(|| format!("bytes={}-{}", bytes.start, bytes.end - 1));
        let input = GetObjectInput { range, ..self.input.clone() };
        let outcome = self.bucket.get_object(&self.key, input).await;
        let attempts = outcome.as_ref().map_or_else(Error::attempts, |output| output.response.attempts);
        self.attempts.fetch_add(attempts, Ordering::Relaxed);
        let object = outcome?;
        self.check_range(&object, bytes.start, bytes.end, is_whole)?;
        Ok(object)
    }

    /// Fetches from where it is to the end, or as far as it goes.
    async fn receive(&self, mut object: GetObjectOutput, end: u64, there: &mut u64, meter: &PartMeter) -> Result<()> {
        let mut waiting = BytesMut::new();
        let received = loop {
            match object.body.chunk().await {
                Ok(Some(bytes)) => {
                    if *there + (waiting.len() + bytes.len()) as u64 > end {
                        return Err(Error::unexpected_response("more bytes came than the range has"));
                    }
                    meter.sent(bytes.len() as u64);
                    let pause = meter.pause_after(bytes.len() as u64);
                    waiting.extend_from_slice(&bytes);
                    if let Some(pause) = pause {
                        tokio::time::sleep(pause).await;
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            if waiting.len() >= PIECE {
                self.write(waiting.split().freeze(), there).await?;
            }
        };
        self.write(waiting.freeze(), there).await?;
        received?;
        if *there < end {
            return Err(Error::new(ErrorKind::Connection, "the answer ended before the range did"));
        }
        Ok(())
    }

    async fn write(&self, bytes: Bytes, there: &mut u64) -> Result<()> {
        let (file, offset, length) = (Arc::clone(&self.file), *there, bytes.len() as u64);
        tokio::task::spawn_blocking(move || file.write_at(&bytes, offset)).await.map_err(stopped)??;
        *there += length;
        Ok(())
    }

    /// A server that passes over the range, or means another object, must not go unnoticed.
    fn check_range(&self, object: &GetObjectOutput, start: u64, end: u64, is_whole: bool) -> Result<()> {
        if let (Some(pinned), Some(etag)) = (&self.input.if_match, &object.etag)
            && pinned != etag
        {
            return Err(changed(&format!("its ETag is {etag} and not {pinned}")));
        }
        if is_whole && object.response.status == StatusCode::OK {
            return match object.content_length {
                Some(length) if length != self.size => Err(changed(&format!("{length} bytes and not {}", self.size))),
                _ => Ok(()),
            };
        }
        let expected = format!("bytes {start}-{}/{}", end - 1, self.size);
        match object.content_range.as_deref() {
            Some(range) if range == expected => Ok(()),
            Some(range) => Err(changed(&format!("{range} and not {expected}"))),
            None => Err(Error::unexpected_response("the server does not say which range it sends")),
        }
    }
}

fn changed(difference: &str) -> Error {
    Error::unexpected_response(format!("the object is not what it was when the download began: {difference}"))
}

/// Whether asking again for the rest may help.
fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout)
}
