//! Number of attempts after transient and permanent errors.
//!
//! The tests check that the client retries idempotent operations after transient errors, and other operations only if
//! the server cannot have executed them.

use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, DeleteMultipleObjectsInput, DeleteObjectInput, GetObjectInput, HeadObjectInput,
    InitiateMultipartUploadInput, ListObjectsInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{Bucket, Error, ErrorKind, ResponseInfo, Result, RetryConfig};
use qingstor_tests::{RawResponse, RawServer, mock_server};
use wiremock::ResponseTemplate;

use crate::{bucket, quick_retries, requests, status};

const IDEMPOTENT: &[&str] = &[
    "PutObject",
    "UploadMultipart",
    "GetObject",
    "HeadObject",
    "ListObjects",
    "DeleteObject",
    "DeleteMultipleObjects",
];
const NOT_IDEMPOTENT: &[&str] = &[
    "InitiateMultipartUpload",
    "CompleteMultipartUpload",
    "PutObject with a move source",
    "PutObject with a fetch source",
];

async fn call(bucket: &Bucket, operation: &str) -> Result<ResponseInfo> {
    let put = PutObjectInput::new;
    Ok(match operation {
        "PutObject" => bucket.put_object("key", put().body("content")).await?.response,
        "PutObject with a move source" => {
            let input = put().move_source("/bucket/other");
            bucket.put_object("key", input).await?.response
        }
        "PutObject with a fetch source" => {
            let input = put().fetch_source("http://example.com/other");
            bucket.put_object("key", input).await?.response
        }
        "UploadMultipart" => {
            let input = UploadMultipartInput::new("id", 1).body("content");
            bucket.upload_multipart("key", input).await?.response
        }
        "GetObject" => bucket.get_object("key", GetObjectInput::new()).await?.response,
        "HeadObject" => bucket.head_object("key", HeadObjectInput::new()).await?.response,
        "ListObjects" => bucket.list_objects(ListObjectsInput::new()).await?.response,
        "DeleteObject" => bucket.delete_object("key", DeleteObjectInput::new()).await?.response,
        "DeleteMultipleObjects" => {
            let input = DeleteMultipleObjectsInput::new([ObjectSummary::new("key")]);
            bucket.delete_multiple_objects(input).await?.response
        }
        "InitiateMultipartUpload" => {
            let input = InitiateMultipartUploadInput::new();
            bucket.initiate_multipart_upload("key", input).await?.response
        }
        "CompleteMultipartUpload" => {
            let input = CompleteMultipartUploadInput::new("id", [ObjectPart::new(1)]);
            bucket.complete_multipart_upload("key", input).await?.response
        }
        _ => panic!("no such operation: {operation}"),
    })
}

fn success() -> ResponseTemplate {
    status(200).insert_header("x-qs-request-id", "id").set_body_json(serde_json::json!({"upload_id": "id"}))
}

#[tokio::test]
async fn transient_errors_are_returned_after_three_attempts() {
    for operation in IDEMPOTENT {
        for code in [408, 425, 429, 500, 502, 503, 504] {
            let server = mock_server([status(code)]).await;
            let error = call(&bucket(&server.uri(), quick_retries()), operation).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Service, "{operation} {code}: {error}");
            assert_eq!(error.status().unwrap(), code, "{operation}");
            assert_eq!(error.attempts(), 3, "{operation} {code}");
            assert_eq!(requests(&server).await.len(), 3, "{operation} {code}");
            assert!(error.to_string().ends_with("(sent 3 times)"), "{error}");
        }
    }
}

#[tokio::test]
async fn success_after_two_transient_errors_reports_three_attempts() {
    for operation in IDEMPOTENT {
        let server = mock_server([status(500), status(503), success()]).await;
        let response = call(&bucket(&server.uri(), quick_retries()), operation).await.unwrap();
        assert_eq!(response.attempts, 3, "{operation}");
        assert_eq!(requests(&server).await.len(), 3, "{operation}");
    }
}

#[tokio::test]
async fn number_of_attempts_is_max_attempts_but_at_least_one() {
    for (retry, attempts) in [
        (RetryConfig::disabled(), 1),
        (quick_retries().max_attempts(0), 1),
        (quick_retries().max_attempts(2), 2),
        (quick_retries().max_attempts(5), 5),
    ] {
        let server = mock_server([status(503)]).await;
        let error = call(&bucket(&server.uri(), retry), "PutObject").await.unwrap_err();
        assert_eq!(error.attempts(), attempts);
        assert_eq!(requests(&server).await.len(), attempts as usize);
    }
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    for operation in ["PutObject", "GetObject", "HeadObject", "InitiateMultipartUpload"] {
        for code in [301, 400, 401, 403, 404, 405, 409, 412, 416, 501] {
            let server = mock_server([status(code)]).await;
            let error = call(&bucket(&server.uri(), quick_retries()), operation).await.unwrap_err();
            assert_eq!(error.status().unwrap(), code, "{operation}");
            assert_eq!(error.attempts(), 1, "{operation} {code}");
            assert_eq!(requests(&server).await.len(), 1, "{operation} {code}");
        }
    }
}

#[tokio::test]
async fn non_idempotent_operations_are_not_retried_if_they_may_have_been_executed() {
    for operation in NOT_IDEMPOTENT {
        for code in [408, 500, 502, 503, 504] {
            let server = mock_server([status(code), success()]).await;
            let error = call(&bucket(&server.uri(), quick_retries()), operation).await.unwrap_err();
            assert_eq!(error.status().unwrap(), code, "{operation}");
            assert_eq!(requests(&server).await.len(), 1, "{operation} {code}");
        }
        let server = RawServer::start([RawResponse::connection_reset()]).await.unwrap();
        let error = call(&bucket(server.endpoint(), quick_retries()), operation).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{operation}: {error}");
        assert_eq!(server.requests().len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn non_idempotent_operations_are_retried_after_425_and_429() {
    for operation in NOT_IDEMPOTENT {
        for code in [425, 429] {
            let server = mock_server([status(code), success()]).await;
            let response = call(&bucket(&server.uri(), quick_retries()), operation).await.unwrap();
            assert_eq!(response.attempts, 2, "{operation} {code}");
        }
    }
}

#[tokio::test]
async fn attempts_without_a_connection_do_not_count_as_sent() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for operation in ["PutObject", "CompleteMultipartUpload"] {
        let error: Error = call(&bucket(&endpoint, quick_retries()), operation).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        assert!(error.is_connect());
        assert_eq!(error.attempts(), 0);
        assert_eq!(error.status(), None);
        assert!(error.to_string().contains("refused"), "{error}");
    }
}

#[tokio::test]
async fn lost_connection_is_retried() {
    let complete =
        || RawResponse::from("HTTP/1.1 200 OK\r\netag: \"a\"\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
    for lost in
        [RawResponse::connection_reset(), RawResponse::from(""), RawResponse::from("HTTP/1.1 200 OK\r\ncontent-le")]
    {
        for operation in IDEMPOTENT {
            let server = RawServer::start([lost.clone(), lost.clone(), complete()]).await.unwrap();
            let response = call(&bucket(server.endpoint(), quick_retries()), operation).await.unwrap();
            assert_eq!(response.attempts, 3, "{operation}");
            let requests = server.requests();
            assert_eq!(requests.len(), 3, "{operation}");
            assert!(requests.iter().all(|request| request.body == requests[0].body), "{operation}");
        }
        let server = RawServer::start([lost]).await.unwrap();
        let error = call(&bucket(server.endpoint(), quick_retries()), "PutObject").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
        assert_eq!(error.attempts(), 3);
    }
}

#[tokio::test]
async fn truncated_json_response_is_requested_again() {
    let truncated = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 200\r\n\r\n{\"keys\":[]}";
    let complete = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}";
    let server = RawServer::start([truncated, complete]).await.unwrap();
    let response = call(&bucket(server.endpoint(), quick_retries()), "ListObjects").await.unwrap();
    assert_eq!(response.attempts, 2);
}
