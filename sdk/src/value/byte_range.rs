//! A range of the bytes of an object.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

use super::WireValue;

/// A range of the bytes of an object. The first byte has the number 0.
///
/// It is created from a Rust range, from the text of a `Range` header, or by [`last`](ByteRange::last). Like `Range`
/// headers, it has at least one byte. A request with an empty or reversed range, or with text of another form, fails with
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before it is sent. If the range extends beyond the end of
/// the object, the server returns the bytes up to the end.
///
/// `Display` formats the value of the header.
///
/// ```
/// use qingstor_sdk::ByteRange;
/// use qingstor_sdk::operations::GetObjectInput;
///
/// let input = GetObjectInput::new().range(0..1024);
/// assert_eq!(input.range, Some(ByteRange::from("bytes=0-1023")));
///
/// assert_eq!(ByteRange::from(..=99).to_string(), "bytes=0-99");
/// assert_eq!(ByteRange::from(1024..).to_string(), "bytes=1024-");
/// assert_eq!(ByteRange::last(512).to_string(), "bytes=-512");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// From the first to the last byte, both included.
    Closed { first: u64, last: u64 },
    /// From this byte to the end of the object.
    From(u64),
    /// This number of bytes at the end of the object.
    Last(u64),
    /// A range that cannot be sent.
    Invalid { text: String, problem: &'static str },
}

/// Forms of a range in text, for errors.
const FORMS: &str = "but must be one range, such as bytes=0-99, bytes=100- or bytes=-100";

impl ByteRange {
    /// Creates a range of the last `length` bytes of an object, or of the whole object if it is shorter.
    pub fn last(length: u64) -> Self {
        match length {
            0 => Self::empty("bytes=-0".to_owned()),
            length => Self(Kind::Last(length)),
        }
    }

    fn empty(text: String) -> Self {
        Self(Kind::Invalid { text, problem: "but must have at least one byte" })
    }

    /// Parses the value of a `Range` header.
    fn parse(text: &str) -> Option<Self> {
        const UNIT: &str = "bytes=";
        let (unit, range) = text.trim().split_at_checked(UNIT.len())?;
        let (first, last) = range.split_once('-')?;
        Some(match (first, last) {
            _ if !unit.eq_ignore_ascii_case(UNIT) => return None,
            ("", last) => Self::last(number(last)?),
            (first, "") => (number(first)?..).into(),
            (first, last) => (number(first)?..=number(last)?).into(),
        })
    }

    /// Returns the reason for which the range cannot be sent, if there is one. A closed range has a first and a last byte.
    pub(crate) fn fault(&self, must_be_closed: bool) -> Option<String> {
        match &self.0 {
            Kind::Invalid { text, problem } => Some(format!("is {text:?}, {problem}")),
            Kind::From(_) | Kind::Last(_) if must_be_closed => {
                Some(format!("is {self}, but must have a first and a last byte, as in 0..1024"))
            }
            _ => None,
        }
    }

    /// Returns true if `returned` is the part of an object that this range selects.
    pub(crate) fn selects(&self, returned: &ContentRange) -> bool {
        let ContentRange { bytes, size } = returned;
        match (size, &self.0) {
            // An empty object has no other bytes.
            (Some(0), _) => true,
            (Some(size), _) => self.within(*size).is_ok_and(|selected| selected == *bytes),
            (None, Kind::Closed { first, last }) => bytes.start == *first && bytes.end - 1 <= *last,
            (None, Kind::From(first)) => bytes.start == *first,
            (None, Kind::Last(length)) => bytes.end - bytes.start <= *length,
            (None, Kind::Invalid { .. }) => false,
        }
    }

    /// Returns the offsets of the range in an object of `size` bytes.
    ///
    /// # Errors
    ///
    /// Returns the reason if the range cannot be sent, or begins after the last byte.
    pub(crate) fn within(&self, size: u64) -> Result<Range<u64>, String> {
        if let Some(fault) = self.fault(false) {
            return Err(format!("range {fault}"));
        }
        let range = match self.0 {
            Kind::Closed { first, last } => first..size.min(last.saturating_add(1)),
            Kind::Last(length) => size.saturating_sub(length)..size,
            Kind::From(first) => first..size,
            Kind::Invalid { .. } => 0..0,
        };
        if range.is_empty() {
            return Err(format!(
                "range is {self}, but the object has {size} bytes: the range must begin before the end of the object"
            ));
        }
        Ok(range)
    }
}

/// Parses an offset or a length. Unlike `str::parse`, refuses a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl From<Range<u64>> for ByteRange {
    fn from(range: Range<u64>) -> Self {
        match range.end.checked_sub(1) {
            Some(last) if range.start <= last => Self(Kind::Closed { first: range.start, last }),
            _ => Self::empty(format!("{range:?}")),
        }
    }
}

impl From<RangeInclusive<u64>> for ByteRange {
    fn from(range: RangeInclusive<u64>) -> Self {
        if range.is_empty() {
            return Self::empty(format!("{range:?}"));
        }
        let (first, last) = range.into_inner();
        Self(Kind::Closed { first, last })
    }
}

impl From<RangeFrom<u64>> for ByteRange {
    fn from(range: RangeFrom<u64>) -> Self {
        Self(Kind::From(range.start))
    }
}

impl From<RangeTo<u64>> for ByteRange {
    fn from(range: RangeTo<u64>) -> Self {
        Self::from(0..range.end)
    }
}

impl From<RangeToInclusive<u64>> for ByteRange {
    fn from(range: RangeToInclusive<u64>) -> Self {
        Self::from(0..=range.end)
    }
}

/// Converts the value of a `Range` header with one range, such as `bytes=0-99`.
impl From<&str> for ByteRange {
    fn from(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|| Self(Kind::Invalid { text: text.to_owned(), problem: FORMS }))
    }
}

/// Converts the value of a `Range` header with one range, such as `bytes=0-99`.
impl From<String> for ByteRange {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Closed { first, last } => write!(f, "bytes={first}-{last}"),
            Kind::From(first) => write!(f, "bytes={first}-"),
            Kind::Last(length) => write!(f, "bytes=-{length}"),
            Kind::Invalid { text, .. } => f.write_str(text),
        }
    }
}

/// The value of a `Content-Range` header: the bytes of the object that the response to a request with a range contains.
///
/// `Display` formats the value of the header.
///
/// ```
/// use qingstor_sdk::ContentRange;
///
/// let range = ContentRange::parse("bytes 0-99/1000").expect("a valid header");
/// assert_eq!((range.bytes, range.size), (0..100, Some(1000)));
/// assert_eq!(ContentRange::parse("bytes */1000"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContentRange {
    /// The returned bytes, at least one.
    pub bytes: Range<u64>,
    /// Size of the object in bytes. `None` if the server did not report it.
    pub size: Option<u64>,
}

impl ContentRange {
    /// Parses a header such as `bytes 0-99/1000`, or `bytes 0-99/*` if the size is unknown. Returns `None` if the text has
    /// another form, or if the range is empty or ends after the object.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, size) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let bytes = number(first)?..number(last)?.checked_add(1)?;
        let size = if size == "*" { None } else { Some(number(size)?) };
        let is_valid = !bytes.is_empty() && size.is_none_or(|size| bytes.end <= size);
        (unit.eq_ignore_ascii_case("bytes") && is_valid).then_some(Self { bytes, size })
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/", self.bytes.start, self.bytes.end.saturating_sub(1))?;
        match self.size {
            Some(size) => write!(f, "{size}"),
            None => f.write_str("*"),
        }
    }
}

impl WireValue for ByteRange {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_ranges_and_text() {
        for (range, text) in [
            (ByteRange::from(0..1), "bytes=0-0"),
            ((5..10).into(), "bytes=5-9"),
            ((5..=9).into(), "bytes=5-9"),
            ((..100).into(), "bytes=0-99"),
            ((..=99).into(), "bytes=0-99"),
            ((0..=u64::MAX).into(), "bytes=0-18446744073709551615"),
            ((0..).into(), "bytes=0-"),
            ((u64::MAX..).into(), "bytes=18446744073709551615-"),
            (ByteRange::last(1), "bytes=-1"),
        ] {
            assert_eq!(range.to_string(), text);
            assert_eq!(range.fault(false), None, "{text}");
            assert_eq!(range, ByteRange::from(text), "from text");
        }
        assert_eq!(ByteRange::from(" Bytes=007-0010 ".to_owned()), (7..=10).into());
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "they are refused")]
    fn refuses_ranges_without_a_byte() {
        for (range, text) in [
            (ByteRange::from(0..0), "0..0"),
            ((5..3).into(), "5..3"),
            ((..0).into(), "0..0"),
            ((5..=4).into(), "5..=4"),
            ("bytes=5-4".into(), "5..=4"),
            (ByteRange::last(0), "bytes=-0"),
            ("bytes=-0".into(), "bytes=-0"),
        ] {
            let expected = format!("is {text:?}, but must have at least one byte");
            assert_eq!(range.fault(false), Some(expected));
        }
    }

    #[test]
    fn refuses_other_text() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "0-99",
            "bytes=0",
            "bytes=+1-2",
            "bytes=0-0,2-3",
            "bytes=a-b",
            "bytes= 0-1",
            "bytes=0--1",
            "items=0-1",
            "bytes=0-18446744073709551616",
            "bytés=0-1",
            "bytes=0-9\r\na: b",
        ] {
            let fault = ByteRange::from(text).fault(false).unwrap_or_default();
            assert!(fault.contains(&format!("{text:?}")) && fault.contains(FORMS), "{text}: {fault}");
        }
    }

    #[test]
    fn selects_the_bytes_of_the_range_only() {
        for (range, returned, expected) in [
            (ByteRange::from(4..8), "bytes 4-7/10", true),
            ((4..8).into(), "bytes 4-7/*", true),
            ((4..8).into(), "bytes 4-5/6", true),
            ((4..8).into(), "bytes 4-5/*", true),
            ((4..8).into(), "bytes 4-5/10", false),
            ((4..8).into(), "bytes 0-3/10", false),
            ((4..8).into(), "bytes 5-7/*", false),
            ((4..8).into(), "bytes 4-8/*", false),
            ((4..).into(), "bytes 4-9/10", true),
            ((4..).into(), "bytes 4-9/*", true),
            ((4..).into(), "bytes 4-8/10", false),
            ((4..).into(), "bytes 0-9/*", false),
            (ByteRange::last(3), "bytes 7-9/10", true),
            (ByteRange::last(3), "bytes 7-9/*", true),
            (ByteRange::last(30), "bytes 0-9/10", true),
            (ByteRange::last(3), "bytes 0-2/10", false),
            (ByteRange::last(3), "bytes 6-9/*", false),
            ("x".into(), "bytes 0-9/*", false),
        ] {
            let content_range = ContentRange::parse(returned).unwrap();
            assert_eq!(range.selects(&content_range), expected, "{range} and {returned}");
        }
        assert!(ByteRange::from(4..).selects(&ContentRange { bytes: 0..0, size: Some(0) }));
    }

    #[test]
    fn ranges_are_cut_at_the_end_of_the_object() {
        for (range, size, expected) in [
            (ByteRange::from(0..10), 100, Some(0..10)),
            ((90..=u64::MAX).into(), 100, Some(90..100)),
            ((99..).into(), 100, Some(99..100)),
            (ByteRange::last(10), 100, Some(90..100)),
            (ByteRange::last(1000), 100, Some(0..100)),
            ((100..).into(), 100, None),
            ((100..200).into(), 100, None),
            ((0..).into(), 0, None),
            (ByteRange::last(1), 0, None),
            ("bytes=x".into(), 100, None),
        ] {
            assert_eq!(range.within(size).ok(), expected, "{range} of {size} bytes");
        }
        let error = ByteRange::from(100..).within(100).unwrap_err();
        assert!(error.contains("range is bytes=100-, but the object has 100 bytes"), "{error}");
    }

    #[test]
    fn content_range_is_parsed_and_displayed() {
        for (text, bytes, size) in
            [("bytes 0-99/1000", 0..100, Some(1000)), ("bytes 5-5/6", 5..6, Some(6)), ("bytes 0-0/*", 0..1, None)]
        {
            let range = ContentRange { bytes, size };
            assert_eq!((ContentRange::parse(text), range.to_string().as_str()), (Some(range.clone()), text));
        }
        for text in [
            "",
            "bytes",
            "bytes */10",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "items 0-1/2",
            "bytes 0-1",
            "bytes -1/2",
            "bytes 0-/2",
        ] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn closed_range_has_both_ends() {
        for range in [ByteRange::from(5..), ByteRange::last(5)] {
            let fault = range.fault(true).unwrap();
            assert!(fault.contains(&range.to_string()) && fault.contains("0..1024"), "{fault}");
        }
        assert_eq!(ByteRange::from(5..6).fault(true), None);
    }
}
