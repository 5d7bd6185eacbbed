//! Which operations a scenario calls, as the SDK itself traces them.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use cucumber::gherkin::{Feature, Scenario, StepType};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::features::file_name;

/// The operations of all scenarios so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    /// What the last call is; scenarios make one after the other.
    last: String,
    current: Operations,
    /// In the order in which they ran.
    scenarios: Vec<Called>,
}

/// Names of operations, and whether the server ever did what they asked for.
type Operations = BTreeMap<String, bool>;

/// What a scenario called.
#[derive(Debug)]
struct Called {
    file: String,
    scenario: String,
    /// What its steps do, in lower case.
    deeds: Vec<String>,
    operations: Operations,
}

impl Calls {
    /// Listens to the SDK from here on.
    pub(crate) fn collect() -> Self {
        let calls = Self::default();
        tracing::subscriber::set_global_default(Listener(calls.clone())).expect("nobody else listens");
        calls
    }

    /// Forgets what was called since the last scenario.
    pub(crate) fn begin(&self) {
        self.0.lock().unwrap().current.clear();
    }

    /// Writes down what was called since [`begin`](Self::begin).
    pub(crate) fn end(&self, feature: &Feature, scenario: &Scenario) {
        let mut collected = self.0.lock().unwrap();
        let operations = std::mem::take(&mut collected.current);
        let deeds = scenario.steps.iter().filter(|step| step.ty == StepType::When);
        collected.scenarios.push(Called {
            file: file_name(feature),
            scenario: scenario.name.clone(),
            deeds: deeds.map(|step| step.value.to_lowercase()).collect(),
            operations,
        });
    }

    /// Compares the scenario that shows each operation best with the snapshot, which `generator/coverage.rs` reads. In
    /// the best one the server succeeds, the operation comes early rather than as a preparation, and few others are called.
    pub(crate) fn compare(&self) {
        let collected = self.0.lock().unwrap();
        let mut best: BTreeMap<&str, (_, &Called)> = BTreeMap::new();
        for called in &collected.scenarios {
            for (operation, done) in &called.operations {
                let rank = (!done, called.comes_to(operation), called.operations.len());
                let known = best.entry(operation).or_insert((rank, called));
                if rank < known.0 {
                    *known = (rank, called);
                }
            }
        }
        let mut text = String::new();
        for (operation, (_, called)) in best {
            writeln!(text, "{operation}: {}: {}", called.file, called.scenario).expect("text takes everything");
        }
        insta::with_settings!({
            omit_expression => true,
            prepend_module_to_snapshot => false,
            snapshot_path => "../snapshots",
        }, {
            insta::assert_snapshot!("scenarios", text);
        });
    }
}

impl Called {
    /// After how many others a step is called like the operation: `put bucket ACL` and PutBucketACL.
    fn comes_to(&self, operation: &str) -> usize {
        let operation = operation.to_lowercase();
        let about = |deed: &String| deed.replace(' ', "").starts_with(&operation);
        self.deeds.iter().position(about).unwrap_or(usize::MAX)
    }
}

struct Listener(Calls);

impl Visit for &Calls {
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "operation" {
            let mut collected = self.0.lock().unwrap();
            collected.last = value.to_owned();
            collected.current.entry(value.to_owned()).or_default();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" && value < 400 {
            let mut collected = self.0.lock().unwrap();
            let last = collected.last.clone();
            collected.current.insert(last, true);
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("qingstor_sdk")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut &self.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut &self.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
