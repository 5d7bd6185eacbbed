//! The fault of one request, resolved to its effect on each phase of the request.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::fault::{Fault, Offset};
use super::rate_limiter::RateLimiter;
use crate::response::{self, Answer, set_header};

#[derive(Debug)]
pub(crate) struct InjectedFault {
    fault: Fault,
    random: u64,
    limiter: Option<Arc<RateLimiter>>,
}

/// The effect on a body, of a request or of an answer.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// Ends the connection: a reset while reading, a close while sending.
    End {
        after: u64,
    },
    Stall {
        after: u64,
        lasts: Option<Duration>,
    },
    Limit(Arc<RateLimiter>),
    Flip {
        at: u64,
        mask: u8,
    },
}

/// The effect between the end of a request and its answer.
#[derive(Debug, PartialEq)]
pub(crate) enum BeforeAnswer {
    Reset,
    Stall { lasts: Option<Duration> },
}

impl InjectedFault {
    pub(super) fn new(fault: &Fault, random: u64, limiter: Option<Arc<RateLimiter>>) -> Self {
        let limiter = match *fault {
            Fault::SlowReceive { bytes_per_second } | Fault::SlowSend { bytes_per_second } => {
                Some(Arc::new(RateLimiter::new(bytes_per_second)))
            }
            _ => limiter,
        };
        Self { fault: fault.clone(), random, limiter }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.fault.name()
    }

    /// Returns the answer that replaces the execution of the request.
    pub(crate) fn error_answer(&self, method: &Method, request_id: &str) -> Option<Answer> {
        let Fault::ErrorAnswer { status, code, retry_after } = &self.fault else {
            return None;
        };
        let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = match code {
            Some(code) => response::error_answer(code, "injected by the fault plan", None, status, method, request_id),
            None => response::empty(status),
        };
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Some(answer)
    }

    /// Returns true if the request is read, not executed, and the connection reset.
    pub(crate) fn is_reset_before_answer(&self) -> bool {
        self.fault == Fault::ResetBeforeAnswer
    }

    pub(crate) fn before_answer(&self) -> Option<BeforeAnswer> {
        match self.fault {
            Fault::LoseAnswer => Some(BeforeAnswer::Reset),
            Fault::StallBeforeAnswer { lasts } => Some(BeforeAnswer::Stall { lasts }),
            Fault::Latency { delay } => Some(BeforeAnswer::Stall { lasts: Some(delay) }),
            _ => None,
        }
    }

    pub(crate) fn change_head(&self, headers: &mut HeaderMap) {
        if self.fault == Fault::WrongEtag && headers.contains_key(header::ETAG) {
            let etag = format!("\"{:016x}{:016x}\"", self.random, !self.random);
            set_header(headers, header::ETAG, &etag);
        }
    }

    pub(crate) fn in_request_body(&self, length: Option<u64>) -> Option<BodyFault> {
        self.in_body(true, length)
    }

    pub(crate) fn in_answer_body(&self, length: u64) -> Option<BodyFault> {
        self.in_body(false, Some(length))
    }

    fn in_body(&self, is_request: bool, length: Option<u64>) -> Option<BodyFault> {
        match (&self.fault, is_request) {
            (Fault::ResetInBody { after }, true) | (Fault::CutAnswer { after }, false) => {
                Some(BodyFault::End { after: after.in_body(length) })
            }
            (Fault::StallInBody { after, lasts }, true) | (Fault::StallInAnswer { after, lasts }, false) => {
                Some(BodyFault::Stall { after: after.in_body(length), lasts: *lasts })
            }
            (Fault::SlowReceive { .. }, true) | (Fault::SlowSend { .. }, false) | (Fault::Bandwidth { .. }, _) => {
                self.limiter.clone().map(BodyFault::Limit)
            }
            (Fault::FlipReceivedBit { at }, true) | (Fault::FlipSentBit { at }, false) => Some(self.flip(*at, length)),
            _ => None,
        }
    }

    fn flip(&self, at: Option<Offset>, length: Option<u64>) -> BodyFault {
        let at = match (at, length) {
            (Some(at), None) => at.in_body(None),
            (Some(at), Some(length)) => at.in_body(Some(length)).min(length.saturating_sub(1)),
            // If the length is unknown, only the first byte is certain to exist.
            (None, length) => (self.random >> 3) % length.unwrap_or(1).max(1),
        };
        BodyFault::Flip { at, mask: 1 << (self.random & 7) }
    }
}

impl BodyFault {
    /// Flips the bit in `bytes`, which begin at offset `start` of the body, if they contain it.
    pub(super) fn flip_bit(&self, bytes: Bytes, start: u64) -> Bytes {
        let Self::Flip { at, mask } = self else {
            return bytes;
        };
        let Some(index) = at.checked_sub(start).filter(|index| *index < bytes.len() as u64) else {
            return bytes;
        };
        let mut changed = BytesMut::from(bytes);
        changed[index as usize] ^= mask;
        changed.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flips_one_bit_and_only_in_the_chunk_that_contains_it() {
        let bytes = Bytes::from_static(b"abc");
        let flipped = |at: u64| BodyFault::Flip { at, mask: 1 }.flip_bit(bytes.clone(), 10);
        assert_eq!(flipped(9), "abc");
        assert_eq!(flipped(10), "`bc");
        assert_eq!(flipped(12), "abb");
        assert_eq!(flipped(13), "abc");
    }
}
