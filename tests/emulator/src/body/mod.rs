//! Bodies of requests and responses, with the faults that are injected into them.

mod rate_limiter;
mod request_body;
mod response_body;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub(crate) use rate_limiter::{RateLimiter, is_slow};
pub(crate) use request_body::{BackgroundWriter, RequestBody, too_large};
pub(crate) use response_body::{ExtentReader, OutgoingBody, ResponseBody};

/// The effect of a fault on one body. Offsets count bytes from the beginning of the body.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// Ends the connection: a reset while the emulator reads a request, a close while it sends a response.
    End {
        after: u64,
    },
    /// Stops the transfer for `lasts`. If it is `None`, stops it until the client closes the connection.
    Stall {
        after: u64,
        lasts: Option<Duration>,
    },
    Limit(Arc<RateLimiter>),
    /// Inverts the bits of `mask` in the byte at offset `at`.
    Flip {
        at: u64,
        mask: u8,
    },
}

impl BodyFault {
    /// Flips the bit in `bytes`, which begin at offset `start` of the body, if they contain it.
    fn flip_bit(&self, bytes: Bytes, start: u64) -> Bytes {
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
