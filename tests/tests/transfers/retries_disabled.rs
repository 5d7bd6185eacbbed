//! Transfers without retries.
//!
//! With `RetryConfig::disabled()`, the client sends no request twice, with two exceptions: HEAD requests for the key
//! before and after a completion, and one request that the server refused because the client's clock is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, ObjectSource, QingStor};
use qingstor_tests::{TestBucket, content, logged_requests};
use tempfile::TempDir;

use crate::support::{PART, error_response};

/// Maximum number of HEAD requests for an object in parts: before the completion, after a completion without a
/// response, and for the size of the object.
const MAX_HEADS: usize = 3;

/// Number of times that each request reached the emulator, and number of faults that each rule of the plan injected.
struct Sent {
    counts: BTreeMap<String, usize>,
    fired: Vec<u64>,
}

/// Returns faults of requests without a body.
fn faults() -> Vec<Fault> {
    vec![
        error_response(500, Some("internal_error")),
        Fault::ErrorAnswer { status: 503, code: None, retry_after: Some(0) },
        Fault::ErrorAnswer { status: 429, code: Some("too_many_requests".to_owned()), retry_after: Some(0) },
        error_response(502, None),
        error_response(504, None),
        error_response(404, None),
        error_response(404, Some("upload_not_exists")),
        error_response(400, Some("bad_digest")),
        Fault::ResetBeforeAnswer,
        Fault::CutAnswer { after: Offset::Fraction(0.5) },
        Fault::LoseAnswer,
        Fault::StallBeforeAnswer { lasts: None },
        Fault::WrongEtag,
    ]
}

/// Returns faults of requests with a body.
fn faults_with_body() -> Vec<Fault> {
    let in_body = [
        Fault::ResetInBody { after: Offset::Fraction(0.5) },
        Fault::FlipReceivedBit { at: Some(Offset::Fraction(0.5)) },
    ];
    faults().into_iter().chain(in_body).collect()
}

fn faults_of(operation: &str) -> Vec<Fault> {
    match operation {
        "PutObject" | "UploadMultipart" | "CompleteMultipartUpload" => faults_with_body(),
        _ => faults(),
    }
}

fn rule(fault: Fault, operation: &str) -> FaultRule {
    FaultRule::new(fault).operation(operation)
}

/// Returns a rule that makes parts fail, so that the client aborts the upload.
fn failing_parts() -> FaultRule {
    rule(error_response(400, None), "UploadMultipart")
}

/// Runs a transfer on an emulator, and counts its requests by method, target and range.
async fn run(emulator: Builder, transfer: impl AsyncFn(&Bucket, &Path)) -> Sent {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("log");
    let test = TestBucket::on(emulator.access_log(&log)).await.unwrap();
    // The configuration of `TestBucket` has retries disabled.
    let limit = Duration::from_millis(500);
    let config = test.config().idle_timeout(limit).response_timeout(limit);
    let bucket = QingStor::new(config).unwrap().bucket(test.name(), test.zone());
    transfer(&bucket, folder.path()).await;
    let fired = test.emulator().faults_fired();
    test.stop().await;
    let mut counts = BTreeMap::new();
    for request in logged_requests(&log).unwrap() {
        let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let name = [text("method"), text("target"), text("range")].join(" ").trim_end().to_owned();
        *counts.entry(name).or_insert(0) += 1;
    }
    Sent { counts, fired }
}

/// Runs a transfer with each fault, and asserts that every rule of the plan applies to a request and that no request
/// is sent more often than `limit` allows.
async fn assert_sent_once(
    faults: Vec<Fault>,
    plan: impl Fn(Fault) -> FaultPlan,
    limit: impl Fn(&str) -> usize,
    transfer: impl AsyncFn(&Bucket, &Path),
) {
    for fault in faults {
        let plan = plan(fault);
        let Sent { counts, fired } = run(Emulator::builder().faults(plan.clone()), &transfer).await;
        assert!(fired.iter().all(|hits| *hits > 0), "{fired:?} hits of {plan:?}: {counts:?}");
        for (request, count) in &counts {
            assert!(*count <= limit(request), "{request} with {plan:?}: {counts:?}");
        }
    }
}

/// Asserts that each fault in each of the operations leads to no second request, except for up to `heads` HEAD requests
/// for the object `key`.
async fn assert_sent_once_with_faults_in(operations: &[&str], heads: usize, transfer: impl AsyncFn(&Bucket, &Path)) {
    for operation in operations {
        let plan = |fault| FaultPlan::new().rule(rule(fault, operation));
        assert_sent_once(faults_of(operation), plan, heads_of("key", heads), &transfer).await;
    }
}

/// Returns a limit of one for each request, and of `heads` for HEAD of `key`.
fn heads_of(key: &str, heads: usize) -> impl Fn(&str) -> usize {
    let head = format!("HEAD /bucket/{key}");
    move |request| if request == head { heads } else { 1 }
}

async fn upload(bucket: &Bucket, size: u64) {
    // The transfer may fail. Only its requests matter.
    let _outcome = bucket.upload("key").bytes(content(size, 1)).part_size(PART).send().await;
}

#[tokio::test]
async fn multipart_upload_sends_no_request_twice() {
    let operations = ["InitiateMultipartUpload", "UploadMultipart", "CompleteMultipartUpload", "HeadObject"];
    assert_sent_once_with_faults_in(&operations, MAX_HEADS, async |bucket, _| upload(bucket, PART + 1).await).await;
}

#[tokio::test]
async fn failed_abort_is_not_sent_twice() {
    let plan = |fault| FaultPlan::new().rule(failing_parts()).rule(rule(fault, "AbortMultipartUpload"));
    let transfer = async |bucket: &Bucket, _: &Path| upload(bucket, PART + 1).await;
    assert_sent_once(faults(), plan, heads_of("key", 1), transfer).await;
}

#[tokio::test]
async fn failed_listing_after_a_lost_completion_sends_no_request_twice() {
    let lost = || rule(Fault::LoseAnswer, "CompleteMultipartUpload");
    let plan = |fault| FaultPlan::new().rule(lost()).rule(rule(fault, "ListMultipart"));
    let transfer = async |bucket: &Bucket, _: &Path| upload(bucket, PART + 1).await;
    assert_sent_once(faults(), plan, heads_of("key", MAX_HEADS), transfer).await;
}

#[tokio::test]
async fn upload_in_one_request_sends_no_request_twice() {
    assert_sent_once_with_faults_in(&["PutObject"], 1, async |bucket, _| upload(bucket, 1000).await).await;
}

#[tokio::test]
async fn upload_from_a_reader_sends_no_request_twice() {
    let operations = ["UploadMultipart", "CompleteMultipartUpload"];
    assert_sent_once_with_faults_in(&operations, MAX_HEADS, async |bucket, _| {
        let reader = Cursor::new(content(PART + 1, 1));
        let _outcome = bucket.upload("key").reader(reader).part_size(PART).send().await;
    })
    .await;
}

#[tokio::test]
async fn resumed_upload_sends_no_request_twice() {
    // The first upload fails at its second part, so that this part is sent again when the upload is resumed.
    let interrupted = || failing_parts().part(1).count(1);
    let limit = |request: &str| match request {
        "HEAD /bucket/key" => 1 + MAX_HEADS,
        part if part.starts_with("PUT ") && part.contains("part_number=1") => 2,
        _ => 1,
    };
    for operation in ["ListMultipart", "UploadMultipart", "CompleteMultipartUpload"] {
        let plan = |fault| {
            let second = rule(fault, operation);
            let second = if operation == "UploadMultipart" { second.part(1) } else { second };
            FaultPlan::new().rule(interrupted()).rule(second)
        };
        let mut faults = faults_of(operation);
        if operation == "ListMultipart" {
            // An upload that the server does not know is started again, as documented.
            faults.retain(
                |fault| !matches!(fault, Fault::ErrorAnswer { code: Some(code), .. } if code == "upload_not_exists"),
            );
        }
        assert_sent_once(faults, plan, limit, async |bucket, folder| {
            let file = folder.join("file");
            fs::write(&file, content(PART + 1, 1)).unwrap();
            for _ in 0..2 {
                let upload = bucket.upload("key").file(&file).part_size(PART).concurrency(1);
                let _outcome = upload.checkpoint(folder.join("checkpoint")).send().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn download_sends_no_request_twice() {
    assert_sent_once_with_faults_in(&["HeadObject", "GetObject"], 1, async |bucket, folder| {
        upload(bucket, 1000).await;
        let _outcome = bucket.download("key").to_file(folder.join("file")).send().await;
    })
    .await;
}

#[tokio::test]
async fn download_in_ranges_requests_no_range_twice() {
    // The limit for any other range is 0, because a request for the rest of a range would also be a second request.
    let limit = |request: &str| {
        let is_other_range = request.starts_with("GET ")
            && !request.ends_with("bytes=0-4194303")
            && !request.ends_with("bytes=4194304-4194304");
        usize::from(!is_other_range)
    };
    let plan = |fault| FaultPlan::new().rule(rule(fault, "GetObject"));
    assert_sent_once(faults(), plan, limit, async |bucket, folder| {
        bucket.upload("key").bytes(content(PART + 1, 1)).send().await.unwrap();
        let _outcome = bucket.download("key").to_file(folder.join("file")).part_size(PART).send().await;
    })
    .await;
}

#[tokio::test]
async fn copy_in_one_request_sends_no_request_twice() {
    // The first PutObject stores the source. The second HeadObject requests the copy.
    for (operation, skipped) in [("HeadObject", 0), ("HeadObject", 1), ("PutObject", 1)] {
        let plan = |fault| FaultPlan::new().rule(rule(fault, operation).skip(skipped));
        assert_sent_once(faults(), plan, heads_of("key", 1), async |bucket, _| {
            upload(bucket, 1000).await;
            let _outcome = bucket.copy(ObjectSource::new("bucket", "key"), "copy").send().await;
        })
        .await;
    }
}

#[tokio::test]
async fn copy_in_parts_sends_no_request_twice() {
    let copy = async |bucket: &Bucket, _: &Path| {
        bucket.upload("key").bytes(content(PART + 1, 1)).send().await.unwrap();
        let copy = bucket.copy(ObjectSource::new("bucket", "key"), "copy").multipart_threshold(0).part_size(PART);
        let _outcome = copy.send().await;
    };
    let limit = heads_of("copy", MAX_HEADS);
    // The first HeadObject requests the source.
    for (operation, skipped) in
        [("HeadObject", 1), ("InitiateMultipartUpload", 0), ("UploadMultipart", 0), ("CompleteMultipartUpload", 0)]
    {
        let plan = |fault| FaultPlan::new().rule(rule(fault, operation).skip(skipped));
        assert_sent_once(faults(), plan, &limit, copy).await;
    }
    let plan = |fault| FaultPlan::new().rule(failing_parts()).rule(rule(fault, "AbortMultipartUpload"));
    assert_sent_once(faults(), plan, &limit, copy).await;
}

#[tokio::test]
async fn wrong_clock_costs_one_extra_request() {
    let emulator = Emulator::builder().clock_offset(3600);
    let Sent { counts, .. } = run(emulator, async |bucket, _| upload(bucket, PART + 1).await).await;
    let twice: Vec<_> =
        counts.iter().filter(|(request, count)| **count > 1 && *request != "HEAD /bucket/key").collect();
    assert!(matches!(twice[..], [(request, 2)] if request.starts_with("POST /bucket/key?uploads")), "{counts:?}");
}
