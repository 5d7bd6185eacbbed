//! The order of versions, as numbers that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Moment;

/// How many numbers a millisecond has. Should more be needed, the next millisecond's are taken.
const PER_MILLISECOND: u64 = 2048;

/// Numbers follow the clock, so that one which was deleted for good is not given again after a restart, and never fall
/// behind the last one, whatever the clock does.
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

    /// Takes note of a number given by an earlier process.
    pub(crate) fn pass(&self, number: u64) {
        self.last.fetch_max(number, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_backwards_changes_nothing() {
        let sequence = Sequence::default();
        let numbers = [5, 5, 3, 9].map(|seconds| sequence.next(Moment::from_seconds(seconds)));
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        sequence.pass(numbers[3] + 10);
        assert_eq!(sequence.next(Moment::from_seconds(0)), numbers[3] + 11);
    }

    #[test]
    fn the_last_second_of_the_calendar_fits_a_version_id() {
        let number = Sequence::default().next(Moment::from_seconds(253_402_300_799));
        assert!(number.to_string().len() <= 18, "{number}");
    }
}
