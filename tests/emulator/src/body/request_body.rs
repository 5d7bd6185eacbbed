//! Bodies of requests. Data is stored in a segment, JSON is read into memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use md5::{Digest, Md5};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::BodyFault;
use crate::clock::Moment;
use crate::connection::Connection;
use crate::error::{Code, Error};
use crate::limits::{MAX_BODY, MAX_JSON};
use crate::store::{SegmentWriter, Store, Stored};

/// Maximum number of bytes that are read and discarded after an error so that the connection can be used again.
const MAX_DRAIN: u64 = 256 * 1024;
/// Maximum time for which a response is delayed to discard a body.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);
/// Minimum number of bytes that are hashed and written at once on another thread.
const BATCH_BYTES: usize = 512 * 1024;
/// Maximum number of chunks in a batch. A small chunk can keep a much larger buffer in memory.
const BATCH_CHUNKS: usize = 256;

/// The body of a request, with the fault that is injected into it.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Incoming,
    connection: Arc<Connection>,
    received: u64,
    /// True if the end was read. hyper does not report the end of a chunked body before it is read.
    is_ended: bool,
    expects_continue: bool,
    md5: Result<Option<[u8; 16]>, Error>,
    fault: Option<BodyFault>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, headers: &HeaderMap, connection: Arc<Connection>) -> Self {
        Self {
            incoming,
            connection,
            received: 0,
            is_ended: false,
            expects_continue: headers.contains_key("expect"),
            md5: declared_md5(headers),
            fault: None,
        }
    }

    /// Returns the number of bytes that have not been received. `None` for a chunked body.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// Returns true if the request has a Content-MD5.
    pub(crate) fn has_md5(&self) -> bool {
        !matches!(self.md5, Ok(None))
    }

    /// Injects a fault into the rest of the body.
    pub(crate) fn inject(&mut self, fault: Option<BodyFault>) {
        if let Some(BodyFault::Limit(limiter)) = &fault {
            self.connection.limit_reads(limiter.chunk_size());
        }
        self.fault = fault;
    }

    /// Reads and discards the rest of the body. Stops at an error.
    pub(crate) async fn discard(&mut self) {
        while let Some(Ok(_)) = self.next_chunk().await {}
    }

    /// Stores the body in a segment and compares its MD5 with Content-MD5.
    pub(crate) async fn store(&mut self, store: &Arc<Store>, now: Moment) -> Result<Stored, Error> {
        let md5 = self.take_md5()?;
        if self.remaining().is_some_and(|length| length > MAX_BODY) {
            return Err(too_large(MAX_BODY));
        }
        let mut writer = BackgroundWriter::new(store);
        while let Some(bytes) = self.next(MAX_BODY).await? {
            writer.write(bytes).await?;
        }
        let stored = writer.finish(now).await?;
        check_md5(md5, stored.md5)?;
        Ok(stored)
    }

    /// Reads the whole body into memory and compares its MD5 with Content-MD5.
    pub(crate) async fn json_bytes(&mut self) -> Result<Vec<u8>, Error> {
        let md5 = self.take_md5()?;
        let mut whole = Vec::new();
        while let Some(bytes) = self.next(MAX_JSON).await? {
            whole.extend_from_slice(&bytes);
        }
        if md5.is_some() {
            check_md5(md5, Md5::digest(&whole).into())?;
        }
        Ok(whole)
    }

    /// Reads and discards the rest of the body if it is small. Returns true if the whole body was read, so that the
    /// connection can be used for another request.
    pub(crate) async fn drain(mut self) -> bool {
        if self.is_ended || self.incoming.is_end_stream() {
            return true;
        }
        // If the client waits for `100 Continue`, reading would make hyper send it.
        if self.expects_continue || self.remaining().is_none_or(|bytes| bytes > MAX_DRAIN) {
            return false;
        }
        let _ = timeout(DRAIN_TIMEOUT, self.discard()).await;
        self.is_ended
    }

    /// Returns the next bytes, or `None` at the end. Refuses a body of more than `limit` bytes.
    pub(crate) async fn next(&mut self, limit: u64) -> Result<Option<Bytes>, Error> {
        let Some(bytes) = self.next_chunk().await else {
            return Ok(None);
        };
        let bytes = bytes.map_err(|_| Error::new(Code::IncompleteBody, "the body ended before its declared length"))?;
        if self.received > limit {
            return Err(too_large(limit));
        }
        Ok(Some(bytes))
    }

    /// Returns the next bytes, which are not empty, or `None` at the end. Applies the injected fault.
    async fn next_chunk(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        while !self.is_ended {
            self.interrupt().await;
            let bytes = match self.incoming.frame().await {
                None => {
                    self.is_ended = true;
                    break;
                }
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(frame)) => frame.into_data().ok().filter(|bytes| !bytes.is_empty()),
            };
            if let Some(mut bytes) = bytes {
                let start = self.received;
                self.received += bytes.len() as u64;
                self.connection.count_received(bytes.len());
                match &self.fault {
                    Some(BodyFault::Limit(limiter)) => limiter.transfer(bytes.len()).await,
                    Some(fault) => bytes = fault.flip_bit(bytes, start),
                    None => {}
                }
                self.interrupt().await;
                return Some(Ok(bytes));
            }
        }
        None
    }

    /// Resets or stalls the connection if the fault's position has been reached.
    async fn interrupt(&mut self) {
        match self.fault {
            Some(BodyFault::End { after }) if self.received >= after => self.connection.reset().await,
            Some(BodyFault::Stall { after, lasts }) if self.received >= after => {
                self.connection.stall(lasts).await;
                self.fault = None;
            }
            _ => {}
        }
    }

    fn take_md5(&mut self) -> Result<Option<[u8; 16]>, Error> {
        std::mem::replace(&mut self.md5, Ok(None))
    }
}

/// Writes a segment in batches. While one batch is hashed and written on another thread, the next one is collected. No
/// third batch is read from the connection meanwhile.
#[derive(Debug)]
pub(crate) struct BackgroundWriter {
    /// The idle writer. `None` while `task` uses it.
    writer: Option<SegmentWriter>,
    task: Option<JoinHandle<io::Result<SegmentWriter>>>,
    batch: Vec<Bytes>,
    batch_bytes: usize,
}

impl BackgroundWriter {
    pub(crate) fn new(store: &Arc<Store>) -> Self {
        let writer = Some(SegmentWriter::new(Arc::clone(store)));
        Self { writer, task: None, batch: Vec::new(), batch_bytes: 0 }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.batch_bytes += bytes.len();
        self.batch.push(bytes);
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_CHUNKS {
            let mut writer = self.idle_writer().await?;
            let batch = std::mem::take(&mut self.batch);
            self.batch_bytes = 0;
            self.task = Some(spawn_blocking(move || writer.append(&batch).map(|()| writer)));
        }
        Ok(())
    }

    pub(crate) async fn finish(mut self, now: Moment) -> Result<Stored, Error> {
        let mut writer = self.idle_writer().await?;
        let finish = move || {
            if !self.batch.is_empty() {
                writer.append(&self.batch)?;
            }
            writer.finish(now)
        };
        Ok(spawn_blocking(finish).await.map_err(io::Error::other)??)
    }

    /// Waits until the last batch is written and returns the writer.
    async fn idle_writer(&mut self) -> io::Result<SegmentWriter> {
        match (self.writer.take(), self.task.take()) {
            (Some(writer), _) => Ok(writer),
            (None, Some(task)) => task.await.map_err(io::Error::other)?,
            (None, None) => Err(io::Error::other("an earlier write failed")),
        }
    }
}

/// Parses Content-MD5. QingStor documents base64, and an official test sends 32 hex digits.
fn declared_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Error> {
    let Some(value) = headers.get("content-md5").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let bytes = if text.len() == 32 {
        u128::from_str_radix(text, 16).ok().map(|number| number.to_be_bytes().to_vec())
    } else {
        STANDARD.decode(text).ok()
    };
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(Some)
        .ok_or_else(|| Error::new(Code::BadDigest, "Content-MD5 is neither 16 bytes in base64 nor 32 hex digits"))
}

fn check_md5(declared: Option<[u8; 16]>, actual: [u8; 16]) -> Result<(), Error> {
    if declared.is_none_or(|declared| declared == actual) {
        return Ok(());
    }
    let message = format!("Content-MD5 differs from the MD5 of the body, {}", STANDARD.encode(actual));
    Err(Error::new(Code::BadDigest, message))
}

pub(crate) fn too_large(limit: u64) -> Error {
    Error::new(Code::EntityTooLarge, format!("the body has more than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(value: &str) -> Result<Option<[u8; 16]>, Code> {
        let mut headers = HeaderMap::new();
        headers.insert("content-md5", value.parse().unwrap());
        declared_md5(&headers).map_err(|error| error.code)
    }

    #[test]
    fn accepts_content_md5_in_base64_and_hex() {
        let empty = [0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e];
        assert_eq!(declared("1B2M2Y8AsgTpgAmY7PhCfg=="), Ok(Some(empty)));
        assert_eq!(declared("d41d8cd98f00b204e9800998ecf8427e"), Ok(Some(empty)));
        assert_eq!(declared(""), Ok(None));
        assert_eq!(declared("AAAA"), Err(Code::BadDigest));
        assert_eq!(declared("not a digest"), Err(Code::BadDigest));
        assert_eq!(check_md5(None, empty).map_err(|error| error.code), Ok(()));
        assert!(check_md5(Some([0; 16]), empty).is_err());
    }
}
