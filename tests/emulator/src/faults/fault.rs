//! The faults that can be injected.
//!
//! `injector.rs` decides which requests get a fault, and `injected_fault.rs` implements the effects. A new fault also
//! needs a row in the table in `README.md` and a line in the help text in `main.rs`.

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
    /// After this share of the body, from 0 to 1. The length of a chunked body is unknown, so every share means its
    /// beginning.
    Fraction(f64),
}

impl Offset {
    pub(super) fn is_valid(self) -> bool {
        !matches!(self, Self::Fraction(fraction) if !(0.0..=1.0).contains(&fraction))
    }

    /// Returns the position in a body, in bytes from its beginning.
    pub(super) fn in_body(self, length: Option<u64>) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Fraction(fraction) => (length.unwrap_or_default() as f64 * fraction) as u64,
        }
    }
}

/// A fault that the emulator injects into a request or a connection.
///
/// Fault plans and the access log use the names of the variants in snake case. "Reset" means that the emulator ends the
/// TCP connection with RST and sends nothing else. A request with an invalid signature is refused before a fault
/// is injected.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Accepts a connection and closes it before it reads a request. A rule with this fault applies to connections, not
    /// to requests. To refuse connections, use [`Emulator::stop_listening`](crate::Emulator::stop_listening).
    #[serde(deserialize_with = "yaml::no_fields")]
    CloseOnAccept,
    /// Responds with an error and does not execute the request.
    ErrorAnswer {
        /// HTTP status, 400 to 599.
        #[serde(deserialize_with = "yaml::status")]
        status: u16,
        /// Error code in the JSON body. `None` sends no body, like a proxy.
        code: Option<String>,
        /// Value of the header `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// Reads the whole request, does not execute it, and resets the connection.
    #[serde(deserialize_with = "yaml::no_fields")]
    ResetBeforeAnswer,
    /// Resets the connection after reading part of the request's body. A body that is shorter than `after` is not
    /// affected.
    ResetInBody {
        /// Minimum number of bytes that are read before the reset.
        after: Offset,
    },
    /// Closes the connection after sending part of the response's body. `Content-Length` announces the whole body. A
    /// body that is not longer than `after` is sent completely.
    CutAnswer {
        /// Exact number of bytes that are sent.
        after: Offset,
    },
    /// Executes the request and resets the connection without a response.
    #[serde(deserialize_with = "yaml::no_fields")]
    LoseAnswer,
    /// Stops reading the request's body for a while. The kernels of both sides still buffer a few hundred KiB. They
    /// would buffer more if the emulator did not give all connections small buffers because of this fault.
    StallInBody {
        /// Minimum number of bytes that are read before the stall.
        after: Offset,
        /// Duration of the stall. `None`: until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Executes the request and stalls before the response.
    StallBeforeAnswer {
        /// Duration of the stall. `None`: until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Stops sending the response's body for a while. A body that is not longer than `after` is not delayed.
    StallInAnswer {
        /// Exact number of bytes that are sent before the stall.
        after: Offset,
        /// Duration of the stall. `None`: until the client closes the connection.
        #[serde(default, deserialize_with = "yaml::optional_duration")]
        lasts: Option<Duration>,
    },
    /// Executes the request and delays the response.
    Latency {
        /// Delay of the response.
        #[serde(deserialize_with = "yaml::duration")]
        delay: Duration,
    },
    /// Reads the request's body slowly. If the rate is below 1 MiB/s, all connections to the emulator have small kernel
    /// buffers, because the kernel would otherwise buffer megabytes. A client still sends in bursts: on Linux at
    /// 8 KiB/s, every 8 seconds at first and every 20 seconds later.
    SlowReceive {
        /// Rate, at least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Sends the response's body slowly.
    SlowSend {
        /// Rate, at least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Limits the bodies of all requests that the rule hits, and of their responses, to one shared rate. As with
    /// [`SlowReceive`](Self::SlowReceive), a rate below 1 MiB/s gives all connections small kernel buffers.
    Bandwidth {
        /// Rate, at least 1.
        #[serde(deserialize_with = "yaml::rate")]
        bytes_per_second: u64,
    },
    /// Flips one bit of the request's body before the emulator checks Content-MD5 and stores the data.
    FlipReceivedBit {
        /// Position of the byte whose bit is flipped. A position after the end means the last byte. `None`: a random
        /// position that depends on the seed.
        at: Option<Offset>,
    },
    /// Flips one bit of the response's body.
    FlipSentBit {
        /// Position of the byte whose bit is flipped. A position after the end means the last byte. `None`: a random
        /// position that depends on the seed.
        at: Option<Offset>,
    },
    /// Replaces the ETag of the response, if it has one.
    #[serde(deserialize_with = "yaml::no_fields")]
    WrongEtag,
}

impl Fault {
    /// Returns the name of the fault in plans and in the access log.
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

    /// Returns true if the fault has an effect only on requests with a body.
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

    /// Checks the values of the fields.
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
