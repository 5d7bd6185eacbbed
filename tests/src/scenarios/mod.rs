//! Runs Gherkin scenarios: our own in `tests/features`, and QingStor's official ones, which all official SDKs run.
//!
//! Each scenario checks the results of a typical sequence of operations.

mod context;
mod features;
mod has_status;
mod report;
mod scenario_bucket;
mod steps;

use std::path::{Path, PathBuf};

use cucumber::gherkin::{Feature, Scenario};
use cucumber::{Cucumber, World, cli, runner};
use futures_util::FutureExt;

use context::{Context, FeatureBuckets};
use features::Parsed;
use report::Report;

pub use context::Server;
pub use features::{Features, Filter, Source, file_name, read_folder};
pub(crate) use features::{Needs, retain_allowed};
pub(crate) use has_status::HasStatus;
pub use report::{Failure, Outcome};

/// Environment variable with the path of the official features.
pub const OFFICIAL_VARIABLE: &str = "QINGSTOR_SCENARIOS";

/// Returns the folder with our own features.
pub fn own_features() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("features")
}

/// Runs features, and passes each line about the results to `print`.
///
/// Calls `before` when a scenario starts, and `after` when it has ended.
pub async fn run(
    source: Source,
    features: Features,
    server: Server,
    print: fn(&str),
    before: impl Fn() + 'static,
    after: impl Fn(&Feature, &Scenario) + 'static,
) -> Outcome {
    let buckets = FeatureBuckets::on(server);
    let runner = runner::Basic::default()
        .steps(Context::collection())
        // The scenarios of a feature build on each other.
        .max_concurrent_scenarios(1)
        .before(move |feature, _, _, context| {
            before();
            buckets.clone().set_up(feature, context).boxed_local()
        })
        .after(move |feature, _, scenario, _, _| {
            after(feature, scenario);
            async {}.boxed_local()
        });
    let cucumber = Cucumber::<_, _, _, _, _, cli::Empty>::custom(Parsed, runner, Report::new(source, print));
    cucumber.with_default_cli().run(features).await.finish()
}
