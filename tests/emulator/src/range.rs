//! Byte ranges in the headers `Range` and `X-QS-Copy-Range`.

use crate::error::{Code, Error};

/// A byte range inside an object, with at least one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl ByteRange {
    /// Parses `bytes=a-b`, `bytes=a-` or `bytes=-n` for an object of `size` bytes. A list of several ranges is refused.
    pub(crate) fn parse(text: &str, size: u64) -> Result<Self, Error> {
        Self::resolve(text, size).ok_or_else(|| {
            let message = format!("the range \"{text}\" is malformed or outside the object of {size} bytes");
            Error { object_size: Some(size), ..Error::new(Code::InvalidRange, message) }
        })
    }

    fn resolve(text: &str, size: u64) -> Option<Self> {
        let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let (start, end) = if first.is_empty() {
            let wanted = number(last)?;
            (size.saturating_sub(wanted), size)
        } else if last.is_empty() {
            (number(first)?, size)
        } else {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        };
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        Some(Self { start, length })
    }

    /// Returns the value of the header `Content-Range` for this range of an object of `size` bytes.
    pub(crate) fn content_range(self, size: u64) -> String {
        let last = self.start + self.length - 1;
        format!("bytes {}-{last}/{size}", self.start)
    }
}

/// Parses an offset or a length. Unlike `str::parse`, refuses a sign and accepts a number that does not fit `u64`: HTTP
/// does not limit the numbers of a range, so that number becomes [`u64::MAX`].
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, size: u64) -> Option<(u64, u64)> {
        ByteRange::parse(text, size).ok().map(|range| (range.start, range.length))
    }

    #[test]
    fn parses_the_three_forms() {
        assert_eq!(range("bytes=0-0", 10), Some((0, 1)));
        assert_eq!(range("bytes=2-5", 10), Some((2, 4)));
        assert_eq!(range("bytes=2-50", 10), Some((2, 8)));
        assert_eq!(range("bytes=2-18446744073709551615", 10), Some((2, 8)));
        assert_eq!(range("bytes=2-99999999999999999999", 10), Some((2, 8)));
        assert_eq!(range("bytes=-99999999999999999999", 10), Some((0, 10)));
        assert_eq!(range("bytes=9-", 10), Some((9, 1)));
        assert_eq!(range("bytes=-3", 10), Some((7, 3)));
        assert_eq!(range("bytes=-30", 10), Some((0, 10)));
    }

    #[test]
    fn rejects_invalid_and_unsatisfiable_ranges() {
        for text in [
            "bytes=10-",
            "bytes=10-11",
            "bytes=99999999999999999999-",
            "bytes=99999999999999999999-99999999999999999999",
            "bytes=5-4",
            "bytes=-0",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "items=0-1",
            "0-1",
            "bytes=+1-2",
            "",
        ] {
            assert_eq!(range(text, 10), None, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), None);
        assert_eq!(range("bytes=-1", 0), None);
    }

    #[test]
    fn content_range_has_first_and_last_byte() {
        let range = ByteRange::parse("bytes=2-5", 10).unwrap();
        assert_eq!(range.content_range(10), "bytes 2-5/10");
    }
}
