//! Uploads that only look as if they were done.
//!
//! Protects: what a proxy answers, and an object that was there before, are not taken for the upload's own; and what can be
//! done about that is done.

use std::fs;
use std::time::Duration;

use qingstor_emulator::{Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::{AbortMultipartUploadInput, HeadObjectInput};
use qingstor_sdk::{Bucket, Config, ErrorKind, MIB, QingStor, RetryConfig, Upload, UploadState};
use qingstor_tests::{RawServer, TestBucket, bucket_with_faults, content, open_uploads};
use tokio::sync::oneshot;

const PART: u64 = 4 * MIB;
/// As something answers that serves web pages.
const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\nconnection: close\r\n\r\nHi";
const NOTHING: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn head(length: u64) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_answer_without_an_etag_is_verified_with_head() {
    for (looked, problem) in [
        (NOTHING.to_owned(), Some("the object does not exist: check that the endpoint")),
        (head(2), Some("3 bytes were stored as \"key\", but the object has 2")),
        (head(3), None),
    ] {
        let server = RawServer::start([PAGE.to_owned(), looked]).await.unwrap();
        let config = Config::new("KEY", "secret").endpoint(server.endpoint()).retry(RetryConfig::disabled());
        let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
        let outcome = bucket.upload("key").bytes("abc").send().await;
        let methods: Vec<_> = server.requests().into_iter().map(|request| request.method).collect();
        assert_eq!(methods, ["PUT", "HEAD"]);
        let Some(problem) = problem else {
            assert_eq!(outcome.unwrap().size, 3);
            continue;
        };
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_knows_no_server_does_not_make_an_upload_gone() {
    let lost = FaultRule::new(Fault::ErrorAnswer { status: 404, code: None, retry_after: None });
    for (times, succeeds) in [(1, true), (u64::MAX, false)] {
        let rule = lost.clone().operation("CompleteMultipartUpload").count(times);
        let (clean, bucket) = bucket_with_faults(FaultPlan::new().rule(rule)).await.unwrap();
        let outcome = bucket.upload("key").bytes(content(2 * PART, 1)).part_size(PART).send().await;
        assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
        }
        assert_eq!(clean.head_object("key", HeadObjectInput::new()).await.is_ok(), succeeds);
        assert!(open_uploads(&clean).await.unwrap().is_empty());
    }
}

/// An upload that is stopped after its first part, and kept; its id.
async fn interrupted(upload: Upload) -> String {
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let upload = upload.on_progress(move |progress| {
        if progress.parts > 0
            && let Some(tell) = tell.lock().unwrap().take()
        {
            let _ = tell.send(());
        }
    });
    let error = upload.concurrency(1).cancel_on(async { told.await.unwrap() }).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    error.upload_id().unwrap().to_owned()
}

#[tokio::test]
async fn an_object_with_the_same_bytes_that_was_there_before_is_not_the_uploads() {
    let test = TestBucket::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.tar");
    fs::write(&file, content(3 * PART, 1)).unwrap();
    let upload = |bucket: &Bucket| bucket.upload("key").file(&file).part_size(PART);
    upload(&test).content_type("text/plain").send().await.unwrap();

    let again = || upload(&test).content_type("application/x-tar").checkpoint(folder.path().join("checkpoint"));
    let id = interrupted(again()).await;
    test.abort_multipart_upload("key", AbortMultipartUploadInput::new(id)).await.unwrap();
    let uploaded = again().send().await.unwrap();
    assert!(uploaded.restarted && uploaded.resumed_bytes == 0, "{uploaded:?}");
    let object = test.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("application/x-tar"));
}

#[tokio::test]
async fn an_upload_that_cannot_resume_yet_is_kept() {
    let test = TestBucket::start().await.unwrap();
    let config = test.config().connect_timeout(Duration::from_secs(20));
    let bucket = QingStor::new(config).unwrap().bucket(test.name(), test.zone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.tar");
    fs::write(&file, content(3 * PART, 1)).unwrap();
    let upload =
        |bucket: &Bucket| bucket.upload("key").file(&file).part_size(PART).checkpoint(folder.path().join("checkpoint"));
    let id = interrupted(upload(&bucket)).await;
    test.emulator().stop_listening().await;
    let offline = QingStor::new(test.config()).unwrap().bucket(test.name(), test.zone());
    let error = upload(&offline).send().await.unwrap_err();
    assert_eq!((error.kind(), error.upload_id()), (ErrorKind::Connect, Some(id.as_str())), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::Kept { unsaved: None, .. })), "{error}");
    assert!(error.to_string().contains("which was kept; call again with the checkpoint"), "{error}");
    test.emulator().listen_again().await.unwrap();
    let uploaded = upload(&offline).send().await.unwrap();
    assert!(uploaded.resumed_bytes >= PART, "{uploaded:?}");
}
