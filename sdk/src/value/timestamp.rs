//! Points in time, in the two forms the API writes them.
//!
//! Written by hand: the API needs one calendar (the Gregorian, in UTC), RFC 3339 and the dates of HTTP. A date library
//! would do the same and cost every user of this crate its download, its compilation and its place in their own
//! dependency tree. The tests hold this against such a library.

mod civil;
mod parse;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use parse::TimestampError;

use civil::{Civil, MONTHS, WEEKDAYS};

const NANOS_PER_SECOND: u32 = 1_000_000_000;
/// The first and last second of the years 0001 to 9999, which both formats can write.
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;

/// A point in time between the years 0001 and 9999, to the nanosecond, without a time zone.
///
/// `Display`, `FromStr` and serde use RFC 3339. It is written in UTC, with as much of a fraction as there is: none, or
/// 3, 6 or 9 digits. Leap seconds are not counted, as in Unix time; second 60 is read as second 59.
///
/// ```
/// use std::time::SystemTime;
/// use qingstor_sdk::Timestamp;
///
/// let timestamp: Timestamp = "2015-08-16T16:52:12+02:00".parse()?;
/// assert_eq!(timestamp.to_string(), "2015-08-16T14:52:12Z");
/// assert_eq!(timestamp.to_http_date(), "Sun, 16 Aug 2015 14:52:12 GMT");
/// assert_eq!(timestamp.as_unix(), 1_439_736_732);
/// assert!(Timestamp::from(SystemTime::now()) > timestamp);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since the Unix epoch, rounded down.
    seconds: i64,
    /// Added to `seconds`; less than a second.
    nanos: u32,
}

impl Timestamp {
    /// The time this many seconds after the Unix epoch (1970-01-01T00:00:00Z).
    ///
    /// # Errors
    ///
    /// If that is outside the years 0001 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimestampError> {
        Self::new(seconds, 0).ok_or_else(|| TimestampError::out_of_range(seconds))
    }

    /// Seconds since the Unix epoch, negative before it. A fraction is rounded down.
    pub fn as_unix(&self) -> i64 {
        self.seconds
    }

    /// Reads any RFC 3339 date and time: with `Z` or an offset, letters in upper or lower case, a space for the `T`.
    /// Digits of a fraction beyond the ninth are cut off.
    ///
    /// # Errors
    ///
    /// If the text is something else, names a day that does not exist, or lies outside the years 0001 to 9999 in UTC.
    ///
    /// ```
    /// use qingstor_sdk::Timestamp;
    ///
    /// let timestamp = Timestamp::parse_rfc3339("2015-08-16t14:52:12.5z")?;
    /// assert_eq!(timestamp.to_string(), "2015-08-16T14:52:12.500Z");
    /// assert!(Timestamp::parse_rfc3339("2015-02-29T00:00:00Z").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimestampError> {
        parse::rfc3339(text)
    }

    /// Reads a date as HTTP headers have it, in the form of today (`Sun, 06 Nov 1994 08:49:37 GMT`) or one of the two
    /// that HTTP still obliges clients to read (`Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`).
    ///
    /// That the day of the week fits the date is not checked. A year of two digits is taken to be the one that lies
    /// at most 50 years ahead of now.
    ///
    /// # Errors
    ///
    /// If the text is in none of these forms, or names a day that does not exist.
    ///
    /// ```
    /// use qingstor_sdk::Timestamp;
    ///
    /// let timestamp = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")?;
    /// assert_eq!(timestamp, Timestamp::parse_http_date("Sun Nov  6 08:49:37 1994")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_http_date(text: &str) -> Result<Self, TimestampError> {
        let now = Self::from(SystemTime::now());
        parse::http_date(text, Civil::from_unix(now.seconds).year)
    }

    /// Writes the date as HTTP headers want it, such as `Sun, 06 Nov 1994 08:49:37 GMT`. A fraction is left out.
    pub fn to_http_date(&self) -> String {
        let Civil { year, month, day, hour, minute, second } = Civil::from_unix(self.seconds);
        let weekday = WEEKDAYS[civil::weekday(self.seconds)];
        let month = MONTHS[month as usize - 1];
        let two = |number: i64| [10, 1].map(|place| char::from(b'0' + (number / place % 10) as u8));
        // Every request has one, and the formatter takes ten times as long.
        let mut text = String::with_capacity("Sun, 06 Nov 1994 08:49:37 GMT".len());
        text.extend([&weekday[..3], ", "]);
        text.extend(two(day));
        text.extend([" ", month, " "]);
        text.extend(two(year / 100));
        text.extend(two(year % 100));
        for (before, number) in [(' ', hour), (':', minute), (':', second)] {
            text.push(before);
            text.extend(two(number));
        }
        text.push_str(" GMT");
        text
    }

    fn new(seconds: i64, nanos: u32) -> Option<Self> {
        ((MIN_SECONDS..=MAX_SECONDS).contains(&seconds) && nanos < NANOS_PER_SECOND).then_some(Self { seconds, nanos })
    }
}

/// A system clock outside the years 0001 to 9999 gives the first or the last second of them.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        const FIRST: Timestamp = Timestamp { seconds: MIN_SECONDS, nanos: 0 };
        const LAST: Timestamp = Timestamp { seconds: MAX_SECONDS, nanos: 0 };
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs())
                .ok()
                .and_then(|seconds| Self::new(seconds, after.subsec_nanos()))
                .unwrap_or(LAST),
            Err(before) => {
                let before = before.duration();
                // Seconds are rounded down: half a second before the epoch is half a second after second -1.
                let (borrowed, nanos) = match before.subsec_nanos() {
                    0 => (0, 0),
                    nanos => (1, NANOS_PER_SECOND - nanos),
                };
                i64::try_from(before.as_secs())
                    .ok()
                    .and_then(|seconds| Self::new(-seconds - borrowed, nanos))
                    .unwrap_or(FIRST)
            }
        }
    }
}

/// A time that the system's own type cannot hold (before 1601 on Windows) becomes the Unix epoch.
impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let whole = Duration::from_secs(timestamp.seconds.unsigned_abs());
        let fraction = Duration::from_nanos(timestamp.nanos.into());
        if timestamp.seconds < 0 {
            // At least a whole second, of which a fraction is less.
            UNIX_EPOCH.checked_sub(whole - fraction)
        } else {
            UNIX_EPOCH.checked_add(whole + fraction)
        }
        .unwrap_or(UNIX_EPOCH)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_rfc3339(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = Civil::from_unix(self.seconds);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match self.nanos {
            0 => {}
            nanos if nanos % 1_000_000 == 0 => write!(f, ".{:03}", nanos / 1_000_000)?,
            nanos if nanos % 1_000 == 0 => write!(f, ".{:06}", nanos / 1_000)?,
            nanos => write!(f, ".{nanos:09}")?,
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date and time as in RFC 3339")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests;
