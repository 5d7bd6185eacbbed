//! Bodies of requests: to disk in large pieces, or into memory where they are JSON.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use md5::{Digest, Md5};
use tokio::time::timeout;

use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::faults::{Hit, Intake};
use crate::limits;
use crate::receive::{Batch, Receiver};
use crate::store::{Received, Store};

/// What is read and thrown away so that a refused request does not cost its connection.
const DRAIN: u64 = 256 * 1024;
/// How long the answer waits for that.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// The body of a request, which may not have been read yet.
#[derive(Debug)]
pub(crate) struct Payload {
    intake: Intake,
    declared: Option<u64>,
    read: u64,
    /// Whether the end was seen. The connection itself does not tell that of a body in chunks.
    ended: bool,
    expects_continue: bool,
    md5: Result<Option<[u8; 16]>, Error>,
}

impl Payload {
    pub(crate) fn new(intake: Intake, headers: &HeaderMap) -> Self {
        Self {
            declared: intake.length(),
            intake,
            read: 0,
            ended: false,
            expects_continue: headers.contains_key("expect"),
            md5: declared_md5(headers),
        }
    }

    /// Whether there is one, or may be one.
    pub(crate) fn is_expected(&self) -> bool {
        self.declared != Some(0)
    }

    /// From here on, what the fault does to the bodies of requests happens to this one.
    pub(crate) fn misbehave(&mut self, hit: &Hit) {
        self.intake.misbehave(hit.on_receive(self.declared));
    }

    /// Reads it to its end, however that comes, and throws it away.
    pub(crate) async fn discard(&mut self) {
        while let Some(Ok(_)) = self.intake.next().await {}
    }

    /// Receives the body as a segment. While one batch is digested and written, the next one is collected; more is
    /// not taken from the connection.
    pub(crate) async fn store(&mut self, store: &Arc<Store>, now: Moment) -> Result<Received, Error> {
        let md5 = self.take_md5()?;
        if self.declared.is_some_and(|length| length > limits::BODY) {
            return Err(too_large(limits::BODY));
        }
        let mut receiver = Receiver::new(store);
        loop {
            let batch = self.batch(limits::BODY).await?;
            if batch.is_empty() {
                break;
            }
            receiver = receiver.write(batch).await?;
        }
        let received = receiver.finish(now).await?;
        check_md5(md5, received.md5)?;
        Ok(received)
    }

    /// Receives a body that has to be understood as a whole.
    pub(crate) async fn json(&mut self) -> Result<Vec<u8>, Error> {
        let md5 = self.take_md5()?;
        let mut whole = Vec::new();
        loop {
            let batch = self.batch(limits::JSON).await?;
            if batch.is_empty() {
                break;
            }
            for bytes in batch.into_pieces() {
                whole.extend_from_slice(&bytes);
            }
        }
        if md5.is_some() {
            check_md5(md5, Md5::digest(&whole).into())?;
        }
        Ok(whole)
    }

    /// Reads what a refused request still brings, if that is little. Tells whether the connection can go on.
    pub(crate) async fn settle(mut self) -> bool {
        if self.ended || self.intake.is_at_end() {
            return true;
        }
        // Who waits to be told to go on must not be told so now.
        let little = self.declared.is_some_and(|length| length - self.read.min(length) <= DRAIN);
        if self.expects_continue || !little {
            return false;
        }
        let drained = async {
            while let Some(bytes) = self.intake.next().await {
                if bytes.is_err() {
                    return false;
                }
            }
            true
        };
        timeout(DRAIN_TIME, drained).await.unwrap_or(false)
    }

    /// The next frames, empty at the end of the body.
    async fn batch(&mut self, limit: u64) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        while !batch.is_full() {
            let Some(bytes) = self.next().await? else {
                break;
            };
            if self.read > limit {
                return Err(too_large(limit));
            }
            batch.push(bytes);
        }
        Ok(batch)
    }

    /// The next frame, `None` at the end of the body.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let Some(bytes) = self.intake.next().await else {
            self.ended = true;
            return Ok(None);
        };
        let bytes = bytes.map_err(|_| Error::new(Code::IncompleteBody, "the body ended before its length"))?;
        self.read += bytes.len() as u64;
        Ok(Some(bytes))
    }

    /// How many bytes have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    fn take_md5(&mut self) -> Result<Option<[u8; 16]>, Error> {
        std::mem::replace(&mut self.md5, Ok(None))
    }

    /// Whether the request said what its body digests to.
    pub(crate) fn has_md5(&self) -> bool {
        !matches!(self.md5, Ok(None))
    }
}

/// Content-MD5 is documented as base64; one official test sends 32 hex digits.
fn declared_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Error> {
    let Some(value) = headers.get("content-md5").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let bytes = if text.len() == 32 {
        text.as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect()
    } else {
        STANDARD.decode(text).ok()
    };
    bytes
        .and_then(|bytes: Vec<u8>| bytes.try_into().ok())
        .map(Some)
        .ok_or_else(|| Error::new(Code::BadDigest, "Content-MD5 is not a digest in base64"))
}

fn check_md5(declared: Option<[u8; 16]>, received: [u8; 16]) -> Result<(), Error> {
    match declared {
        Some(declared) if declared != received => Err(Error::new(
            Code::BadDigest,
            format!("Content-MD5 is not the digest of the body, which is {}", STANDARD.encode(received)),
        )),
        _ => Ok(()),
    }
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
        declared_md5(&headers).map_err(|error| error.code())
    }

    #[test]
    fn digests_in_base64_and_in_hex() {
        let empty = [0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e];
        assert_eq!(declared("1B2M2Y8AsgTpgAmY7PhCfg=="), Ok(Some(empty)));
        assert_eq!(declared("d41d8cd98f00b204e9800998ecf8427e"), Ok(Some(empty)));
        assert_eq!(declared(""), Ok(None));
        assert_eq!(declared("AAAA"), Err(Code::BadDigest));
        assert_eq!(declared("not a digest"), Err(Code::BadDigest));
        assert_eq!(check_md5(None, empty).map_err(|error| error.code()), Ok(()));
        assert!(check_md5(Some([0; 16]), empty).is_err());
    }
}
