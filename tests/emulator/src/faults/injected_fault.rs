//! The fault that is injected into one request, and its effect on each phase of the request.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::fault::{Fault, Offset};
use crate::body::{BodyFault, RateLimiter};
use crate::connection::Connection;
use crate::headers::set_header;
use crate::response::{self, Response};

/// A fault that is injected into one request.
#[derive(Debug)]
pub(crate) struct InjectedFault {
    fault: Fault,
    /// Chooses the bit that is flipped and the wrong ETag.
    random: u64,
    limiter: Option<Arc<RateLimiter>>,
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

    /// Returns the response if the fault replaces the execution of the request.
    pub(crate) fn error_response(&self, method: &Method, request_id: &str) -> Option<Response> {
        let Fault::ErrorAnswer { status, code, retry_after } = &self.fault else {
            return None;
        };
        let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match code {
            Some(code) => {
                response::error_response(code, "injected by the fault plan", None, status, method, request_id)
            }
            None => response::empty(status),
        };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Some(response)
    }

    /// Returns true if the emulator reads the request, does not execute it, and resets the connection.
    pub(crate) fn is_reset_before_answer(&self) -> bool {
        self.fault == Fault::ResetBeforeAnswer
    }

    /// Applies the fault between the execution of the request and its response.
    pub(crate) async fn before_response(&self, connection: &Connection) {
        match self.fault {
            Fault::LoseAnswer => connection.reset().await,
            Fault::StallBeforeAnswer { lasts } => connection.stall(lasts).await,
            Fault::Latency { delay } => connection.stall(Some(delay)).await,
            _ => {}
        }
    }

    /// Changes the headers of the response.
    pub(crate) fn change_head(&self, headers: &mut HeaderMap) {
        if self.fault == Fault::WrongEtag && headers.contains_key(header::ETAG) {
            let etag = format!("\"{:016x}{:016x}\"", self.random, !self.random);
            set_header(headers, header::ETAG, &etag);
        }
    }

    /// Returns true if large kernel buffers would hide the fault.
    pub(crate) fn needs_small_buffers(&self) -> bool {
        self.fault.needs_small_buffers()
    }

    /// Returns the effect on the body of the request. `length` is `None` for a chunked body.
    pub(crate) fn in_request_body(&self, length: Option<u64>) -> Option<BodyFault> {
        match self.fault {
            Fault::ResetInBody { after } => Some(BodyFault::End { after: after.in_body(length) }),
            Fault::StallInBody { after, lasts } => Some(BodyFault::Stall { after: after.in_body(length), lasts }),
            Fault::SlowReceive { .. } | Fault::Bandwidth { .. } => self.limiter.clone().map(BodyFault::Limit),
            Fault::FlipReceivedBit { at } => Some(self.flip(at, length)),
            _ => None,
        }
    }

    /// Returns the effect on the body of the response.
    pub(crate) fn in_response_body(&self, length: u64) -> Option<BodyFault> {
        let length = Some(length);
        match self.fault {
            Fault::CutAnswer { after } => Some(BodyFault::End { after: after.in_body(length) }),
            Fault::StallInAnswer { after, lasts } => Some(BodyFault::Stall { after: after.in_body(length), lasts }),
            Fault::SlowSend { .. } | Fault::Bandwidth { .. } => self.limiter.clone().map(BodyFault::Limit),
            Fault::FlipSentBit { at } => Some(self.flip(at, length)),
            _ => None,
        }
    }

    /// Returns the effect of flipping a bit at a position, or at a random one.
    fn flip(&self, at: Option<Offset>, length: Option<u64>) -> BodyFault {
        let at = match (at, length) {
            (Some(at), None) => at.in_body(None),
            (Some(at), Some(length)) => at.in_body(Some(length)).min(length.saturating_sub(1)),
            // Only the first byte of a chunked body is certain to exist.
            (None, length) => (self.random >> 3) % length.unwrap_or(1).max(1),
        };
        BodyFault::Flip { at, mask: 1 << (self.random & 7) }
    }
}
