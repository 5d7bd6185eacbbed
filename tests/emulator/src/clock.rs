//! The server's clock, and the two ways the protocol writes a moment.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

/// A point in time with the precision the protocol has: milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// `Wed, 10 Dec 2014 17:20:31 GMT`, the only form every official client can read.
    pub(crate) fn http_date(self) -> String {
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.timestamp()).unwrap_or_default()
    }

    /// `2014-12-10T17:20:31.000Z`, as in JSON bodies.
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

/// Tells the time, shifted by a fixed number of seconds: a client's handling of a wrong clock can be tried without
/// changing the machine's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: i64,
}

impl Clock {
    pub(crate) fn with_offset(offset_seconds: i64) -> Self {
        Self { offset_seconds }
    }

    pub(crate) fn now(self) -> Moment {
        let offset = self.offset_seconds.saturating_mul(1000);
        Moment(Timestamp::now().as_millisecond().saturating_add(offset).clamp(0, 253_402_300_799_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_http_form() {
        let moment = Moment::from_seconds(1_418_232_031);
        assert_eq!(moment.http_date(), "Wed, 10 Dec 2014 17:20:31 GMT");
        assert_eq!(moment.iso8601(), "2014-12-10T17:20:31.000Z");
        assert_eq!(Moment::parse_http_date("Wed, 10 Dec 2014 17:20:31 GMT"), Some(moment));
        assert_eq!(Moment::parse_http_date("yesterday"), None);
    }

    #[test]
    fn days_below_ten_have_two_digits() {
        assert_eq!(Moment::from_seconds(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn shifts() {
        let ahead = Clock::with_offset(3600).now().seconds() - Clock::default().now().seconds();
        assert!((3599..=3601).contains(&ahead));
    }
}
