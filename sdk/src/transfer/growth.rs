//! How long parts are where nobody knows the size.
//!
//! A reader may end after a byte or after 50 TB, and there are 10,000 parts. Nearly all of them have to be of 5 GiB if it
//! is 50 TB, so parts begin small and become large within the first 700.

use super::limits::{LARGEST_PART, MOST_PARTS};

/// How many parts in a row are equally long before the next are twice as long: three times, while they are small.
const SMALL_RUN: u32 = 128;
const SMALL_RUNS: u32 = 3;
/// Of eight times the first part's length there are a few more, so that what people pipe ends before parts become large.
const LAST_SMALL_RUN: u32 = 144;
const LARGE_RUN: u32 = 16;

/// How many bytes the part of this number has, if the reader does not end before; `None` beyond the last number.
pub(crate) fn part_length(number: u32, first: u64) -> Option<u64> {
    if number >= MOST_PARTS {
        return None;
    }
    let small = SMALL_RUN * SMALL_RUNS;
    let doublings = match number {
        number if number < small => number / SMALL_RUN,
        number if number < small + LAST_SMALL_RUN => SMALL_RUNS,
        number => SMALL_RUNS + 1 + (number - small - LAST_SMALL_RUN) / LARGE_RUN,
    };
    let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
    Some(first.saturating_mul(factor).min(LARGEST_PART))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::limits::{MIB, SMALLEST_PART};
    use super::*;

    fn lengths(first: u64) -> impl Iterator<Item = u64> {
        (0..).map_while(move |number| part_length(number, first))
    }

    #[test]
    fn fifty_terabytes_fit_whatever_the_first_part() {
        for first in [SMALLEST_PART, SMALLEST_PART + 1, 8 * MIB, 100 * MIB, LARGEST_PART] {
            assert!(lengths(first).sum::<u64>() >= 50_000_000_000_000, "{first}");
        }
    }

    #[test]
    fn sixteen_gibibytes_take_parts_of_eight_times_the_first_at_most() {
        let mut sum = 0;
        let large = lengths(8 * MIB).take_while(|length| *length <= 64 * MIB).inspect(|length| sum += length).count();
        assert_eq!((large, sum), (528, 16 << 30));
    }

    proptest! {
        #[test]
        fn parts_only_grow_and_keep_the_limits(first in SMALLEST_PART..=LARGEST_PART) {
            let mut before = first;
            let mut count = 0;
            for length in lengths(first) {
                prop_assert!(length >= before && length <= LARGEST_PART);
                before = length;
                count += 1;
            }
            prop_assert_eq!(count, MOST_PARTS);
        }
    }
}
