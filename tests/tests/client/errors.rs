//! What is made of answers that are errors, and of answers that break off.
//!
//! Protects: whatever a server or something in front of it answers, the error says what is known, memory stays bounded,
//! and nothing that broke off passes for whole.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor, RetryConfig};
use qingstor_tests::{RawResponse, RawServer};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

fn bucket(endpoint: &str) -> Bucket {
    let config = Config::new("KEY", "secret")
        .endpoint(endpoint)
        // A test that waited for it would never end.
        .idle_timeout(Duration::from_secs(100_000))
        .retry(RetryConfig::disabled());
    QingStor::new(config).unwrap().bucket("bucket", None)
}

async fn answering(answer: ResponseTemplate) -> (Bucket, MockServer) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    (bucket(&server.uri()), server)
}

/// GetObject's error, the operation whose answers are least like documents.
async fn get_error(answer: ResponseTemplate) -> Error {
    let (bucket, _server) = answering(answer).await;
    bucket.get_object("dir/key", GetObjectInput::new()).await.unwrap_err()
}

fn assert_service_error(error: &Error, status: u16) {
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    assert_eq!(error.status().unwrap(), status, "{error}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn an_error_says_everything_the_server_said() {
    let body = json!({
        "code": "object_not_exists", "message": "The object does not exist.", "request_id": "from-the-body",
        "url": "http://docs.example.com/errors", "new": 1,
    });
    let error =
        get_error(ResponseTemplate::new(404).insert_header("x-qs-request-id", "from-the-header").set_body_json(body))
            .await;
    assert_service_error(&error, 404);
    assert_eq!(error.code(), Some("object_not_exists"));
    assert_eq!(error.server_message(), Some("The object does not exist."));
    assert_eq!(error.request_id(), Some("from-the-header"));
    assert_eq!(error.reference_url(), Some("http://docs.example.com/errors"));
    assert_eq!(error.operation(), Some("GetObject"));
    assert_eq!((error.bucket(), error.key()), (Some("bucket"), Some("dir/key")));
    assert!(error.is_not_found());
    let text = error.to_string();
    for part in ["GetObject", "\"bucket\"", "\"dir/key\"", "404", "object_not_exists", "from-the-header"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_from_the_body_if_no_header_has_it() {
    let body = json!({"code": "internal_error", "request_id": "from-the-body"});
    let error = get_error(ResponseTemplate::new(500).set_body_json(body)).await;
    assert_eq!(error.request_id(), Some("from-the-body"));
    assert_eq!((error.server_message(), error.reference_url()), (None, None));
}

#[tokio::test]
async fn a_code_counts_whatever_the_status() {
    let body = json!({"code": "upload_not_exists", "message": ""});
    let error = get_error(ResponseTemplate::new(400).set_body_json(body)).await;
    assert!(error.is_not_found());
    assert_eq!(error.server_message(), None);
}

#[tokio::test]
async fn questions_are_answered_by_the_status() {
    for status in [400, 401, 403, 404, 412, 429, 500] {
        let error = get_error(ResponseTemplate::new(status)).await;
        assert_service_error(&error, status);
        assert_eq!(error.is_access_denied(), matches!(status, 401 | 403), "{status}");
        assert_eq!(error.is_not_found(), status == 404, "{status}");
        assert_eq!(error.is_precondition_failed(), status == 412, "{status}");
        assert_eq!(error.is_throttled(), status == 429, "{status}");
        assert!(!error.is_timeout() && !error.is_connect());
    }
}

#[tokio::test]
async fn an_empty_body_leaves_the_status() {
    for status in [400, 418, 503, 599] {
        let error = get_error(ResponseTemplate::new(status)).await;
        assert_service_error(&error, status);
        assert_eq!((error.code(), error.server_message()), (None, None));
        assert!(error.to_string().contains(&format!("answered {status}")), "{error}");
    }
}

#[tokio::test]
async fn json_that_is_no_error_of_the_services_leaves_the_status() {
    for body in ["{}", "null", "[]", "\"no\"", "{\"code\":17}", "{\"code\":\"\"}", "{\"code\":\"x"] {
        let error = get_error(ResponseTemplate::new(400).set_body_raw(body, "application/json")).await;
        assert_service_error(&error, 400);
        assert_eq!(error.code(), None, "{body}");
    }
}

#[tokio::test]
async fn a_page_of_a_front_end_is_quoted_in_short() {
    let page = format!("<html>\r\n<h1>502 Bad Gateway</h1>\x1b[31m{}", "nginx ".repeat(1000));
    let error = get_error(ResponseTemplate::new(502).set_body_raw(page, "text/html")).await;
    assert_service_error(&error, 502);
    assert_eq!(error.code(), None);
    let text = error.to_string();
    assert!(text.contains("text/html: <html> <h1>502 Bad Gateway</h1>"), "{text}");
    assert!(text.len() < 500 && !text.contains(char::is_control), "{text}");
}

#[tokio::test]
async fn head_errors_have_no_body_and_are_told_by_status() {
    let (bucket, _server) = answering(ResponseTemplate::new(404).insert_header("x-qs-request-id", "id")).await;
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 404);
    assert!(error.is_not_found());
    assert_eq!((error.code(), error.request_id()), (None, Some("id")));

    let (bucket, _server) = answering(ResponseTemplate::new(304)).await;
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 304);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_hints_at_the_zone() {
    let (bucket, server) =
        answering(ResponseTemplate::new(301).insert_header("location", "https://pek3a.qingstor.com/bucket")).await;
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_service_error(&error, 301);
    let text = error.to_string();
    assert!(text.contains("https://pek3a.qingstor.com/bucket; check the zone"), "{text}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_body_is_read_no_further_than_it_is_worth() {
    let head =
        "HTTP/1.1 400 Bad Request\r\nx-qs-request-id: id\r\ncontent-length: 1000000000000\r\n\r\n{\"message\":\"";
    let endless = RawResponse::from(format!("{head}{}", "x".repeat(1 << 20))).then_stall();
    let server = RawServer::start([endless]).await.unwrap();
    let error = bucket(server.endpoint()).get_object("key", GetObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 400);
    assert_eq!(error.request_id(), Some("id"));
    assert!(error.to_string().len() < 500, "{error}");
    server.wait_until_client_closed(1).await;
}

#[tokio::test]
async fn an_error_that_breaks_off_is_still_that_error() {
    let cut = "HTTP/1.1 404 Not Found\r\nx-qs-request-id: id\r\ncontent-length: 500\r\n\r\n{\"code\":\"object_n";
    let server = RawServer::start([cut]).await.unwrap();
    let error = bucket(server.endpoint()).get_object("key", GetObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 404);
    assert_eq!(error.request_id(), Some("id"));
}

#[tokio::test]
async fn a_document_that_breaks_off_is_no_shorter_document() {
    for cut in ["content-length: 500\r\n\r\n{\"keys\":[]}", "transfer-encoding: chunked\r\n\r\nb\r\n{\"keys\":[]}\r\n"]
    {
        let server = RawServer::start([format!("HTTP/1.1 200 OK\r\n{cut}")]).await.unwrap();
        let error = bucket(server.endpoint()).list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_eq!(error.operation(), Some("ListObjects"));
    }
}

#[tokio::test]
async fn an_object_that_breaks_off_is_no_shorter_object() {
    for cut in [
        "content-length: 500\r\n\r\nthe beginning",
        "transfer-encoding: chunked\r\n\r\nd\r\nthe beginning\r\n",
        "transfer-encoding: chunked\r\n\r\nffff\r\nthe beginning",
    ] {
        let server = RawServer::start([format!("HTTP/1.1 200 OK\r\n{cut}")]).await.unwrap();
        let bucket = bucket(server.endpoint());
        let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
        let error = object.body.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_eq!((error.operation(), error.key()), (Some("GetObject"), Some("key")));
        assert_eq!(error.attempts(), 1);

        let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
        let mut received = Vec::new();
        let error = loop {
            match object.body.chunk().await {
                Ok(piece) => received.extend(piece.expect("no end before the error")),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert_eq!(received, b"the beginning", "what came is handed over");
        assert!(object.body.chunk().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_broken_connection() {
    let server = RawServer::start(["SSH-2.0-OpenSSH_9.6\r\n"]).await.unwrap();
    let input = PutObjectInput::new().body("content");
    let error = bucket(server.endpoint()).put_object("key", input).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
}
