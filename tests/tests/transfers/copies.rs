//! Copies of objects, which the server makes in one request or in parts.

use std::fs;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::HeadObjectInput;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Bucket, CustomerKey, ErrorKind, MIB, ObjectCopy, ObjectSource};
use qingstor_tests::{TestBucket, bucket_with_faults, content, open_uploads};

use crate::support::{PART, error_response, progress_recorder, progress_signal};

/// Returns a copy in parts, from the key `from` to the key `to`.
fn copy_in_parts(bucket: &Bucket) -> ObjectCopy {
    bucket.copy(ObjectSource::new(bucket.name(), "from"), "to").multipart_threshold(0).part_size(PART)
}

#[tokio::test]
async fn copy_has_the_content_and_headers_of_its_source() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(13 * MIB + 5, 1);
    let upload = bucket.upload("from").bytes(bytes.clone()).content_type("text/csv").metadata("origin", "db1");
    upload.storage_class(StorageClass::StandardIa).send().await.unwrap();
    let source = ObjectSource::new(bucket.name(), "from");
    for (multipart_threshold, parts) in [(5 << 30, 0), (13 * MIB, 4), (0, 4)] {
        let copy = bucket.copy(source.clone(), "to").multipart_threshold(multipart_threshold).part_size(PART);
        let copied = copy.concurrency(3).send().await.unwrap();
        assert_eq!((copied.key.as_str(), copied.size, copied.parts), ("to", bytes.len() as u64, parts));
        assert_eq!(copied.attempts, parts.max(1));
        assert!(bucket.read("to").await.unwrap() == bytes);
        let object = bucket.head_object("to", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.content_type.as_deref(), Some("text/csv"));
        assert_eq!(object.metadata["origin"], "db1");
        assert_eq!(object.storage_class, Some(StorageClass::StandardIa));
    }
}

#[tokio::test]
async fn copy_in_parts_reports_its_etag_and_progress() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(9 * MIB, 1);
    let uploaded = bucket.upload("from").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let (on_progress, recorded) = progress_recorder();
    let copied = copy_in_parts(&bucket).concurrency(1).on_progress(on_progress).send().await.unwrap();
    assert_eq!(copied.etag, uploaded.etag, "equal parts lead to equal ETags");
    let recorded = recorded.lock().unwrap();
    let parts: Vec<_> = recorded.iter().map(|progress| (progress.parts, progress.bytes / MIB)).collect();
    assert!(parts.ends_with(&[(0, 0), (1, 4), (2, 8), (3, 9)]), "{parts:?}");
    assert!(recorded.iter().all(|progress| progress.total_bytes == Some(9 * MIB)));
}

#[tokio::test]
async fn copy_fails_if_the_server_reports_a_wrong_etag_for_a_part() {
    let wrong = FaultRule::new(Fault::WrongEtag).operation("UploadMultipart").part(1).count(1);
    let bucket = TestBucket::on(Emulator::builder().faults(FaultPlan::new().rule(wrong))).await.unwrap();
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let error = copy_in_parts(&bucket).send().await.unwrap_err().to_string();
    assert!(error.contains("CompleteMultipartUpload") && error.contains("was aborted"), "{error}");
    assert!(bucket.head_object("to", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn cancelled_copy_is_aborted() {
    let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("UploadMultipart").part(1);
    let bucket = TestBucket::on(Emulator::builder().faults(FaultPlan::new().rule(stall))).await.unwrap();
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let (on_progress, first_part_copied) = progress_signal(|progress| progress.parts == 1);
    let copy = copy_in_parts(&bucket).concurrency(1).on_progress(on_progress).cancel_on(first_part_copied);
    let error = copy.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.to_string().contains("was aborted"), "{error}");
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn copy_decrypts_with_the_source_key_and_encrypts_with_another() {
    let bucket = TestBucket::start().await.unwrap();
    let (old_key, new_key) = (CustomerKey::aes256([1; 32]), CustomerKey::aes256([2; 32]));
    let bytes = content(9 * MIB, 1);
    bucket.upload("from").bytes(bytes.clone()).encryption(old_key.clone()).send().await.unwrap();
    let source = ObjectSource::new(bucket.name(), "from");
    for multipart_threshold in [5 << 30, 0] {
        let copy = bucket.copy(source.clone(), "to").source_encryption(old_key.clone()).encryption(new_key.clone());
        copy.part_size(PART).multipart_threshold(multipart_threshold).send().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("to");
        bucket.download("to").to_file(&target).encryption(new_key.clone()).send().await.unwrap();
        assert!(fs::read(target).unwrap() == bytes);
    }
}

#[tokio::test]
async fn invalid_copies_are_rejected_and_store_nothing() {
    let bucket = TestBucket::start().await.unwrap();
    let missing = bucket.copy(ObjectSource::new(bucket.name(), "missing"), "to").send().await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let from = || bucket.copy(ObjectSource::new(bucket.name(), "from"), "to");
    for (copy, problem) in [
        (bucket.copy(ObjectSource::new("", "from"), "to"), "needs both"),
        (from().part_size(1), "part_size is 1 bytes, but a part has 4 MiB"),
        (from().concurrency(0), "concurrency is 0 requests, but a transfer needs at least 1"),
    ] {
        let error = copy.send().await.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains(problem), "{error}");
    }
    assert!(bucket.head_object("to", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn rename_keeps_content_and_headers() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.upload("from").bytes("content").content_type("text/csv").metadata("origin", "db1").send().await.unwrap();
    bucket.put("to", "replaced").await.unwrap();
    bucket.rename("from", "to").await.unwrap();
    assert_eq!(bucket.read("to").await.unwrap(), b"content");
    let object = bucket.head_object("to", HeadObjectInput::new()).await.unwrap();
    assert_eq!((object.content_type.as_deref(), object.metadata["origin"].as_str()), (Some("text/csv"), "db1"));
    for to in ["to", "from"] {
        assert!(bucket.rename("from", to).await.unwrap_err().is_not_found(), "{to}");
    }
    bucket.rename("to", "to").await.unwrap();
    assert_eq!(bucket.read("to").await.unwrap(), b"content");
}

#[tokio::test]
async fn rename_succeeds_after_lost_requests_and_responses() {
    for fault in [Fault::LoseAnswer, Fault::ResetBeforeAnswer, error_response(503, None)] {
        let plan = FaultPlan::new().rule(FaultRule::new(fault.clone()).operation("PutObject").key("new").count(2));
        let (test, bucket) = bucket_with_faults(plan).await.unwrap();
        test.put("from", "content").await.unwrap();
        bucket.rename("from", "new").await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(test.emulator().faults_fired()[0] > 0);
        assert_eq!(test.read("new").await.unwrap(), b"content");
        assert!(test.read("from").await.unwrap_err().is_not_found());
    }
}

#[tokio::test]
async fn rename_reports_a_lost_response_and_not_the_missing_source_of_the_next_request() {
    // The server may still be executing the first request. Then there is no source for the second one, and no target yet.
    let plan = FaultPlan::new()
        .rule(FaultRule::new(Fault::ResetBeforeAnswer).operation("PutObject").key("to").count(1))
        .rule(FaultRule::new(error_response(404, Some("object_not_exists"))).operation("PutObject").key("to").count(1))
        .rule(FaultRule::new(error_response(404, None)).operation("HeadObject").key("from").skip(2).count(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    test.put("from", "content").await.unwrap();
    let error = bucket.rename("from", "to").await.unwrap_err();
    assert_eq!(test.emulator().faults_fired(), [1, 1, 1]);
    assert!(error.kind() == ErrorKind::Connection && !error.is_not_found(), "{error}");
}

#[tokio::test]
async fn rename_of_an_object_that_disappears_is_an_error() {
    // The first request is not executed. Another client deletes the source before the second one, which gets a 404.
    let plan = FaultPlan::new()
        .rule(FaultRule::new(Fault::ResetBeforeAnswer).operation("PutObject").key("to").skip(1).count(1))
        .rule(FaultRule::new(error_response(404, None)).operation("HeadObject").key("from").skip(1).count(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    test.put("from", "content").await.unwrap();
    test.put("to", "other").await.unwrap();
    let error = bucket.rename("from", "to").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert_eq!(test.emulator().faults_fired(), [1, 1]);
    assert_eq!(test.read("to").await.unwrap(), b"other");
}
