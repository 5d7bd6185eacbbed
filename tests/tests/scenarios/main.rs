//! Scenarios in Gherkin: QingStor's own, which all official SDKs run against the service, and ours in `tests/features`.
//!
//! Protects: what a user does with the SDK step by step has the result that QingStor's authors and we wrote down, on a
//! server that keeps the service's rules.
//!
//! `QINGSTOR_SCENARIOS` names the folder of the official ones; without it only ours run. Words behind
//! `--` choose features and scenarios: those in whose name or file name one of them occurs. The options of other test
//! programs are passed over, for all of them are given the same.

mod answered;
mod calls;
mod contents;
mod features;
mod report;
mod scene;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cucumber::gherkin::Feature;
use cucumber::{Cucumber, World, cli, parser, runner};
use futures_util::FutureExt;

use calls::Calls;
use features::{Chosen, Parsed, Source};
use report::Report;
use scene::{Scene, Stages};

/// Names the folder of the official features.
const OFFICIAL: &str = "QINGSTOR_SCENARIOS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("scenarios: test");
        return ExitCode::SUCCESS;
    }
    let chosen = Chosen::by(&arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if runtime.block_on(run(chosen)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(chosen: Chosen) -> bool {
    let calls = Calls::collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("features");
    let own = features::read(&own, &chosen);
    let mut is_anything_chosen = !own.is_empty();
    let mut passed = run_features(Source::Own, own, &calls).await;
    match std::env::var_os(OFFICIAL).map(PathBuf::from) {
        Some(official) => {
            let official = features::read(&official, &chosen);
            is_anything_chosen |= !official.is_empty();
            passed &= run_features(Source::Official, official, &calls).await;
        }
        None => println!("official: not run, since {OFFICIAL} is not set"),
    }
    if !is_anything_chosen {
        // No failure: `cargo test NAME` gives all test programs the name of a test that one of them has.
        println!("nothing was run: no feature or scenario has {chosen} in its name");
    }
    if passed && chosen.is_everything() {
        calls.compare();
    }
    passed
}

async fn run_features(source: Source, features: Vec<parser::Result<Feature>>, calls: &Calls) -> bool {
    let stages = Stages::default();
    let (begun, ended) = (calls.clone(), calls.clone());
    let runner = runner::Basic::default()
        .steps(Scene::collection())
        // Scenarios of one feature build on each other.
        .max_concurrent_scenarios(1)
        .before(move |feature, _, _, scene| {
            begun.begin();
            stages.clone().set(feature, scene).boxed_local()
        })
        .after(move |feature, _, scenario, _, _| {
            if source == Source::Own {
                ended.end(feature, scenario);
            }
            async {}.boxed_local()
        });
    let report = Cucumber::<_, _, _, _, _, cli::Empty>::custom(Parsed, runner, Report::new(source))
        .with_default_cli()
        .run(features)
        .await;
    report.conclude()
}
