//! Uploads whose completion, or whose abort, is refused or has no answer.
//!
//! Protects: what is said of an upload is true of its object: no object is taken for the one that was uploaded which may be
//! another, none is denied that may be there; and an abort that fails is told without hiding what went wrong before.

use std::fs;

use qingstor_emulator::{Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::HeadObjectInput;
use qingstor_sdk::{Checksum, MIB, UploadState};
use qingstor_tests::{bucket_with_faults, content, open_uploads};

const PART: u64 = 4 * MIB;

#[tokio::test]
async fn a_completion_whose_answer_is_lost_is_a_success() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(2));
    let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
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
async fn an_earlier_object_is_not_mistaken_for_the_uploaded_one() {
    let refused = |status, code: &str| Fault::ErrorAnswer { status, code: Some(code.to_owned()), retry_after: None };
    for (status, code, looks) in [(500, "internal_error", 2), (404, "upload_not_exists", 0)] {
        // As if somebody had aborted the upload while it was completed, or before.
        let plan = FaultPlan::new()
            .rule(FaultRule::new(refused(status, code)).operation("CompleteMultipartUpload").count(2))
            .rule(FaultRule::new(refused(404, "upload_not_exists")).operation("ListMultipart").count(2));
        let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
        let before = content(9 * MIB, 1);
        clean.put("key", before.clone()).await.unwrap();
        for checksum in [Some(Checksum::Md5), None] {
            // Neither its size nor, since clocks differ, its date tells it from the other, nor a tag that is the server's own.
            let upload = bucket.upload("key").bytes(content(9 * MIB, 2)).part_size(PART).checksum(checksum);
            let error = upload.send().await.unwrap_err();
            assert_eq!(error.code(), Some(code), "{checksum:?}: {error}");
            assert!(matches!(error.upload_state(), Some(UploadState::Gone)), "{checksum:?}: {error}");
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
    let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
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
        let (clean, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (file, checkpoint) = (folder.path().join("db.tar"), folder.path().join("db.tar.qsupload"));
        fs::write(&file, content(9 * MIB, 1)).unwrap();
        for is_noted in [false, true] {
            let upload = bucket.upload("key").file(&file).part_size(PART);
            let upload = if is_noted { upload.checkpoint(&checkpoint) } else { upload };
            let error = upload.send().await.unwrap_err();
            let id = error.upload_id().unwrap();
            let Some(UploadState::Unknown { checkpoint: kept, unsaved: None, .. }) = error.upload_state() else {
                panic!("{fault:?}: {error}");
            };
            assert_eq!(kept.as_ref(), is_noted.then_some(&checkpoint), "{fault:?}: {error}");
            let told = format!("upload {id}, which may have been completed and was not aborted");
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
        let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
        let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
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
    let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
    let error = bucket.upload("key").bytes(content(9 * MIB, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.code(), error.part_number()), (Some("access_key_expired"), Some(1)), "{error}");
    let Some(UploadState::AbortFailed { cause, .. }) = error.upload_state() else { panic!("{error}") };
    assert_eq!(cause.code(), Some("permission_denied"), "{error}");
    assert!(
        error.to_string().contains("could not be aborted") && error.to_string().contains("permission_denied"),
        "{error}"
    );
    assert_eq!(open_uploads(&clean).await.unwrap(), [error.upload_id().unwrap()]);
}
