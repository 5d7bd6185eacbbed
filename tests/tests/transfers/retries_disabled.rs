//! Transfers without retries.
//!
//! Protects: with `RetryConfig::disabled()`, no request is sent twice, whatever fails. There are two exceptions: HEAD of the
//! key around a completion, and one request that the server refused because the client's clock is off.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, MIB, ObjectSource, QingStor};
use qingstor_tests::{TestBucket, content, requests};
use tempfile::TempDir;

const PART: u64 = 4 * MIB;

/// HEAD before a completion, after one without an answer, and for the size of the object.
const HEADS: usize = 3;

fn faults() -> Vec<Fault> {
    let answer = |status, code: Option<&str>, retry_after| Fault::ErrorAnswer {
        status,
        code: code.map(str::to_owned),
        retry_after,
    };
    vec![
        answer(500, Some("internal_error"), None),
        answer(503, None, Some(0)),
        answer(429, Some("too_many_requests"), Some(0)),
        answer(502, None, None),
        answer(504, None, None),
        answer(404, None, None),
        answer(404, Some("upload_not_exists"), None),
        answer(400, Some("bad_digest"), None),
        Fault::ResetBeforeAnswer,
        Fault::ResetInBody { after: Offset::Fraction(0.5) },
        Fault::CutAnswer { after: Offset::Fraction(0.5) },
        Fault::LoseAnswer,
        Fault::StallBeforeAnswer { lasts: None },
        Fault::FlipReceivedBit { at: Some(Offset::Fraction(0.5)) },
        Fault::WrongEtag,
    ]
}

/// Runs a transfer on an emulator, and returns how often each request was sent.
async fn counted(emulator: Builder, transfer: impl AsyncFn(&Bucket, &Path)) -> BTreeMap<String, usize> {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let test = TestBucket::on(emulator.access_log(&log)).await.unwrap();
    // The configuration of `TestBucket` has retries disabled.
    let limit = Duration::from_millis(500);
    let config = test.config().idle_timeout(limit).response_timeout(limit);
    let bucket = QingStor::new(config).unwrap().bucket(test.name(), test.zone());
    transfer(&bucket, folder.path()).await;
    test.stop().await;
    let mut counts = BTreeMap::new();
    for request in requests(&log).unwrap() {
        let name = format!("{} {}", request["method"].as_str().unwrap(), request["target"].as_str().unwrap());
        *counts.entry(name).or_insert(0) += 1;
    }
    counts
}

/// Runs a transfer with each fault in each operation. HEAD of the key may be sent `heads` times. The first `skipped` requests
/// of the operation have no fault.
async fn assert_no_request_twice(
    operations: &[&str],
    skipped: u64,
    heads: usize,
    transfer: impl AsyncFn(&Bucket, &Path),
) {
    for operation in operations {
        for fault in faults() {
            let rule = FaultRule::new(fault.clone()).operation(*operation).skip(skipped);
            let counts = counted(Emulator::builder().faults(FaultPlan::new().rule(rule)), &transfer).await;
            for (request, count) in &counts {
                let is_head_of_key = request == "HEAD /bucket/key";
                assert!(*count <= if is_head_of_key { heads } else { 1 }, "{fault:?} in {operation}: {counts:?}");
            }
        }
    }
}

async fn upload(bucket: &Bucket, size: u64) {
    // The transfer may fail. The requests count.
    let _outcome = bucket.upload("key").bytes(content(size, 1)).part_size(PART).send().await;
}

#[tokio::test]
async fn a_multipart_upload_sends_no_request_twice() {
    let operations =
        ["InitiateMultipartUpload", "UploadMultipart", "CompleteMultipartUpload", "HeadObject", "AbortMultipartUpload"];
    assert_no_request_twice(&operations, 0, HEADS, async |bucket, _| upload(bucket, PART + 1).await).await;
}

#[tokio::test]
async fn a_failed_look_after_a_lost_completion_sends_no_request_twice() {
    for fault in faults() {
        let lost = FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload");
        let plan = FaultPlan::new().rule(lost).rule(FaultRule::new(fault.clone()).operation("ListMultipart"));
        let counts = counted(Emulator::builder().faults(plan), async |bucket, _| upload(bucket, PART + 1).await).await;
        assert!(counts.keys().any(|request| request.starts_with("GET ")), "{fault:?}: {counts:?}");
        let is_once = |(request, count): (&String, &usize)| *count == 1 || request == "HEAD /bucket/key";
        assert!(counts.iter().all(is_once), "{fault:?}: {counts:?}");
    }
}

#[tokio::test]
async fn an_upload_in_one_request_sends_no_request_twice() {
    assert_no_request_twice(&["PutObject", "HeadObject"], 0, 1, async |bucket, _| upload(bucket, 1000).await).await;
}

#[tokio::test]
async fn downloads_and_copies_send_no_request_twice() {
    // The first PutObject stores the object, without a fault.
    assert_no_request_twice(&["HeadObject", "GetObject"], 0, 1, async |bucket, folder| {
        upload(bucket, 1000).await;
        let _outcome = bucket.download("key").to_file(folder.join("file")).send().await;
    })
    .await;
    assert_no_request_twice(&["HeadObject", "PutObject"], 1, 1, async |bucket, _| {
        upload(bucket, 1000).await;
        let _outcome = bucket.copy(ObjectSource::new("bucket", "key"), "copy").send().await;
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_off_costs_one_request() {
    let emulator = Emulator::builder().clock_offset(3600);
    let counts = counted(emulator, async |bucket, _| upload(bucket, PART + 1).await).await;
    let twice: Vec<_> =
        counts.iter().filter(|(request, count)| **count > 1 && *request != "HEAD /bucket/key").collect();
    assert!(matches!(twice[..], [(request, 2)] if request.starts_with("POST /bucket/key?uploads")), "{counts:?}");
}
