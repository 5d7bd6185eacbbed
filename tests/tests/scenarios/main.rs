//! Runs Gherkin scenarios against the emulator: our own in `tests/features`, and QingStor's official ones.
//!
//! The environment variable `QINGSTOR_SCENARIOS` is the path of the folder with the official features. If unset, only
//! our own scenarios run. Words after `--` select the features and scenarios whose name or file name contains one of
//! them. Options of libtest are ignored, because `cargo test` passes them to all test programs.

mod called_operations;

use std::path::PathBuf;
use std::process::ExitCode;

use qingstor_tests::scenarios::{self, Features, Filter, OFFICIAL_VARIABLE, Server, Source};

use called_operations::CalledOperations;

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
    let own = scenarios::read_folder(&scenarios::own_features(), &filter);
    let mut is_anything_selected = !own.is_empty();
    let mut passed = run_features(Source::Own, own, &calls).await;
    match std::env::var_os(OFFICIAL_VARIABLE).map(PathBuf::from) {
        Some(official) => {
            let official = scenarios::read_folder(&official, &filter);
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

/// Runs features and returns true if no scenario failed.
async fn run_features(source: Source, features: Features, calls: &CalledOperations) -> bool {
    let (before, after) = (calls.clone(), calls.clone());
    let start = move || before.start_scenario();
    let finish = move |feature: &_, scenario: &_| {
        if source == Source::Own {
            after.finish_scenario(feature, scenario);
        }
    };
    let print = |line: &str| println!("{line}");
    scenarios::run(source, features, Server::Emulators, print, start, finish).await.failures.is_empty()
}
