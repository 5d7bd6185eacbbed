//! Uploads to a server that misbehaves.
//!
//! Protects: an upload succeeds byte for byte or fails and says so, whatever happens on the way; it never succeeds wrongly;
//! it leaves no parts behind of which it did not tell; and what it sends again stays in bounds.
//!
//! `QINGSTOR_FAULTY_UPLOADS` says how many uploads are tried, 200 if it does not.

use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Checksum, Config, HeadObjectInput, ListMultipartUploadsInput, MIB, QingStor, RetryConfig};
use qingstor_tests::TestBucket;
use tokio::task::JoinSet;

const PART: u64 = 4 * MIB;

fn content(size: u64, seed: u64) -> Vec<u8> {
    (0..size).map(|place| ((place ^ seed << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// A bucket on an emulator with these faults, for a client that does not wait long.
async fn faulty(plan: FaultPlan) -> (TestBucket, Bucket) {
    let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    let retry = RetryConfig::default().max_attempts(4).initial_backoff(Duration::from_millis(2));
    let config: Config = test.config().retry(retry).response_timeout(Duration::from_secs(20));
    let bucket = QingStor::new(config).unwrap().bucket(test.name(), test.zone());
    (test, bucket)
}

async fn open_uploads(bucket: &Bucket) -> Vec<String> {
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    open.uploads.into_iter().map(|upload| upload.upload_id).collect()
}

/// One request in ten has one of all the faults there are.
fn everything(seed: u64) -> FaultPlan {
    let part = Duration::from_millis(600);
    let faults = [
        Fault::ErrorAnswer { status: 500, code: None, retry_after: None },
        Fault::ErrorAnswer { status: 503, code: Some("service_unavailable".to_owned()), retry_after: None },
        Fault::ErrorAnswer { status: 429, code: Some("too_many_requests".to_owned()), retry_after: Some(0) },
        Fault::ResetBeforeAnswer,
        Fault::ResetInBody { after: Offset::Fraction(0.5) },
        Fault::CutAnswer { after: Offset::Bytes(3) },
        Fault::LoseAnswer,
        Fault::FlipReceivedBit { at: Some(Offset::Fraction(0.3)) },
        Fault::WrongEtag,
        Fault::Latency { delay: part },
    ];
    let share = 0.1 / faults.len() as f64;
    let operations = [
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListMultipart",
        "HeadObject",
    ];
    let rules = operations.iter().flat_map(|operation| faults.iter().map(move |fault| (operation, fault)));
    rules.fold(FaultPlan::new().seed(seed), |plan, (operation, fault)| {
        // A rule sees what those before it let through.
        plan.rule(FaultRule::new(fault.clone()).operation(*operation).probability(share))
    })
}

/// How many bytes were to be sent, and were; `None` if it failed.
async fn one_upload(seed: u64) -> Option<(u64, u64)> {
    let (clean, bucket) = faulty(everything(seed)).await;
    let size = PART + (seed * 7_919_000) % (5 * PART);
    let bytes = content(size, seed);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).concurrency(3);
    match upload.stall_timeout(Duration::from_secs(10)).send().await {
        Ok(uploaded) => {
            assert_eq!(uploaded.size, size, "seed {seed}");
            assert!(clean.read("key").await.unwrap() == bytes, "seed {seed}: {uploaded:?}");
            assert!(open_uploads(&clean).await.is_empty(), "seed {seed}");
            Some((size, size + uploaded.retried_bytes))
        }
        Err(error) => {
            let text = error.to_string();
            for left in open_uploads(&clean).await {
                let is_told = text.contains(&left) && text.contains("could not be aborted");
                let is_unknown =
                    error.operation() == Some("InitiateMultipartUpload") && text.contains("whose id nobody knows");
                assert!(is_told || is_unknown, "seed {seed}: {left} is left; {text}");
            }
            let object = clean.head_object("key", HeadObjectInput::new()).await;
            let is_told = text.contains("was completed all the same") || text.contains("may have been completed");
            assert!(object.is_err() || is_told, "seed {seed}: the object is there; {text}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_whole_or_an_error_whatever_happens_on_the_way() {
    let rounds: u64 = std::env::var("QINGSTOR_FAULTY_UPLOADS").map_or(200, |rounds| rounds.parse().unwrap());
    let (mut succeeded, mut wanted, mut sent) = (0, 0, 0);
    let mut seeds = 0..rounds;
    let mut under_way: JoinSet<_> = seeds.by_ref().take(6).map(one_upload).collect();
    while let Some(outcome) = under_way.join_next().await {
        if let Some((size, bytes)) = outcome.unwrap() {
            (succeeded, wanted, sent) = (succeeded + 1, wanted + size, sent + bytes);
        }
        if let Some(seed) = seeds.next() {
            under_way.spawn(one_upload(seed));
        }
    }
    println!("{succeeded} of {rounds} succeeded; {:.3} bytes were sent for each", sent as f64 / wanted as f64);
    assert!(succeeded * 10 >= rounds * 8, "{succeeded} of {rounds}");
    assert!(sent * 4 <= wanted * 5, "{sent} bytes were sent for {wanted}");
}

#[tokio::test]
async fn a_completion_whose_answer_is_lost_is_a_success() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(2));
    let (clean, bucket) = faulty(plan).await;
    let bytes = content(9 * MIB, 1);
    for checksum in [Some(Checksum::Md5), None] {
        let uploaded =
            bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum).send().await.unwrap();
        assert_eq!(uploaded.size, 9 * MIB);
    }
    assert_eq!(clean.emulator().faults_fired(), [2]);
    assert!(clean.read("key").await.unwrap() == bytes);
    assert!(open_uploads(&clean).await.is_empty());
}

#[tokio::test]
async fn a_completion_that_is_refused_is_a_failure() {
    for (status, code) in [(400, "invalid_argument"), (403, "permission_denied"), (500, "internal_error")] {
        let refused = Fault::ErrorAnswer { status, code: Some(code.to_owned()), retry_after: None };
        let plan = FaultPlan::new().rule(FaultRule::new(refused).operation("CompleteMultipartUpload"));
        let (clean, bucket) = faulty(plan).await;
        let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(error.to_string().contains("which was aborted"), "{error}");
        assert!(clean.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
        assert!(open_uploads(&clean).await.is_empty());
    }
}

#[tokio::test]
async fn a_bit_that_flips_on_the_way_is_noticed_at_any_part() {
    for part in 0..3 {
        for from in [0.0, 0.9999] {
            let flipped = Fault::FlipReceivedBit { at: Some(Offset::Fraction(from)) };
            let plan = FaultPlan::new().rule(FaultRule::new(flipped).operation("UploadMultipart").part(part).count(1));
            let (clean, bucket) = faulty(plan).await;
            let bytes = content(9 * MIB, part);
            let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
            assert_eq!((clean.emulator().faults_fired(), uploaded.attempts), (vec![1], 4));
            assert!(clean.read("key").await.unwrap() == bytes);
        }
    }
    let flipped = Fault::FlipReceivedBit { at: Some(Offset::Fraction(0.5)) };
    let (clean, bucket) = faulty(FaultPlan::new().rule(FaultRule::new(flipped).operation("UploadMultipart"))).await;
    let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!(error.code(), Some("bad_digest"), "{error}");
    assert!(error.part_number().is_some() && open_uploads(&clean).await.is_empty(), "{error}");
}

#[tokio::test]
async fn an_abort_that_fails_does_not_hide_the_cause() {
    let refused = |code: &str| Fault::ErrorAnswer { status: 403, code: Some(code.to_owned()), retry_after: None };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(refused("permission_denied")).operation("AbortMultipartUpload"))
        .rule(FaultRule::new(refused("access_key_expired")).operation("UploadMultipart").part(1));
    let (clean, bucket) = faulty(plan).await;
    let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.code(), error.part_number()), (Some("access_key_expired"), Some(1)), "{error}");
    let text = error.to_string();
    assert!(text.contains("could not be aborted") && text.contains("permission_denied"), "{text}");
    assert_eq!(open_uploads(&clean).await, [error.upload_id().unwrap()]);
}

#[tokio::test]
async fn a_part_that_stalls_is_sent_again_and_a_slow_one_is_not() {
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    // Longer on its way than the limit.
    let slow = Fault::SlowReceive { bytes_per_second: 1 << 20 };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(stalled).operation("UploadMultipart").part(0).count(1))
        .rule(FaultRule::new(slow).operation("UploadMultipart").part(1).count(1));
    let (clean, bucket) = faulty(plan).await;
    let bytes = content(9 * MIB, 1);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).stall_timeout(Duration::from_secs(2));
    let uploaded = upload.send().await.unwrap();
    assert_eq!((clean.emulator().faults_fired(), uploaded.attempts), (vec![1, 1], 4));
    assert!(clean.read("key").await.unwrap() == bytes);
}
