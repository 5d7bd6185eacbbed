//! Uploads that were interrupted and go on.
//!
//! Protects: what is resumed is byte-identical; what the server has is not sent again, and nothing is taken for sent that
//! is not what the file holds.

mod checkpoint;
mod interrupted;

use std::fs;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{AbortMultipartUploadInput, CompleteMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;

use self::interrupted::{Interrupted, PART, PARTS, SIZE, until};

#[tokio::test]
async fn resuming_sends_the_missing_parts_only() {
    let interrupted = Interrupted::after(3).await;
    assert_eq!(interrupted.open_uploads().await, 1, "it was not aborted");
    let upload_id = interrupted.upload_id();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!(uploaded.upload_id.as_deref(), Some(upload_id.as_str()));
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    assert_eq!(u64::from(uploaded.attempts), (SIZE - uploaded.resumed_bytes).div_ceil(PART));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn parts_that_were_not_noted_are_found_by_reading_the_file() {
    let interrupted = Interrupted::after(3).await;
    let mut noted = interrupted.noted();
    noted["parts"] = serde_json::json!({});
    fs::write(interrupted.checkpoint(), noted.to_string()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_part_that_is_not_what_the_file_holds_is_sent_again() {
    let interrupted = Interrupted::after(3).await;
    for (number, size) in [(0, PART), (1, PART - 1)] {
        let wrong = UploadMultipartInput::new(interrupted.upload_id(), number).body(vec![0; size as usize]);
        interrupted.bucket.upload_multipart("key", wrong).await.unwrap();
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes <= SIZE - 2 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_is_gone_begins_anew_and_says_so() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted && uploaded.resumed_bytes == 0, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_was_complete_is_found_to_be() {
    let interrupted = Interrupted::after_completion(Interrupted::upload).await;
    assert_eq!(interrupted.noted()["parts"].as_object().unwrap().len(), PARTS as usize);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn so_is_one_of_which_nothing_was_noted() {
    let interrupted = Interrupted::after_completion(Interrupted::unnoted).await;
    assert_eq!(interrupted.noted()["parts"], serde_json::json!({}));
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_object_of_other_bytes_is_not_taken_for_it() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    // As many bytes in as many parts.
    let other = interrupted.bucket.upload("key").bytes(vec![1; SIZE as usize]).part_size(PART);
    assert_eq!(other.send().await.unwrap().parts, PARTS);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_cancellation_stops_the_listing_of_parts() {
    let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("ListMultipart").count(1);
    let interrupted = Interrupted::not_begun(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
    interrupted.drop_when(|progress| progress.parts >= 2).await;
    let (cancel, cancelled) = tokio::sync::oneshot::channel::<()>();
    let sending = interrupted.upload().cancel_on(async { cancelled.await.unwrap() }).send();
    let cancelling = async {
        until(async || interrupted.bucket.emulator().faults_fired() == [1]).await;
        cancel.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(sending, cancelling);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 2 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn one_that_somebody_else_completes_meanwhile_is_a_success() {
    // Whoever began it is dead, and its completion still on the way when this one looks for what is there.
    // The list has a second page, which says that there is no more.
    let asks_for_more = |line: &str| line.starts_with("GET ") && line.contains("part_number_marker=");
    let (interrupted, relay) = Interrupted::before_an_answer(asks_for_more).await;
    interrupted.drop_when(|progress| progress.parts == PARTS).await;
    let complete = async {
        relay.wait_until_paused().await;
        let parts = (0..PARTS).map(ObjectPart::new);
        let complete = CompleteMultipartUploadInput::new(interrupted.upload_id(), parts).etag(interrupted.tag());
        interrupted.bucket.complete_multipart_upload("key", complete).await.unwrap();
        relay.resume();
    };
    let (uploaded, ()) = tokio::join!(interrupted.upload().send(), complete);
    interrupted.assert_whole(&uploaded.unwrap()).await;
}
