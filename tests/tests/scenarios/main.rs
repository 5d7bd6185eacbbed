//! Scenarios in Gherkin: QingStor's own, which all official SDKs run against the service, and ours in `tests/features`.
//!
//! Protects: what a user does with the SDK step by step has the result that QingStor's authors and we wrote down, on a
//! server that keeps the service's rules.
//!
//! `QINGSTOR_SCENARIOS` names the folder of the official ones; without it only ours run. Arguments choose features and
//! scenarios: those in whose name or file name one of them occurs.

mod answered;
mod calls;
mod contents;
mod features;
mod report;
mod scene;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cucumber::{Cucumber, World, cli, runner};
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
    let chosen = Chosen::new(arguments.into_iter().filter(|argument| !argument.starts_with('-')).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if runtime.block_on(run(chosen)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(chosen: Chosen) -> bool {
    let calls = Calls::collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("features");
    let mut passed = run_folder(Source::Own, &own, &chosen, &calls).await;
    match std::env::var_os(OFFICIAL).map(PathBuf::from) {
        Some(official) => passed &= run_folder(Source::Official, &official, &chosen, &calls).await,
        None => println!("official: not run, since {OFFICIAL} is not set"),
    }
    if passed && chosen.is_everything() {
        calls.compare();
    }
    passed
}

async fn run_folder(source: Source, folder: &Path, chosen: &Chosen, calls: &Calls) -> bool {
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
        .run(features::read(folder, chosen))
        .await;
    report.conclude()
}
