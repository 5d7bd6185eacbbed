//! Part sizes: the service's limits, the defaults, and the layout of an object in parts.

use std::ops::Range;

use crate::error::{Error, Result};

/// One mebibyte, in bytes.
pub const MIB: u64 = 1 << 20;

/// Minimum size of a part in bytes. Only the last part may be smaller.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/multipart/upload_multipart.html>
pub(crate) const MIN_PART_SIZE: u64 = 4 * MIB;

/// Maximum size of a part in bytes: 5 GiB.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/multipart/upload_multipart.html>
pub(crate) const MAX_PART_SIZE: u64 = 5 << 30;

/// Maximum number of parts of an upload.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/multipart/>
pub(crate) const MAX_PARTS: u32 = 10_000;

/// Maximum size of an object in bytes, which the service calls 50 TB: `MAX_PARTS` of `MAX_PART_SIZE`.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/multipart/>
pub(crate) const MAX_OBJECT_SIZE: u64 = MAX_PARTS as u64 * MAX_PART_SIZE;

/// Maximum number of bytes that one request without parts may store or copy: 5 GiB.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/put.html>
pub(crate) const MAX_SINGLE_REQUEST_SIZE: u64 = 5 << 30;

/// Default size of a part of an upload or a download, in bytes.
pub(crate) const DEFAULT_PART_SIZE: u64 = 8 * MIB;

/// Default size of a part of a copy, in bytes.
///
/// The server moves the bytes, so that small parts would only add requests.
pub(crate) const DEFAULT_COPY_PART_SIZE: u64 = 512 * MIB;

/// Default number of requests in flight.
pub(crate) const DEFAULT_CONCURRENCY: usize = 8;

/// Parts of equal size, but for the last one, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartLayout {
    size: u64,
    part_size: u64,
}

/// One part: its number, and which bytes of the whole it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) bytes: Range<u64>,
}

impl PartLayout {
    /// Parts of `wanted` bytes, or of as many more as keep their number within the limit.
    pub(crate) fn new(size: u64, wanted: u64) -> Result<Self> {
        check_part_size(wanted)?;
        if size > MAX_OBJECT_SIZE {
            return Err(Error::invalid_input(format!(
                "{size} bytes are more than an object can have: {MAX_OBJECT_SIZE} ({MAX_PARTS} parts of 5 GiB)"
            )));
        }
        let least = size.div_ceil(u64::from(MAX_PARTS));
        // Whole MiB, so that parts begin where pages and file systems' blocks do.
        let part_size = if least > wanted { least.next_multiple_of(MIB).min(MAX_PART_SIZE) } else { wanted };
        Ok(Self { size, part_size })
    }

    /// Parts of exactly `part_size` bytes, as an upload that was begun before has them.
    pub(crate) fn resumed(size: u64, part_size: u64) -> Option<Self> {
        Self::new(size, part_size).ok().filter(|plan| plan.part_size == part_size)
    }

    pub(crate) fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts there are: at least one, which may be empty.
    pub(crate) fn count(&self) -> u32 {
        let parts = self.size.div_ceil(self.part_size).max(1);
        u32::try_from(parts).unwrap_or(MAX_PARTS)
    }

    pub(crate) fn part(&self, number: u32) -> Option<Part> {
        (number < self.count()).then(|| {
            let start = u64::from(number) * self.part_size;
            Part { number, bytes: start..self.size.min(start + self.part_size) }
        })
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        let plan = *self;
        (0..plan.count()).filter_map(move |number| plan.part(number))
    }
}

/// Whether parts may have this many bytes.
pub(crate) fn check_part_size(bytes: u64) -> Result<()> {
    if (MIN_PART_SIZE..=MAX_PART_SIZE).contains(&bytes) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "part_size: {bytes} bytes; a part has 4 MiB ({MIN_PART_SIZE}) to 5 GiB ({MAX_PART_SIZE})"
    )))
}

/// How many parts in a row are equally long before the next are twice as long: three times, while they are small.
const SMALL_RUN: u32 = 128;
const SMALL_RUNS: u32 = 3;
/// Of eight times the first part's length there are a few more, so that what people pipe ends before parts become large.
const LAST_SMALL_RUN: u32 = 144;
const LARGE_RUN: u32 = 16;

/// How many bytes the part of this number has, if the reader does not end before; `None` beyond the last number.
pub(crate) fn growing_part_size(number: u32, first: u64) -> Option<u64> {
    if number >= MAX_PARTS {
        return None;
    }
    let small = SMALL_RUN * SMALL_RUNS;
    let doublings = match number {
        number if number < small => number / SMALL_RUN,
        number if number < small + LAST_SMALL_RUN => SMALL_RUNS,
        number => SMALL_RUNS + 1 + (number - small - LAST_SMALL_RUN) / LARGE_RUN,
    };
    let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
    Some(first.saturating_mul(factor).min(MAX_PART_SIZE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// Holds a plan against all that is promised of it.
    fn check(size: u64, wanted: u64) {
        let plan = PartLayout::new(size, wanted).unwrap();
        assert!(plan.part_size >= wanted && plan.part_size <= MAX_PART_SIZE, "{plan:?}");
        assert!(
            plan.part_size == wanted || plan.part_size.is_multiple_of(MIB) || plan.part_size == MAX_PART_SIZE,
            "{plan:?}"
        );
        let parts: Vec<_> = plan.parts().collect();
        assert!((1..=MAX_PARTS as usize).contains(&parts.len()), "{plan:?}: {} parts", parts.len());
        assert_eq!(parts.len(), plan.count() as usize);
        let mut end = 0;
        for (number, part) in parts.iter().enumerate() {
            assert_eq!((part.number as usize, part.bytes.start), (number, end), "{plan:?}");
            end = part.bytes.end;
            let length = part.bytes.end - part.bytes.start;
            let is_last = number + 1 == parts.len();
            assert!(is_last || length == plan.part_size, "{plan:?}: {part:?}");
            assert!(length > 0 || size == 0, "{plan:?}: {part:?}");
        }
        assert_eq!(end, size, "{plan:?}");
        assert_eq!(PartLayout::resumed(size, plan.part_size), Some(plan));
    }

    #[test]
    fn sizes_at_which_others_went_wrong() {
        // The size of a part was rounded down there: the end was lost, or there was a part too many.
        check(100_000_000_000 + 9_999, 4 * MIB);
        check(4 * MIB * 10_000 + 1, 4 * MIB);
    }

    #[test]
    fn limits_and_their_neighbours() {
        for size in [0, 1, MAX_OBJECT_SIZE - 1, MAX_OBJECT_SIZE] {
            check(size, 8 * MIB);
        }
        for wanted in [MIN_PART_SIZE, MIN_PART_SIZE + 1, MAX_PART_SIZE] {
            for size in [wanted - 1, wanted, wanted + 1, 2 * wanted] {
                check(size, wanted);
            }
            let most = wanted * u64::from(MAX_PARTS);
            for size in [most - 1, most, (most + 1).min(MAX_OBJECT_SIZE)] {
                check(size, wanted);
            }
        }
        assert_eq!(PartLayout::new(4 * MIB * 10_000, 4 * MIB).unwrap().part_size(), 4 * MIB);
        assert_eq!(PartLayout::new(4 * MIB * 10_000 + 1, 4 * MIB).unwrap().part_size(), 5 * MIB);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_limits() {
        for wanted in [0, MIN_PART_SIZE - 1, MAX_PART_SIZE + 1, u64::MAX] {
            let error = PartLayout::new(1, wanted).unwrap_err().to_string();
            assert!(error.contains(&format!("part_size: {wanted} bytes; a part has 4 MiB")), "{error}");
        }
        for size in [MAX_OBJECT_SIZE + 1, u64::MAX] {
            let error = PartLayout::new(size, 8 * MIB).unwrap_err().to_string();
            assert!(error.contains(&size.to_string()) && error.contains("10000 parts of 5 GiB"), "{error}");
        }
    }

    #[test]
    fn a_plan_that_could_not_have_been_is_not_resumed() {
        assert_eq!(PartLayout::resumed(100 * GIB, 4 * MIB), None, "too many parts");
        assert_eq!(PartLayout::resumed(1, 1), None, "too small ones");
    }

    fn growing_sizes(first: u64) -> impl Iterator<Item = u64> {
        (0..).map_while(move |number| growing_part_size(number, first))
    }

    #[test]
    fn growing_parts_hold_50_tb_for_every_first_part() {
        for first in [MIN_PART_SIZE, MIN_PART_SIZE + 1, 8 * MIB, 100 * MIB, MAX_PART_SIZE] {
            assert!(growing_sizes(first).sum::<u64>() >= 50_000_000_000_000, "{first}");
        }
    }

    #[test]
    fn growing_parts_of_16_gib_have_at_most_eight_times_the_first_size() {
        let mut sum = 0;
        let large = growing_sizes(8 * MIB).take_while(|size| *size <= 64 * MIB).inspect(|size| sum += size).count();
        assert_eq!((large, sum), (528, 16 << 30));
    }

    proptest! {
        #[test]
        fn growing_parts_never_shrink_and_keep_the_limits(first in MIN_PART_SIZE..=MAX_PART_SIZE) {
            let sizes: Vec<u64> = growing_sizes(first).collect();
            prop_assert_eq!(sizes.len(), MAX_PARTS as usize);
            prop_assert!(sizes.is_sorted() && sizes.iter().all(|size| (first..=MAX_PART_SIZE).contains(size)));
        }
    }

    proptest! {
        #[test]
        fn every_size_is_covered_exactly(size in 0..=MAX_OBJECT_SIZE, wanted in MIN_PART_SIZE..=MAX_PART_SIZE) {
            check(size, wanted);
        }

        #[test]
        fn so_is_every_smaller_one(size in 0..200 * GIB, wanted in MIN_PART_SIZE..=64 * MIB) {
            check(size, wanted);
        }
    }
}
