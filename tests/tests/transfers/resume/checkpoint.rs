//! Checkpoints that do not match the upload, are in use, or cannot be written.
//!
//! A rejected checkpoint is kept. Every upload that is left on the server has a checkpoint that can resume it.

use std::fs;
use std::io::Write;
use std::path::Path;

use qingstor_emulator::Emulator;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Config, CustomerKey, ErrorKind, MIB, QingStor, RetryConfig, UploadState};
use qingstor_tests::content;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::interrupted::{Interrupted, SIZE};
use crate::support::{PART, drop_when, progress_signal, run_until, wait_until};

#[tokio::test]
async fn changed_file_is_rejected_and_the_upload_kept() {
    let interrupted = Interrupted::after(2).await;
    fs::OpenOptions::new().append(true).open(interrupted.file()).unwrap().write_all(b"more").unwrap();
    let before = interrupted.checkpoint_content();
    let error = interrupted.upload().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(matches!(error.upload_state(), Some(UploadState::Refused { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("it had {SIZE} bytes and has {}", SIZE + 4)), "{text}");
    assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    assert_eq!((interrupted.checkpoint_content(), interrupted.open_uploads().await), (before, 1));
}

#[tokio::test]
async fn file_that_changes_during_the_upload_leaves_no_checkpoint() {
    let interrupted = Interrupted::not_started(Emulator::builder()).await;
    let file = interrupted.file();
    let upload = interrupted.upload().on_progress(move |progress| {
        if progress.parts == 2 {
            fs::write(&file, "something else").unwrap();
        }
    });
    let error = upload.send().await.unwrap_err().to_string();
    assert!(error.contains("changed while it was uploaded") && error.contains("was aborted"), "{error}");
    assert_eq!((interrupted.checkpoint().exists(), interrupted.open_uploads().await), (false, 0));
    interrupted.upload().send().await.unwrap();
}

#[tokio::test]
async fn upload_succeeds_although_its_checkpoint_cannot_be_replaced() {
    let interrupted = Interrupted::not_started(Emulator::builder()).await;
    let uploaded = interrupted.upload_with_stale_checkpoint().send().await.unwrap();
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn upload_whose_first_checkpoint_cannot_be_written_is_aborted() {
    let interrupted = Interrupted::not_started(Emulator::builder()).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    let error = interrupted.upload().send().await.unwrap_err().to_string();
    assert!(error.contains("db.tar.qsupload could not be written") && error.contains("was aborted"), "{error}");
    assert_eq!(interrupted.open_uploads().await, 0);
    // This upload is dropped after it was initiated and before its checkpoint is written.
    interrupted.drop_at(|progress| progress.total_parts.is_some()).await;
    wait_until(async || interrupted.open_uploads().await == 0).await;
}

#[tokio::test]
async fn upload_dropped_during_its_initiation_is_aborted() {
    let is_initiation = |line: &str| line.starts_with("POST ") && line.contains("?uploads");
    let (interrupted, relay) = Interrupted::paused_before_response(is_initiation).await;
    drop_when(relay.wait_until_paused(), interrupted.upload().send()).await;
    assert_eq!(interrupted.open_uploads().await, 1, "the upload is not initiated");
    relay.resume();
    wait_until(async || interrupted.open_uploads().await == 0).await;
    assert!(!interrupted.checkpoint().exists());
}

#[tokio::test]
async fn upload_resumes_although_its_checkpoint_could_not_be_replaced() {
    let interrupted = Interrupted::after(2).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    interrupted.drop_at(|progress| progress.parts >= 3).await;
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn concurrent_uploads_cannot_share_a_checkpoint() {
    let interrupted = Interrupted::not_started(Emulator::builder()).await;
    let (on_progress, started) = progress_signal(|progress| progress.bytes > 0);
    let first = interrupted.upload().bandwidth(MIB).on_progress(on_progress);
    {
        let mut first = Box::pin(first.send());
        assert!(run_until(started, &mut first).await.is_none(), "the first upload was not slow");
        let second = interrupted.upload();
        let error = tokio::select! {
            outcome = &mut first => panic!("the first upload ended: {outcome:?}"),
            outcome = second.send() => outcome.unwrap_err().to_string(),
        };
        assert!(error.contains("db.tar.qsupload is in use by another transfer"), "{error}");
        assert_eq!(interrupted.open_uploads().await, 1, "the second upload was initiated");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(!uploaded.restarted, "{uploaded:?}");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn checkpoint_of_another_upload_is_rejected_and_kept() {
    let interrupted = Interrupted::after(2).await;
    let other_file = interrupted.folder.path().join("other");
    fs::write(&other_file, &interrupted.bytes).unwrap();
    let upload = |key: &str, file: &Path| {
        interrupted.bucket.upload(key).file(file).part_size(PART).checkpoint(interrupted.checkpoint())
    };
    for (upload, kind, problem) in [
        (upload("other", &interrupted.file()), ErrorKind::InvalidInput, "belongs to an upload to key \"key\""),
        (upload("key", &other_file), ErrorKind::Body, "it was "),
        (
            interrupted.upload().bytes("x"),
            ErrorKind::InvalidInput,
            "checkpoint is set, but only the upload of a file can be resumed",
        ),
    ] {
        let error = upload.send().await.unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(problem), "{error}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "the upload was not resumed");
    interrupted.assert_complete(&uploaded).await;
}

#[tokio::test]
async fn checkpoint_of_an_upload_with_other_options_is_rejected_and_kept() {
    let interrupted = Interrupted::after(2).await;
    let other_endpoint = format!("http://localhost:{}", interrupted.bucket.emulator().port());
    let other_account = QingStor::new(interrupted.bucket.config().endpoint(other_endpoint)).unwrap();
    let other_endpoint =
        other_account.bucket("bucket", interrupted.bucket.zone()).upload("key").file(interrupted.file());
    let other_zone = interrupted.bucket.account().bucket("bucket", "sh1a").upload("key").file(interrupted.file());
    let key = CustomerKey::aes256([7; 32]);
    for (upload, problem) in [
        (other_endpoint.checkpoint(interrupted.checkpoint()), interrupted.bucket.emulator().endpoint()),
        (other_zone.checkpoint(interrupted.checkpoint()), "zone \"pek3a\"".to_owned()),
        (interrupted.upload().content_type("text/csv"), "another value of content_type,".to_owned()),
        (interrupted.upload().metadata("origin", "db1"), "another value of metadata origin,".to_owned()),
        (interrupted.upload().storage_class(StorageClass::StandardIa), "another value of storage_class,".to_owned()),
        (interrupted.upload().encryption(key), "another value of encryption,".to_owned()),
    ] {
        let error = upload.send().await.unwrap_err();
        let text = error.to_string();
        assert!(error.kind() == ErrorKind::InvalidInput && text.contains(&problem), "{text}");
        assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "the upload was not resumed");
    interrupted.assert_complete(&uploaded).await;
}

/// A list of parts without an end would take unlimited memory and time.
#[tokio::test]
async fn endless_list_of_parts_is_an_unexpected_response() {
    const PAGE: u32 = 1000;
    let server = MockServer::start().await;
    let page = |request: &Request| {
        let marker = request.url.query_pairs().find(|(name, _)| name == "part_number_marker");
        let first = marker.map_or(0, |(_, marker)| marker.parse::<u32>().unwrap() + 1);
        let parts: Vec<Value> = (first..first + PAGE).map(|part| json!({ "part_number": part, "size": 1 })).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "object_parts": parts }))
    };
    let initiated = ResponseTemplate::new(200).set_body_json(json!({ "upload_id": "U1" }));
    Mock::given(method("POST")).respond_with(initiated).mount(&server).await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(400)).mount(&server).await;
    Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(404)).mount(&server).await;
    Mock::given(method("GET")).respond_with(page).mount(&server).await;
    let config = Config::new("KEY", "secret").endpoint(server.uri()).retry(RetryConfig::disabled());
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    let folder = tempfile::tempdir().unwrap();
    let [file, checkpoint] = ["file", "checkpoint"].map(|name| folder.path().join(name));
    fs::write(&file, content(PART + 1, 1)).unwrap();
    let upload = || bucket.upload("key").file(&file).part_size(PART).checkpoint(&checkpoint);
    let error = upload().send().await.unwrap_err();
    assert!(matches!(error.upload_state(), Some(UploadState::Kept { .. })), "{error}");
    let error = upload().send().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some("ListMultipart")), "{error}");
    assert!(error.to_string().contains("more than 10000 parts"), "{error}");
    assert!(checkpoint.exists(), "{error}");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.iter().filter(|request| request.method.as_str() == "GET").count(), 11);
}
