//! Fault plans: rules for the faults that an emulator injects, how often, and into which requests.

use serde::Deserialize;

use super::fault::{Fault, unexpected};
use super::yaml;
use crate::routes::operations;

/// A plan of the faults that an emulator injects. A plan without rules injects none.
///
/// The fault of the first rule that hits a request is injected. Later rules neither examine nor count the request. The
/// decision of a rule about the n-th request that it examines depends only on the seed, the position of the rule in the
/// plan, and n. If a client sends requests one after another, the same plan always hits the same requests. If it sends
/// them concurrently, their order varies, and so do the requests that are hit.
///
/// ```
/// use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let unavailable = Fault::ErrorAnswer { status: 503, code: None, retry_after: Some(1) };
/// let plan = FaultPlan::new()
///     .seed(42)
///     .rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1))
///     .rule(FaultRule::new(unavailable).operation("UploadMultipart").probability(0.1));
/// let emulator = Emulator::builder().bucket("b").faults(plan).start().await?;
/// assert_eq!(emulator.faults_fired(), [0, 0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use = "a plan has no effect until an emulator starts with it"]
pub struct FaultPlan {
    pub(super) seed: u64,
    pub(crate) clock_offset: i64,
    #[serde(deserialize_with = "yaml::rules")]
    pub(super) rules: Vec<FaultRule>,
}

impl FaultPlan {
    /// Creates a plan without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the seed of random decisions. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Shifts the emulator's clock by this number of seconds, in addition to
    /// [`Builder::clock_offset`](crate::Builder::clock_offset). The clock sets the dates in responses and the
    /// modification times of objects. The emulator also checks the dates of requests against it. Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Appends a rule.
    pub fn rule(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }
}

/// A [`Fault`] and the conditions for the requests that it is injected into. Without conditions, the rule applies to
/// every request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a rule has no effect until it is part of a plan"]
pub struct FaultRule {
    #[serde(deserialize_with = "yaml::fault")]
    pub(super) fault: Fault,
    #[serde(default, deserialize_with = "yaml::operation")]
    pub(super) operation: Option<String>,
    #[serde(default, rename = "part", deserialize_with = "yaml::part_numbers")]
    pub(super) parts: Vec<u64>,
    pub(super) key: Option<String>,
    pub(super) key_prefix: Option<String>,
    #[serde(default, deserialize_with = "yaml::probability")]
    pub(super) probability: Option<f64>,
    #[serde(default)]
    pub(super) skip: u64,
    pub(super) count: Option<u64>,
}

impl FaultRule {
    /// Creates a rule for every request. A rule with a fault in request bodies applies only to requests that have a
    /// body.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            parts: Vec::new(),
            key: None,
            key_prefix: None,
            probability: None,
            skip: 0,
            count: None,
        }
    }

    /// Restricts the rule to the operation with this id in the official specification.
    /// [`operations`](crate::operations) returns all ids.
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.operation = Some(id.into());
        self
    }

    /// Restricts the rule to requests for the part with this number. Further calls add part numbers.
    pub fn part(mut self, number: u64) -> Self {
        self.parts.push(number);
        self
    }

    /// Restricts the rule to requests whose path contains this object key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Restricts the rule to requests whose path contains an object key with this prefix.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Sets the probability, from 0 to 1, that the rule hits a matching request. Default: 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Sets the number of matching requests that the rule ignores before its first hit. Default: 0.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Sets the maximum number of hits. Default: no limit.
    pub fn count(mut self, requests: u64) -> Self {
        self.count = Some(requests);
        self
    }

    /// Checks the values of the rule and their combination.
    pub(super) fn check(&self) -> Result<(), String> {
        self.fault.check()?;
        if let Some(id) = &self.operation {
            check_operation(id)?;
            if !self.parts.is_empty() && id != "UploadMultipart" {
                return Err(format!("`part` can be used with UploadMultipart only, not with {id}"));
            }
        }
        if let Some(probability) = self.probability.filter(|probability| !is_probability(probability)) {
            return Err(unexpected(PROBABILITY, probability));
        }
        let has_filter =
            self.operation.is_some() || self.key.is_some() || self.key_prefix.is_some() || !self.parts.is_empty();
        if self.fault == Fault::CloseOnAccept && has_filter {
            return Err("`close_on_accept` applies to connections; remove the operation, part or key".into());
        }
        Ok(())
    }
}

/// Checks that the emulator serves an operation with this id. The error suggests a similar id.
pub(super) fn check_operation(id: &str) -> Result<(), String> {
    if operations().iter().any(|served| served.id() == id) {
        return Ok(());
    }
    let distance = |known: &str| strsim::osa_distance(&id.to_lowercase(), &known.to_lowercase());
    let nearest = operations().iter().map(|served| (distance(served.id()), served.id())).min();
    Err(match nearest {
        Some((distance, known)) if distance * 3 <= id.len() => {
            format!("there is no operation `{id}`; did you mean `{known}`?")
        }
        _ => {
            let ids: Vec<_> = operations().iter().map(|served| served.id()).collect();
            format!("there is no operation `{id}`; the operations are {}", ids.join(", "))
        }
    })
}

pub(super) const PROBABILITY: &str = "a probability from 0 to 1";

pub(super) fn is_probability(probability: &f64) -> bool {
    (0.0..=1.0).contains(probability)
}
