//! Runs Gherkin scenarios against the emulator: our own in `tests/features`, and QingStor's official ones, which all
//! official SDKs run.
//!
//! Each scenario checks the results of a typical sequence of operations.
//!
//! The environment variable `QINGSTOR_SCENARIOS` is the path of the folder with the official features. If unset, only
//! our own scenarios run. Words after `--` select the features and scenarios whose name or file name contains one of
//! them. Options of libtest are ignored, because `cargo test` passes them to all test programs.

mod called_operations;
mod context;
mod features;
mod has_status;
mod report;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cucumber::gherkin::Feature;
use cucumber::{Cucumber, World, cli, parser, runner};
use futures_util::FutureExt;

use called_operations::CalledOperations;
use context::{Context, FeatureBuckets};
use features::{Filter, Parsed, Source};
use report::Report;

/// Environment variable with the path of the official features.
const OFFICIAL_VARIABLE: &str = "QINGSTOR_SCENARIOS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("scenarios: test");
        return ExitCode::SUCCESS;
    }
    let filter = Filter::from_arguments(&arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("the runtime did not start");
    if runtime.block_on(run(filter)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs all features and returns true if they passed.
async fn run(filter: Filter) -> bool {
    let calls = CalledOperations::collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("features");
    let own = features::read_folder(&own, &filter);
    let mut is_anything_selected = !own.is_empty();
    let mut passed = run_features(Source::Own, own, &calls).await;
    match std::env::var_os(OFFICIAL_VARIABLE).map(PathBuf::from) {
        Some(official) => {
            let official = features::read_folder(&official, &filter);
            is_anything_selected |= !official.is_empty();
            passed &= run_features(Source::Official, official, &calls).await;
        }
        None => println!("official: skipped, because {OFFICIAL_VARIABLE} is not set"),
    }
    if !is_anything_selected {
        // Not a failure, because `cargo test NAME` passes the name to all test programs.
        println!("no scenario was run: no name of a feature or scenario contains {filter}");
    }
    if passed && filter.is_empty() {
        calls.assert_snapshot();
    }
    passed
}

async fn run_features(source: Source, features: Vec<parser::Result<Feature>>, calls: &CalledOperations) -> bool {
    let buckets = FeatureBuckets::default();
    let (before, after) = (calls.clone(), calls.clone());
    let runner = runner::Basic::default()
        .steps(Context::collection())
        // The scenarios of a feature build on each other.
        .max_concurrent_scenarios(1)
        .before(move |feature, _, _, context| {
            before.start_scenario();
            buckets.clone().set_up(feature, context).boxed_local()
        })
        .after(move |feature, _, scenario, _, _| {
            if source == Source::Own {
                after.finish_scenario(feature, scenario);
            }
            async {}.boxed_local()
        });
    let report = Cucumber::<_, _, _, _, _, cli::Empty>::custom(Parsed, runner, Report::new(source))
        .with_default_cli()
        .run(features)
        .await;
    report.print_total()
}
