//! Reading dates.

use std::fmt;

use super::civil::{Civil, MONTHS, WEEKDAYS};
use super::{NANOS_PER_SECOND, Timestamp};

/// What was given is not a date of the form that was asked for, or not one of the years 0001 to 9999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(String);

impl TimestampError {
    pub(super) fn out_of_range(seconds: i64) -> Self {
        Self(format!("{seconds} s since the Unix epoch is outside the years 0001 to 9999"))
    }

    fn malformed(text: &str, expected: &str) -> Self {
        // Whatever a server sent in place of a date, an error need not repeat all of it.
        let text: String = text.chars().take(60).collect();
        Self(format!("{text:?} is not {expected}"))
    }
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimestampError {}

pub(super) fn rfc3339(text: &str) -> Result<Timestamp, TimestampError> {
    Cursor(text.as_bytes())
        .rfc3339()
        .ok_or_else(|| TimestampError::malformed(text, "a date and time as in RFC 3339, such as 2015-08-16T14:52:12Z"))
}

/// `this_year` is what two-digit years are near to.
pub(super) fn http_date(text: &str, this_year: i64) -> Result<Timestamp, TimestampError> {
    let cursor = Cursor(text.as_bytes());
    cursor
        .imf_fixdate()
        .or_else(|| cursor.rfc850(this_year))
        .or_else(|| cursor.asctime())
        .ok_or_else(|| TimestampError::malformed(text, "a date as HTTP has it, such as Sun, 06 Nov 1994 08:49:37 GMT"))
}

/// What is left to read. Methods return `None` when the text does not go on as it has to.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn rfc3339(mut self) -> Option<Timestamp> {
        let year = self.number(4)?;
        self.byte(b"-")?;
        let month = self.number(2)?;
        self.byte(b"-")?;
        let day = self.number(2)?;
        self.byte(b"Tt ")?;
        let (hour, minute, second) = self.time()?;
        let nanos = self.fraction()?;
        let offset = self.offset()?;
        let civil = Civil { year, month, day, hour, minute, second };
        let seconds = self.end(civil)?.checked_sub(offset)?;
        Timestamp::new(seconds, nanos)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    fn imf_fixdate(mut self) -> Option<Timestamp> {
        self.weekday(3)?;
        self.text(b", ")?;
        let day = self.number(2)?;
        self.text(b" ")?;
        let month = self.month()?;
        self.text(b" ")?;
        let year = self.number(4)?;
        self.text(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.text(b" GMT")?;
        let civil = Civil { year, month, day, hour, minute, second };
        Timestamp::new(self.end(civil)?, 0)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    fn rfc850(mut self, this_year: i64) -> Option<Timestamp> {
        self.weekday(usize::MAX)?;
        self.text(b", ")?;
        let day = self.number(2)?;
        self.text(b"-")?;
        let month = self.month()?;
        self.text(b"-")?;
        let two_digits = self.number(2)?;
        self.text(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.text(b" GMT")?;
        // RFC 9110, section 5.6.7: a year that seems to be more than 50 years ahead is one of the past.
        let latest = this_year + 50;
        let year = latest - (latest - two_digits).rem_euclid(100);
        let civil = Civil { year, month, day, hour, minute, second };
        Timestamp::new(self.end(civil)?, 0)
    }

    /// `Sun Nov  6 08:49:37 1994`
    fn asctime(mut self) -> Option<Timestamp> {
        self.weekday(3)?;
        self.text(b" ")?;
        let month = self.month()?;
        self.text(b" ")?;
        let day = match self.text(b" ") {
            Some(()) => self.number(1)?,
            None => self.number(2)?,
        };
        self.text(b" ")?;
        let (hour, minute, second) = self.time()?;
        self.text(b" ")?;
        let year = self.number(4)?;
        let civil = Civil { year, month, day, hour, minute, second };
        Timestamp::new(self.end(civil)?, 0)
    }

    /// Unix seconds of `civil`, provided that nothing is left to read.
    fn end(self, civil: Civil) -> Option<i64> {
        self.0.is_empty().then_some(())?;
        // Unix time has no leap seconds.
        let second = if civil.second == 60 { 59 } else { civil.second };
        Civil { second, ..civil }.to_unix()
    }

    fn time(&mut self) -> Option<(i64, i64, i64)> {
        let hour = self.number(2)?;
        self.text(b":")?;
        let minute = self.number(2)?;
        self.text(b":")?;
        Some((hour, minute, self.number(2)?))
    }

    /// Nanoseconds: 0 if there is no fraction.
    fn fraction(&mut self) -> Option<u32> {
        if self.text(b".").is_none() {
            return Some(0);
        }
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit());
        let count = digits.count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let mut nanos = 0;
        let mut unit = NANOS_PER_SECOND;
        for digit in digits {
            unit /= 10;
            nanos += u32::from(digit - b'0') * unit;
        }
        (count > 0).then_some(nanos)
    }

    /// Seconds that local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.byte(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.text(b":")?;
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
    }

    /// A day of the week by at most `letters` letters of its name.
    fn weekday(&mut self, letters: usize) -> Option<()> {
        WEEKDAYS.iter().find_map(|name| self.text(&name.as_bytes()[..letters.min(name.len())]))
    }

    fn month(&mut self) -> Option<i64> {
        (1..).zip(MONTHS).find_map(|(number, name)| self.text(name.as_bytes()).map(|()| number))
    }

    /// Exactly this many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    }

    /// One of these bytes.
    fn byte(&mut self, allowed: &[u8]) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        allowed.contains(&byte).then_some(byte)
    }

    /// Exactly this text; otherwise nothing is read.
    fn text(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }
}
