//! A fault of one request: what it does to the body, to the answer and to the answer's body.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::fault::{Fault, Offset};
use super::pace::Pacer;
use crate::metadata::set;
use crate::response::{self, Answer};

#[derive(Debug)]
pub(crate) struct Hit {
    fault: Fault,
    /// What is left to chance.
    random: u64,
    line: Option<Arc<Pacer>>,
}

/// What happens while the body of a request is read.
#[derive(Debug)]
pub(crate) enum OnReceive {
    Reset { after: u64 },
    Stall { after: u64, lasts: Option<Duration> },
    Pace(Arc<Pacer>),
    Flip { at: u64, mask: u8 },
}

/// What happens between the end of a request and its answer.
#[derive(Debug, PartialEq)]
pub(crate) enum BeforeAnswer {
    Reset,
    Stall { lasts: Option<Duration> },
}

/// What happens while the body of an answer is sent.
#[derive(Debug)]
pub(crate) enum OnSend {
    Cut { after: u64 },
    Stall { after: u64, lasts: Option<Duration> },
    Pace(Arc<Pacer>),
    Flip { at: u64, mask: u8 },
}

impl Hit {
    pub(super) fn new(fault: &Fault, random: u64, line: Option<Arc<Pacer>>) -> Self {
        let line = match *fault {
            Fault::SlowReceive { bytes_per_second } | Fault::SlowSend { bytes_per_second } => {
                Some(Arc::new(Pacer::new(bytes_per_second)))
            }
            _ => line,
        };
        Self { fault: fault.clone(), random, line }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.fault.name()
    }

    /// The answer that takes the place of serving the request.
    pub(crate) fn instead(&self, method: &Method, request_id: &str) -> Option<Answer> {
        let Fault::ErrorAnswer { status, code, retry_after } = &self.fault else {
            return None;
        };
        let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = match code {
            Some(code) => {
                let message = "the emulator's fault plan wants it so";
                response::refuse_with(code, message, status, method, request_id)
            }
            None => response::empty(status),
        };
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Some(answer)
    }

    /// Whether the request is read and then not served.
    pub(crate) fn is_reset_unserved(&self) -> bool {
        self.fault == Fault::ResetBeforeAnswer
    }

    pub(crate) fn on_receive(&self, length: Option<u64>) -> Option<OnReceive> {
        match self.fault {
            Fault::ResetInBody { after } => Some(OnReceive::Reset { after: after.in_body(length) }),
            Fault::StallInBody { after, lasts } => Some(OnReceive::Stall { after: after.in_body(length), lasts }),
            Fault::SlowReceive { .. } | Fault::Bandwidth { .. } => self.line.clone().map(OnReceive::Pace),
            Fault::FlipReceivedBit { at } => {
                let (at, mask) = self.bit(at, length);
                Some(OnReceive::Flip { at, mask })
            }
            _ => None,
        }
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
            let wrong = format!("\"{:016x}{:016x}\"", self.random, !self.random);
            set(headers, header::ETAG, &wrong);
        }
    }

    pub(crate) fn on_send(&self, length: u64) -> Option<OnSend> {
        match self.fault {
            Fault::CutAnswer { after } => Some(OnSend::Cut { after: after.in_body(Some(length)) }),
            Fault::StallInAnswer { after, lasts } => Some(OnSend::Stall { after: after.in_body(Some(length)), lasts }),
            Fault::SlowSend { .. } | Fault::Bandwidth { .. } => self.line.clone().map(OnSend::Pace),
            Fault::FlipSentBit { at } => {
                let (at, mask) = self.bit(at, Some(length));
                Some(OnSend::Flip { at, mask })
            }
            _ => None,
        }
    }

    fn bit(&self, at: Option<Offset>, length: Option<u64>) -> (u64, u8) {
        let at = match (at, length) {
            (Some(at), None) => at.in_body(None),
            (Some(at), Some(length)) => at.in_body(Some(length)).min(length.saturating_sub(1)),
            // Without a length only the first byte is sure to come.
            (None, length) => (self.random >> 3) % length.unwrap_or(1).max(1),
        };
        (at, 1 << (self.random & 7))
    }
}
