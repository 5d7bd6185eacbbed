//! Bandwidth limit that all parts of a transfer share.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// Time in which each part in flight transfers one chunk.
///
/// It is far below the default idle timeout (60 s), so that a part that waits for its turn does not time out.
const ROUND: Duration = Duration::from_millis(250);

/// Limits the bytes per second of all parts of a transfer together.
///
/// Unused bandwidth is not saved up: after a pause, the transfer continues at the configured rate.
pub(crate) struct RateLimiter {
    bytes_per_second: NonZeroU64,
    /// Maximum number of parts in flight.
    concurrency: u64,
    /// Time until which the bytes recorded so far use up the configured rate.
    busy_until: Mutex<Option<Instant>>,
}

impl RateLimiter {
    /// Creates a limiter for `concurrency` parts.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `bytes_per_second` is 0.
    pub(crate) fn new(bytes_per_second: u64, concurrency: usize) -> Result<Self> {
        let bytes_per_second = NonZeroU64::new(bytes_per_second).ok_or_else(|| {
            Error::invalid_input(
                "bandwidth is 0 bytes per second, but at least 1 is needed: raise it, or leave it unset for no limit",
            )
        })?;
        Ok(Self { bytes_per_second, concurrency: (concurrency as u64).max(1), busy_until: Mutex::new(None) })
    }

    /// Returns the maximum number of bytes that a part should transfer at once.
    pub(crate) fn chunk_size(&self) -> usize {
        let bytes = u128::from(self.bytes_per_second.get()) * ROUND.as_millis() / 1000 / u128::from(self.concurrency);
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// Records `bytes` that a part transferred at `now`. Returns how long the part has to wait before its next chunk.
    pub(crate) fn delay_after(&self, bytes: u64, now: Instant) -> Option<Duration> {
        let mut busy_until = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let start = busy_until.map_or(now, |until| until.max(now));
        let until = start + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.get() as f64);
        *busy_until = Some(until);
        Some(until - now).filter(|delay| !delay.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(bytes_per_second: u64, concurrency: usize) -> RateLimiter {
        RateLimiter::new(bytes_per_second, concurrency).unwrap()
    }

    #[test]
    fn parts_share_the_rate() {
        let limiter = limiter(1000, 8);
        let now = Instant::now();
        assert_eq!(limiter.delay_after(500, now), Some(Duration::from_millis(500)));
        assert_eq!(limiter.delay_after(250, now), Some(Duration::from_millis(750)));
    }

    #[test]
    fn unused_bandwidth_is_not_saved_up() {
        let limiter = limiter(1000, 8);
        let now = Instant::now();
        limiter.delay_after(500, now);
        let later = now + Duration::from_secs(10);
        assert_eq!(limiter.delay_after(100, later), Some(Duration::from_millis(100)));
    }

    #[test]
    fn one_chunk_of_each_part_takes_one_round() {
        let limiter = limiter(8_000_000, 200);
        let now = Instant::now();
        let delays = (0..200).filter_map(|_| limiter.delay_after(limiter.chunk_size() as u64, now));
        assert_eq!(delays.last(), Some(ROUND));
    }

    #[test]
    fn chunk_has_at_least_one_byte() {
        assert_eq!(limiter(1, 8).chunk_size(), 1);
    }
}
