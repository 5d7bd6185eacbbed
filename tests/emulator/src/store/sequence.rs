//! Increasing numbers that order versions.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Moment;

/// Numbers per millisecond. If a millisecond needs more, it uses those of the next one.
const PER_MILLISECOND: u64 = 2048;

/// Numbers follow the clock, so that a restart does not reuse the number of a deleted version. They increase even if the
/// clock goes backwards.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last: AtomicU64,
}

impl Sequence {
    pub(crate) fn next(&self, now: Moment) -> u64 {
        let by_clock = now.milliseconds().max(0).unsigned_abs() * PER_MILLISECOND;
        let after = |last: u64| by_clock.max(last + 1);
        let previous = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        after(previous.unwrap_or_else(|last| last))
    }

    /// Skips a number that an earlier process used.
    pub(crate) fn pass(&self, number: u64) {
        self.last.fetch_max(number, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_increase_if_the_clock_goes_backwards() {
        let sequence = Sequence::default();
        let numbers = [5, 5, 3, 9].map(|seconds| sequence.next(Moment::from_seconds(seconds)));
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        sequence.pass(numbers[3] + 10);
        assert_eq!(sequence.next(Moment::from_seconds(0)), numbers[3] + 11);
    }

    #[test]
    fn largest_number_fits_a_version_id() {
        let number = Sequence::default().next(Moment::from_seconds(253_402_300_799));
        assert!(number.to_string().len() <= 18, "{number}");
    }
}
