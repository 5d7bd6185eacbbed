//! Verifies a downloaded file by the object's ETag.
//!
//! The ETag of an object that was stored with one request is the MD5 of its bytes. The ETag of an object made of parts is
//! the MD5 of the parts' MD5s and the number of parts, but not their size. One part layout with this number is tried, so
//! that the file is read once.

use std::ops::Range;
use std::sync::Arc;

use crate::body::{OpenFile, Source};
use crate::error::{Error, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{PartsEtag, hex, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::part_size::{MAX_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE, growing_part_size};

/// Digest that the bytes of an object should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExpectedDigest {
    /// MD5 of all bytes.
    Md5(Md5Sum),
    /// MD5 of the MD5s of parts.
    Parts { etag: PartsEtag, layout: Layout, is_only_layout: bool },
    /// The ETag does not tell.
    Unknown,
}

/// Outcome of comparing a file with its expected digest.
pub(super) enum Verdict {
    Verified,
    /// The ETag does not tell whether the bytes are right.
    Unverified,
    /// The bytes are wrong.
    Corrupt(Error),
}

impl ExpectedDigest {
    /// Reads what the ETag of an object of `size` bytes tells. `part_size` is the configured one.
    pub(super) fn new(etag: Option<&str>, size: u64, part_size: u64) -> Self {
        let Some(etag) = etag else { return Self::Unknown };
        if let Some(md5) = parse_hex(etag) {
            return Self::Md5(md5);
        }
        let Some(etag) = PartsEtag::parse(etag) else { return Self::Unknown };
        match choose_layout(size, etag.count, part_size) {
            Some((layout, is_only_layout)) => Self::Parts { etag, layout, is_only_layout },
            None => Self::Unknown,
        }
    }

    /// Hashes a file of `size` bytes and compares.
    pub(super) async fn verify(self, file: Arc<OpenFile>, size: u64) -> Result<Verdict> {
        let source = Source::file(file, 0..size);
        match self {
            Self::Unknown => Ok(Verdict::Unverified),
            Self::Md5(expected) => {
                let sums = sums_of(vec![source]).await?;
                if sums == [expected] {
                    return Ok(Verdict::Verified);
                }
                let received: String = sums.iter().map(hex).collect();
                Ok(Verdict::Corrupt(Error::unexpected_response(format!(
                    "the MD5 of the received bytes is {received}, but the object's ETag is {}; download it again, or use \
                     `checksum(None)` if the ETag is not an MD5",
                    hex(&expected)
                ))))
            }
            Self::Parts { etag, layout, is_only_layout } => {
                let parts = layout.parts(size).into_iter().map(|part| source.region(part));
                let sums = sums_of(parts.collect()).await?;
                if PartsEtag::of(&sums) == etag || PartsEtag::of_texts(&sums) == etag {
                    return Ok(Verdict::Verified);
                }
                if !is_only_layout {
                    return Ok(Verdict::Unverified);
                }
                Ok(Verdict::Corrupt(Error::unexpected_response(format!(
                    "the received bytes do not have the object's ETag {etag}, which only this part layout could have: \
                     {layout:?}; download it again, set `part_size` to the size of its parts if they are not whole MiB, or \
                     use `checksum(None)` if the ETag is not made of MD5s"
                ))))
            }
        }
    }
}

/// Sizes of the parts of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Parts of this size.
    Equal(u64),
    /// Parts as an upload from a reader makes them, if the first one has this size.
    Growing(u64),
}

/// Chooses the part layout of an object that has `size` bytes in `count` parts, and tells whether it is the only one.
///
/// The first of these layouts that gives `count` parts is chosen: parts of the configured `part_size`; parts that grow from
/// it as those of a reader; parts of the smallest possible number of whole MiB. It is the only one if no other layout of
/// whole MiB, equal or growing, gives `count` parts.
fn choose_layout(size: u64, count: u32, part_size: u64) -> Option<(Layout, bool)> {
    if !(1..=MAX_PARTS).contains(&count) {
        return None;
    }
    let equal = layouts_in_mib(Layout::Equal, size, count);
    let growing = layouts_in_mib(Layout::Growing, size, count);
    let configured = [Layout::Equal(part_size), Layout::Growing(part_size)];
    let layout = configured.into_iter().find(|layout| layout.fits(size, count)).or(equal.first().copied())?;
    let parts = layout.parts(size);
    let mut others = equal.iter().chain(&growing).peekable();
    let is_only = others.peek().is_some() && others.all(|other| other.parts(size) == parts);
    Some((layout, is_only))
}

/// Returns the first two layouts of whole MiB that give `count` parts.
fn layouts_in_mib(kind: fn(u64) -> Layout, size: u64, count: u32) -> Vec<Layout> {
    let layouts: Vec<Layout> = (MIN_PART_SIZE / MIB..=MAX_PART_SIZE / MIB).map(|mib| kind(mib * MIB)).collect();
    let first = layouts.partition_point(|layout| layout.capacity(count) < size);
    layouts.into_iter().skip(first).take(2).take_while(|layout| layout.fits(size, count)).collect()
}

impl Layout {
    pub(super) fn parts(self, size: u64) -> Vec<Range<u64>> {
        let mut parts = Vec::new();
        let mut start = 0;
        for part in self.part_sizes() {
            if start >= size {
                break;
            }
            let end = size.min(start + part);
            parts.push(start..end);
            start = end;
        }
        parts
    }

    fn fits(self, size: u64, count: u32) -> bool {
        self.capacity(count - 1) < size && size <= self.capacity(count)
    }

    /// Returns the number of bytes that `count` parts hold at most.
    fn capacity(self, count: u32) -> u64 {
        self.part_sizes().take(count as usize).sum()
    }

    fn part_sizes(self) -> impl Iterator<Item = u64> {
        (0..MAX_PARTS).map_while(move |number| match self {
            Self::Equal(size) => Some(size),
            Self::Growing(first) => growing_part_size(number, first),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Layout::{Equal, Growing};
    use super::*;

    const GIB: u64 = 1 << 30;
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn one_layout_is_chosen_by_the_number_of_parts() {
        for (size, count, part_size, expected) in [
            // The configured size is the only one possible.
            (100 * MIB, 13, 8 * MIB, Some((Equal(8 * MIB), true))),
            // 9 MiB gives eight parts too.
            (64 * MIB, 8, 8 * MIB, Some((Equal(8 * MIB), false))),
            // A size that is not whole MiB is tried if it is configured.
            (15_000_000, 3, 5_000_000, Some((Equal(5_000_000), false))),
            (15_000_000, 3, 8 * MIB, Some((Equal(5 * MIB), false))),
            // Parts grow from number 128 on.
            (128 * 8 * MIB + 16 * MIB, 129, 8 * MIB, Some((Growing(8 * MIB), true))),
            (16 * GIB, 528, 8 * MIB, Some((Growing(8 * MIB), true))),
            (100 * GIB + 77, 614, 8 * MIB, Some((Growing(8 * MIB), false))),
            // The smallest whole MiB.
            (100 * MIB, 20, 8 * MIB, Some((Equal(5 * MIB), true))),
            (100 * MIB, 2, 8 * MIB, Some((Equal(50 * MIB), false))),
            (8 * MIB + 1, 3, 8 * MIB, Some((Equal(4 * MIB), true))),
            // All layouts of one part are the same.
            (100 * MIB, 1, 8 * MIB, Some((Equal(100 * MIB), true))),
            (1, 1, 8 * MIB, Some((Equal(8 * MIB), true))),
            // No layout has parts that small, no parts, or too many.
            (10, 3, 8 * MIB, None),
            (0, 1, 8 * MIB, None),
            (10, 0, 8 * MIB, None),
            (50 * GIB, 10_001, 8 * MIB, None),
        ] {
            assert_eq!(choose_layout(size, count, part_size), expected, "{size} bytes, {count} parts of {part_size}");
        }
    }

    #[test]
    fn parts_cover_the_object() {
        for size in [GIB + 1, 3 * GIB, 5 * GIB, 100 * GIB + 77] {
            for layout in [Equal(64 * MIB), Growing(4 * MIB), Growing(8 * MIB), Growing(9 * MIB)] {
                let parts = layout.parts(size);
                assert!(layout.fits(size, parts.len() as u32), "{layout:?}");
                assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, size), "{layout:?}");
                assert!(parts.windows(2).all(|two| two[0].end == two[1].start && !two[1].is_empty()), "{layout:?}");
            }
        }
    }

    #[test]
    fn an_md5_is_that_of_all_bytes() {
        let expected = ExpectedDigest::Md5(parse_hex(MD5).unwrap());
        assert_eq!(ExpectedDigest::new(Some(&format!("\"{MD5}\"")), 3, 8 * MIB), expected);
    }

    #[test]
    fn etags_of_parts_are_read_in_either_case_with_or_without_quotes() {
        let expected = |etag: String| ExpectedDigest::new(Some(&etag), 100 * MIB, 8 * MIB);
        let quoted = expected(format!("\"{MD5}-13\""));
        assert!(matches!(quoted, ExpectedDigest::Parts { is_only_layout: true, .. }), "{quoted:?}");
        assert_eq!(expected(format!("{}-13", MD5.to_uppercase())), quoted);
    }

    #[test]
    fn other_etags_tell_nothing() {
        for etag in [None, Some(""), Some("\"x\""), Some("\"abc-2\"")] {
            assert_eq!(ExpectedDigest::new(etag, 100, 8 * MIB), ExpectedDigest::Unknown, "{etag:?}");
        }
        for count in ["0", "x", ""] {
            let etag = format!("\"{MD5}-{count}\"");
            assert_eq!(ExpectedDigest::new(Some(&etag), 100, 8 * MIB), ExpectedDigest::Unknown, "{etag}");
        }
    }
}
