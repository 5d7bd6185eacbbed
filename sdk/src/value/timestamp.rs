//! Points in time, in the formats of RFC 3339 and HTTP.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const NANOS_PER_SECOND: u32 = 1_000_000_000;
/// First second of the year 0001, the earliest one that both formats can represent.
const MIN_SECONDS: i64 = -62_135_596_800;
/// Last second of the year 9999, the latest one that both formats can represent.
const MAX_SECONDS: i64 = 253_402_300_799;

const SECONDS_PER_DAY: i64 = 86_400;
/// Number of days in 400 years, the period of the Gregorian calendar.
const DAYS_PER_ERA: i64 = 146_097;
/// Number of days from 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

/// A point in time between the years 0001 and 9999, with a precision of nanoseconds and without a time zone.
///
/// `Display`, `FromStr` and serde use RFC 3339. They write UTC, with 0, 3, 6 or 9 digits of the fraction of the second,
/// and parse any offset. As in Unix time, leap seconds are not counted: second 60 is parsed as second 59.
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
    /// Seconds since the Unix epoch, rounded down.
    seconds: i64,
    /// Nanoseconds after `seconds`, less than a second.
    nanos: u32,
}

/// The error for a text that is not a date of the expected format, or for a time outside the years 0001 to 9999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(String);

impl Timestamp {
    /// Creates a timestamp from seconds since the Unix epoch (1970-01-01T00:00:00Z), negative before it.
    ///
    /// # Errors
    ///
    /// If the time is outside the years 0001 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimestampError> {
        Self::new(seconds, 0).ok_or_else(|| {
            TimestampError(format!("{seconds} s since the Unix epoch is outside the years 0001 to 9999"))
        })
    }

    /// Returns the seconds since the Unix epoch, negative before it, rounded down.
    pub fn as_unix(&self) -> i64 {
        self.seconds
    }

    /// Parses a date and time in the format of RFC 3339, such as `2015-08-16T14:52:12.5Z` or `2015-08-16
    /// 16:52:12+02:00`. Letters may be in lower case. Digits after the ninth one of a fraction are ignored.
    ///
    /// # Errors
    ///
    /// If the text has another format, the day does not exist, or the time is outside the years 0001 to 9999 in UTC.
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
        Cursor(text.as_bytes()).rfc3339().ok_or_else(|| {
            TimestampError::malformed(text, "a date and time as in RFC 3339, such as 2015-08-16T14:52:12Z")
        })
    }

    /// Parses a date in the format of HTTP headers (`Sun, 06 Nov 1994 08:49:37 GMT`), or in one of the two obsolete
    /// formats that clients have to accept (`Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`).
    ///
    /// A year of two digits is between 1970 and 2069. White space around the date is ignored.
    ///
    /// # Errors
    ///
    /// If the text has another format, the day does not exist, the day of the week is wrong, or the date is before
    /// 1970.
    ///
    /// ```
    /// use qingstor_sdk::Timestamp;
    ///
    /// let timestamp = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")?;
    /// assert_eq!(timestamp, Timestamp::parse_http_date("Sun Nov  6 08:49:37 1994")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_http_date(text: &str) -> Result<Self, TimestampError> {
        httpdate::parse_http_date(text)
            .map(Self::from)
            .map_err(|_| TimestampError::malformed(text, "a date as in HTTP, such as Sun, 06 Nov 1994 08:49:37 GMT"))
    }

    /// Returns the date in the format of HTTP headers, such as `Sun, 06 Nov 1994 08:49:37 GMT`, rounded down to
    /// seconds.
    pub fn to_http_date(&self) -> String {
        if self.seconds >= 0 {
            return httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.seconds.unsigned_abs()));
        }
        // httpdate panics before 1970. 2,000 years later, the text is the same except for the year.
        let later = self.seconds + 5 * DAYS_PER_ERA * SECONDS_PER_DAY;
        let mut text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(later.unsigned_abs()));
        text.replace_range("Sun, 06 Nov ".len().."Sun, 06 Nov 1994".len(), &format!("{:04}", self.civil().year));
        text
    }

    fn new(seconds: i64, nanos: u32) -> Option<Self> {
        ((MIN_SECONDS..=MAX_SECONDS).contains(&seconds) && nanos < NANOS_PER_SECOND).then_some(Self { seconds, nanos })
    }

    fn civil(&self) -> Civil {
        Civil::from_unix(self.seconds)
    }
}

/// Converts a system time. A time outside the years 0001 to 9999 becomes the first or last moment of them.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        const SECOND: i128 = NANOS_PER_SECOND as i128;
        // The casts do not truncate: a duration has at most 94 bits of nanoseconds, and `clamp` limits the seconds.
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        };
        let nanos = nanos.clamp(MIN_SECONDS as i128 * SECOND, (MAX_SECONDS as i128 + 1) * SECOND - 1);
        Self { seconds: nanos.div_euclid(SECOND) as i64, nanos: nanos.rem_euclid(SECOND) as u32 }
    }
}

/// Converts to a system time. A time that `SystemTime` cannot represent (before 1601 on Windows) becomes the Unix
/// epoch.
impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let whole = Duration::from_secs(timestamp.seconds.unsigned_abs());
        let fraction = Duration::from_nanos(timestamp.nanos.into());
        if timestamp.seconds < 0 {
            // This cannot underflow: `whole` is at least a second, and `fraction` is less than one.
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
        let Civil { year, month, day, hour, minute, second } = self.civil();
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
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl TimestampError {
    fn malformed(text: &str, expected: &str) -> Self {
        /// Maximum number of characters of an invalid text that the error quotes.
        const MAX_CHARS: usize = 60;
        let text: String = text.chars().take(MAX_CHARS).collect();
        Self(format!("{text:?} is not {expected}"))
    }
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimestampError {}

/// A date and time of day in UTC. Months and days start at 1.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// Converts seconds since the Unix epoch.
    ///
    /// In this calculation, years start in March. The leap day is then the last day of a year, and five consecutive
    /// months always have 153 days.
    fn from_unix(seconds: i64) -> Self {
        let days = seconds.div_euclid(SECONDS_PER_DAY) + DAYS_TO_EPOCH;
        let time = seconds.rem_euclid(SECONDS_PER_DAY);
        let era = days.div_euclid(DAYS_PER_ERA);
        let day_of_era = days.rem_euclid(DAYS_PER_ERA);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }

    /// Returns the seconds since the Unix epoch, or `None` if the day or the time of day does not exist.
    fn to_unix(&self) -> Option<i64> {
        let is_leap_year = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days_in_month = match self.month {
            2 if is_leap_year => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_valid = (1..=12).contains(&self.month)
            && (1..=days_in_month).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second);
        if !is_valid {
            return None;
        }
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;
        Some(days * SECONDS_PER_DAY + self.hour * 3_600 + self.minute * 60 + self.second)
    }
}

/// The rest of a text that is being parsed. The methods return `None` if the text has another format.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn rfc3339(mut self) -> Option<Timestamp> {
        let year = self.number(4)?;
        self.byte(b"-")?;
        let month = self.number(2)?;
        self.byte(b"-")?;
        let day = self.number(2)?;
        self.byte(b"Tt ")?;
        let hour = self.number(2)?;
        self.byte(b":")?;
        let minute = self.number(2)?;
        self.byte(b":")?;
        // Unix time has no leap seconds.
        let second = match self.number(2)? {
            60 => 59,
            second => second,
        };
        let nanos = self.fraction()?;
        let offset = self.offset()?;
        let seconds = Civil { year, month, day, hour, minute, second }.to_unix()?.checked_sub(offset)?;
        self.0.is_empty().then(|| Timestamp::new(seconds, nanos))?
    }

    /// Parses an optional fraction of a second and returns nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let Some(rest) = self.0.strip_prefix(b".") else { return Some(0) };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(count);
        self.0 = rest;
        let mut nanos = 0;
        let mut unit = NANOS_PER_SECOND;
        for digit in digits {
            unit /= 10;
            nanos += u32::from(digit - b'0') * unit;
        }
        (count > 0).then_some(nanos)
    }

    /// Parses `Z` or an offset and returns the seconds by which local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.byte(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.byte(b":")?;
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
    }

    /// Parses a number with the given number of digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    }

    /// Parses one of the allowed bytes.
    fn byte(&mut self, allowed: &[u8]) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        allowed.contains(&byte).then_some(byte)
    }
}

#[cfg(test)]
mod tests;
