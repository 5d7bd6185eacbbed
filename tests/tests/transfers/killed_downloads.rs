//! Downloads whose process is killed, as `kill -9` does it, and that are then asked for again.
//!
//! Protects: whenever a process dies, the target is what it was, and the next process ends with the whole object, without
//! fetching again what was noted to be there.
//!
//! `QINGSTOR_DOWNLOAD_KILLS` says how many downloads are killed, 10 if it does not, each up to three times;
//! `QINGSTOR_SEED` has one alone.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE};
use qingstor_sdk::{Config, MIB, QingStor, RetryConfig};
use qingstor_tests::{ChildArguments, ChildProcess, PauseAt, Random, Relay, TestBucket, content, for_each_seed, seeds};
use serde_json::Value;

const USUAL: u64 = 10;
const PART: u64 = 4 * MIB;
/// So that there are some notes: they are made every half second.
const BANDWIDTH: u64 = 10 * MIB;
const MAX_KILLS: u32 = 3;
const BEFORE: &[u8] = b"what was there before";
/// What the head of an answer has at the most.
const HEAD: u64 = 1024;

/// What the process does that is killed.
#[tokio::test]
async fn a_process_that_downloads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY).retry(RetryConfig::disabled());
    let bucket = QingStor::new(config.endpoint(arguments.get("endpoint"))).unwrap().bucket("bucket", DEFAULT_ZONE);
    let download = bucket.download("key").to_file(arguments.get("file")).part_size(PART).concurrency(2);
    let outcome = download.bandwidth(BANDWIDTH).send().await;
    arguments.report(&match outcome {
        Ok(downloaded) => format!("resumed {} verified {}", downloaded.resumed_bytes, downloaded.is_verified),
        Err(error) => format!("failed: {error}"),
    });
}

/// How many bytes are noted to be there.
fn noted(target: &Path, size: u64) -> u64 {
    let Ok(journal) = fs::read(PathBuf::from(format!("{}.qsdownload.json", target.display()))) else { return 0 };
    let journal: Value = serde_json::from_slice(&journal).expect("it is replaced in one step");
    let parts = journal["parts"].as_object().unwrap().keys().map(|part| part.parse::<u64>().unwrap());
    parts.map(|part| PART.min(size - part * PART)).sum()
}

/// How many bytes were fetched by killed processes, and how many of them were not fetched again.
async fn one_download(seed: u64) -> (u64, u64) {
    let mut random = Random::new(seed);
    let bytes = content(4 * PART + random.below(PART), seed);
    let size = bytes.len() as u64;
    let test = TestBucket::start().await.unwrap();
    test.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, BEFORE).unwrap();
    let (mut kills, mut fetched, mut kept) = (0, 0, 0);
    loop {
        let there = noted(&target, size);
        let moment = if kills < MAX_KILLS { PauseAt::ResponseBytes(random.below(size)) } else { PauseAt::Never };
        let relay = Relay::start(test.emulator().port(), moment).await.unwrap();
        let (endpoint, file) = (relay.endpoint(), target.display().to_string());
        let told = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
        let process = ChildProcess::spawn("killed_downloads::a_process_that_downloads", &told, &[]).unwrap();
        let reported = process.report_or_kill(relay.wait_until_paused()).await.unwrap();
        let answered = relay.response_bytes();
        let Some(report) = reported else {
            assert_eq!(fs::read(&target).unwrap(), BEFORE, "seed {seed}: the target is what it was");
            kills += 1;
            fetched += answered;
            kept += noted(&target, size) - there;
            continue;
        };
        assert_eq!(report, format!("resumed {there} verified true"), "seed {seed}");
        let most = size - there + HEAD * 7;
        assert!(answered <= most, "seed {seed}: {answered} bytes were fetched where {most} were missing");
        assert!(fs::read(&target).unwrap() == bytes, "seed {seed}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "seed {seed}: something is left beside the target");
        return (fetched, kept);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_a_download_is_killed_the_next_one_ends_it() {
    let ended = for_each_seed(seeds("QINGSTOR_DOWNLOAD_KILLS", USUAL), 5, one_download).await;
    let (fetched, kept) = ended.iter().fold((0, 0), |sum, ended| (sum.0 + ended.0, sum.1 + ended.1));
    println!("{} MiB were fetched before a kill, {} of them were not fetched again", fetched / MIB, kept / MIB);
    // Two parts are on their way, and those of half a second are not noted yet: of four or five that is most. Of a few
    // downloads, no share is certain.
    if ended.len() as u64 >= USUAL {
        assert!(kept * 6 >= fetched, "{kept} of {fetched} bytes were noted");
    }
}
