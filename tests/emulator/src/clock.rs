//! The emulator's clock, and the two date formats of the protocol.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

/// A point in time with the precision of the protocol: milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(i64);

impl Moment {
    #[cfg(test)]
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    pub(crate) fn milliseconds(self) -> i64 {
        self.0
    }

    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Formats the time as `Wed, 10 Dec 2014 17:20:31 GMT`, the only format that every official client can parse.
    pub(crate) fn http_date(self) -> String {
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.timestamp()).unwrap_or_default()
    }

    /// Formats the time as in JSON bodies: `2014-12-10T17:20:31.000Z`.
    pub(crate) fn iso8601(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    pub(crate) fn parse_http_date(text: &str) -> Option<Self> {
        let timestamp = rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(Self(timestamp.as_millisecond()))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

/// The machine's clock, shifted by a fixed number of seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) offset_seconds: i64,
}

impl Clock {
    pub(crate) fn now(self) -> Moment {
        let offset = self.offset_seconds.saturating_mul(1000);
        // Keeps the time between 1970 and 9999, because the date formats have four digits for the year.
        Moment(Timestamp::now().as_millisecond().saturating_add(offset).clamp(0, 253_402_300_799_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_parses_http_dates() {
        let moment = Moment::from_seconds(1_418_232_031);
        assert_eq!(moment.http_date(), "Wed, 10 Dec 2014 17:20:31 GMT");
        assert_eq!(moment.iso8601(), "2014-12-10T17:20:31.000Z");
        assert_eq!(Moment::parse_http_date("Wed, 10 Dec 2014 17:20:31 GMT"), Some(moment));
        assert_eq!(Moment::parse_http_date("yesterday"), None);
    }

    #[test]
    fn http_dates_have_two_digits_for_the_day() {
        assert_eq!(Moment::from_seconds(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn offset_shifts_the_clock() {
        let ahead = Clock { offset_seconds: 3600 }.now().seconds() - Clock::default().now().seconds();
        assert!((3599..=3601).contains(&ahead));
    }
}
