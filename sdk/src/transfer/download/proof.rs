//! What an entity tag says of an object's bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use md5::{Digest, Md5};

use crate::body::{AlignedBuffer, OpenFile};
use crate::error::{Error, Result};
use crate::transfer::checksum::{hex, multipart_etag, parse_hex};
use crate::transfer::limits::{LARGEST_PART, MIB, MOST_PARTS, SMALLEST_PART};
use crate::transfer::md5::{LANES, Md5Sum};
use crate::transfer::over::OverOnDrop;
use crate::transfer::plan::PartPlan;
use crate::transfer::source::PartSource;
use crate::transfer::upload::{stopped, sums_of, unreadable};

/// What is read and hashed at once.
const PIECE: usize = 256 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the MD5 of all bytes.
    Whole(Md5Sum),
    /// If the parts were of one of these sizes, it is the MD5 of their MD5s.
    Parts {
        sizes: Vec<u64>,
        /// Whether there are hardly any others.
        are_all: bool,
        etag: String,
    },
    Nothing,
}

impl Proof {
    pub(super) fn of(etag: Option<&str>, size: u64, wanted_part: u64) -> Self {
        let Some(etag) = etag else { return Self::Nothing };
        if let Some(sum) = parse_hex(etag) {
            return Self::Whole(sum);
        }
        let parts = etag.trim_matches('"').split_once('-').filter(|(sum, _)| parse_hex(sum).is_some());
        let count =
            parts.and_then(|(_, count)| count.parse().ok()).filter(|count| (1..=u64::from(MOST_PARTS)).contains(count));
        match count.map(|count| part_sizes(size, count, wanted_part)) {
            Some((sizes, are_all)) if !sizes.is_empty() => Self::Parts { sizes, are_all, etag: etag.to_owned() },
            _ => Self::Nothing,
        }
    }
}

impl Proof {
    /// Whether a file is what the tag says, as far as it says anything.
    pub(super) async fn holds(self, path: PathBuf, size: u64) -> Result<bool> {
        match self {
            Self::Nothing => Ok(false),
            Self::Whole(expected) => {
                let over = OverOnDrop::default();
                let is_over = over.flag();
                let summing = tokio::task::spawn_blocking(move || sum_of(&path, size, &is_over));
                let sum = summing.await.map_err(stopped)?.map_err(unreadable)?;
                if sum == expected {
                    return Ok(true);
                }
                Err(Error::unexpected_response(format!(
                    "the MD5 of what came is {}, and the object's ETag {}. If the ETag is not meant to be its MD5, \
                     `checksum(None)` does without",
                    hex(&sum),
                    hex(&expected)
                )))
            }
            Self::Parts { sizes, are_all, etag } => {
                for part_size in sizes {
                    if tag_of(&path, size, part_size).await? == etag {
                        return Ok(true);
                    }
                }
                if !are_all {
                    return Ok(false);
                }
                Err(Error::unexpected_response(format!(
                    "what came is not what the object's ETag {etag} says. If that is not made of the MD5s of parts of whole \
                     MiB, `checksum(None)` does without it"
                )))
            }
        }
    }
}

/// Blocks.
fn sum_of(path: &Path, size: u64, is_over: &AtomicBool) -> std::io::Result<Md5Sum> {
    let file = OpenFile::open(path)?;
    let mut md5 = Md5::new();
    let mut buffer = AlignedBuffer::zeroed(PIECE);
    let mut done = 0;
    while done < size {
        if is_over.load(Ordering::Relaxed) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let length = usize::try_from(size - done).unwrap_or(usize::MAX).min(PIECE);
        let bytes = &mut buffer.as_mut()[..length];
        file.read_exact_at(bytes, done)?;
        md5.update(bytes);
        done += length as u64;
    }
    Ok(md5.finalize().into())
}

async fn tag_of(path: &Path, size: u64, part_size: u64) -> Result<String> {
    let path = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || OpenFile::open(&path));
    let source = PartSource::File(Arc::new(opening.await.map_err(stopped)?.map_err(unreadable)?));
    let parts: Vec<_> = PartPlan::new(size, part_size)?.parts().map(|part| source.region(part.bytes)).collect();
    let mut sums = Vec::with_capacity(parts.len());
    for together in parts.chunks(LANES) {
        sums.extend(sums_of(together.to_vec()).await?);
    }
    Ok(multipart_etag(&sums))
}

/// The sizes that so many parts can have had: the one that is wanted, what people choose, and others of whole MiB; and
/// whether these are all of whole MiB.
fn part_sizes(size: u64, count: u64, wanted: u64) -> (Vec<u64>, bool) {
    /// Each takes reading the file once.
    const MOST: usize = 4;
    let least = size.div_ceil(count).max(SMALLEST_PART);
    let most = if count == 1 { LARGEST_PART } else { (size.saturating_sub(1) / (count - 1)).min(LARGEST_PART) };
    let whole = (least.next_multiple_of(MIB)..=most).step_by(MIB as usize);
    let powers = (2..=12).map(|power| MIB << power);
    let likely = [wanted].into_iter().chain(powers).filter(|part| (least..=most).contains(part));
    let mut sizes = Vec::new();
    for part in likely.chain(whole.clone().take(MOST)) {
        if !sizes.contains(&part) && sizes.len() < MOST {
            sizes.push(part);
        }
    }
    let are_all = whole.clone().take(MOST + 1).all(|part| sizes.contains(&part)) && whole.count() > 0;
    (sizes, are_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "900150983cd24fb0d6963f7d28e17f72";

    fn sizes_of(size: u64, count: u64, wanted: u64) -> (Vec<u64>, bool) {
        match Proof::of(Some(&format!("\"{SUM}-{count}\"")), size, wanted) {
            Proof::Parts { sizes, are_all, .. } => (sizes, are_all),
            other => {
                assert_eq!(other, Proof::Nothing);
                (Vec::new(), false)
            }
        }
    }

    #[test]
    fn a_plain_sum_is_that_of_all_bytes() {
        assert_eq!(Proof::of(Some(&format!("\"{SUM}\"")), 3, 8 * MIB), Proof::Whole(parse_hex(SUM).unwrap()));
    }

    #[test]
    fn the_size_of_parts_follows_from_their_number() {
        assert_eq!(sizes_of(100 * MIB, 13, 8 * MIB), (vec![8 * MIB], true));
        assert_eq!(sizes_of(100 * MIB, 20, 8 * MIB), (vec![5 * MIB], true), "whole MiB");
        let two = vec![64 * MIB, 50 * MIB, 51 * MIB, 52 * MIB];
        assert_eq!(sizes_of(100 * MIB, 2, 8 * MIB), (two, false), "what people choose comes first");
        assert_eq!(sizes_of(100 * MIB, 1, 8 * MIB).0[0], 128 * MIB);
        assert_eq!(sizes_of(4 * MIB + 1, 2, 8 * MIB), (vec![4 * MIB], true));
        assert_eq!(sizes_of(9_000_000, 2, 5_000_000), (vec![5_000_000, 8 * MIB, 5 * MIB, 6 * MIB], false));
    }

    #[test]
    fn what_says_nothing_of_bytes_proves_nothing() {
        for etag in [
            "",
            "\"\"",
            "\"x\"",
            "\"900150983cd24fb0d6963f7d28e17f72-0\"",
            "\"abc-2\"",
            "\"900150983cd24fb0d6963f7d28e17f72-x\"",
        ] {
            assert_eq!(Proof::of(Some(etag), 100, 8 * MIB), Proof::Nothing, "{etag}");
        }
        assert_eq!(Proof::of(None, 100, 8 * MIB), Proof::Nothing);
        assert!(sizes_of(10, 3, 8 * MIB).0.is_empty(), "parts that small there are none");
        assert!(sizes_of(0, 2, 8 * MIB).0.is_empty());
    }
}
