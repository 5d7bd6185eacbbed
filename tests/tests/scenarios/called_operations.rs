//! The operations that each scenario calls, according to the spans of the SDK.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use cucumber::gherkin::{Feature, Scenario, StepType};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use qingstor_tests::scenarios::file_name;

/// The operations that the scenarios called. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct CalledOperations(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    /// The last operation that was called. Scenarios make one call at a time.
    last: String,
    /// The operations of the running scenario.
    current: Operations,
    /// The finished scenarios in the order in which they ran.
    scenarios: Vec<ScenarioCalls>,
}

/// Operations by name. The value is true if a call succeeded.
type Operations = BTreeMap<String, bool>;

/// The operations that a scenario called.
#[derive(Debug)]
struct ScenarioCalls {
    file: String,
    scenario: String,
    /// The texts of its `When` steps in lower case.
    when_steps: Vec<String>,
    operations: Operations,
}

impl CalledOperations {
    /// Installs a tracing subscriber for this process, which collects the operations from the spans of the SDK.
    pub(crate) fn collect() -> Self {
        let calls = Self::default();
        tracing::subscriber::set_global_default(OperationSubscriber(calls.clone()))
            .expect("the process already has a subscriber");
        calls
    }

    /// Starts to collect the operations of a scenario. Discards earlier calls that were not stored.
    pub(crate) fn start_scenario(&self) {
        self.0.lock().unwrap().current.clear();
    }

    /// Stores the calls since [`start_scenario`](Self::start_scenario).
    pub(crate) fn finish_scenario(&self, feature: &Feature, scenario: &Scenario) {
        let mut collected = self.0.lock().unwrap();
        let operations = std::mem::take(&mut collected.current);
        let when_steps = scenario.steps.iter().filter(|step| step.ty == StepType::When);
        collected.scenarios.push(ScenarioCalls {
            file: file_name(feature),
            scenario: scenario.name.clone(),
            when_steps: when_steps.map(|step| step.value.to_lowercase()).collect(),
            operations,
        });
    }

    /// Compares the most typical scenario of each operation with the snapshot, which `generator/coverage.rs` reads.
    ///
    /// In the most typical scenario the operation succeeds, a `When` step about it comes early, and few other
    /// operations are called.
    pub(crate) fn assert_snapshot(&self) {
        let collected = self.0.lock().unwrap();
        let mut best: BTreeMap<&str, (_, &ScenarioCalls)> = BTreeMap::new();
        for scenario in &collected.scenarios {
            for (operation, succeeded) in &scenario.operations {
                let rank = (!succeeded, scenario.position_of(operation), scenario.operations.len());
                let known = best.entry(operation).or_insert((rank, scenario));
                if rank < known.0 {
                    *known = (rank, scenario);
                }
            }
        }
        let mut text = String::new();
        for (operation, (_, scenario)) in best {
            writeln!(text, "{operation}: {}: {}", scenario.file, scenario.scenario).unwrap();
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

impl ScenarioCalls {
    /// Returns the index of the first `When` step whose text begins with the name of the operation, apart from spaces
    /// and case. For example, the step `put bucket ACL` is about PutBucketACL.
    fn position_of(&self, operation: &str) -> usize {
        let operation = operation.to_lowercase();
        let is_about = |step: &String| step.replace(' ', "").starts_with(&operation);
        self.when_steps.iter().position(is_about).unwrap_or(usize::MAX)
    }
}

struct OperationSubscriber(CalledOperations);

impl Visit for &CalledOperations {
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

impl Subscriber for OperationSubscriber {
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
