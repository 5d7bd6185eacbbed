//! Uploads that are interrupted and then resumed from their checkpoint.
//!
//! A resumed upload sends only the parts that the server lacks, or whose content differs from the file.

mod checkpoint;
mod interrupted;

use std::fs;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{AbortMultipartUploadInput, CompleteMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;

use self::interrupted::{Interrupted, PARTS, SIZE};
use crate::support::{PART, sealed, wait_until};

#[tokio::test]
async fn resumed_upload_sends_only_the_missing_parts() {
    let interrupted = Interrupted::after(3).await;
    assert_eq!(interrupted.open_uploads().await, 1, "the upload was aborted");
    let upload_id = interrupted.upload_id();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!(uploaded.upload_id.as_deref(), Some(upload_id.as_str()));
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    assert_eq!(u64::from(uploaded.attempts), (SIZE - uploaded.resumed_bytes).div_ceil(PART));
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn parts_missing_in_the_checkpoint_are_found_by_their_md5() {
    let interrupted = Interrupted::after(3).await;
    let mut checkpoint = interrupted.checkpoint_content();
    checkpoint["parts"] = serde_json::json!({});
    fs::write(interrupted.checkpoint(), sealed(checkpoint)).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn part_that_differs_from_the_file_is_sent_again() {
    let interrupted = Interrupted::after(3).await;
    for (number, size) in [(0, PART), (1, PART - 1)] {
        let wrong = UploadMultipartInput::new(interrupted.upload_id(), number).body(vec![0; size as usize]);
        interrupted.bucket.upload_multipart("key", wrong).await.unwrap();
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes <= SIZE - 2 * PART, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn aborted_upload_restarts_and_reports_the_restart() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted && uploaded.resumed_bytes == 0, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn completed_upload_is_not_sent_again() {
    let interrupted = Interrupted::after_completion(Interrupted::upload).await;
    assert_eq!(interrupted.checkpoint_content()["parts"].as_object().unwrap().len(), PARTS as usize);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn completed_upload_is_not_sent_again_although_the_checkpoint_lists_no_parts() {
    let interrupted = Interrupted::after_completion(Interrupted::upload_with_stale_checkpoint).await;
    assert_eq!(interrupted.checkpoint_content()["parts"], serde_json::json!({}));
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn aborted_upload_restarts_although_another_object_of_its_size_exists() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    // The object has as many bytes and parts as the upload.
    let other = interrupted.bucket.upload("key").bytes(vec![1; SIZE as usize]).part_size(PART);
    assert_eq!(other.send().await.unwrap().parts, PARTS);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn cancelling_a_resumed_upload_does_not_wait_for_the_listing_of_parts() {
    let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("ListMultipart").count(1);
    let interrupted = Interrupted::not_started(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
    interrupted.drop_at(|progress| progress.parts >= 2).await;
    let (cancel, cancelled) = tokio::sync::oneshot::channel::<()>();
    let sending = interrupted.upload().cancel_on(async { cancelled.await.unwrap() }).send();
    let cancelling = async {
        wait_until(async || interrupted.bucket.emulator().faults_fired() == [1]).await;
        cancel.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(sending, cancelling);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 2 * PART, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn resumed_upload_succeeds_if_an_earlier_process_completes_it_meanwhile() {
    // The completion request of an earlier process reaches the server while the resumed upload lists the parts, before
    // the last page of the listing.
    let is_last_page = |line: &str| line.starts_with("GET ") && line.contains("part_number_marker=");
    let (interrupted, relay) = Interrupted::paused_before_response(is_last_page).await;
    interrupted.drop_at(|progress| progress.parts == PARTS).await;
    let complete = async {
        relay.wait_until_paused().await;
        let parts = (0..PARTS).map(ObjectPart::new);
        let complete = CompleteMultipartUploadInput::new(interrupted.upload_id(), parts).etag(interrupted.etag());
        interrupted.bucket.complete_multipart_upload("key", complete).await.unwrap();
        relay.resume();
    };
    let (uploaded, ()) = tokio::join!(interrupted.upload().send(), complete);
    interrupted.assert_complete(&uploaded.unwrap()).await;
}
