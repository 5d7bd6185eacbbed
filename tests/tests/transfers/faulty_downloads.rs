//! Downloads from a server with random faults.
//!
//! A download stores exactly the object, or it fails and does not change the target. The same call resumes a failed
//! download. After a success, the folder contains only the target.
//!
//! `QINGSTOR_FAULTY_DOWNLOADS` sets the number of downloads (default: 100). `QINGSTOR_SEED` selects a single seed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, MIB};
use qingstor_tests::{
    Random, TestBucket, bucket_with_faults, content, for_each_seed, retrying_bucket_with_timeouts, seeds,
};

use crate::support::{PART, error_response, file_names};

const DEFAULT_DOWNLOADS: u64 = 100;
/// Content of the target before the download.
const OLD_CONTENT: &[u8] = b"before";
/// Maximum number of calls until a download has to succeed.
const MAX_CALLS: u32 = 12;

/// Returns a plan in which one request in ten has a fault, and some connections are closed when they are accepted.
///
/// The plan has no faults of request bodies, because the requests of a download have none.
fn random_faults(seed: u64) -> FaultPlan {
    let faults = [
        error_response(500, None),
        error_response(503, Some("service_unavailable")),
        Fault::ErrorAnswer { status: 429, code: Some("too_many_requests".to_owned()), retry_after: Some(0) },
        Fault::ResetBeforeAnswer,
        Fault::LoseAnswer,
        Fault::CutAnswer { after: Offset::Fraction(0.6) },
        Fault::CutAnswer { after: Offset::Bytes(0) },
        Fault::StallBeforeAnswer { lasts: None },
        Fault::StallInAnswer { after: Offset::Fraction(0.4), lasts: None },
        Fault::SlowSend { bytes_per_second: 8 * MIB },
        Fault::Bandwidth { bytes_per_second: 8 * MIB },
        Fault::FlipSentBit { at: None },
        Fault::WrongEtag,
        Fault::Latency { delay: Duration::from_millis(300) },
    ];
    let share = 0.1 / faults.len() as f64;
    let closed = FaultRule::new(Fault::CloseOnAccept).probability(share);
    faults.iter().fold(FaultPlan::new().seed(seed).rule(closed), |plan, fault| {
        let rule = |operation| FaultRule::new(fault.clone()).operation(operation).probability(share);
        plan.rule(rule("GetObject")).rule(rule("HeadObject"))
    })
}

/// Stores an object under `key`, and then starts an emulator on the same data with the faults of `plan`.
async fn bucket_with_object(bytes: &[u8], part_size: u64, data: &Path, plan: FaultPlan) -> TestBucket {
    let without_faults = TestBucket::on(Emulator::builder().data_dir(data)).await.unwrap();
    without_faults.upload("key").bytes(bytes.to_vec()).part_size(part_size).send().await.unwrap();
    without_faults.stop().await;
    TestBucket::on(Emulator::builder().data_dir(data).faults(plan)).await.unwrap()
}

/// The outcome of a download.
struct Outcome {
    /// Number of calls, of which the last one succeeded.
    calls: u32,
    parts: u32,
    attempts: u32,
}

/// Downloads a random object, and resumes the download until it succeeds.
async fn download_until_success(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let in_parts = random.below(2) == 0;
    let size = if in_parts {
        // 4 MiB is the only part size in whole MiB that gives this number of parts, so the client can verify the ETag.
        let full_parts = 1 + random.below(3);
        full_parts * PART + 1 + random.below(full_parts * MIB)
    } else {
        random.below(4 * PART)
    };
    let bytes = content(size, seed);
    let data = tempfile::tempdir().unwrap();
    let part_size = if in_parts { PART } else { 4 * PART };
    let test = bucket_with_object(&bytes, part_size, data.path(), random_faults(seed)).await;
    let bucket = retrying_bucket_with_timeouts(&test, Duration::from_secs(1), Duration::from_secs(20)).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let before = (random.below(2) == 0).then_some(OLD_CONTENT);
    if let Some(before) = before {
        fs::write(&target, before).unwrap();
    }
    for calls in 1..=MAX_CALLS {
        let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(3);
        match download.send().await {
            Ok(downloaded) => {
                assert!(fs::read(&target).unwrap() == bytes, "seed {seed}: {downloaded:?}");
                assert!(downloaded.is_verified, "seed {seed}: {downloaded:?}");
                assert_eq!(file_names(folder.path()), ["db.tar"], "seed {seed}");
                return Outcome { calls, parts: downloaded.parts, attempts: downloaded.attempts };
            }
            Err(error) => assert_eq!(fs::read(&target).ok().as_deref(), before, "seed {seed}: {error}"),
        }
    }
    panic!("seed {seed}: the download failed {MAX_CALLS} times, with {:?} faults", test.emulator().faults_fired());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn download_with_random_faults_is_complete_or_an_error() {
    let seeds = seeds("QINGSTOR_FAULTY_DOWNLOADS", DEFAULT_DOWNLOADS);
    let outcomes = for_each_seed(seeds, 8, download_until_success).await;
    let total = outcomes.len();
    let first_call: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.calls == 1).collect();
    let succeeded = first_call.len();
    let parts: u32 = first_call.iter().map(|outcome| outcome.parts).sum();
    let attempts: u32 = first_call.iter().map(|outcome| outcome.attempts).sum();
    let max_calls = outcomes.iter().map(|outcome| outcome.calls).max().unwrap_or_default();
    println!(
        "{succeeded} of {total} succeeded at the first call, with {attempts} requests for {parts} parts; \
         the others within {max_calls} calls"
    );
    // With only a few downloads, the share depends on chance.
    if total as u64 >= DEFAULT_DOWNLOADS {
        assert!(succeeded * 10 >= total * 6, "{succeeded} of {total}");
    }
}

#[tokio::test]
async fn flipped_bit_fails_the_download_and_the_next_one_starts_again() {
    let parts = 3;
    let bytes = content((parts - 1) * PART + 1234, 1);
    for part_size in [PART, 4 * PART] {
        for part in 0..parts {
            for at in [Offset::Bytes(0), Offset::Fraction(0.5), Offset::Fraction(1.0)] {
                let flipped = FaultRule::new(Fault::FlipSentBit { at: Some(at) }).operation("GetObject");
                // Requests are sent one after the other, so the flipped bit is in this part.
                let (test, bucket) =
                    bucket_with_faults(FaultPlan::new().rule(flipped.skip(part).count(1))).await.unwrap();
                bucket.upload("key").bytes(bytes.clone()).part_size(part_size).send().await.unwrap();
                let folder = tempfile::tempdir().unwrap();
                let target = folder.path().join("db.tar");
                fs::write(&target, OLD_CONTENT).unwrap();
                let download = || bucket.download("key").to_file(&target).part_size(PART).concurrency(1);
                let error = download().send().await.unwrap_err();
                let case = format!("part {part}, {at:?} of an object in parts of {part_size}: {error}");
                assert_eq!(test.emulator().faults_fired(), [1], "{case}");
                assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{case}");
                assert_eq!(fs::read(&target).unwrap(), OLD_CONTENT, "{case}");
                // The corrupted range is unknown, so all ranges are fetched again.
                let downloaded = download().send().await.unwrap();
                assert!(downloaded.is_verified && downloaded.resumed_bytes == 0, "{case}: {downloaded:?}");
                assert!(fs::read(&target).unwrap() == bytes, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn download_without_checksum_is_not_reported_as_verified() {
    let bytes = content(3 * PART, 1);
    let flipped = FaultRule::new(Fault::FlipSentBit { at: None }).operation("GetObject");
    let (_test, bucket) = bucket_with_faults(FaultPlan::new().rule(flipped)).await.unwrap();
    bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let downloaded = bucket.download("key").to_file(&target).checksum(None).send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    let stored = fs::read(&target).unwrap();
    assert!(stored.len() == bytes.len() && stored != bytes, "the bytes are not corrupted");
}
