//! What an entity tag says of an object's bytes.

use std::sync::Arc;

use super::layout::{Layout, layouts};
use crate::body::OpenFile;
use crate::error::{Error, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{PartsEtag, hex, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::part_size::MAX_PARTS;
use crate::transfer::source::PartSource;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is the MD5 of all bytes.
    Whole(Md5Sum),
    /// If the parts were laid out in one of these ways, it is the MD5 of their MD5s.
    Parts {
        layouts: Vec<Layout>,
        /// Whether there are hardly any others.
        are_all: bool,
        tag: PartsEtag,
    },
    Nothing,
}

/// What came of holding a file against what its tag says.
pub(super) enum Verdict {
    Verified,
    /// Nothing is said of these bytes.
    Unproven,
    /// It is something else, and good for nothing.
    Refuted(Error),
}

impl Proof {
    pub(super) fn of(etag: Option<&str>, size: u64, wanted_part: u64) -> Self {
        let Some(etag) = etag else { return Self::Nothing };
        if let Some(sum) = parse_hex(etag) {
            return Self::Whole(sum);
        }
        let Some(tag) = PartsEtag::parse(etag).filter(|tag| (1..=MAX_PARTS).contains(&tag.count)) else {
            return Self::Nothing;
        };
        let (layouts, are_all) = layouts(size, tag.count, wanted_part);
        if layouts.is_empty() { Self::Nothing } else { Self::Parts { layouts, are_all, tag } }
    }

    /// Whether a file is what the tag says; an error if it cannot be read.
    pub(super) async fn judge(self, file: Arc<OpenFile>, size: u64) -> Result<Verdict> {
        let source = PartSource::File(file);
        match self {
            Self::Nothing => Ok(Verdict::Unproven),
            Self::Whole(expected) => {
                let sums = sums_of(vec![source.region(0..size)]).await?;
                if sums == [expected] {
                    return Ok(Verdict::Verified);
                }
                let sums: Vec<String> = sums.iter().map(hex).collect();
                Ok(Verdict::Refuted(Error::unexpected_response(format!(
                    "the MD5 of what came is {}, and the object's ETag {}. If the ETag is not meant to be its MD5, \
                     `checksum(None)` does without",
                    sums.concat(),
                    hex(&expected)
                ))))
            }
            Self::Parts { layouts, are_all, tag } => {
                for layout in layouts {
                    let parts = layout.parts(size).into_iter().map(|part| source.region(part));
                    let sums = sums_of(parts.collect()).await?;
                    if PartsEtag::of(&sums) == tag || PartsEtag::of_texts(&sums) == tag {
                        return Ok(Verdict::Verified);
                    }
                }
                if !are_all {
                    return Ok(Verdict::Unproven);
                }
                // The service does not say how its own tags are made, so this may be one. Bytes that were changed on their
                // way are more likely, and asking again mends them.
                Ok(Verdict::Refuted(Error::unexpected_response(format!(
                    "what came is not what the object's ETag {tag} says, if that is made of the MD5s of parts of whole MiB. \
                     If parts had another size, say it with `part_size`; if the ETag is made otherwise, `checksum(None)` \
                     does without"
                ))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::part_size::MIB;

    const SUM: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn a_plain_sum_is_that_of_all_bytes() {
        assert_eq!(Proof::of(Some(&format!("\"{SUM}\"")), 3, 8 * MIB), Proof::Whole(parse_hex(SUM).unwrap()));
    }

    #[test]
    fn tags_are_read_in_either_case_and_with_or_without_quotes() {
        let proof = |etag: String| Proof::of(Some(&etag), 100 * MIB, 8 * MIB);
        let expected = proof(format!("\"{SUM}-13\""));
        assert!(matches!(expected, Proof::Parts { are_all: true, .. }), "{expected:?}");
        assert_eq!(proof(format!("{}-13", SUM.to_uppercase())), expected);
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
    }
}
