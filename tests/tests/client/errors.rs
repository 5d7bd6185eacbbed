//! Error responses, and responses that end early.
//!
//! The tests check that the error contains everything that the server or a proxy reported, that the client buffers only
//! a limited part of the response, and that a truncated response is an error.

use std::time::Duration;

use qingstor_sdk::operations::{
    GetObjectInput, HeadBucketInput, HeadObjectInput, ImageProcessInput, ListObjectsInput, PutObjectInput,
};
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor, Result, RetryConfig};
use qingstor_tests::{RawResponse, RawServer, is_child_process, mock_server, run_in_child_process};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::requests;

/// Returns a bucket whose client neither retries nor times out.
fn bucket(endpoint: &str) -> Bucket {
    let config = Config::new("KEY", "secret")
        .endpoint(endpoint)
        .idle_timeout(Duration::from_secs(100_000))
        .retry(RetryConfig::disabled());
    QingStor::new(config).unwrap().bucket("bucket", None)
}

async fn bucket_with_response(response: ResponseTemplate) -> (Bucket, MockServer) {
    let server = mock_server([response]).await;
    (bucket(&server.uri()), server)
}

/// Returns the error of GetObject, whose successful responses are not JSON.
async fn get_error(response: ResponseTemplate) -> Error {
    let (bucket, _server) = bucket_with_response(response).await;
    bucket.get_object("dir/key", GetObjectInput::new()).await.unwrap_err()
}

fn assert_service_error(error: &Error, status: u16) {
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    assert_eq!(error.status().unwrap(), status, "{error}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn error_contains_all_fields_of_the_error_document() {
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
async fn request_id_is_read_from_the_body_if_the_header_is_missing() {
    let body = json!({"code": "internal_error", "request_id": "from-the-body"});
    let error = get_error(ResponseTemplate::new(500).set_body_json(body)).await;
    assert_eq!(error.request_id(), Some("from-the-body"));
    assert_eq!((error.server_message(), error.reference_url()), (None, None));
}

#[tokio::test]
async fn error_code_takes_precedence_over_the_status() {
    let body = json!({"code": "upload_not_exists", "message": ""});
    let error = get_error(ResponseTemplate::new(400).set_body_json(body)).await;
    assert!(error.is_not_found());
    assert_eq!(error.server_message(), None);
}

#[tokio::test]
async fn status_classifies_errors_without_a_code() {
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
async fn error_with_an_empty_body_has_the_status() {
    for status in [400, 418, 503, 599] {
        let error = get_error(ResponseTemplate::new(status)).await;
        assert_service_error(&error, status);
        assert_eq!((error.code(), error.server_message()), (None, None));
        assert!(error.to_string().contains(&format!("returned {status}")), "{error}");
    }
}

#[tokio::test]
async fn error_with_unexpected_json_has_the_status_and_no_code() {
    for body in ["{}", "null", "[]", "\"no\"", "{\"code\":17}", "{\"code\":\"\"}", "{\"code\":\"x"] {
        let error = get_error(ResponseTemplate::new(400).set_body_raw(body, "application/json")).await;
        assert_service_error(&error, 400);
        assert_eq!(error.code(), None, "{body}");
    }
}

#[tokio::test]
async fn error_quotes_the_beginning_of_a_proxys_html_page() {
    let page = format!("<html>\r\n<h1>502 Bad Gateway</h1>\x1b[31m{}", "nginx ".repeat(1000));
    let error = get_error(ResponseTemplate::new(502).set_body_raw(page, "text/html")).await;
    assert_service_error(&error, 502);
    assert_eq!(error.code(), None);
    let text = error.to_string();
    assert!(text.contains("text/html: <html> <h1>502 Bad Gateway</h1>"), "{text}");
    assert!(text.len() < 500 && !text.contains(char::is_control), "{text}");
}

/// A server, or an attacker who can influence its messages, must not control the terminal or forge lines of a log.
#[tokio::test]
async fn texts_of_the_server_are_escaped_and_cut_in_errors() {
    let long = "x".repeat(15_000);
    let text = |name: &str| format!("{name}\u{1b}[2J\r\n\u{9b}31m\u{202e}{long}");
    let fields = ["code", "message", "request_id", "url"].map(|name| (name, text(name)));
    let body: serde_json::Map<String, Value> =
        fields.iter().map(|(name, text)| (name.to_string(), json!(text))).collect();
    let error = get_error(ResponseTemplate::new(409).set_body_json(&body)).await;
    assert_service_error(&error, 409);
    let received = [error.code(), error.server_message(), error.request_id(), error.reference_url()];
    assert_eq!(received.map(Option::unwrap), fields.each_ref().map(|(_, text)| text.as_str()));
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown}");
        assert!(shown.len() < 5_000, "{} bytes: {shown}", shown.len());
    }
    for (name, _) in &fields {
        let start = format!("{name}\\u{{1b}}[2J\\r\\n\\u{{9b}}31m\\u{{202e}}xxx");
        assert!(error.to_string().contains(&start), "no {start} in: {error}");
    }
}

#[tokio::test]
async fn error_document_with_unusable_fields_keeps_the_others() {
    for body in [
        &br#"{"code":"object_not_exists","message":17,"request_id":"id","url":{}}"#[..],
        b"{\"code\":\"object_not_exists\",\"message\":\"\xb6\xd4\xcf\xf3\",\"request_id\":\"id\",\"url\":\"\\ud800\"}",
    ] {
        let error = get_error(ResponseTemplate::new(400).set_body_raw(body, "application/json")).await;
        assert_eq!((error.code(), error.request_id()), (Some("object_not_exists"), Some("id")), "{error}");
        assert_eq!((error.server_message(), error.reference_url()), (None, None), "{error}");
    }
}

#[tokio::test]
async fn error_of_a_head_request_has_status_and_request_id() {
    let (bucket, _server) =
        bucket_with_response(ResponseTemplate::new(404).insert_header("x-qs-request-id", "id")).await;
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 404);
    assert!(error.is_not_found());
    assert_eq!((error.code(), error.request_id()), (None, Some("id")));

    let (bucket, _server) = bucket_with_response(ResponseTemplate::new(304)).await;
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 304);
}

/// Asserts that a read failed because of its response.
fn assert_unexpected_read<T: std::fmt::Debug>(outcome: Result<T>, operation: &str, problem: &str) {
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some(operation)), "{error}");
    let text = error.to_string();
    assert!(text.contains(problem) && text.contains("check the endpoint and the network"), "{text}");
}

/// Status 203 means that a proxy has changed the response. The other statuses have no meaning for a read.
#[tokio::test]
async fn read_with_a_status_that_is_not_declared_is_an_unexpected_response() {
    let problem = "a status that this operation does not have";
    for status in [201, 202, 203, 204, 205, 206, 299] {
        let response =
            ResponseTemplate::new(status).insert_header("x-qs-request-id", "id").insert_header("etag", "\"a\"");
        let (bucket, _server) = bucket_with_response(response).await;
        if status != 206 {
            assert_unexpected_read(bucket.get_object("key", GetObjectInput::new()).await, "GetObject", problem);
        }
        assert_unexpected_read(bucket.head_object("key", HeadObjectInput::new()).await, "HeadObject", problem);
        assert_unexpected_read(bucket.head_bucket(HeadBucketInput::new()).await, "HeadBucket", problem);
        let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.request_id()), (status, Some("id")), "{error}");
        assert_unexpected_read::<()>(Err(error), "ListObjects", problem);
    }
}

#[tokio::test]
async fn page_of_a_captive_portal_is_an_unexpected_response_to_a_read() {
    let problem = "neither a request id nor an ETag nor a modification date";
    let page = || ResponseTemplate::new(200).set_body_raw("<html>Please log in</html>", "text/html");
    let (bucket, _server) = bucket_with_response(page()).await;
    assert_unexpected_read(bucket.get_object("key", GetObjectInput::new()).await, "GetObject", problem);
    assert_unexpected_read(bucket.head_object("key", HeadObjectInput::new()).await, "HeadObject", problem);
    assert_unexpected_read(bucket.head_bucket(HeadBucketInput::new()).await, "HeadBucket", problem);
    let image = ImageProcessInput::new("info");
    assert_unexpected_read(bucket.image_process("key", image).await, "ImageProcess", problem);
    for (name, value) in
        [("x-qs-request-id", "id"), ("etag", "\"a\""), ("last-modified", "Thu, 01 Dec 2022 16:00:00 GMT")]
    {
        let (bucket, _server) = bucket_with_response(page().insert_header(name, value)).await;
        let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
        assert_eq!(object.content_type.as_deref(), Some("text/html"), "an object of this type with {name}");
    }
}

#[tokio::test]
async fn redirect_is_not_followed_and_its_error_names_the_zone() {
    let (bucket, server) =
        bucket_with_response(ResponseTemplate::new(301).insert_header("location", "https://pek3a.qingstor.com/bucket"))
            .await;
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_service_error(&error, 301);
    let text = error.to_string();
    assert!(text.contains("https://pek3a.qingstor.com/bucket; check the zone"), "{text}");
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn reads_only_the_beginning_of_a_large_error_body() {
    let head =
        "HTTP/1.1 400 Bad Request\r\nx-qs-request-id: id\r\ncontent-length: 1000000000000\r\n\r\n{\"message\":\"";
    let large = RawResponse::from(format!("{head}{}", "x".repeat(1 << 20))).then_stall();
    let server = RawServer::start([large]).await.unwrap();
    let error = bucket(server.endpoint()).get_object("key", GetObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 400);
    assert_eq!(error.request_id(), Some("id"));
    assert!(error.to_string().len() < 500, "{error}");
    server.wait_until_client_closed(1).await;
}

#[tokio::test]
async fn error_with_a_truncated_body_has_status_and_request_id() {
    let truncated = "HTTP/1.1 404 Not Found\r\nx-qs-request-id: id\r\ncontent-length: 500\r\n\r\n{\"code\":\"object_n";
    let server = RawServer::start([truncated]).await.unwrap();
    let error = bucket(server.endpoint()).get_object("key", GetObjectInput::new()).await.unwrap_err();
    assert_service_error(&error, 404);
    assert_eq!(error.request_id(), Some("id"));
}

#[tokio::test]
async fn truncated_json_response_is_a_connection_error() {
    for truncated in
        ["content-length: 500\r\n\r\n{\"keys\":[]}", "transfer-encoding: chunked\r\n\r\nb\r\n{\"keys\":[]}\r\n"]
    {
        let server = RawServer::start([format!("HTTP/1.1 200 OK\r\n{truncated}")]).await.unwrap();
        let error = bucket(server.endpoint()).list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_eq!(error.operation(), Some("ListObjects"));
    }
}

#[tokio::test]
async fn truncated_object_body_is_a_connection_error_after_the_received_bytes() {
    for truncated in [
        "content-length: 500\r\n\r\nthe beginning",
        "transfer-encoding: chunked\r\n\r\nd\r\nthe beginning\r\n",
        "transfer-encoding: chunked\r\n\r\nffff\r\nthe beginning",
    ] {
        let server = RawServer::start([format!("HTTP/1.1 200 OK\r\netag: \"a\"\r\n{truncated}")]).await.unwrap();
        let bucket = bucket(server.endpoint());
        let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
        let error = object.body.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_eq!((error.operation(), error.key()), (Some("GetObject"), Some("key")));
        assert_eq!(error.attempts(), 1);

        let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
        let mut received = Vec::new();
        let error = loop {
            match object.body.next().await {
                Ok(chunk) => received.extend(chunk.expect("the body ended without an error")),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert_eq!(received, b"the beginning");
        assert!(object.body.next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn response_that_is_not_http_is_a_connection_error() {
    let server = RawServer::start(["SSH-2.0-OpenSSH_9.6\r\n"]).await.unwrap();
    let input = PutObjectInput::new().body("content");
    let error = bucket(server.endpoint()).put_object("key", input).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
}

/// The test runs in a child process, because all tests of a process share the environment.
#[tokio::test]
async fn error_of_a_refused_unsigned_request_names_misspelt_variables() {
    let hint = "requests are not signed, because no access keys are configured; the environment variable \
                QINGSTOR_ACCESS_KEY is unknown: did you mean QINGSTOR_ACCESS_KEY_ID?";
    if !is_child_process() {
        let misspelt = [("QINGSTOR_ACCESS_KEY", "KEY"), ("QINGSTOR_SECRET_KEY", "the-secret")];
        let known = ["QINGSTOR_ACCESS_KEY_ID", "QINGSTOR_SECRET_ACCESS_KEY", "QINGSTOR_ENDPOINT"];
        let test = "errors::error_of_a_refused_unsigned_request_names_misspelt_variables";
        run_in_child_process(test, &misspelt, &known).await.unwrap();
        return;
    }
    let server =
        mock_server([ResponseTemplate::new(403), ResponseTemplate::new(404), ResponseTemplate::new(403)]).await;
    let account = QingStor::new(Config::from_env().unwrap().endpoint(server.uri())).unwrap();
    let bucket = account.bucket("bucket", None);
    let refused = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert!(refused.is_access_denied());
    let missing = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().to_string();
    assert!(!missing.contains("signed"), "{missing}");
    let unsigned = bucket.presign_object("key", GetObjectInput::new(), Duration::from_secs(60)).unwrap_err();
    for error in [refused.to_string(), unsigned.to_string()] {
        assert!(error.contains(hint) && !error.contains("the-secret"), "{error}");
    }

    let keys = Config::new("KEY", "secret").endpoint(server.uri());
    let bucket = QingStor::new(keys).unwrap().bucket("bucket", None);
    let signed = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().to_string();
    assert!(!signed.contains("signed"), "{signed}");
}
