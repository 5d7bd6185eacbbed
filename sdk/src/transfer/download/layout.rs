//! How the parts of an object can have been laid out, by how many there are.

use std::ops::Range;

use crate::transfer::part_size::growing_part_size;
use crate::transfer::part_size::{MAX_PART_SIZE, MIB, MIN_PART_SIZE};

/// Each takes reading the file once.
const MOST: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Parts of so many bytes.
    Equal(u64),
    /// What a reader's upload makes whose first part has so many bytes.
    Growing(u64),
}

impl Layout {
    pub(super) fn parts(self, size: u64) -> Vec<Range<u64>> {
        let length = |number| match self {
            Self::Equal(length) => Some(length),
            Self::Growing(first) => growing_part_size(number, first),
        };
        let mut parts = Vec::new();
        let mut start = 0;
        for number in 0.. {
            let Some(length) = length(number).filter(|_| start < size) else { break };
            let end = size.min(start.saturating_add(length));
            parts.push(start..end);
            start = end;
        }
        parts
    }

    /// Whether it makes so many parts of so many bytes.
    fn fits(self, size: u64, count: u32) -> bool {
        let end = |parts: u32| match self {
            Self::Equal(length) => length.saturating_mul(u64::from(parts)),
            Self::Growing(first) => {
                (0..parts).filter_map(|number| growing_part_size(number, first)).fold(0, u64::saturating_add)
            }
        };
        end(count - 1) < size && size <= end(count)
    }
}

/// The ways in which so many parts, one at least, can have been laid out: the one that is wanted, what people choose, and
/// others of whole MiB; and whether these are all of whole MiB.
pub(super) fn layouts(size: u64, count: u32, wanted: u64) -> (Vec<Layout>, bool) {
    let powers = (2..=12).map(|power| MIB << power);
    let likely: Vec<u64> = [wanted].into_iter().chain(powers).filter(|part| *part >= MIN_PART_SIZE).collect();
    let likely = likely.iter().flat_map(|part| [Layout::Equal(*part), Layout::Growing(*part)]);
    let equal = whole_mebibytes(size.div_ceil(u64::from(count))).map(Layout::Equal);
    let equal: Vec<Layout> = equal.take_while(|layout| layout.fits(size, count)).take(MOST + 1).collect();
    // As long as parts do not grow, they are equal.
    let grows = growing_part_size(count - 1, MIB) > Some(MIB);
    let growing: Vec<Layout> = if grows { growing(size, count) } else { Vec::new() };
    let mut found = Vec::new();
    for layout in likely.filter(|layout| layout.fits(size, count)).chain(equal.clone()).chain(growing.clone()) {
        let is_new = !found.contains(&layout) && (grows || matches!(layout, Layout::Equal(_)));
        if is_new && found.len() < MOST {
            found.push(layout);
        }
    }
    let are_all = equal.iter().chain(&growing).all(|layout| found.contains(layout)) && !found.is_empty();
    let is_of_whole_mebibytes = !equal.is_empty() || !growing.is_empty();
    (found, are_all && is_of_whole_mebibytes)
}

fn growing(size: u64, count: u32) -> Vec<Layout> {
    let unit: u64 = (0..count).filter_map(|number| growing_part_size(number, 1)).fold(0, u64::saturating_add);
    whole_mebibytes(size.div_ceil(unit.max(1)))
        .map(Layout::Growing)
        // Where parts are as long as they may be, the first ones have to make up for it.
        .skip_while(|layout| layout.parts(size).len() > count as usize)
        .take_while(|layout| layout.fits(size, count))
        .take(MOST + 1)
        .collect()
}

fn whole_mebibytes(least: u64) -> impl Iterator<Item = u64> {
    (least.max(MIN_PART_SIZE).next_multiple_of(MIB)..=MAX_PART_SIZE).step_by(MIB as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn equal(sizes: &[u64]) -> Vec<Layout> {
        sizes.iter().copied().map(Layout::Equal).collect()
    }

    #[test]
    fn the_size_of_parts_follows_from_their_number() {
        assert_eq!(layouts(100 * MIB, 13, 8 * MIB), (equal(&[8 * MIB]), true));
        assert_eq!(layouts(100 * MIB, 20, 8 * MIB), (equal(&[5 * MIB]), true), "whole MiB");
        let two = equal(&[64 * MIB, 50 * MIB, 51 * MIB, 52 * MIB]);
        assert_eq!(layouts(100 * MIB, 2, 8 * MIB), (two, false), "what people choose comes first");
        assert_eq!(layouts(100 * MIB, 1, 8 * MIB).0[0], Layout::Equal(128 * MIB));
        assert_eq!(layouts(4 * MIB + 1, 2, 8 * MIB), (equal(&[4 * MIB]), true));
        let others = equal(&[5_000_000, 8 * MIB, 5 * MIB, 6 * MIB]);
        assert_eq!(layouts(9_000_000, 2, 5_000_000), (others, false));
        assert!(layouts(10, 3, 8 * MIB).0.is_empty(), "parts that small there are none");
        assert!(layouts(0, 2, 8 * MIB).0.is_empty());
    }

    #[test]
    fn parts_of_a_reader_grow() {
        for size in [GIB + 1, 3 * GIB, 3 * GIB + 5, 5 * GIB, 100 * GIB + 77] {
            for first in [4 * MIB, 8 * MIB, 9 * MIB] {
                let layout = Layout::Growing(first);
                let parts = layout.parts(size);
                assert_eq!(parts.last().unwrap().end, size);
                assert!(parts.windows(2).all(|two| two[0].end == two[1].start && !two[1].is_empty()));
                let count = parts.len() as u32;
                let (found, are_all) = layouts(size, count, 8 * MIB);
                let is_found = count <= 128 || found.contains(&layout);
                assert!(is_found || !are_all, "{size} bytes from {first} on, {count} parts: {found:?}");
                assert!(first != 8 * MIB || is_found, "{size} bytes, {count} parts: {found:?}");
            }
        }
    }
}
