//! Values in plans that are more than a number or a text.

use std::fmt;
use std::time::Duration;

use serde::Deserializer;
use serde::de::{Error, Visitor};

use super::fault::{Offset, check_offset, check_speed, check_status};

/// Reads a number or a text. What `parse` refuses is refused where it stands.
pub(super) fn scalar<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(ScalarVisitor { expected, parse })
}

struct ScalarVisitor<P> {
    expected: &'static str,
    parse: P,
}

impl<T, P: Fn(&str) -> Result<T, String>> Visitor<'_> for ScalarVisitor<P> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    scalar(deserializer, "a status from 400 to 599", |text| {
        let number = text.parse().map_err(|_| format!("the status of an error is from 400 to 599, not {text}"))?;
        check_status(number)
    })
}

pub(super) fn speed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    scalar(deserializer, "bytes per second", |text| {
        let number = text.parse().map_err(|_| format!("a speed is a whole number of bytes per second, not {text}"))?;
        check_speed(number)
    })
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    scalar(deserializer, "a duration such as `500ms` or `2s`", parse_duration)
}

pub(super) fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

pub(super) fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Offset, D::Error> {
    scalar(deserializer, "a number of bytes, or a share such as `50%`", parse_offset)
}

pub(super) fn optional_offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Offset>, D::Error> {
    offset(deserializer).map(Some)
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000)];
    let parsed = units.iter().find_map(|(unit, milliseconds)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(Duration::from_millis(number.checked_mul(*milliseconds)?))
    });
    parsed.ok_or_else(|| format!("a duration is a whole number and `ms`, `s` or `m`, such as `500ms`, not `{text}`"))
}

fn parse_offset(text: &str) -> Result<Offset, String> {
    let wrong = || format!("a place in a body is a number of bytes, or a share such as `50%`, not `{text}`");
    match text.strip_suffix('%') {
        None => text.parse().map(Offset::Bytes).map_err(|_| wrong()),
        Some(percent) => {
            let percent: f64 = percent.trim_end().parse().map_err(|_| wrong())?;
            check_offset(Offset::Fraction(percent / 100.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2 s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("3m"), Ok(Duration::from_secs(180)));
        for wrong in ["", "5", "s", "-1s", "1.5s", "forever", "99999999999999999999m"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn offsets() {
        assert_eq!(parse_offset("0"), Ok(Offset::Bytes(0)));
        assert_eq!(parse_offset("50%"), Ok(Offset::Fraction(0.5)));
        assert_eq!(parse_offset("12.5 %"), Ok(Offset::Fraction(0.125)));
        for wrong in ["", "%", "-1", "1.5", "101%", "-1%", "NaN%", "half"] {
            assert!(parse_offset(wrong).is_err(), "{wrong}");
        }
    }
}
