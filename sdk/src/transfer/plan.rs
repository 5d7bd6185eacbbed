//! Which bytes are which part, where the size is known.

use std::ops::Range;
use std::time::Duration;

use super::limits::{LARGEST_OBJECT, LARGEST_PART, MIB, MOST_PARTS, SMALLEST_PART};
use crate::error::{Error, Result};

/// Parts of equal size, but for the last one, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartPlan {
    size: u64,
    part_size: u64,
}

/// One part: its number, and which bytes of the whole it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedPart {
    pub(crate) number: u32,
    pub(crate) bytes: Range<u64>,
}

impl PartPlan {
    /// Parts of `wanted` bytes, or of as many more as keep their number within the limit.
    pub(crate) fn new(size: u64, wanted: u64) -> Result<Self> {
        check_part_size(wanted)?;
        if size > LARGEST_OBJECT {
            return Err(Error::invalid_input(format!(
                "{size} bytes are more than an object can have: {LARGEST_OBJECT} ({MOST_PARTS} parts of 5 GiB)"
            )));
        }
        let least = size.div_ceil(u64::from(MOST_PARTS));
        // Whole MiB, so that parts begin where pages and file systems' blocks do.
        let part_size = if least > wanted { least.next_multiple_of(MIB).min(LARGEST_PART) } else { wanted };
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
        u32::try_from(parts).unwrap_or(MOST_PARTS)
    }

    pub(crate) fn part(&self, number: u32) -> Option<PlannedPart> {
        (number < self.count()).then(|| {
            let start = u64::from(number) * self.part_size;
            PlannedPart { number, bytes: start..self.size.min(start + self.part_size) }
        })
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = PlannedPart> + use<> {
        let plan = *self;
        (0..plan.count()).filter_map(move |number| plan.part(number))
    }
}

/// Whether parts may have this many bytes.
pub(crate) fn check_part_size(bytes: u64) -> Result<()> {
    if (SMALLEST_PART..=LARGEST_PART).contains(&bytes) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "part_size: {bytes} bytes; a part has 4 MiB ({SMALLEST_PART}) to 5 GiB ({LARGEST_PART})"
    )))
}

/// Whether anything can move in that time.
pub(crate) fn check_stall_timeout(limit: Duration) -> Result<()> {
    if limit.is_zero() {
        return Err(Error::invalid_input(
            "stall_timeout is zero, so that every part would be cut: for no limit, use a long one",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// Holds a plan against all that is promised of it.
    fn check(size: u64, wanted: u64) {
        let plan = PartPlan::new(size, wanted).unwrap();
        assert!(plan.part_size >= wanted && plan.part_size <= LARGEST_PART, "{plan:?}");
        assert!(
            plan.part_size == wanted || plan.part_size.is_multiple_of(MIB) || plan.part_size == LARGEST_PART,
            "{plan:?}"
        );
        let parts: Vec<_> = plan.parts().collect();
        assert!((1..=MOST_PARTS as usize).contains(&parts.len()), "{plan:?}: {} parts", parts.len());
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
        assert_eq!(PartPlan::resumed(size, plan.part_size), Some(plan));
    }

    #[test]
    fn sizes_at_which_others_went_wrong() {
        // The size of a part was rounded down there: the end was lost, or there was a part too many.
        check(100_000_000_000 + 9_999, 4 * MIB);
        check(4 * MIB * 10_000 + 1, 4 * MIB);
    }

    #[test]
    fn limits_and_their_neighbours() {
        for size in [0, 1, LARGEST_OBJECT - 1, LARGEST_OBJECT] {
            check(size, 8 * MIB);
        }
        for wanted in [SMALLEST_PART, SMALLEST_PART + 1, LARGEST_PART] {
            for size in [wanted - 1, wanted, wanted + 1, 2 * wanted] {
                check(size, wanted);
            }
            let most = wanted * u64::from(MOST_PARTS);
            for size in [most - 1, most, (most + 1).min(LARGEST_OBJECT)] {
                check(size, wanted);
            }
        }
        assert_eq!(PartPlan::new(4 * MIB * 10_000, 4 * MIB).unwrap().part_size(), 4 * MIB);
        assert_eq!(PartPlan::new(4 * MIB * 10_000 + 1, 4 * MIB).unwrap().part_size(), 5 * MIB);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_limits() {
        for wanted in [0, SMALLEST_PART - 1, LARGEST_PART + 1, u64::MAX] {
            let error = PartPlan::new(1, wanted).unwrap_err().to_string();
            assert!(error.contains(&format!("part_size: {wanted} bytes; a part has 4 MiB")), "{error}");
        }
        for size in [LARGEST_OBJECT + 1, u64::MAX] {
            let error = PartPlan::new(size, 8 * MIB).unwrap_err().to_string();
            assert!(error.contains(&size.to_string()) && error.contains("10000 parts of 5 GiB"), "{error}");
        }
    }

    #[test]
    fn a_plan_that_could_not_have_been_is_not_resumed() {
        assert_eq!(PartPlan::resumed(100 * GIB, 4 * MIB), None, "too many parts");
        assert_eq!(PartPlan::resumed(1, 1), None, "too small ones");
    }

    proptest! {
        #[test]
        fn every_size_is_covered_exactly(size in 0..=LARGEST_OBJECT, wanted in SMALLEST_PART..=LARGEST_PART) {
            check(size, wanted);
        }

        #[test]
        fn so_is_every_smaller_one(size in 0..200 * GIB, wanted in SMALLEST_PART..=64 * MIB) {
            check(size, wanted);
        }
    }
}
