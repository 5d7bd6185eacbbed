//! Uploads whose completion or abort fails, or whose response is lost.
//!
//! The client must not report another object as the uploaded one. If the object may exist, the error must say so. A
//! failed abort must not hide the error that caused it.

use std::fs;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, HeadObjectInput, InitiateMultipartUploadInput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Bucket, Checksum, ErrorKind, MIB, Result, UploadState};
use qingstor_tests::{TestBucket, bucket_with_faults, content, open_uploads, retrying_bucket};

use crate::support::{PART, error_response};

#[tokio::test]
async fn lost_completion_response_is_a_success_if_the_object_exists() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(2));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(9 * MIB, 1);
    for checksum in [Some(Checksum::Md5), None] {
        let uploaded =
            bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum).send().await.unwrap();
        assert_eq!(uploaded.size, 9 * MIB);
    }
    assert_eq!(test.emulator().faults_fired(), [2]);
    assert!(test.read("key").await.unwrap() == bytes);
    assert!(open_uploads(&test).await.unwrap().is_empty());
}

#[tokio::test]
async fn lost_completion_response_is_a_success_although_the_clock_is_wrong() {
    for seconds in [3600, -3600] {
        for checksum in [Some(Checksum::Md5), None] {
            let lost = FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1);
            let plan = FaultPlan::new().clock_offset(seconds).rule(lost);
            let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
            // A new client does not know the server's time yet.
            let bucket = retrying_bucket(&test).unwrap();
            let bytes = content(2 * PART + 77, 1);
            let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum);
            let uploaded = upload.send().await.unwrap_or_else(|error| panic!("{seconds} s, {checksum:?}: {error}"));
            assert_eq!((uploaded.size, uploaded.parts), (bytes.len() as u64, 3));
            assert_eq!(test.emulator().faults_fired(), [1]);
            assert!(test.read("key").await.unwrap() == bytes);
            assert!(open_uploads(&bucket).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn failed_completion_is_an_error_although_an_earlier_object_of_the_same_size_exists() {
    for (status, code, listings) in [(500, "internal_error", 2), (404, "upload_not_exists", 0)] {
        // The server sends these responses if another client aborts the upload during the completion (500) or before it
        // (404).
        let plan = FaultPlan::new()
            .rule(FaultRule::new(error_response(status, Some(code))).operation("CompleteMultipartUpload").count(2))
            .rule(FaultRule::new(error_response(404, Some("upload_not_exists"))).operation("ListMultipart").count(2));
        let (test, bucket) = bucket_with_faults(plan).await.unwrap();
        let before = content(9 * MIB, 1);
        test.put("key", before.clone()).await.unwrap();
        for checksum in [Some(Checksum::Md5), None] {
            // The earlier object has the same size, and its date proves nothing because clocks differ. Without a
            // checksum, the ETag proves nothing either.
            let upload = bucket.upload("key").bytes(content(9 * MIB, 2)).part_size(PART).checksum(checksum);
            let error = upload.send().await.unwrap_err();
            assert_eq!(error.code(), Some(code), "{checksum:?}: {error}");
            assert!(matches!(error.upload_state(), Some(UploadState::Gone)), "{checksum:?}: {error}");
        }
        assert_eq!(test.emulator().faults_fired(), [2, listings]);
        assert!(test.read("key").await.unwrap() == before);
    }
}

#[tokio::test]
async fn aborted_upload_is_an_error_although_another_client_stored_an_object() {
    // The first HEAD gets a 404, as if another client stored the object after that HEAD.
    let plan = FaultPlan::new()
        .rule(FaultRule::new(error_response(404, Some("object_not_exists"))).operation("HeadObject").count(1))
        .rule(FaultRule::new(error_response(404, Some("upload_not_exists"))).operation("CompleteMultipartUpload"))
        .rule(FaultRule::new(error_response(404, Some("upload_not_exists"))).operation("ListMultipart"));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let of_another_client = content(9 * MIB, 1);
    test.put("key", of_another_client.clone()).await.unwrap();
    let upload = bucket.upload("key").bytes(content(9 * MIB, 2)).part_size(PART);
    let error = upload.send().await.unwrap_err();
    assert_eq!(error.code(), Some("upload_not_exists"), "{error}");
    assert!(test.read("key").await.unwrap() == of_another_client);
}

#[tokio::test]
async fn completion_with_unknown_outcome_does_not_abort_the_upload() {
    for fault in [Fault::ResetBeforeAnswer, error_response(504, None)] {
        let rule = FaultRule::new(fault.clone()).operation("CompleteMultipartUpload");
        let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (file, checkpoint) = (folder.path().join("db.tar"), folder.path().join("db.tar.qsupload"));
        fs::write(&file, content(9 * MIB, 1)).unwrap();
        for has_checkpoint in [false, true] {
            let upload = bucket.upload("key").file(&file).part_size(PART);
            let upload = if has_checkpoint { upload.checkpoint(&checkpoint) } else { upload };
            let error = upload.send().await.unwrap_err();
            let id = error.upload_id().unwrap();
            let Some(UploadState::Unknown { checkpoint: kept, unsaved: None, .. }) = error.upload_state() else {
                panic!("{fault:?}: {error}");
            };
            assert_eq!(kept.as_ref(), has_checkpoint.then_some(&checkpoint), "{fault:?}: {error}");
            let state = format!("upload {id}, which may have been completed and was not aborted");
            assert!(error.to_string().contains(&state), "{fault:?}: {error}");
            assert_eq!(error.to_string().contains("db.tar.qsupload"), has_checkpoint, "{fault:?}: {error}");
            assert!(open_uploads(&test).await.unwrap().contains(&id.to_owned()), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn rejected_completion_aborts_the_upload() {
    for (status, code) in [(400, "invalid_argument"), (403, "permission_denied"), (500, "internal_error")] {
        let rule = FaultRule::new(error_response(status, Some(code))).operation("CompleteMultipartUpload");
        let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
        assert!(test.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
        assert!(open_uploads(&test).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn completion_is_requested_once_if_retry_after_exceeds_the_limit() {
    for status in [408, 429, 500, 502, 503] {
        let fault = Fault::ErrorAnswer { status, code: None, retry_after: Some(3600) };
        let rule = FaultRule::new(fault).operation("CompleteMultipartUpload");
        let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status, "{error}");
        assert_eq!(test.emulator().faults_fired(), [1], "{error}");
    }
}

#[tokio::test]
async fn completion_is_retried_after_a_timeout_of_the_gateway() {
    let rule = FaultRule::new(error_response(408, None)).operation("CompleteMultipartUpload").count(1);
    let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
    let bytes = content(9 * MIB, 1);
    bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn completion_retries_a_404_without_an_error_code() {
    // A proxy may have sent the 404, so it does not mean that the upload is gone.
    for (count, succeeds) in [(1, true), (u64::MAX, false)] {
        let rule = FaultRule::new(error_response(404, None)).operation("CompleteMultipartUpload").count(count);
        let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let outcome = bucket.upload("key").bytes(content(2 * PART, 1)).part_size(PART).send().await;
        assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
        }
        assert_eq!(test.head_object("key", HeadObjectInput::new()).await.is_ok(), succeeds);
        assert!(open_uploads(&test).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn failed_abort_does_not_hide_the_cause() {
    let plan = FaultPlan::new()
        .rule(FaultRule::new(error_response(403, Some("permission_denied"))).operation("AbortMultipartUpload"))
        .rule(FaultRule::new(error_response(403, Some("access_key_expired"))).operation("UploadMultipart").part(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.code(), error.part_number()), (Some("access_key_expired"), Some(1)), "{error}");
    let Some(UploadState::AbortFailed { cause, .. }) = error.upload_state() else { panic!("{error}") };
    assert_eq!(cause.code(), Some("permission_denied"), "{error}");
    assert!(
        error.to_string().contains("could not be aborted") && error.to_string().contains("permission_denied"),
        "{error}"
    );
    assert_eq!(open_uploads(&test).await.unwrap(), [error.upload_id().unwrap()]);
}

/// Initiates an upload of `key` and sends two parts, with requests of the caller.
async fn upload_two_parts(bucket: &Bucket) -> Result<(String, Vec<ObjectPart>)> {
    let upload_id = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await?.upload_id;
    let mut parts = Vec::new();
    for (number, size) in [(0, 4 * MIB), (1, MIB)] {
        let input = UploadMultipartInput::new(&upload_id, number).body(content(size, u64::from(number)));
        let mut part = ObjectPart::new(number).size(size);
        part.etag = bucket.upload_multipart("key", input).await?.etag;
        parts.push(part);
    }
    Ok((upload_id, parts))
}

#[tokio::test]
async fn complete_upload_recognises_the_object_after_a_lost_response() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    test.put("key", "an earlier object").await.unwrap();
    let (upload_id, parts) = upload_two_parts(&bucket).await.unwrap();
    let uploaded = bucket.complete_upload("key", &upload_id, parts).await.unwrap();
    assert_eq!((uploaded.size, uploaded.parts, uploaded.etag_kept), (5 * MIB, 2, Some(true)));
    assert_eq!(test.emulator().faults_fired(), [1]);
    assert!(test.read("key").await.unwrap() == [content(4 * MIB, 0), content(MIB, 1)].concat());
}

#[tokio::test]
async fn complete_upload_without_etags_does_not_claim_an_object_after_a_lost_response() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1));
    let (_test, bucket) = bucket_with_faults(plan).await.unwrap();
    let (upload_id, mut parts) = upload_two_parts(&bucket).await.unwrap();
    parts.iter_mut().for_each(|part| part.etag = None);
    let error = bucket.complete_upload("key", &upload_id, parts).await.unwrap_err();
    assert!(matches!(error.upload_state(), Some(UploadState::Unknown { .. })), "{error}");
}

#[tokio::test]
async fn complete_upload_reports_the_state_of_the_upload() {
    let (_test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let (upload_id, parts) = upload_two_parts(&bucket).await.unwrap();

    let mut wrong = parts.clone();
    wrong[1].etag = Some("0".repeat(32));
    let error = bucket.complete_upload("key", &upload_id, wrong).await.unwrap_err();
    assert_eq!((error.status().map(|status| status.as_u16()), error.upload_state().is_none()), (Some(400), true));

    let error = bucket.complete_upload("key", &upload_id, vec![ObjectPart::new(7)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("part 7 has no size"), "{error}");

    bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new(&upload_id)).await.unwrap();
    let error = bucket.complete_upload("key", &upload_id, parts).await.unwrap_err();
    assert!(matches!(error.upload_state(), Some(UploadState::Gone)), "{error}");
}

#[tokio::test]
async fn complete_upload_succeeds_again_after_an_earlier_call() {
    let (test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let (upload_id, parts) = upload_two_parts(&bucket).await.unwrap();
    let first = bucket.complete_upload("key", &upload_id, parts.clone()).await.unwrap();
    let second = bucket.complete_upload("key", &upload_id, parts.clone()).await.unwrap();
    assert_eq!((second.etag, second.size), (first.etag, 5 * MIB));

    // The object of another upload is not taken for the one of this upload.
    test.put("key", content(5 * MIB, 7)).await.unwrap();
    let error = bucket.complete_upload("key", &upload_id, parts).await.unwrap_err();
    assert!(matches!(error.upload_state(), Some(UploadState::Unknown { .. })), "{error}");
}
