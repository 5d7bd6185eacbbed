//! Reads fault plans from YAML. Errors name line, column and field.
//!
//! serde_yaml adds the position of a value to an error only if a visitor of that value returns the error. So every
//! check here runs in a visitor.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::fault::{Fault, OFFSET, Offset, RATE, STATUS, is_error_status, unexpected};
use super::plan::{FaultPlan, FaultRule, PROBABILITY, check_operation, is_probability};

impl FaultPlan {
    /// Reads a plan from a YAML file. The documentation of this crate has an example. Keys have the names of the
    /// methods of [`FaultPlan`] and [`FaultRule`], and faults those of the variants of [`Fault`] in snake case.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a valid plan. The error names the file, line and column.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot read the fault plan {name}: {error}")))?;
        Self::from_yaml(&name, &text)
    }

    /// Reads a plan from YAML text, like [`load`](Self::load). `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// If the text is not a valid plan. The error contains the name, line and column.
    pub fn from_yaml(name: &str, text: &str) -> io::Result<Self> {
        // Text with nothing but comments has no YAML document. It is a plan without rules.
        let plan: Option<Self> = serde_yaml::from_str(text)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, with_position(name, &error)))?;
        Ok(plan.unwrap_or_default())
    }
}

/// Formats an error as compilers do: `faults.yaml:3:5: rules[0]: …`.
fn with_position(name: &str, error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    let Some(location) = error.location() else {
        return format!("{name}: {message}");
    };
    let (line, column) = (location.line(), location.column());
    let position = format!(" at line {line} column {column}");
    format!("{name}:{line}:{column}: {}", message.replacen(&position, "", 1))
}

pub(super) fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FaultRule>, D::Error> {
    Ok(Vec::<CheckedRule>::deserialize(deserializer)?.into_iter().map(|rule| rule.0).collect())
}

/// A rule whose values are checked while it is read, so that the error has the position of the rule.
struct CheckedRule(FaultRule);

impl<'de> Deserialize<'de> for CheckedRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = CheckedRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a rule with `fault`, and with `operation`, `part`, `key`, `key_prefix`, `probability`, `skip` or `count`",
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckedRule, A::Error> {
        let rule = FaultRule::deserialize(MapAccessDeserializer::new(map))?;
        rule.check().map_err(A::Error::custom)?;
        Ok(CheckedRule(rule))
    }
}

/// Reads a fault: its name, or a map from its name to its fields.
pub(super) fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fault, D::Error> {
    deserializer.deserialize_any(FaultVisitor)
}

struct FaultVisitor;

impl<'de> Visitor<'de> for FaultVisitor {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a fault, or a map from the name to its fields")
    }

    /// Reads a name alone as a map without fields. serde would read it as a fault that has no fields, not even optional
    /// ones.
    fn visit_str<E: Error>(self, name: &str) -> Result<Fault, E> {
        let no_fields = BTreeMap::<&str, &str>::new();
        let map = MapDeserializer::new(std::iter::once((name, no_fields)));
        Fault::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fault, A::Error> {
        let fault = Fault::deserialize(MapAccessDeserializer::new(&mut map))?;
        match map.next_key::<String>()? {
            Some(second) => Err(A::Error::custom(format!("a rule can have one fault, and `{second}` is a second one"))),
            None => Ok(fault),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFields {}

/// Reads the fields of a fault that has none: an empty map.
pub(super) fn no_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    NoFields::deserialize(deserializer).map(|NoFields {}| ())
}

/// Reads one part number, such as `3`, or a list, such as `[3, 4]`.
pub(super) fn part_numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    deserializer.deserialize_any(PartNumbersVisitor)
}

struct PartNumbersVisitor;

impl<'de> Visitor<'de> for PartNumbersVisitor {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a part, or a list of numbers")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Vec<u64>, E> {
        Ok(vec![number])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u64>, A::Error> {
        std::iter::from_fn(|| numbers.next_element().transpose()).collect()
    }
}

/// Reads a text, or the text of a number, with `parse`, which returns `None` if it is invalid.
fn scalar<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let parse = |text: &str| parse(text).ok_or_else(|| unexpected(expected, format!("`{text}`")));
    deserializer.deserialize_str(ScalarVisitor { expected, parse })
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
}

pub(super) fn operation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let parse = |text: &str| check_operation(text).map(|()| Some(text.to_owned()));
    deserializer.deserialize_str(ScalarVisitor { expected: "the id of an operation", parse })
}

pub(super) fn probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    scalar(deserializer, PROBABILITY, |text| text.parse().ok().filter(is_probability).map(Some))
}

pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    scalar(deserializer, STATUS, |text| text.parse().ok().filter(is_error_status))
}

pub(super) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    scalar(deserializer, RATE, |text| text.parse().ok().filter(|rate| *rate > 0))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    scalar(deserializer, "a duration such as `500ms`, `2s` or `1m`", parse_duration)
}

pub(super) fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar(deserializer, OFFSET, parse_offset)
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000)];
    units.iter().find_map(|(unit, milliseconds)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(Duration::from_millis(number.checked_mul(*milliseconds)?))
    })
}

fn parse_offset(text: &str) -> Option<Offset> {
    let offset = match text.strip_suffix('%') {
        None => Offset::Bytes(text.parse().ok()?),
        Some(percent) => Offset::Fraction(percent.trim_end().parse::<f64>().ok()? / 100.0),
    };
    Some(offset).filter(|offset| offset.is_valid())
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
