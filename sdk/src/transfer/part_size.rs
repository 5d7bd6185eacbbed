//! Part sizes: limits of the service, defaults, and the division of an object into parts.

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

/// Maximum size of an object in bytes: `MAX_PARTS` parts of `MAX_PART_SIZE`. The service's documentation calls it 50 TB.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/multipart/>
pub(crate) const MAX_OBJECT_SIZE: u64 = MAX_PARTS as u64 * MAX_PART_SIZE;

/// Maximum number of bytes that one `PutObject` request may store or copy: 5 GiB.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/put.html>
pub(crate) const MAX_SINGLE_REQUEST_SIZE: u64 = 5 << 30;

/// Default size of a part of an upload or a download, in bytes.
pub(crate) const DEFAULT_PART_SIZE: u64 = 8 * MIB;

/// Default size of a part of a copy, in bytes.
///
/// It is larger than that of an upload, because the client sends no bytes and small parts would only add requests.
pub(crate) const DEFAULT_COPY_PART_SIZE: u64 = 512 * MIB;

/// Default number of requests in flight.
pub(crate) const DEFAULT_CONCURRENCY: usize = 8;

/// Layout of an object of known size: equal parts, except that the last one may be smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartLayout {
    pub(crate) size: u64,
    pub(crate) part_size: u64,
}

/// Part of an object. Part numbers start at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) bytes: Range<u64>,
}

impl Part {
    /// Returns the length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }
}

impl PartLayout {
    /// Creates a layout of parts of `part_size` bytes. Parts are larger if there would be more than [`MAX_PARTS`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `size` or `part_size` is out of its limits.
    pub(crate) fn new(size: u64, part_size: u64) -> Result<Self> {
        check_part_size(part_size)?;
        if size > MAX_OBJECT_SIZE {
            return Err(Error::invalid_input(format!(
                "the size is {size} bytes, but an object has at most {MAX_OBJECT_SIZE} ({MAX_PARTS} parts of 5 GiB): split it \
                 into several objects"
            )));
        }
        let min = size.div_ceil(u64::from(MAX_PARTS));
        // Parts of whole MiB are aligned to pages, and a download can derive their size from the number of parts.
        let part_size = if min > part_size { min.next_multiple_of(MIB).min(MAX_PART_SIZE) } else { part_size };
        Ok(Self { size, part_size })
    }

    /// Creates a layout of any number of parts, for a transfer that sends no part numbers.
    pub(crate) fn unlimited(size: u64, part_size: u64) -> Self {
        Self { size, part_size }
    }

    /// Creates the layout of an earlier transfer. Returns `None` if no transfer can have had this layout.
    pub(crate) fn resumed(size: u64, part_size: u64) -> Option<Self> {
        Self::new(size, part_size).ok().filter(|layout| layout.part_size == part_size)
    }

    /// Returns the number of parts. An empty object has one empty part.
    pub(crate) fn count(self) -> u32 {
        let parts = self.size.div_ceil(self.part_size).max(1);
        u32::try_from(parts).unwrap_or(u32::MAX)
    }

    pub(crate) fn parts(self) -> impl Iterator<Item = Part> + Clone {
        (0..self.count()).map(move |number| {
            let start = u64::from(number) * self.part_size;
            Part { number, bytes: start..self.size.min(start + self.part_size) }
        })
    }
}

/// Checks a part size against the limits of the service.
///
/// # Errors
///
/// `InvalidInput` if it is out of its limits.
pub(crate) fn check_part_size(bytes: u64) -> Result<()> {
    if (MIN_PART_SIZE..=MAX_PART_SIZE).contains(&bytes) {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "part_size is {bytes} bytes, but a part has 4 MiB ({MIN_PART_SIZE} bytes) to 5 GiB ({MAX_PART_SIZE} bytes): choose a \
         size in this range"
    )))
}

/// Numbers of the parts at which the part size of a reader doubles for the first four times.
///
/// If the first part has 8 MiB, the parts before the fourth doubling hold 16 GiB.
const FIRST_DOUBLINGS: [u32; 4] = [128, 256, 384, FOURTH_DOUBLING];
const FOURTH_DOUBLING: u32 = 528;
/// Number of parts between two doublings after the fourth one.
const LATER_INTERVAL: u32 = 16;

/// Returns the size of part `number` of an upload from a reader. The first part has `first` bytes. Returns `None` if the upload
/// would have more than [`MAX_PARTS`].
///
/// The size of a reader is unknown in advance: 1 byte or 50 TB. Small parts suit small objects, but 50 TB fit into 10,000
/// parts only if nearly all of them have 5 GiB. The parts therefore start small and reach 5 GiB before part 700.
pub(crate) fn growing_part_size(number: u32, first: u64) -> Option<u64> {
    if number >= MAX_PARTS {
        return None;
    }
    let first_doublings: u32 = FIRST_DOUBLINGS.iter().map(|part| u32::from(number >= *part)).sum();
    let later_doublings = number.saturating_sub(FOURTH_DOUBLING) / LATER_INTERVAL;
    let factor = 1u64.checked_shl(first_doublings + later_doublings).unwrap_or(u64::MAX);
    Some(first.saturating_mul(factor).min(MAX_PART_SIZE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// Checks that the parts of a layout are within the limits and cover the object exactly.
    fn check(size: u64, wanted: u64) {
        let layout = PartLayout::new(size, wanted).unwrap();
        assert!(layout.part_size >= wanted && layout.part_size <= MAX_PART_SIZE, "{layout:?}");
        assert!(
            layout.part_size == wanted || layout.part_size.is_multiple_of(MIB) || layout.part_size == MAX_PART_SIZE,
            "{layout:?}"
        );
        let parts: Vec<_> = layout.parts().collect();
        assert!((1..=MAX_PARTS as usize).contains(&parts.len()), "{layout:?}: {} parts", parts.len());
        assert_eq!(parts.len(), layout.count() as usize);
        let mut end = 0;
        for (number, part) in parts.iter().enumerate() {
            assert_eq!((part.number as usize, part.bytes.start), (number, end), "{layout:?}");
            end = part.bytes.end;
            let is_last = number + 1 == parts.len();
            assert!(is_last || part.len() == layout.part_size, "{layout:?}: {part:?}");
            assert!(part.len() > 0 || size == 0, "{layout:?}: {part:?}");
        }
        assert_eq!(end, size, "{layout:?}");
        assert_eq!(PartLayout::resumed(size, layout.part_size), Some(layout));
    }

    #[test]
    fn layout_rounds_the_part_size_up() {
        // With a part size rounded down, the last bytes would be lost, or there would be 10,001 parts.
        check(100_000_000_000 + 9_999, 4 * MIB);
        check(4 * MIB * 10_000 + 1, 4 * MIB);
    }

    #[test]
    fn layout_covers_sizes_next_to_the_limits() {
        for size in [0, 1, MAX_OBJECT_SIZE - 1, MAX_OBJECT_SIZE] {
            check(size, 8 * MIB);
        }
        for wanted in [MIN_PART_SIZE, MIN_PART_SIZE + 1, MAX_PART_SIZE] {
            for size in [wanted - 1, wanted, wanted + 1, 2 * wanted] {
                check(size, wanted);
            }
            let max = wanted * u64::from(MAX_PARTS);
            for size in [max - 1, max, (max + 1).min(MAX_OBJECT_SIZE)] {
                check(size, wanted);
            }
        }
        assert_eq!(PartLayout::new(4 * MIB * 10_000, 4 * MIB).unwrap().part_size, 4 * MIB);
        assert_eq!(PartLayout::new(4 * MIB * 10_000 + 1, 4 * MIB).unwrap().part_size, 5 * MIB);
    }

    #[test]
    fn layout_rejects_sizes_out_of_limits() {
        for wanted in [0, MIN_PART_SIZE - 1, MAX_PART_SIZE + 1, u64::MAX] {
            let error = PartLayout::new(1, wanted).unwrap_err().to_string();
            assert!(error.contains(&format!("part_size is {wanted} bytes, but a part has 4 MiB")), "{error}");
        }
        for size in [MAX_OBJECT_SIZE + 1, u64::MAX] {
            let error = PartLayout::new(size, 8 * MIB).unwrap_err().to_string();
            assert!(error.contains(&size.to_string()) && error.contains("10000 parts of 5 GiB"), "{error}");
        }
    }

    #[test]
    fn resumed_layout_is_none_out_of_limits() {
        assert_eq!(PartLayout::resumed(100 * GIB, 4 * MIB), None, "too many parts");
        assert_eq!(PartLayout::resumed(1, 1), None, "parts below the minimum size");
    }

    fn growing_sizes(first: u64) -> impl Iterator<Item = u64> {
        (0..).map_while(move |number| growing_part_size(number, first))
    }

    #[test]
    fn growing_parts_hold_50_tb_with_any_first_size() {
        for first in [MIN_PART_SIZE, MIN_PART_SIZE + 1, 8 * MIB, 100 * MIB, MAX_PART_SIZE] {
            assert!(growing_sizes(first).sum::<u64>() >= 50_000_000_000_000, "{first}");
        }
    }

    #[test]
    fn growing_parts_hold_16_gib_before_the_fourth_doubling() {
        let mut sum = 0;
        let count = growing_sizes(8 * MIB).take_while(|size| *size <= 64 * MIB).inspect(|size| sum += size).count();
        assert_eq!((count, sum), (528, 16 << 30));
    }

    proptest! {
        #[test]
        fn growing_parts_never_shrink_and_stay_within_limits(first in MIN_PART_SIZE..=MAX_PART_SIZE) {
            let sizes: Vec<u64> = growing_sizes(first).collect();
            prop_assert_eq!(sizes.len(), MAX_PARTS as usize);
            prop_assert!(sizes.is_sorted() && sizes.iter().all(|size| (first..=MAX_PART_SIZE).contains(size)));
        }
    }

    proptest! {
        #[test]
        fn layout_covers_any_size_exactly(size in 0..=MAX_OBJECT_SIZE, wanted in MIN_PART_SIZE..=MAX_PART_SIZE) {
            check(size, wanted);
        }

        #[test]
        fn layout_covers_any_size_below_200_gib_exactly(size in 0..200 * GIB, wanted in MIN_PART_SIZE..=64 * MIB) {
            check(size, wanted);
        }
    }
}
