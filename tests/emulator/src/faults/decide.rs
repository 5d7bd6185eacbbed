//! Which rule hits which request.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::Fault;
use super::hit::Hit;
use super::pace::Pacer;
use super::plan::{FaultPlan, FaultRule, operation};
use crate::address::Target;
use crate::request::Request;
use crate::served::Operation;

/// A plan in force, with what its rules have seen.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    seed: u64,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    plan: FaultRule,
    operation: Option<Operation>,
    /// What the requests that are hit share.
    line: Option<Arc<Pacer>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    looked_at: u64,
    hit: u64,
}

impl Faults {
    pub(crate) fn new(plan: FaultPlan) -> io::Result<Self> {
        let rules = plan.rules.into_iter().enumerate().map(|(index, rule)| {
            Rule::new(rule).map_err(|problem| {
                let message = format!("rule {} of the fault plan: {problem}", index + 1);
                io::Error::new(io::ErrorKind::InvalidInput, message)
            })
        });
        Ok(Self { seed: plan.seed, rules: rules.collect::<io::Result<_>>()? })
    }

    /// What a request has, once it is known what it asks for.
    pub(crate) fn of_request(&self, operation: Operation, request: &Request, has_body: bool) -> Option<Hit> {
        self.first(|rule| rule.is_about(operation, request, has_body))
    }

    pub(crate) fn closes_connection(&self) -> bool {
        self.first(|rule| rule.plan.fault == Fault::CloseOnAccept).is_some()
    }

    /// How often each rule has hit.
    pub(crate) fn fired(&self) -> Vec<u64> {
        self.rules.iter().map(|rule| rule.seen.lock().unwrap_or_else(PoisonError::into_inner).hit).collect()
    }

    pub(crate) fn need_small_buffers(&self) -> bool {
        self.rules.iter().any(|rule| rule.plan.fault.needs_small_buffers())
    }

    fn first(&self, is_about: impl Fn(&Rule) -> bool) -> Option<Hit> {
        self.rules.iter().enumerate().filter(|(_, rule)| is_about(rule)).find_map(|(index, rule)| {
            let random = rule.look(self.seed, index as u64)?;
            Some(Hit::new(&rule.plan.fault, random, rule.line.clone()))
        })
    }
}

impl Rule {
    fn new(plan: FaultRule) -> Result<Self, String> {
        plan.check()?;
        let line = match plan.fault {
            Fault::Bandwidth { bytes_per_second } => Some(Arc::new(Pacer::new(bytes_per_second))),
            _ => None,
        };
        let operation = plan.operation.as_deref().map(operation).transpose()?;
        Ok(Self { plan, operation, line, seen: Mutex::default() })
    }

    fn is_about(&self, operation: Operation, request: &Request, has_body: bool) -> bool {
        let plan = &self.plan;
        let key = match &request.address.target {
            Target::Object { key, .. } => Some(key.as_str()),
            Target::Service | Target::Bucket { .. } => None,
        };
        let part = || request.query.integer("part_number").ok().flatten();
        plan.fault != Fault::CloseOnAccept
            && (has_body || !plan.fault.is_about_request_bodies())
            && self.operation.is_none_or(|wanted| wanted == operation)
            && (plan.parts.is_empty() || part().is_some_and(|part| plan.parts.contains(&part)))
            && plan.key.as_deref().is_none_or(|wanted| key == Some(wanted))
            && plan.key_prefix.as_deref().is_none_or(|prefix| key.is_some_and(|key| key.starts_with(prefix)))
    }

    /// Looks at the next request. If the rule hits it, what is left to chance about the fault comes from the result.
    fn look(&self, seed: u64, index: u64) -> Option<u64> {
        let plan = &self.plan;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let random = scramble(scramble(scramble(seed) ^ index) ^ seen.looked_at);
        let is_past_skipped = seen.looked_at >= plan.skip;
        seen.looked_at += 1;
        let hits = is_past_skipped
            && plan.count.is_none_or(|count| seen.hit < count)
            && plan.probability.is_none_or(|probability| fraction(random) < probability);
        if !hits {
            return None;
        }
        seen.hit += 1;
        // The bits that decided would not be chance any more.
        Some(scramble(random))
    }
}

/// One step of splitmix64.
fn scramble(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// From 0 to 1, without 1.
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
