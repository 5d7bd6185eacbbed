//! A limit on the rate of one body, or of several bodies together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Minimum number of chunks per second, so that a slow body moves evenly.
const CHUNKS_PER_SECOND: u64 = 20;
/// Maximum size of a chunk, in bytes.
const MAX_CHUNK: u64 = 64 * 1024;
/// Time for which unused bandwidth is saved up. Without it, the delays of timers would lower high rates.
const SLACK: Duration = Duration::from_millis(20);
/// Rate, in bytes per second, below which connections need small buffers in the kernel.
const SLOW: u64 = 1024 * 1024;

/// Returns true if large kernel buffers would hide that a connection is limited to this rate.
pub(crate) fn is_slow(bytes_per_second: u64) -> bool {
    bytes_per_second < SLOW
}

/// Delays transfers so that all of them together keep to a rate.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    bytes_per_second: u64,
    /// Time at which the bytes admitted so far will have been transferred.
    busy_until: Mutex<Option<Instant>>,
}

impl RateLimiter {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), busy_until: Mutex::default() }
    }

    /// Returns the number of bytes that should be transferred at once.
    pub(super) fn chunk_size(&self) -> usize {
        (self.bytes_per_second / CHUNKS_PER_SECOND).clamp(1, MAX_CHUNK) as usize
    }

    /// Waits until `bytes` have been transferred, after all bytes admitted before.
    pub(super) async fn transfer(&self, bytes: usize) {
        sleep_until(self.reserve(bytes)).await;
    }

    /// Admits `bytes` and returns the time at which they will have been transferred.
    fn reserve(&self, bytes: usize) -> Instant {
        let now = Instant::now();
        let mut busy_until = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let start = busy_until.map_or(now, |busy| busy.max(earliest));
        let end = start + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        *busy_until = Some(end);
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_share_the_rate() {
        let limiter = RateLimiter::new(1000);
        let first = limiter.reserve(500);
        let second = limiter.reserve(1000);
        assert_eq!(second - first, Duration::from_secs(1));
    }

    #[test]
    fn chunks_are_neither_empty_nor_large() {
        assert_eq!(RateLimiter::new(1).chunk_size(), 1);
        assert_eq!(RateLimiter::new(8192).chunk_size(), 409);
        assert_eq!(RateLimiter::new(u64::MAX).chunk_size(), 64 * 1024);
    }
}
