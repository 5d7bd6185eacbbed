//! Uploads to a server that misbehaves.
//!
//! Protects: an upload succeeds byte for byte or fails and says so, whatever happens on the way; it never succeeds wrongly;
//! it leaves no parts behind of which it did not tell; and what it sends again stays in bounds.
//!
//! `QINGSTOR_FAULTY_UPLOADS` says how many uploads are tried, 200 if it does not; `QINGSTOR_SEED` has one alone.

use std::fs;
use std::time::Duration;

use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Checksum, HeadObjectInput, MIB};
use qingstor_tests::{content, faulty, for_each_seed, open_uploads, seeds};

const PART: u64 = 4 * MIB;

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
    let (clean, bucket) = faulty(everything(seed)).await.unwrap();
    let size = PART + (seed * 7_919_000) % (5 * PART);
    let bytes = content(size, seed);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).concurrency(3);
    match upload.stall_timeout(Duration::from_secs(10)).send().await {
        Ok(uploaded) => {
            assert_eq!(uploaded.size, size, "seed {seed}");
            assert!(clean.read("key").await.unwrap() == bytes, "seed {seed}: {uploaded:?}");
            assert!(open_uploads(&clean).await.unwrap().is_empty(), "seed {seed}");
            Some((size, size + uploaded.retried_bytes))
        }
        Err(error) => {
            let text = error.to_string();
            for left in open_uploads(&clean).await.unwrap() {
                let is_told = text.contains(&left)
                    && (text.contains("could not be aborted") || text.contains("may have been completed"));
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
    let outcomes = for_each_seed(seeds("QINGSTOR_FAULTY_UPLOADS", 200), 6, one_upload).await;
    let (mut succeeded, mut wanted, mut sent) = (0, 0, 0);
    for (size, bytes) in outcomes.iter().flatten() {
        (succeeded, wanted, sent) = (succeeded + 1, wanted + size, sent + bytes);
    }
    let rounds = outcomes.len();
    println!("{succeeded} of {rounds} succeeded; {:.3} bytes were sent for each", sent as f64 / wanted as f64);
    assert!(succeeded * 10 >= rounds * 8, "{succeeded} of {rounds}");
    assert!(sent * 4 <= wanted * 5, "{sent} bytes were sent for {wanted}");
}

#[tokio::test]
async fn a_completion_whose_answer_is_lost_is_a_success() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(2));
    let (clean, bucket) = faulty(plan).await.unwrap();
    let bytes = content(9 * MIB, 1);
    for checksum in [Some(Checksum::Md5), None] {
        let uploaded =
            bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum).send().await.unwrap();
        assert_eq!(uploaded.size, 9 * MIB);
    }
    assert_eq!(clean.emulator().faults_fired(), [2]);
    assert!(clean.read("key").await.unwrap() == bytes);
    assert!(open_uploads(&clean).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_there_before_is_not_taken_for_what_was_uploaded() {
    let refused = |status, code: &str| Fault::ErrorAnswer { status, code: Some(code.to_owned()), retry_after: None };
    for (status, code, looks) in [(500, "internal_error", 2), (404, "upload_not_exists", 0)] {
        // As if somebody had aborted the upload while it was completed, or before.
        let plan = FaultPlan::new()
            .rule(FaultRule::new(refused(status, code)).operation("CompleteMultipartUpload").count(2))
            .rule(FaultRule::new(refused(404, "upload_not_exists")).operation("ListMultipart").count(2));
        let (clean, bucket) = faulty(plan).await.unwrap();
        let before = content(9 * MIB, 1);
        clean.put("key", before.clone()).await.unwrap();
        for checksum in [Some(Checksum::Md5), None] {
            // Neither its size nor, since clocks differ, its date tells it from the other, nor a tag that is the server's own.
            let upload = bucket.upload("key").bytes(content(9 * MIB, 2)).part_size(PART).checksum(checksum);
            let error = upload.send().await.unwrap_err();
            assert_eq!(error.code(), Some(code), "{checksum:?}: {error}");
        }
        assert_eq!(clean.emulator().faults_fired(), [2, looks]);
        assert!(clean.read("key").await.unwrap() == before);
    }
}

#[tokio::test]
async fn an_upload_that_somebody_aborted_is_not_taken_for_the_object_that_came_meanwhile() {
    let missing = |code: &str| Fault::ErrorAnswer { status: 404, code: Some(code.to_owned()), retry_after: None };
    // When it was looked at first, it was not there yet.
    let plan = FaultPlan::new()
        .rule(FaultRule::new(missing("object_not_exists")).operation("HeadObject").count(1))
        .rule(FaultRule::new(missing("upload_not_exists")).operation("CompleteMultipartUpload"))
        .rule(FaultRule::new(missing("upload_not_exists")).operation("ListMultipart"));
    let (clean, bucket) = faulty(plan).await.unwrap();
    let of_another = content(9 * MIB, 1);
    clean.put("key", of_another.clone()).await.unwrap();
    let upload = bucket.upload("key").bytes(content(9 * MIB, 2)).part_size(PART);
    let error = upload.send().await.unwrap_err();
    assert_eq!(error.code(), Some("upload_not_exists"), "{error}");
    assert!(clean.read("key").await.unwrap() == of_another);
}

#[tokio::test]
async fn a_completion_that_may_still_be_under_way_is_not_aborted() {
    let gateway = Fault::ErrorAnswer { status: 504, code: None, retry_after: None };
    for fault in [Fault::ResetBeforeAnswer, gateway] {
        let rule = FaultRule::new(fault.clone()).operation("CompleteMultipartUpload");
        let (clean, bucket) = faulty(FaultPlan::new().rule(rule)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (file, checkpoint) = (folder.path().join("db.tar"), folder.path().join("db.tar.qsupload"));
        fs::write(&file, content(9 * MIB, 1)).unwrap();
        for is_noted in [false, true] {
            let upload = bucket.upload("key").file(&file).part_size(PART);
            let upload = if is_noted { upload.checkpoint(&checkpoint) } else { upload };
            let error = upload.send().await.unwrap_err();
            let id = error.upload_id().unwrap();
            let told = format!("upload {id}, which may have been completed, and was not aborted");
            assert!(error.to_string().contains(&told), "{fault:?}: {error}");
            assert_eq!(error.to_string().contains("db.tar.qsupload"), is_noted, "{fault:?}: {error}");
            assert!(open_uploads(&clean).await.unwrap().contains(&id.to_owned()), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_completion_that_is_refused_is_a_failure() {
    for (status, code) in [(400, "invalid_argument"), (403, "permission_denied"), (500, "internal_error")] {
        let refused = Fault::ErrorAnswer { status, code: Some(code.to_owned()), retry_after: None };
        let plan = FaultPlan::new().rule(FaultRule::new(refused).operation("CompleteMultipartUpload"));
        let (clean, bucket) = faulty(plan).await.unwrap();
        let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(error.to_string().contains("which was aborted"), "{error}");
        assert!(clean.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
        assert!(open_uploads(&clean).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_abort_that_fails_does_not_hide_the_cause() {
    let refused = |code: &str| Fault::ErrorAnswer { status: 403, code: Some(code.to_owned()), retry_after: None };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(refused("permission_denied")).operation("AbortMultipartUpload"))
        .rule(FaultRule::new(refused("access_key_expired")).operation("UploadMultipart").part(1));
    let (clean, bucket) = faulty(plan).await.unwrap();
    let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.code(), error.part_number()), (Some("access_key_expired"), Some(1)), "{error}");
    let text = error.to_string();
    assert!(text.contains("could not be aborted") && text.contains("permission_denied"), "{text}");
    assert_eq!(open_uploads(&clean).await.unwrap(), [error.upload_id().unwrap()]);
}

#[tokio::test]
async fn a_part_that_stalls_is_sent_again_and_a_slow_one_is_not() {
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    // Longer on its way than the limit.
    let slow = Fault::SlowReceive { bytes_per_second: 1 << 20 };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(stalled).operation("UploadMultipart").part(0).count(1))
        .rule(FaultRule::new(slow).operation("UploadMultipart").part(1).count(1));
    let (clean, bucket) = faulty(plan).await.unwrap();
    let bytes = content(9 * MIB, 1);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).stall_timeout(Duration::from_secs(2));
    let uploaded = upload.send().await.unwrap();
    assert_eq!((clean.emulator().faults_fired(), uploaded.attempts), (vec![1, 1], 4));
    assert!(clean.read("key").await.unwrap() == bytes);
}
