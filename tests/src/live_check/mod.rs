//! Compares a server with the emulator, for the points that QingStor's documentation leaves open.
//!
//! The program `live-check` runs it. CONTRIBUTING.md describes how to use it.

mod cleanup;
mod probes;
mod report;
mod signed;
mod transfers;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use futures_util::{FutureExt, poll};
use qingstor_sdk::operations::{HeadBucketInput, PutBucketInput};
use qingstor_sdk::{Bucket, Config, QingStor};

use crate::http_client;
use crate::scenarios::{self, Features, Filter, Needs, OFFICIAL_VARIABLE, Server, Source, retain_allowed};

use cleanup::{clean_up, delete_bucket};
use report::Check;

pub use report::Report;

/// Settings of a check.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Bucket to use; all keys begin with a new prefix
    #[arg(long, value_name = "NAME")]
    pub bucket: String,

    /// Zone of the bucket, such as pek3b; default: the zone of the configuration
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,

    /// Create the bucket, and delete it at the end. Then scenarios that change settings of the bucket run, too
    #[arg(long)]
    pub create_bucket: bool,

    /// Folder with QingStor's official scenarios
    #[arg(long, value_name = "DIR", env = OFFICIAL_VARIABLE)]
    pub official_scenarios: Option<PathBuf>,

    /// Size of the object that is uploaded and downloaded, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 100, value_parser = clap::value_parser!(u64).range(16..=10_240))]
    pub size: u64,
}

/// The bucket of a check, and the means to send requests to it.
#[derive(Debug)]
struct Site {
    account: QingStor,
    bucket: Bucket,
    config: Config,
    http: reqwest::Client,
    /// Prefix of all keys.
    prefix: String,
}

/// Runs a check until it is complete or `interrupted` completes, removes everything that it has created, and returns
/// the report.
///
/// # Errors
///
/// Returns an error if the check cannot start: the configuration is invalid or contains no access keys, or the bucket
/// does not exist or cannot be created.
pub async fn run(
    options: &Options,
    config: Config,
    interrupted: impl Future<Output = ()>,
) -> Result<Report, Box<dyn std::error::Error>> {
    if config.is_anonymous() {
        return Err("there are no access keys: set QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY".into());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let account = QingStor::new(config.clone())?;
    let site = Site {
        bucket: account.bucket(&options.bucket, options.zone.as_deref()),
        account,
        config,
        http: http_client()?,
        prefix: format!("live-check-{}-{:08x}/", now.as_secs(), now.subsec_nanos() ^ std::process::id()),
    };
    // From here on, Ctrl-C does not end the program before the clean-up.
    let mut interrupted = pin!(interrupted);
    if poll!(interrupted.as_mut()).is_ready() {
        return Err("interrupted before the check started".into());
    }
    if options.create_bucket {
        site.bucket.put_bucket(PutBucketInput::new()).await?;
    } else {
        site.bucket.head_bucket(HeadBucketInput::new()).await?;
    }
    let mut report = Report::new(&site, options.create_bucket)?;
    tokio::select! {
        // A mistake in this program must not prevent the clean-up.
        result = AssertUnwindSafe(run_stages(&site, options, &mut report)).catch_unwind() => {
            if result.is_err() {
                report.add(Check::new("all checks", "made", Ok("live-check panicked".to_owned()), None));
            }
        }
        () = interrupted.as_mut() => {
            progress("interrupted");
            report.is_interrupted = true;
        }
    }
    progress("cleaning up");
    if options.create_bucket {
        report.remaining = clean_up(&site.bucket, "").await;
        report.remaining.extend(delete_bucket(&site.bucket).await);
    } else {
        report.remaining = clean_up(&site.bucket, &site.prefix).await;
    }
    Ok(report)
}

/// Runs scenarios, transfers and probes, and adds their results to the report.
async fn run_stages(site: &Site, options: &Options, report: &mut Report) {
    // A presigned URL must expire before the last probe can use it.
    let expiring = probes::ExpiringUrl::create(site).await;
    let own = scenarios::read_folder(&scenarios::own_features(), &Filter::default());
    run_scenarios(site, options, Source::Own, own, report).await;
    match &options.official_scenarios {
        Some(folder) => {
            let official = scenarios::read_folder(folder, &Filter::default());
            run_scenarios(site, options, Source::Official, official, report).await;
        }
        None => report.add(Check::not_made("official scenarios", "--official-scenarios is not set")),
    }
    transfers::run(site, options.size, report).await;
    probes::run(site, expiring, report).await;
}

async fn run_scenarios(site: &Site, options: &Options, source: Source, mut features: Features, report: &mut Report) {
    let allowed = if options.create_bucket { Needs::OwnBucket } else { Needs::Prefix };
    let left_out = retain_allowed(&mut features, allowed);
    let server = Server::Shared {
        account: site.account.clone(),
        bucket: site.bucket.clone(),
        config: Box::new(site.config.clone()),
        prefix: format!("{}{}/", site.prefix, source.name()),
    };
    let outcome = scenarios::run(source, features, server, progress, || {}, |_, _| {}).await;
    report.add_scenarios(source, outcome, left_out);
}

/// Prints a line about the progress to standard error, because the report is printed to standard output.
fn progress(line: &str) {
    eprintln!("{line}");
}

/// Waits for a short time before a request is repeated.
async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
