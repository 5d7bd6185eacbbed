//! Uploads that a client could wrongly report as successful or as lost: a web server answers in place of QingStor, an
//! identical object already exists, or the server is unreachable.

use std::fs;
use std::time::Duration;

use qingstor_sdk::operations::{AbortMultipartUploadInput, HeadObjectInput};
use qingstor_sdk::{Bucket, Config, ErrorKind, QingStor, RetryConfig, Upload, UploadState};
use qingstor_tests::{RawServer, TestBucket, content};

use crate::support::{PART, http_response, progress_signal};

#[tokio::test]
async fn put_response_without_an_etag_is_verified_with_head() {
    // A successful response of a web server that is not QingStor.
    let web_page = http_response("200 OK", &["content-type: text/html", "content-length: 2"], b"Hi");
    let not_found = http_response("404 Not Found", &["content-length: 0"], b"");
    let head =
        |length: u64| http_response("200 OK", &["x-qs-request-id: id", &format!("content-length: {length}")], b"");
    for (head_response, problem) in [
        (not_found, Some("the object does not exist: check that the endpoint")),
        (head(2), Some("HeadObject of key \"key\" in bucket \"bucket\": 3 bytes were stored, but the object has 2")),
        (web_page.clone(), Some("neither a request id nor an ETag nor a modification date")),
        (head(3), None),
    ] {
        let server = RawServer::start([web_page.clone(), head_response]).await.unwrap();
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

/// Cancels an upload with a checkpoint after its first part, and returns its upload id.
async fn cancel_after_first_part(upload: Upload) -> String {
    let (on_progress, first_part_sent) = progress_signal(|progress| progress.parts > 0);
    let error = upload.concurrency(1).on_progress(on_progress).cancel_on(first_part_sent).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    error.upload_id().unwrap().to_owned()
}

#[tokio::test]
async fn aborted_upload_restarts_although_an_identical_object_exists() {
    let test = TestBucket::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.tar");
    fs::write(&file, content(3 * PART, 1)).unwrap();
    let upload = |bucket: &Bucket| bucket.upload("key").file(&file).part_size(PART);
    upload(&test).content_type("text/plain").send().await.unwrap();

    let second = || upload(&test).content_type("application/x-tar").checkpoint(folder.path().join("checkpoint"));
    let id = cancel_after_first_part(second()).await;
    test.abort_multipart_upload("key", AbortMultipartUploadInput::new(id)).await.unwrap();
    let uploaded = second().send().await.unwrap();
    assert!(uploaded.restarted && uploaded.resumed_bytes == 0, "{uploaded:?}");
    let object = test.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("application/x-tar"));
}

#[tokio::test]
async fn resumed_upload_is_kept_if_the_server_cannot_be_reached() {
    let test = TestBucket::start().await.unwrap();
    let config = test.config().connect_timeout(Duration::from_secs(20));
    let bucket = QingStor::new(config).unwrap().bucket(test.name(), test.zone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.tar");
    fs::write(&file, content(3 * PART, 1)).unwrap();
    let upload =
        |bucket: &Bucket| bucket.upload("key").file(&file).part_size(PART).checkpoint(folder.path().join("checkpoint"));
    let id = cancel_after_first_part(upload(&bucket)).await;
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
