//! Downloads from a server that misbehaves.
//!
//! Protects: a download becomes the object byte for byte or fails, and then the target is what it was; one that failed is
//! gone on with; and nothing is left beside the target in the end.
//!
//! `QINGSTOR_FAULTY_DOWNLOADS` says how many downloads are tried, 100 if it does not; `QINGSTOR_SEED` has one alone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, MIB};
use qingstor_tests::{
    Random, TestBucket, bucket_with_faults, content, for_each_seed, retrying_bucket_with_timeouts, seeds,
};

const USUAL: u64 = 100;
const PART: u64 = 4 * MIB;
const BEFORE: &[u8] = b"what was there before";
/// How often a download is gone on with that failed.
const MAX_CALLS: u32 = 12;

/// One request in ten has one of all the faults there are but for those of bodies that are sent, since no request for an
/// object has one; and some connections are closed at once.
fn everything(seed: u64) -> FaultPlan {
    let faults = [
        Fault::ErrorAnswer { status: 500, code: None, retry_after: None },
        Fault::ErrorAnswer { status: 503, code: Some("service_unavailable".to_owned()), retry_after: None },
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

/// A bucket whose server misbehaves since there is an object of these bytes, under `key`.
async fn with_object(bytes: &[u8], part_size: u64, data: &Path, plan: FaultPlan) -> TestBucket {
    let on = |emulator: Builder| TestBucket::on(emulator.data_dir(data));
    let before = on(Emulator::builder()).await.unwrap();
    before.upload("key").bytes(bytes.to_vec()).part_size(part_size).send().await.unwrap();
    before.stop().await;
    on(Emulator::builder().faults(plan)).await.unwrap()
}

/// What became of a download.
struct Ended {
    calls: u32,
    parts: u32,
    attempts: u32,
}

async fn one_download(seed: u64) -> Ended {
    let mut random = Random::new(seed);
    let in_parts = random.below(2) == 0;
    let size = if in_parts {
        // Sizes of which only parts of 4 MiB give that number, so that the ETag proves the bytes.
        let full_parts = 1 + random.below(3);
        full_parts * PART + 1 + random.below(full_parts * MIB)
    } else {
        random.below(4 * PART)
    };
    let bytes = content(size, seed);
    let data = tempfile::tempdir().unwrap();
    let part_size = if in_parts { PART } else { 4 * PART };
    let test = with_object(&bytes, part_size, data.path(), everything(seed)).await;
    let bucket = retrying_bucket_with_timeouts(&test, Duration::from_secs(1), Duration::from_secs(20)).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let before = (random.below(2) == 0).then_some(BEFORE);
    if let Some(before) = before {
        fs::write(&target, before).unwrap();
    }
    for calls in 1..=MAX_CALLS {
        let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(3);
        match download.send().await {
            Ok(downloaded) => {
                assert!(fs::read(&target).unwrap() == bytes, "seed {seed}: {downloaded:?}");
                assert!(downloaded.is_verified, "seed {seed}: {downloaded:?}");
                let files = fs::read_dir(folder.path()).unwrap().count();
                assert_eq!(files, 1, "seed {seed}: something is left beside the target");
                return Ended { calls, parts: downloaded.parts, attempts: downloaded.attempts };
            }
            Err(error) => assert_eq!(read(&target).as_deref(), before, "seed {seed}: {error}"),
        }
    }
    panic!("seed {seed}: it failed {MAX_CALLS} times, with {:?} faults", test.emulator().faults_fired());
}

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_is_whole_or_an_error_whatever_happens_on_the_way() {
    let ended = for_each_seed(seeds("QINGSTOR_FAULTY_DOWNLOADS", USUAL), 8, one_download).await;
    let at_once = ended.iter().filter(|ended| ended.calls == 1).count();
    let (parts, attempts) = ended
        .iter()
        .filter(|ended| ended.calls == 1)
        .fold((0, 0), |sum, ended| (sum.0 + ended.parts, sum.1 + ended.attempts));
    let most = ended.iter().map(|ended| ended.calls).max().unwrap_or_default();
    println!(
        "{at_once} of {} succeeded at once, with {attempts} requests for {parts} parts; the others within {most} calls",
        ended.len()
    );
    // Of a few, no share is certain.
    if ended.len() as u64 >= USUAL {
        assert!(at_once * 10 >= ended.len() * 6, "{at_once} of {}", ended.len());
    }
}

#[tokio::test]
async fn a_flipped_bit_does_not_become_the_file_where_the_tag_proves_it() {
    let parts = 3;
    let bytes = content((parts - 1) * PART + 1234, 1);
    for part_size in [PART, 4 * PART] {
        for part in 0..parts {
            for at in [Offset::Bytes(0), Offset::Fraction(0.5), Offset::Fraction(1.0)] {
                let flipped = FaultRule::new(Fault::FlipSentBit { at: Some(at) }).operation("GetObject");
                // One request after the other: it is that part's.
                let (test, bucket) =
                    bucket_with_faults(FaultPlan::new().rule(flipped.skip(part).count(1))).await.unwrap();
                bucket.upload("key").bytes(bytes.clone()).part_size(part_size).send().await.unwrap();
                let folder = tempfile::tempdir().unwrap();
                let target = folder.path().join("db.tar");
                fs::write(&target, BEFORE).unwrap();
                let download = || bucket.download("key").to_file(&target).part_size(PART).concurrency(1);
                let error = download().send().await.unwrap_err();
                let place = format!("part {part}, {at:?} of an object in parts of {part_size}: {error}");
                assert_eq!(test.emulator().faults_fired(), [1], "{place}");
                assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{place}");
                assert_eq!(fs::read(&target).unwrap(), BEFORE, "{place}");
                // What was fetched is good for nothing, so all is fetched again.
                let downloaded = download().send().await.unwrap();
                assert!(downloaded.is_verified && downloaded.resumed_bytes == 0, "{place}: {downloaded:?}");
                assert!(fs::read(&target).unwrap() == bytes, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_checksum_a_download_is_not_reported_as_verified() {
    let bytes = content(3 * PART, 1);
    let flipped = FaultRule::new(Fault::FlipSentBit { at: None }).operation("GetObject");
    let (_test, bucket) = bucket_with_faults(FaultPlan::new().rule(flipped)).await.unwrap();
    bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let downloaded = bucket.download("key").to_file(&target).checksum(None).send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    let came = fs::read(&target).unwrap();
    assert!(came.len() == bytes.len() && came != bytes, "nothing but the length is checked, as documented");
}
