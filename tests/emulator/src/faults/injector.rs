//! Decides which requests get a fault.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::fault::Fault;
use super::injected_fault::InjectedFault;
use super::plan::{FaultPlan, FaultRule};
use crate::body::RateLimiter;
use crate::request::Request;
use crate::routes::Operation;

/// The plan of a running emulator.
#[derive(Debug, Default)]
pub(crate) struct FaultInjector {
    seed: u64,
    rules: Vec<ActiveRule>,
}

/// A rule and its counters.
#[derive(Debug)]
struct ActiveRule {
    rule: FaultRule,
    /// Shared by all requests that the rule hits, if the fault is `bandwidth`.
    limiter: Option<Arc<RateLimiter>>,
    counters: Mutex<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    /// Number of requests that matched the rule's conditions and that no earlier rule hit.
    examined: u64,
    hits: u64,
}

impl FaultInjector {
    pub(crate) fn new(plan: FaultPlan) -> io::Result<Self> {
        let rules = plan.rules.into_iter().enumerate().map(|(index, rule)| {
            ActiveRule::new(rule).map_err(|problem| {
                let message = format!("rule {} of the fault plan: {problem}", index + 1);
                io::Error::new(io::ErrorKind::InvalidInput, message)
            })
        });
        Ok(Self { seed: plan.seed, rules: rules.collect::<io::Result<_>>()? })
    }

    /// Examines a request and returns the fault to inject, if a rule hits the request.
    pub(crate) fn on_request(&self, operation: Operation, request: &Request, has_body: bool) -> Option<InjectedFault> {
        self.first_hit(|rule| rule.applies_to(operation, request, has_body))
    }

    /// Examines a new connection and returns true if it has to be closed at once.
    pub(crate) fn closes_connection(&self) -> bool {
        self.first_hit(|rule| rule.rule.fault == Fault::CloseOnAccept).is_some()
    }

    /// Returns the number of hits of each rule.
    pub(crate) fn hits(&self) -> Vec<u64> {
        self.rules.iter().map(|rule| rule.counters.lock().unwrap_or_else(PoisonError::into_inner).hits).collect()
    }

    /// Returns true if large kernel buffers would hide a fault of the plan.
    pub(crate) fn needs_small_buffers(&self) -> bool {
        self.rules.iter().any(|rule| rule.rule.fault.needs_small_buffers())
    }

    /// Returns the fault of the first rule that applies and hits.
    fn first_hit(&self, applies: impl Fn(&ActiveRule) -> bool) -> Option<InjectedFault> {
        self.rules.iter().enumerate().filter(|(_, rule)| applies(rule)).find_map(|(index, rule)| {
            let random = rule.try_hit(self.seed, index as u64)?;
            Some(InjectedFault::new(&rule.rule.fault, random, rule.limiter.clone()))
        })
    }
}

impl ActiveRule {
    fn new(rule: FaultRule) -> Result<Self, String> {
        rule.check()?;
        let limiter = match rule.fault {
            Fault::Bandwidth { bytes_per_second } => Some(Arc::new(RateLimiter::new(bytes_per_second))),
            _ => None,
        };
        Ok(Self { rule, limiter, counters: Mutex::default() })
    }

    /// Returns true if a request matches the conditions of the rule.
    fn applies_to(&self, operation: Operation, request: &Request, has_body: bool) -> bool {
        let rule = &self.rule;
        let key = Some(request.address.key.as_str()).filter(|key| !key.is_empty());
        let part = || request.query.integer("part_number").ok().flatten();
        rule.fault != Fault::CloseOnAccept
            && (has_body || !rule.fault.needs_request_body())
            && rule.operation.as_deref().is_none_or(|id| id == operation.id())
            && (rule.parts.is_empty() || part().is_some_and(|part| rule.parts.contains(&part)))
            && rule.key.as_deref().is_none_or(|wanted| key == Some(wanted))
            && rule.key_prefix.as_deref().is_none_or(|prefix| key.is_some_and(|key| key.starts_with(prefix)))
    }

    /// Examines the next matching request. If the rule hits it, returns a random number for the details of the fault.
    fn try_hit(&self, seed: u64, index: u64) -> Option<u64> {
        let rule = &self.rule;
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let random = scramble(scramble(scramble(seed) ^ index) ^ counters.examined);
        counters.examined += 1;
        let is_hit = counters.examined > rule.skip
            && rule.count.is_none_or(|count| counters.hits < count)
            && rule.probability.is_none_or(|probability| fraction(random) < probability);
        counters.hits += u64::from(is_hit);
        // The number that decided about the hit is not random any more, so the details get another one.
        is_hit.then(|| scramble(random))
    }
}

/// One step of splitmix64.
fn scramble(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Maps a random number to the range from 0 to 1, without 1.
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
#[path = "injector_tests.rs"]
mod tests;
