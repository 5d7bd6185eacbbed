//! What is to go wrong, how often and where.

use crate::served::{Operation, operations};

use super::fault::Fault;

/// Faults for an emulator to have: which, how often, and on which requests. Without rules there are none.
///
/// The rules are asked in their order, and the first one that hits a request decides about it: it has one fault and no
/// more, and later rules do not look at it. Whether a rule hits the n-th request that it looks at depends on the seed,
/// on the rule's place in the plan and on n, and on nothing else. Requests that are under way together arrive in an
/// order that varies, so *how many* are hit repeats itself from run to run, and *which* does only for a client that
/// sends one after another.
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
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "it does nothing before an emulator is given it"]
pub struct FaultPlan {
    pub(super) seed: u64,
    pub(super) clock_offset: i64,
    pub(super) rules: Vec<FaultRule>,
}

impl FaultPlan {
    /// A plan by which nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// What chance depends on. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Shifts the emulator's clock by so many seconds: the dates of its answers, and what it holds the dates of
    /// requests against. This adds to [`Builder::clock_offset`](crate::Builder::clock_offset). Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Adds a rule, which is asked after those that are there.
    pub fn rule(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }

    pub(crate) fn clock_shift(&self) -> i64 {
        self.clock_offset
    }
}

/// A [`Fault`], and the requests that have it. Without anything else said, all have.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it does nothing before a plan has it"]
pub struct FaultRule {
    pub(super) fault: Fault,
    pub(super) operation: Option<String>,
    pub(super) parts: Vec<u64>,
    pub(super) key: Option<String>,
    pub(super) key_prefix: Option<String>,
    pub(super) probability: Option<f64>,
    pub(super) skip: u64,
    pub(super) count: Option<u64>,
}

impl FaultRule {
    /// Every request has this fault. One that is about the bodies of requests looks only at those that have one.
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

    /// Looks only at requests of this operation, by its id in the official specification; those that there are, are
    /// [`operations`](crate::operations).
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.operation = Some(id.into());
        self
    }

    /// Looks only at requests for the part of this number. May be called several times, for one of several.
    pub fn part(mut self, number: u64) -> Self {
        self.parts.push(number);
        self
    }

    /// Looks only at requests for the object of this key, as it is in the path.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Looks only at requests for objects whose key, as it is in the path, begins so.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = Some(prefix.into());
        self
    }

    /// Hits one that it looks at with this probability, from 0 to 1. Default: 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Lets so many through before it hits any. Default: 0.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Hits so many, and then no more: without a probability, the first ones. Default: no limit.
    pub fn count(mut self, requests: u64) -> Self {
        self.count = Some(requests);
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.fault.check()?;
        if let Some(id) = &self.operation {
            operation(id)?;
            if !self.parts.is_empty() && id != "UploadMultipart" {
                return Err(format!("`part` is for UploadMultipart; requests of {id} name no part"));
            }
        }
        self.probability.map(check_probability).transpose()?;
        let is_particular =
            self.operation.is_some() || self.key.is_some() || self.key_prefix.is_some() || !self.parts.is_empty();
        if self.fault == Fault::CloseOnAccept && is_particular {
            return Err(
                "`close_on_accept` happens before there is a request: it takes no operation, part or key".into()
            );
        }
        Ok(())
    }
}

/// The operation of this id.
pub(super) fn operation(id: &str) -> Result<Operation, String> {
    if let Some(served) = operations().iter().find(|served| served.id() == id) {
        return Ok(served.operation());
    }
    let distance = |known: &str| strsim::osa_distance(&id.to_lowercase(), &known.to_lowercase());
    let nearest = operations().iter().map(|served| (distance(served.id()), served.id())).min();
    Err(match nearest {
        Some((distance, known)) if distance * 3 <= id.len() => {
            format!("there is no operation `{id}`; did you mean `{known}`?")
        }
        _ => {
            let ids: Vec<_> = operations().iter().map(|served| served.id()).collect();
            format!("there is no operation `{id}`; there are {}", ids.join(", "))
        }
    })
}

pub(super) fn check_probability(probability: f64) -> Result<f64, String> {
    match probability {
        probability if (0.0..=1.0).contains(&probability) => Ok(probability),
        other => Err(format!("a probability is from 0 to 1, not {other}")),
    }
}
