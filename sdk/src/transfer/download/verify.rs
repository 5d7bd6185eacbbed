//! Verifies downloaded bytes with the ETag of the object.
//!
//! The ETag of an object that was stored with one request is the MD5 of its bytes. The ETag of a multipart object has two
//! components: an MD5, computed from the MD5s of the parts, and the number of parts. The ETag does not contain the part size, so
//! the client chooses one part layout with that number of parts. The client does not try other layouts, because it would have to
//! read the whole file again for each.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::partial_file::PartialFile;
use crate::body::Source;
use crate::error::{CallName, Result};
use crate::md5_lanes::{LANES, Md5Sum};
use crate::operation::ResponseInfo;
use crate::transfer::etag::{PartsEtag, hex, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::part_size::{MAX_PART_SIZE, MAX_PARTS, MIB, MIN_PART_SIZE, Part, growing_part_size};
use crate::transfer::tasks::run_blocking;

/// Digest of the bytes of an object, derived from its ETag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExpectedDigest {
    /// MD5 of all bytes.
    Md5(Md5Sum),
    /// MD5 of the MD5s of the parts. `is_only_layout` is true if no other part layout in whole MiB is possible.
    Parts { etag: PartsEtag, layout: Layout, is_only_layout: bool },
    /// The ETag contains no digest, or the part layout is unknown.
    Unknown,
}

/// Result of the comparison of the received bytes with the expected digest.
pub(super) enum Verdict {
    /// The bytes have the expected digest.
    Verified,
    /// The expected digest is unknown.
    Unverified,
    /// The bytes are not those of the object. Contains the difference and the remedy.
    Corrupt(String),
}

impl Verdict {
    /// Returns true if the bytes were verified.
    ///
    /// # Errors
    ///
    /// If the bytes are corrupt. The error has the status and the request id of `response`, one of the responses.
    pub(super) fn check(self, response: &ResponseInfo, call: &CallName, requests: u32) -> Result<bool> {
        match self {
            Self::Verified => Ok(true),
            Self::Unverified => Ok(false),
            Self::Corrupt(problem) => Err(response.unexpected(problem).with_call(call).with_attempts(requests)),
        }
    }
}

impl ExpectedDigest {
    /// Derives the digest from the ETag of an object of `size` bytes. `part_size` is the configured part size.
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

    /// Returns the size of the parts of the ETag if they are equal.
    pub(super) fn part_size(&self) -> Option<u64> {
        match self {
            Self::Parts { layout: Layout::Equal(size), .. } => Some(*size),
            _ => None,
        }
    }

    /// Returns the parts of an object of `size` bytes whose MD5s are needed. Empty if the digest is unknown.
    pub(super) fn parts(&self, size: u64) -> Vec<Part> {
        let ranges = match self {
            Self::Unknown => Vec::new(),
            Self::Md5(_) => std::iter::once(0..size).collect(),
            Self::Parts { layout, .. } => layout.parts(size),
        };
        ranges.into_iter().zip(0..).map(|(bytes, number)| Part { number, bytes }).collect()
    }

    /// Compares the MD5s of the [`parts`](Self::parts) with the expected digest.
    pub(super) fn verify(self, sums: &BTreeMap<u32, Md5Sum>) -> Verdict {
        let sums = Vec::from_iter(sums.values().copied());
        match self {
            Self::Unknown => Verdict::Unverified,
            Self::Md5(expected) if sums == [expected] => Verdict::Verified,
            Self::Md5(expected) => {
                let received: String = sums.iter().map(hex).collect();
                Verdict::Corrupt(format!(
                    "the MD5 of the received bytes is {received}, but the ETag of the object is {}; download it again, or use \
                     `checksum(None)` if the ETag is not the MD5 of the object",
                    hex(&expected)
                ))
            }
            Self::Parts { etag, .. } if PartsEtag::of(&sums) == etag || PartsEtag::of_hex(&sums) == etag => {
                Verdict::Verified
            }
            Self::Parts { is_only_layout: false, .. } => Verdict::Unverified,
            Self::Parts { etag, layout, .. } => Verdict::Corrupt(format!(
                "the received bytes do not have the ETag {etag} of the object with the only possible part layout, \
                 {layout:?}; download it again, set `part_size` to the part size of the object if it is not a multiple of \
                 1 MiB, or use `checksum(None)` if the ETag is not made of MD5s"
            )),
        }
    }
}

/// Hashes the parts of a file whose bytes are complete, while other parts are fetched. Returns the MD5s by part number.
///
/// `completed` yields the ranges that were written to the file. Parts are hashed in groups, because the processor hashes
/// many parts in the time of one, and their bytes are still in the page cache.
pub(super) async fn hash_completed(
    file: Arc<PartialFile>,
    parts: Vec<Part>,
    mut completed: mpsc::UnboundedReceiver<Range<u64>>,
) -> Result<BTreeMap<u32, Md5Sum>> {
    let size = parts.last().map_or(0, |part| part.bytes.end);
    let source = Source::file(Arc::new(run_blocking(move || file.reader()).await?), 0..size);
    let mut sums = BTreeMap::new();
    let mut missing: Vec<u64> = parts.iter().map(Part::len).collect();
    // An empty object has one empty part.
    let mut waiting: VecDeque<&Part> = parts.iter().filter(|part| part.len() == 0).collect();
    let mut is_complete = false;
    while !is_complete || !waiting.is_empty() {
        if is_complete || waiting.len() >= LANES {
            let group: Vec<&Part> = waiting.drain(..waiting.len().min(LANES)).collect();
            let hashed = sums_of(group.iter().map(|part| source.region(part.bytes.clone())).collect()).await?;
            sums.extend(group.iter().map(|part| part.number).zip(hashed));
            continue;
        }
        let Some(range) = completed.recv().await else {
            is_complete = true;
            continue;
        };
        let first = parts.partition_point(|part| part.bytes.end <= range.start);
        for (part, missing) in parts.iter().zip(&mut missing).skip(first) {
            if part.bytes.start >= range.end {
                break;
            }
            *missing -= part.bytes.end.min(range.end) - part.bytes.start.max(range.start);
            if *missing == 0 {
                waiting.push_back(part);
            }
        }
    }
    Ok(sums)
}

/// Division of an object into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// All parts have this size in bytes, except that the last one may be smaller.
    Equal(u64),
    /// Parts as in an upload from a reader, which become larger. The first part has this size in bytes.
    Growing(u64),
}

/// Chooses a part layout for an object of `size` bytes in `count` parts. Also returns true if no other layout is possible.
///
/// The choice is the first of these layouts that results in `count` parts: equal parts of the configured `part_size`; growing
/// parts of which the first has `part_size`; equal parts of the smallest number of whole MiB. Other layouts are possible if
/// another part size in whole MiB, of equal or growing parts, also results in `count` parts.
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

/// Returns the layouts in whole MiB that result in `count` parts: at most two, those with the smallest part sizes.
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

    /// Returns the maximum number of bytes in `count` parts.
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
    fn choose_layout_returns_the_first_layout_with_the_number_of_parts() {
        for (size, count, part_size, expected) in [
            // The configured size is the only possible one.
            (100 * MIB, 13, 8 * MIB, Some((Equal(8 * MIB), true))),
            // A part size of 9 MiB results in eight parts too.
            (64 * MIB, 8, 8 * MIB, Some((Equal(8 * MIB), false))),
            // A configured size does not have to be whole MiB.
            (15_000_000, 3, 5_000_000, Some((Equal(5_000_000), false))),
            (15_000_000, 3, 8 * MIB, Some((Equal(5 * MIB), false))),
            // Growing parts: the size doubles at part 128.
            (128 * 8 * MIB + 16 * MIB, 129, 8 * MIB, Some((Growing(8 * MIB), true))),
            (16 * GIB, 528, 8 * MIB, Some((Growing(8 * MIB), true))),
            (100 * GIB + 77, 614, 8 * MIB, Some((Growing(8 * MIB), false))),
            // The smallest number of whole MiB.
            (100 * MIB, 20, 8 * MIB, Some((Equal(5 * MIB), true))),
            (100 * MIB, 2, 8 * MIB, Some((Equal(50 * MIB), false))),
            (8 * MIB + 1, 3, 8 * MIB, Some((Equal(4 * MIB), true))),
            // All layouts with one part are equal.
            (100 * MIB, 1, 8 * MIB, Some((Equal(100 * MIB), true))),
            (1, 1, 8 * MIB, Some((Equal(8 * MIB), true))),
            // No layout has parts below the minimum size, no parts, or more than 10,000.
            (10, 3, 8 * MIB, None),
            (0, 1, 8 * MIB, None),
            (10, 0, 8 * MIB, None),
            (50 * GIB, 10_001, 8 * MIB, None),
        ] {
            assert_eq!(choose_layout(size, count, part_size), expected, "{size} bytes, {count} parts of {part_size}");
        }
    }

    #[test]
    fn layout_covers_the_object() {
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
    fn etag_without_part_count_is_the_md5_of_all_bytes() {
        let expected = ExpectedDigest::Md5(parse_hex(MD5).unwrap());
        assert_eq!(ExpectedDigest::new(Some(&format!("\"{MD5}\"")), 3, 8 * MIB), expected);
    }

    #[test]
    fn parts_etag_is_parsed_in_any_case_and_without_quotes() {
        let expected = |etag: String| ExpectedDigest::new(Some(&etag), 100 * MIB, 8 * MIB);
        let quoted = expected(format!("\"{MD5}-13\""));
        assert!(matches!(quoted, ExpectedDigest::Parts { is_only_layout: true, .. }), "{quoted:?}");
        assert_eq!(expected(format!("{}-13", MD5.to_uppercase())), quoted);
    }

    #[test]
    fn other_etags_have_no_digest() {
        for etag in [None, Some(""), Some("\"x\""), Some("\"abc-2\"")] {
            assert_eq!(ExpectedDigest::new(etag, 100, 8 * MIB), ExpectedDigest::Unknown, "{etag:?}");
        }
        for count in ["0", "x", ""] {
            let etag = format!("\"{MD5}-{count}\"");
            assert_eq!(ExpectedDigest::new(Some(&etag), 100, 8 * MIB), ExpectedDigest::Unknown, "{etag}");
        }
    }
}
