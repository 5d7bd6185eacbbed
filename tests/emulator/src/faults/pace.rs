//! A line of a certain speed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much goes at a time, in parts of a second, so that what is slow still moves evenly.
const PIECES_PER_SECOND: u64 = 20;
const LARGEST_PIECE: u64 = 64 * 1024;

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
        let start = busy_until.map_or(now, |busy| busy.max(now));
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
