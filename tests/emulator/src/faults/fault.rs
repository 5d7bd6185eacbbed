//! The faults that can be injected.
//!
//! Their effects on a request are in `injected_fault.rs`; `injector.rs` decides which request has a fault. A new fault is also
//! listed in the table in `lib.rs` and in the help text in `main.rs`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::yaml;
use crate::body::is_slow;

/// A position in a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Offset {
    /// After this number of bytes.
    Bytes(u64),
    /// After this share of the body, from 0 to 1. If the length of the body is unknown, its beginning.
    Fraction(f64),
}

impl Offset {
    pub(super) fn is_valid(self) -> bool {
        !matches!(self, Self::Fraction(fraction) if !(0.0..=1.0).contains(&fraction))
    }

    pub(super) fn in_body(self, length: Option<u64>) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Fraction(fraction) => (length.unwrap_or_default() as f64 * fraction) as u64,
        }
    }
}

/// A fault that the emulator injects into a request or a connection.
///
/// Fault plans and the access log use the names of the variants in snake case. "Reset" means that the TCP connection
/// ends with RST, and that nothing else is sent. Signatures are checked first: a request that would be refused is
/// refused.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Accepts a connection and closes it at once, before anything is read. A rule with this fault applies to
    /// connections, not to requests. To refuse connections, use
    /// [`Emulator::stop_listening`](crate::Emulator::stop_listening).
    #[serde(deserialize_with = "yaml::no_fields")]
    CloseOnAccept,
    /// Answers the request with an error and does not execute it.
    ErrorAnswer {
        /// HTTP status, 400 to 599.
        #[serde(deserialize_with = "yaml::status")]
        status: u16,
        /// Error code in the JSON body. `None` sends no body, as a proxy would.
        code: Option<String>,
        /// Value of the header `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// Reads the whole request, does not execute it, and resets the connection.
    #[serde(deserialize_with = "yaml::no_fields")]
    ResetBeforeAnswer,
    /// Resets the connection after reading part of the request's body. A shorter body is not affected.
    ResetInBody {
        /// Minimum number of bytes read before the reset.
        after: Offset,
    },
    /// Closes the connection after sending part of the response's body, although the head announced all of it. A response
    /// that is not longer is sent completely.
    CutAnswer {
        /// Exact number of bytes sent.
        after: Offset,
    },
    /// Executes the request and resets the connection without a response.
    #[serde(deserialize_with = "yaml::no_fields")]
    LoseAnswer,
    /// Stops reading the request's body for a while. The kernels of both sides buffer some hundred KiB in the meantime:
    /// a plan with this fault gives all connections small buffers.
    StallInBody {
        /// Minimum number of bytes read before the stall.
        after: Offset,
        /// Duration of the stall. `None` lasts until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Executes the request and delays the response.
    StallBeforeAnswer {
        /// Duration of the stall. `None` lasts until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Stops sending the response's body for a while. A response that is not longer than `after` is not delayed.
    StallInAnswer {
        /// Exact number of bytes sent before the stall.
        after: Offset,
        /// Duration of the stall. `None` lasts until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Executes the request and answers later.
    Latency {
        /// Delay of the response.
        #[serde(deserialize_with = "yaml::duration")]
        delay: Duration,
    },
    /// Reads the request's body slowly. A rate below 1 MiB/s gives all connections small buffers, because the kernel
    /// would buffer megabytes otherwise. Even so, a client sees its bytes move only now and then: on Linux at 8 KiB/s,
    /// every 8 seconds at first and every 20 seconds later.
    SlowReceive {
        /// At least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Sends the response's body slowly.
    SlowSend {
        /// At least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Limits the request and response bodies of all requests that the rule hits to one shared rate.
    Bandwidth {
        /// At least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Flips one bit of the request's body before Content-MD5 is checked and the data stored.
    FlipReceivedBit {
        /// Byte that contains the bit, limited to the last byte of the body. `None` derives it from the seed.
        at: Option<Offset>,
    },
    /// Flips one bit of the response's body.
    FlipSentBit {
        /// Byte that contains the bit, limited to the last byte of the body. `None` derives it from the seed.
        at: Option<Offset>,
    },
    /// Replaces the ETag of the response, if it has one.
    #[serde(deserialize_with = "yaml::no_fields")]
    WrongEtag,
}

impl Fault {
    /// Returns the name in plans and in the access log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CloseOnAccept => "close_on_accept",
            Self::ErrorAnswer { .. } => "error_answer",
            Self::ResetBeforeAnswer => "reset_before_answer",
            Self::ResetInBody { .. } => "reset_in_body",
            Self::CutAnswer { .. } => "cut_answer",
            Self::LoseAnswer => "lose_answer",
            Self::StallInBody { .. } => "stall_in_body",
            Self::StallBeforeAnswer { .. } => "stall_before_answer",
            Self::StallInAnswer { .. } => "stall_in_answer",
            Self::Latency { .. } => "latency",
            Self::SlowReceive { .. } => "slow_receive",
            Self::SlowSend { .. } => "slow_send",
            Self::Bandwidth { .. } => "bandwidth",
            Self::FlipReceivedBit { .. } => "flip_received_bit",
            Self::FlipSentBit { .. } => "flip_sent_bit",
            Self::WrongEtag => "wrong_etag",
        }
    }

    /// Returns true if the fault can only affect a request with a body.
    pub(super) fn needs_request_body(&self) -> bool {
        matches!(
            self,
            Self::ResetInBody { .. }
                | Self::StallInBody { .. }
                | Self::SlowReceive { .. }
                | Self::FlipReceivedBit { .. }
        )
    }

    /// Returns true if large kernel buffers would hide the fault.
    pub(super) fn needs_small_buffers(&self) -> bool {
        match *self {
            Self::StallInBody { .. } => true,
            Self::SlowReceive { bytes_per_second } | Self::Bandwidth { bytes_per_second } => is_slow(bytes_per_second),
            _ => false,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match *self {
            Self::ErrorAnswer { status, .. } if !is_error_status(&status) => Err(unexpected(STATUS, status)),
            Self::ResetInBody { after }
            | Self::CutAnswer { after }
            | Self::StallInBody { after, .. }
            | Self::StallInAnswer { after, .. }
            | Self::FlipReceivedBit { at: Some(after) }
            | Self::FlipSentBit { at: Some(after) }
                if !after.is_valid() =>
            {
                Err(unexpected(OFFSET, format!("{after:?}")))
            }
            Self::SlowReceive { bytes_per_second }
            | Self::SlowSend { bytes_per_second }
            | Self::Bandwidth { bytes_per_second }
                if bytes_per_second == 0 =>
            {
                Err(unexpected(RATE, bytes_per_second))
            }
            _ => Ok(()),
        }
    }
}

pub(super) const STATUS: &str = "a status from 400 to 599";
pub(super) const OFFSET: &str = "a number of bytes, or a share from 0% to 100% of the body";
pub(super) const RATE: &str = "a whole number of bytes per second, at least 1";

pub(super) fn is_error_status(status: &u16) -> bool {
    (400..=599).contains(status)
}

pub(super) fn unexpected(expected: &str, found: impl fmt::Display) -> String {
    format!("expected {expected}, not {found}")
}
