//! What can go wrong.

use std::time::Duration;

use super::pace::is_slow;

/// A place in a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Offset {
    /// After so many bytes.
    Bytes(u64),
    /// After this share of the body, from 0 to 1. Of a body whose length is not known beforehand, its beginning.
    Fraction(f64),
}

impl Offset {
    pub(super) fn in_body(self, length: Option<u64>) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Fraction(fraction) => (length.unwrap_or_default() as f64 * fraction) as u64,
        }
    }
}

/// One way to misbehave. The names in plans and in the access log are those of the variants, in snake case.
///
/// "Reset" is a TCP connection that ends with RST, without anything else being sent. Signatures are checked before:
/// who would have been refused is refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A connection is accepted and closed at once, before anything is read. A rule with this fault looks at
    /// connections and not at requests. For connections that are refused there is
    /// [`Emulator::stop_listening`](crate::Emulator::stop_listening).
    CloseOnAccept,
    /// The request is answered with this status, and nothing is done.
    ErrorAnswer {
        /// From 400 to 599.
        status: u16,
        /// The code in the JSON body. Without one the answer has no body, as it would come from a proxy.
        code: Option<String>,
        /// The header `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// The request is read to its end, nothing is done, and the connection is reset.
    ResetBeforeAnswer,
    /// The connection is reset once that much of the request's body was read; of a shorter one never.
    ResetInBody {
        /// How much is read at least.
        after: Offset,
    },
    /// The connection is closed when that much of the answer's body was sent, though its head announced more. An
    /// answer that is no longer is sent whole.
    CutAnswer {
        /// How much is sent, to the byte.
        after: Offset,
    },
    /// The request is served, and then the connection is reset without an answer.
    LoseAnswer,
    /// Once that much of the request's body was read, no more is, for a while. What the kernels of both sides take in
    /// meanwhile is some hundred KiB: a plan with this fault makes the buffers of all connections small.
    StallInBody {
        /// How much is read at least.
        after: Offset,
        /// For how long; `None` is until the client is gone.
        lasts: Option<Duration>,
    },
    /// The request is served, and then nothing is answered for a while.
    StallBeforeAnswer {
        /// For how long; `None` is until the client is gone.
        lasts: Option<Duration>,
    },
    /// When that much of the answer's body was sent, nothing is, for a while. An answer that is no longer is not held
    /// up.
    StallInAnswer {
        /// How much is sent, to the byte.
        after: Offset,
        /// For how long; `None` is until the client is gone.
        lasts: Option<Duration>,
    },
    /// The request is served, and answered later.
    Latency {
        /// How much later.
        delay: Duration,
    },
    /// The request's body is read slowly. A speed below 1 MiB/s makes the buffers of all connections small, since
    /// megabytes could be on their way otherwise. Even so a client sees its bytes move only now and then: on Linux
    /// and at 8 KiB/s every 8 seconds at first, and every 20 later.
    SlowReceive {
        /// At least 1.
        bytes_per_second: u64,
    },
    /// The answer's body is sent slowly.
    SlowSend {
        /// At least 1.
        bytes_per_second: u64,
    },
    /// All requests that the rule hits share a line of this speed, for their bodies and those of their answers
    /// together.
    Bandwidth {
        /// At least 1.
        bytes_per_second: u64,
    },
    /// One bit of the request's body changes on the way, before Content-MD5 is checked and the data stored.
    FlipReceivedBit {
        /// Which byte it is in, the last one at most; by default one that depends on the seed.
        at: Option<Offset>,
    },
    /// One bit of the answer's body changes on the way.
    FlipSentBit {
        /// Which byte it is in, the last one at most; by default one that depends on the seed.
        at: Option<Offset>,
    },
    /// If the answer has an ETag, it has another one.
    WrongEtag,
}

impl Fault {
    /// The name in plans and in the access log.
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

    /// Whether it can only happen to a request with a body.
    pub(super) fn is_about_request_bodies(&self) -> bool {
        matches!(
            self,
            Self::ResetInBody { .. }
                | Self::StallInBody { .. }
                | Self::SlowReceive { .. }
                | Self::FlipReceivedBit { .. }
        )
    }

    /// Whether it shows only as far as the kernel takes in little on its own.
    pub(super) fn needs_small_buffers(&self) -> bool {
        match *self {
            Self::StallInBody { .. } => true,
            Self::SlowReceive { bytes_per_second } | Self::Bandwidth { bytes_per_second } => is_slow(bytes_per_second),
            _ => false,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::ErrorAnswer { status, .. } => check_status(*status).map(|_| ()),
            Self::ResetInBody { after }
            | Self::CutAnswer { after }
            | Self::StallInBody { after, .. }
            | Self::StallInAnswer { after, .. }
            | Self::FlipReceivedBit { at: Some(after) }
            | Self::FlipSentBit { at: Some(after) } => check_offset(*after).map(|_| ()),
            Self::SlowReceive { bytes_per_second }
            | Self::SlowSend { bytes_per_second }
            | Self::Bandwidth { bytes_per_second } => check_speed(*bytes_per_second).map(|_| ()),
            _ => Ok(()),
        }
    }
}

pub(super) fn check_status(status: u16) -> Result<u16, String> {
    match status {
        400..=599 => Ok(status),
        other => Err(format!("the status of an error is from 400 to 599, not {other}")),
    }
}

pub(super) fn check_offset(offset: Offset) -> Result<Offset, String> {
    match offset {
        Offset::Fraction(fraction) if !(0.0..=1.0).contains(&fraction) => {
            Err(format!("a share of a body is from 0 to 1 (100%), not {fraction}"))
        }
        offset => Ok(offset),
    }
}

pub(super) fn check_speed(bytes_per_second: u64) -> Result<u64, String> {
    match bytes_per_second {
        0 => Err("a speed is at least 1 byte per second; to stop altogether is a stall".to_owned()),
        speed => Ok(speed),
    }
}
