//! Plans from YAML.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::plan::{FaultPlan, FaultRule, check_probability, operation};
use super::scalar::scalar;
use super::written_fault::WrittenFault;

impl FaultPlan {
    /// Reads a plan in YAML. The documentation of this crate has an example; whatever can be said with the methods of
    /// [`FaultPlan`], [`FaultRule`] and [`Fault`](crate::Fault) can be said there by the same names.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or says something that has no sense; the error names the file, and line and column.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the fault plan {name}: {error}");
            io::Error::new(error.kind(), message)
        })?;
        Self::from_yaml(&name, &text)
    }

    /// Reads a plan in YAML, like [`load`](Self::load). The name is what errors call the text.
    ///
    /// # Errors
    ///
    /// If the text says something that has no sense; the error has the name, and line and column.
    pub fn from_yaml(name: &str, text: &str) -> io::Result<Self> {
        // What has nothing but comments is no document, and no mistake.
        let written: Option<WrittenPlan> = serde_yaml::from_str(text).map_err(|error| {
            let message = located(name, &error);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        let written = written.unwrap_or_default();
        let rules = written.rules.into_iter().map(|rule| rule.0).collect();
        Ok(Self { seed: written.seed, clock_offset: written.clock_offset, rules })
    }
}

/// `faults.yaml:3:5: rules[0]: …`, as compilers write it.
fn located(name: &str, error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    let Some(at) = error.location() else {
        return format!("{name}: {message}");
    };
    let (line, column) = (at.line(), at.column());
    let place = format!(" at line {line} column {column}");
    format!("{name}:{line}:{column}: {}", message.replacen(&place, "", 1))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPlan {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    clock_offset: i64,
    #[serde(default)]
    rules: Vec<CheckedRule>,
}

struct CheckedRule(FaultRule);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    fault: WrittenFault,
    #[serde(default, deserialize_with = "operation_id")]
    operation: Option<String>,
    #[serde(default)]
    part: OneOrMany,
    key: Option<String>,
    key_prefix: Option<String>,
    #[serde(default, deserialize_with = "probability")]
    probability: Option<f64>,
    #[serde(default)]
    skip: u64,
    count: Option<u64>,
}

impl From<WrittenRule> for FaultRule {
    fn from(written: WrittenRule) -> Self {
        let WrittenRule { fault, operation, part, key, key_prefix, probability, skip, count } = written;
        Self { fault: fault.0, operation, parts: part.0, key, key_prefix, probability, skip, count }
    }
}

impl<'de> Deserialize<'de> for CheckedRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RuleVisitor)
    }
}

/// What is refused inside a visitor is given its place.
struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = CheckedRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a rule with `fault`, and with `operation`, `part`, `key`, `key_prefix`, `probability`, `skip` or `count`",
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckedRule, A::Error> {
        let rule = FaultRule::from(WrittenRule::deserialize(MapAccessDeserializer::new(map))?);
        rule.check().map_err(A::Error::custom)?;
        Ok(CheckedRule(rule))
    }
}

/// `3`, or `[3, 4]`.
#[derive(Default)]
struct OneOrMany(Vec<u64>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a part, or a list of numbers")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![number]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<OneOrMany, A::Error> {
        let mut parts = Vec::new();
        while let Some(number) = numbers.next_element()? {
            parts.push(number);
        }
        Ok(OneOrMany(parts))
    }
}

fn operation_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    scalar(deserializer, "the id of an operation", |text| operation(text).map(|_| Some(text.to_owned())))
}

fn probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    scalar(deserializer, "a probability from 0 to 1", |text| {
        let number = text.parse().map_err(|_| format!("a probability is from 0 to 1, not {text}"))?;
        check_probability(number).map(Some)
    })
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
