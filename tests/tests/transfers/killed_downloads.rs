//! Downloads whose process is killed with `SIGKILL` and then started again.
//!
//! A killed download leaves its target as it was. The next process completes the download and does not fetch the ranges
//! again that the resume journal lists.
//!
//! `QINGSTOR_DOWNLOAD_KILLS` sets the number of downloads (default: 10), each of which is killed up to three times.
//! `QINGSTOR_SEED` selects a single seed.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_sdk::MIB;
use qingstor_tests::{ChildArguments, ChildProcess, PauseAt, Random, Relay, TestBucket, content, for_each_seed, seeds};
use serde_json::Value;

use crate::support::{PART, bucket_at, file_names};

const DEFAULT_DOWNLOADS: u64 = 10;
/// Bandwidth limit in bytes per second. The journal is written every half second. At this rate, the download lasts long
/// enough for several writes.
const BANDWIDTH: u64 = 10 * MIB;
/// Maximum number of kills of a download. The next process completes it.
const MAX_KILLS: u32 = 3;
/// Content of the target before the download.
const OLD_CONTENT: &[u8] = b"before";
/// Maximum length in bytes of the head of a response.
const MAX_RESPONSE_HEAD: u64 = 1024;

/// Runs in the child process, which is killed.
#[tokio::test]
async fn child_process_downloads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let download = bucket_at(arguments.get("endpoint")).download("key").to_file(arguments.get("file"));
    let download = download.durable(arguments.get("durable") == "true");
    let outcome = download.part_size(PART).concurrency(2).bandwidth(BANDWIDTH).send().await;
    arguments.report(&match outcome {
        Ok(downloaded) => format!("resumed {} verified {}", downloaded.resumed_bytes, downloaded.is_verified),
        Err(error) => format!("failed: {error}"),
    });
}

/// Returns the number of bytes that the resume journal lists as fetched.
fn journaled_bytes(target: &Path, size: u64) -> u64 {
    let Ok(journal) = fs::read(PathBuf::from(format!("{}.qsdownload.json", target.display()))) else { return 0 };
    let journal: Value = serde_json::from_slice(&journal).expect("the journal is replaced atomically");
    let parts = journal["parts"].as_object().unwrap().keys().map(|part| part.parse::<u64>().unwrap());
    parts.map(|part| PART.min(size - part * PART)).sum()
}

/// Bytes of one download, or of several.
#[derive(Default)]
struct Bytes {
    /// Bytes that killed processes fetched.
    fetched: u64,
    /// Bytes that killed processes fetched and that were not fetched again.
    kept: u64,
}

/// Downloads a random object in processes that are killed at random bytes, until the last one succeeds.
async fn download_with_kills(seed: u64) -> Bytes {
    let mut random = Random::new(seed);
    let bytes = content(4 * PART + random.below(PART), seed);
    let size = bytes.len() as u64;
    let test = TestBucket::start().await.unwrap();
    test.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, OLD_CONTENT).unwrap();
    let (mut kills, mut total) = (0, Bytes::default());
    loop {
        let resumed = journaled_bytes(&target, size);
        let pause_at = if kills < MAX_KILLS { PauseAt::ResponseBytes(random.below(size)) } else { PauseAt::Never };
        let relay = Relay::start(test.emulator().port(), pause_at).await.unwrap();
        let (endpoint, file) = (relay.endpoint(), target.display().to_string());
        let durable = if seed.is_multiple_of(2) { "true" } else { "false" };
        let arguments = [("endpoint", endpoint.as_str()), ("file", file.as_str()), ("durable", durable)];
        let process = ChildProcess::spawn("killed_downloads::child_process_downloads", &arguments, &[]).unwrap();
        let report = process.report_or_kill(relay.wait_until_paused()).await.unwrap();
        let fetched = relay.response_bytes();
        let Some(report) = report else {
            assert_eq!(fs::read(&target).unwrap(), OLD_CONTENT, "seed {seed}: the target changed");
            kills += 1;
            total.fetched += fetched;
            total.kept += journaled_bytes(&target, size) - resumed;
            continue;
        };
        assert_eq!(report, format!("resumed {resumed} verified true"), "seed {seed}");
        let max_fetched = size - resumed + MAX_RESPONSE_HEAD * 7;
        assert!(fetched <= max_fetched, "seed {seed}: {fetched} bytes were fetched, at most {max_fetched} expected");
        assert!(fs::read(&target).unwrap() == bytes, "seed {seed}");
        assert_eq!(file_names(folder.path()), ["db.tar"], "seed {seed}");
        return total;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_download_is_completed_by_the_next_process() {
    let seeds = seeds("QINGSTOR_DOWNLOAD_KILLS", DEFAULT_DOWNLOADS);
    let downloads = for_each_seed(seeds, 5, download_with_kills).await;
    let fetched: u64 = downloads.iter().map(|bytes| bytes.fetched).sum();
    let kept: u64 = downloads.iter().map(|bytes| bytes.kept).sum();
    println!("{} MiB were fetched before a kill, {} of them were not fetched again", fetched / MIB, kept / MIB);
    // A kill loses the two parts in flight and the parts of the last half second. These are most of the four or five
    // parts of the object. With only a few downloads, the share depends on chance.
    if downloads.len() as u64 >= DEFAULT_DOWNLOADS {
        assert!(kept * 6 >= fetched, "{kept} of {fetched} bytes were kept");
    }
}
