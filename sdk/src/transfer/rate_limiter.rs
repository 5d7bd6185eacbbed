//! Bandwidth limit that all parts of a transfer share.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// Time in which each part in flight transfers one chunk.
///
/// It is far below the default idle timeout (60 s), so that a part that waits for its turn does not time out.
const ROUND: Duration = Duration::from_millis(250);

/// Shortest pause, and maximum time of unused bandwidth that can be used later.
///
/// Tokio's timer rounds up to milliseconds. With shorter pauses, a transfer would stay far below a high limit.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Limits the bytes per second of all parts of a transfer together.
///
/// After a pause of the transfer, it continues at the configured rate.
pub(crate) struct RateLimiter {
    bytes_per_second: NonZeroU64,
    /// Number of parts in flight.
    parts: AtomicU64,
    /// Time until which the bytes recorded so far use up the configured rate.
    busy_until: Mutex<Option<Instant>>,
}

impl RateLimiter {
    /// Creates a limiter.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `bytes_per_second` is 0.
    pub(crate) fn new(bytes_per_second: u64) -> Result<Self> {
        let bytes_per_second = NonZeroU64::new(bytes_per_second).ok_or_else(|| {
            Error::invalid_input(
                "bandwidth is 0 bytes per second, but at least 1 is needed: raise it, or leave it unset for no limit",
            )
        })?;
        Ok(Self { bytes_per_second, parts: AtomicU64::new(0), busy_until: Mutex::new(None) })
    }

    /// Adds a part that shares the bandwidth until [`end_part`](Self::end_part) is called.
    pub(crate) fn start_part(&self) {
        self.parts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_part(&self) {
        self.parts.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the maximum number of bytes that a part should transfer at once.
    pub(crate) fn chunk_size(&self) -> usize {
        let parts = self.parts.load(Ordering::Relaxed).max(1);
        let bytes = u128::from(self.bytes_per_second.get()) * ROUND.as_millis() / 1000 / u128::from(parts);
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// Records `bytes` that a part transferred at `now`. Returns how long the part has to wait before its next chunk.
    pub(crate) fn delay_after(&self, bytes: u64, now: Instant) -> Option<Duration> {
        let mut busy_until = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(MIN_PAUSE).unwrap_or(now);
        let start = busy_until.map_or(now, |until| until.max(earliest));
        let until = start + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.get() as f64);
        *busy_until = Some(until);
        Some(until.saturating_duration_since(now)).filter(|delay| *delay >= MIN_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a limiter with `parts` in flight.
    fn limiter(bytes_per_second: u64, parts: usize) -> RateLimiter {
        let limiter = RateLimiter::new(bytes_per_second).unwrap();
        (0..parts).for_each(|_| limiter.start_part());
        limiter
    }

    #[test]
    fn parts_share_the_rate() {
        let limiter = limiter(1000, 8);
        let now = Instant::now();
        assert_eq!(limiter.delay_after(500, now), Some(Duration::from_millis(500)));
        assert_eq!(limiter.delay_after(250, now), Some(Duration::from_millis(750)));
    }

    #[test]
    fn unused_bandwidth_is_saved_up_for_the_shortest_pause_only() {
        let limiter = limiter(1000, 8);
        let now = Instant::now();
        limiter.delay_after(500, now);
        let later = now + Duration::from_secs(10);
        assert_eq!(limiter.delay_after(100, later), Some(Duration::from_millis(100) - MIN_PAUSE));
    }

    #[test]
    fn one_chunk_of_each_part_takes_one_round() {
        let limiter = limiter(8_000_000, 200);
        let now = Instant::now();
        let delays = (0..200).filter_map(|_| limiter.delay_after(limiter.chunk_size() as u64, now));
        assert_eq!(delays.last(), Some(ROUND));
    }

    #[test]
    fn chunk_size_depends_on_the_parts_in_flight() {
        let limiter = limiter(8_000_000, 0);
        let sizes = [(); 4].map(|()| {
            limiter.start_part();
            limiter.chunk_size()
        });
        assert_eq!(sizes, [2_000_000, 1_000_000, 666_666, 500_000]);
        limiter.end_part();
        assert_eq!(limiter.chunk_size(), 666_666);
    }

    #[test]
    fn small_chunks_reach_a_high_rate_although_the_timer_is_coarse() {
        let limiter = limiter(1_000_000_000, 1);
        let start = Instant::now();
        let mut now = start;
        for _ in 0..10_000 {
            if let Some(delay) = limiter.delay_after(10_000, now) {
                now += Duration::from_millis(delay.as_millis() as u64 + 2);
            }
        }
        let milliseconds = (now - start).as_millis();
        assert!((90..110).contains(&milliseconds), "{milliseconds} ms for 100 MB at 1 GB/s");
    }

    #[test]
    fn chunk_has_at_least_one_byte() {
        assert_eq!(limiter(1, 8).chunk_size(), 1);
    }
}
