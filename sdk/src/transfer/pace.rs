//! A limit on bytes per second that all parts of a transfer share.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// Of all parts together, pieces take this long, so that waiting for others is never taken for a standstill.
const ROUND: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: NonZeroU64,
    /// How many wait for one another.
    sharers: u64,
    /// Until when what was let through so far takes.
    busy_until: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn of(bytes_per_second: u64, sharers: usize) -> Result<Self> {
        NonZeroU64::new(bytes_per_second).map(|bytes| Self::new(bytes, sharers as u64)).ok_or_else(|| {
            Error::invalid_input("bandwidth: 0 bytes a second would move nothing; leave it out for no limit")
        })
    }

    fn new(bytes_per_second: NonZeroU64, sharers: u64) -> Self {
        Self { bytes_per_second, sharers: sharers.max(1), busy_until: Mutex::new(None) }
    }

    pub(crate) fn piece(&self) -> usize {
        let bytes = u128::from(self.bytes_per_second.get()) * ROUND.as_millis() / 1000 / u128::from(self.sharers);
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// How long to wait after bytes that were let through just now.
    pub(crate) fn pause_after(&self, bytes: u64, now: Instant) -> Option<Duration> {
        let mut busy_until = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let start = busy_until.map_or(now, |until| until.max(now));
        let takes = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.get() as f64);
        let until = start + takes;
        *busy_until = Some(until);
        Some(until - now).filter(|pause| !pause.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_send_takes_as_long_as_if_one_did() {
        let pace = Pace::new(NonZeroU64::new(1000).unwrap(), 8);
        let now = Instant::now();
        assert_eq!(pace.pause_after(500, now), Some(Duration::from_millis(500)));
        assert_eq!(pace.pause_after(250, now), Some(Duration::from_millis(750)));
        let later = now + Duration::from_secs(10);
        assert_eq!(pace.pause_after(100, later), Some(Duration::from_millis(100)), "time that was not used is gone");
    }

    #[test]
    fn whoever_waits_for_all_others_does_not_wait_long() {
        let pace = Pace::new(NonZeroU64::new(8_000_000).unwrap(), 200);
        let now = Instant::now();
        let pauses = (0..200).filter_map(|_| pace.pause_after(pace.piece() as u64, now));
        assert_eq!(pauses.last(), Some(ROUND));
        assert_eq!(Pace::new(NonZeroU64::MIN, 8).piece(), 1, "never nothing");
    }
}
