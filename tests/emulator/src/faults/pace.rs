//! A line of a certain speed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much goes at a time, in parts of a second, so that what is slow still moves evenly.
const PIECES_PER_SECOND: u64 = 20;
const LARGEST_PIECE: u64 = 64 * 1024;
/// What was not used of a line for so long may be made up for: timers are too coarse for fast lines otherwise.
const SLACK: Duration = Duration::from_millis(20);
/// A speed, in bytes per second, below which what the kernel takes in would hide that a line is slow.
const SLOW: u64 = 1024 * 1024;

pub(super) fn is_slow(bytes_per_second: u64) -> bool {
    bytes_per_second < SLOW
}

#[derive(Debug)]
pub(crate) struct Pacer {
    bytes_per_second: u64,
    /// When what goes over the line has gone.
    busy_until: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), busy_until: Mutex::default() }
    }

    pub(crate) fn is_slow(&self) -> bool {
        is_slow(self.bytes_per_second)
    }

    /// How many bytes should go at a time.
    pub(crate) fn piece(&self) -> usize {
        (self.bytes_per_second / PIECES_PER_SECOND).clamp(1, LARGEST_PIECE) as usize
    }

    /// Waits until so many bytes have gone, behind all that were there before.
    pub(crate) async fn pass(&self, bytes: usize) {
        sleep_until(self.reserve(bytes)).await;
    }

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
    fn what_shares_a_line_goes_one_after_another() {
        let pacer = Pacer::new(1000);
        let first = pacer.reserve(500);
        let second = pacer.reserve(1000);
        assert_eq!(second - first, Duration::from_secs(1));
    }

    #[test]
    fn pieces_are_neither_nothing_nor_large() {
        assert_eq!(Pacer::new(1).piece(), 1);
        assert_eq!(Pacer::new(8192).piece(), 409);
        assert_eq!(Pacer::new(u64::MAX).piece(), 64 * 1024);
    }
}
