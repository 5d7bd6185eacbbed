//! What is printed: a line a feature, and a scenario in full where it failed.

use std::fmt::Write;

use cucumber::event::{Cucumber, Feature, Hook, RetryableScenario, Scenario, Step, StepError};
use cucumber::gherkin;
use cucumber::{Event, Writer, cli, parser, writer};

use crate::features::{Source, file_name};
use crate::scene::Scene;

/// Thrown by a step that cannot be judged here, with the reason. Only scenarios with the tag may do so.
#[derive(Debug)]
pub(crate) struct Skip {
    pub(crate) tag: &'static str,
    pub(crate) reason: String,
}

/// Counts, and prints what failed.
#[derive(Debug)]
pub(crate) struct Report {
    source: Source,
    total: Counts,
    feature: Counts,
    reasons: Vec<String>,
    scenario: Running,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// The scenario that is running, as text.
#[derive(Debug, Default)]
struct Running {
    steps: String,
    /// What went wrong first, and in which line.
    failure: Option<(usize, String)>,
    skipped: Option<String>,
}

impl Report {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            total: Counts::default(),
            feature: Counts::default(),
            reasons: Vec::new(),
            scenario: Running::default(),
        }
    }

    /// Prints the sums; whether nothing failed.
    pub(crate) fn conclude(&self) -> bool {
        let Counts { passed, failed, skipped } = self.total;
        println!("{}: {passed} passed, {failed} failed, {skipped} skipped", self.source.name());
        failed == 0
    }

    fn scenario(&mut self, feature: &gherkin::Feature, scenario: &gherkin::Scenario, event: Scenario<Scene>) {
        match event {
            Scenario::Started => self.scenario = Running::default(),
            Scenario::Hook(_, Hook::Failed(_, info)) => {
                self.scenario.failure = Some((scenario.position.line, StepError::Panic(info).to_string()));
            }
            Scenario::Background(step, event) | Scenario::Step(step, event) => {
                let tags: Vec<&String> = feature.tags.iter().chain(&scenario.tags).collect();
                self.scenario.step(&step, event, &tags);
            }
            Scenario::Finished => self.finish(feature, scenario),
            Scenario::Hook(..) | Scenario::Log(_) => {}
        }
    }

    fn finish(&mut self, feature: &gherkin::Feature, scenario: &gherkin::Scenario) {
        let Running { steps, failure, skipped } = std::mem::take(&mut self.scenario);
        if let Some((line, failure)) = failure {
            self.feature.failed += 1;
            let (source, file) = (self.source.name(), file_name(feature));
            println!("FAILED {source} {file}:{line}: {}\n{steps}{failure}\n", described(scenario));
        } else if let Some(reason) = skipped {
            self.feature.skipped += 1;
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        } else {
            self.feature.passed += 1;
        }
    }

    fn finish_feature(&mut self, feature: &gherkin::Feature) {
        let Counts { passed, failed, skipped } = std::mem::take(&mut self.feature);
        self.total.passed += passed;
        self.total.failed += failed;
        self.total.skipped += skipped;
        let mut line = format!("{} {}: {passed} passed", self.source.name(), file_name(feature));
        if failed > 0 {
            line += &format!(", {failed} failed");
        }
        if skipped > 0 {
            line += &format!(", {skipped} skipped: {}", self.reasons.join("; "));
        }
        self.reasons.clear();
        println!("{line}");
    }
}

impl Running {
    fn step(&mut self, step: &gherkin::Step, event: Step<Scene>, tags: &[&String]) {
        let (mark, failure) = match event {
            Step::Started => return,
            Step::Passed(..) => ("passed", None),
            // The library's word for a step that nobody defined.
            Step::Skipped => ("FAILED", Some("no step is defined that fits this text".to_owned())),
            Step::Failed(_, location, _, error) => {
                if let Some(skip) = skip(&error).filter(|skip| tags.iter().any(|tag| *tag == skip.tag)) {
                    self.skipped = Some(skip.reason.clone());
                    return;
                }
                let place = location.map_or_else(String::new, |place| format!(" ({}:{})", place.path, place.line));
                ("FAILED", Some(format!("{}{place}", said(&error))))
            }
        };
        writeln!(self.steps, "  {mark} {}{}", step.keyword, step.value).expect("text takes everything");
        self.failure = self.failure.take().or(failure.map(|failure| (step.position.line, failure)));
    }
}

fn skip(error: &StepError) -> Option<&Skip> {
    let StepError::Panic(info) = error else { return None };
    (**info).downcast_ref::<Skip>()
}

fn said(error: &StepError) -> String {
    match skip(error) {
        Some(skip) => format!("skipped without the tag @{}: {}", skip.tag, skip.reason),
        None => error.to_string(),
    }
}

/// Its name and, of an outline, the example.
fn described(scenario: &gherkin::Scenario) -> String {
    let table = scenario.examples.first().and_then(|example| example.table.as_ref());
    match table.map(|table| table.rows.as_slice()) {
        Some([names, values, ..]) => {
            let pairs = names.iter().zip(values).map(|(name, value)| format!("{name} = {value}"));
            format!("{} ({})", scenario.name, pairs.collect::<Vec<_>>().join(", "))
        }
        _ => scenario.name.clone(),
    }
}

impl Writer<Scene> for Report {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<Cucumber<Scene>>>, _: &cli::Empty) {
        match event.map(Event::into_inner) {
            Err(error) => {
                self.total.failed += 1;
                println!("FAILED {}: {error}: {:?}", self.source.name(), error);
            }
            Ok(Cucumber::Feature(feature, Feature::Scenario(scenario, RetryableScenario { event, .. }))) => {
                self.scenario(&feature, &scenario, event);
            }
            Ok(Cucumber::Feature(feature, Feature::Finished)) => self.finish_feature(&feature),
            Ok(_) => {}
        }
    }
}

/// Scenarios run one after the other, so their events come in order.
impl writer::Normalized for Report {}
