//! Collects and prints the results: one line for each feature, and all steps of a scenario that failed.

use std::fmt::Write;

use cucumber::event::{Cucumber, Feature, Hook, RetryableScenario, Scenario, Step, StepError};
use cucumber::gherkin;
use cucumber::{Event, Writer, cli, parser, writer};

use crate::scenarios::context::Context;
use crate::scenarios::features::{Source, file_name};

/// Panic payload of a step that skips its scenario. The scenario fails instead if it does not have the tag.
#[derive(Debug)]
pub(crate) struct Skip {
    pub(crate) tag: &'static str,
    pub(crate) reason: String,
}

/// The results of a run of features.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// Number of scenarios of which all steps passed.
    pub passed: usize,
    /// The scenarios that failed, and the feature files that could not be read.
    pub failures: Vec<Failure>,
    /// Number of scenarios that were skipped, because the server does not serve the operation.
    pub skipped: usize,
}

/// A scenario that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// File, line and title of the scenario.
    pub scenario: String,
    /// The step that failed, and the reason.
    pub reason: String,
}

/// Counts and prints the results of scenarios.
#[derive(Debug)]
pub(crate) struct Report {
    source: Source,
    print: fn(&str),
    outcome: Outcome,
    feature: Counts,
    /// Reasons for skipped scenarios of the feature.
    skip_reasons: Vec<String>,
    scenario: RunningScenario,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// The results of the running scenario.
#[derive(Debug, Default)]
struct RunningScenario {
    /// Steps that ended, one per line.
    steps: String,
    /// Line and message of the first failure.
    failure: Option<(usize, String)>,
    /// Reason if the scenario was skipped.
    skipped: Option<String>,
}

impl Report {
    /// Creates a report that passes each line to `print`.
    pub(crate) fn new(source: Source, print: fn(&str)) -> Self {
        Self {
            source,
            print,
            outcome: Outcome::default(),
            feature: Counts::default(),
            skip_reasons: Vec::new(),
            scenario: RunningScenario::default(),
        }
    }

    /// Prints the total numbers and returns the results.
    pub(crate) fn finish(self) -> Outcome {
        let Outcome { passed, failures, skipped } = &self.outcome;
        let failed = failures.len();
        (self.print)(&format!("{}: {passed} passed, {failed} failed, {skipped} skipped", self.source.name()));
        self.outcome
    }

    fn handle_scenario(&mut self, feature: &gherkin::Feature, scenario: &gherkin::Scenario, event: Scenario<Context>) {
        match event {
            Scenario::Started => self.scenario = RunningScenario::default(),
            Scenario::Hook(_, Hook::Failed(_, info)) => {
                self.scenario.failure = Some((scenario.position.line, StepError::Panic(info).to_string()));
            }
            Scenario::Background(step, event) | Scenario::Step(step, event) => {
                let tags: Vec<&String> = feature.tags.iter().chain(&scenario.tags).collect();
                self.scenario.handle_step(&step, event, &tags);
            }
            Scenario::Finished => self.finish_scenario(feature, scenario),
            Scenario::Hook(..) | Scenario::Log(_) => {}
        }
    }

    fn finish_scenario(&mut self, feature: &gherkin::Feature, scenario: &gherkin::Scenario) {
        let RunningScenario { steps, failure, skipped } = std::mem::take(&mut self.scenario);
        if let Some((line, failure)) = failure {
            self.feature.failed += 1;
            let name = format!("{}:{line}: {}", file_name(feature), title(scenario));
            (self.print)(&format!("FAILED {} {name}\n{steps}{failure}\n", self.source.name()));
            let step = steps.lines().find_map(|line| line.strip_prefix("  FAILED ")).unwrap_or("set-up");
            self.outcome.failures.push(Failure { scenario: name, reason: format!("{step}: {failure}") });
        } else if let Some(reason) = skipped {
            self.feature.skipped += 1;
            if !self.skip_reasons.contains(&reason) {
                self.skip_reasons.push(reason);
            }
        } else {
            self.feature.passed += 1;
        }
    }

    fn finish_feature(&mut self, feature: &gherkin::Feature) {
        let Counts { passed, failed, skipped } = std::mem::take(&mut self.feature);
        self.outcome.passed += passed;
        self.outcome.skipped += skipped;
        let mut line = format!("{} {}: {passed} passed", self.source.name(), file_name(feature));
        if failed > 0 {
            line += &format!(", {failed} failed");
        }
        if skipped > 0 {
            line += &format!(", {skipped} skipped: {}", self.skip_reasons.join("; "));
        }
        self.skip_reasons.clear();
        (self.print)(&line);
    }
}

impl RunningScenario {
    /// Records the end of a step.
    fn handle_step(&mut self, step: &gherkin::Step, event: Step<Context>, tags: &[&String]) {
        let (mark, failure) = match event {
            Step::Started => return,
            Step::Passed(..) => ("passed", None),
            // cucumber skips a step if no function matches its text.
            Step::Skipped => ("FAILED", Some("no step definition matches this text".to_owned())),
            Step::Failed(_, location, _, error) => {
                if let Some(skip) = skip(&error).filter(|skip| tags.iter().any(|tag| *tag == skip.tag)) {
                    self.skipped = Some(skip.reason.clone());
                    return;
                }
                let location =
                    location.map_or_else(String::new, |location| format!(" ({}:{})", location.path, location.line));
                ("FAILED", Some(format!("{}{location}", failure_message(&error))))
            }
        };
        writeln!(self.steps, "  {mark} {}{}", step.keyword, step.value).unwrap();
        self.failure = self.failure.take().or(failure.map(|failure| (step.position.line, failure)));
    }
}

/// Returns the payload if the step skipped its scenario.
fn skip(error: &StepError) -> Option<&Skip> {
    let StepError::Panic(info) = error else { return None };
    (**info).downcast_ref::<Skip>()
}

fn failure_message(error: &StepError) -> String {
    match skip(error) {
        Some(skip) => format!("the scenario was skipped, but does not have the tag @{}: {}", skip.tag, skip.reason),
        None => error.to_string(),
    }
}

/// Returns the name of a scenario and, if it is an outline, the values of the example.
fn title(scenario: &gherkin::Scenario) -> String {
    let table = scenario.examples.first().and_then(|example| example.table.as_ref());
    match table.map(|table| table.rows.as_slice()) {
        Some([names, values, ..]) => {
            let pairs = names.iter().zip(values).map(|(name, value)| format!("{name} = {value}"));
            format!("{} ({})", scenario.name, pairs.collect::<Vec<_>>().join(", "))
        }
        _ => scenario.name.clone(),
    }
}

impl Writer<Context> for Report {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<Cucumber<Context>>>, _: &cli::Empty) {
        match event.map(Event::into_inner) {
            Err(error) => {
                (self.print)(&format!("FAILED {}: {error}: {error:?}", self.source.name()));
                let scenario = "feature file".to_owned();
                self.outcome.failures.push(Failure { scenario, reason: error.to_string() });
            }
            Ok(Cucumber::Feature(feature, Feature::Scenario(scenario, RetryableScenario { event, .. }))) => {
                self.handle_scenario(&feature, &scenario, event);
            }
            Ok(Cucumber::Feature(feature, Feature::Finished)) => self.finish_feature(&feature),
            Ok(_) => {}
        }
    }
}

/// Scenarios run one at a time, so cucumber emits their events in order.
impl writer::Normalized for Report {}
