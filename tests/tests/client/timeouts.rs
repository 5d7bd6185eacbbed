//! Idle timeout, response timeout, and dropped calls.
//!
//! The tests check that a request fails after the idle timeout if no byte is transferred in either direction, and that
//! a request that makes progress does not time out, however long it takes. They also check that a slow body that is not
//! needed does not delay the result, and that dropping a call closes its connection.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use qingstor_sdk::operations::{GetObjectInput, InitiateMultipartUploadInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor, RetryConfig};
use qingstor_tests::{RawResponse, RawServer};

use crate::quick_retries;

const SHORT: Duration = Duration::from_millis(200);
/// For timeouts that must not expire. Longer than any test runs.
const NEVER: Duration = Duration::from_secs(100_000);

fn bucket(endpoint: &str, idle_timeout: Duration, retry: RetryConfig) -> Bucket {
    bucket_with(Config::new("KEY", "secret").idle_timeout(idle_timeout).response_timeout(NEVER), endpoint, retry)
}

fn bucket_with(config: Config, endpoint: &str, retry: RetryConfig) -> Bucket {
    QingStor::new(config.endpoint(endpoint).retry(retry)).unwrap().bucket("bucket", None)
}

fn assert_timeout(error: &Error, operation: &str) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_timeout());
    assert_eq!(error.operation(), Some(operation));
    assert!(error.to_string().contains("no byte moved for 0.2 s"), "{error}");
}

#[tokio::test]
async fn server_that_never_responds_is_a_timeout() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_timeout(&error, "ListObjects");
    assert_eq!(error.status(), None);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn timeout_of_an_idempotent_operation_is_retried() {
    let empty = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let server = RawServer::start([RawResponse::stalled(), RawResponse::stalled(), empty.into()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, quick_retries());
    let output = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(output.response.attempts, 3);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn timeout_of_a_non_idempotent_operation_is_not_retried() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let config = Config::new("KEY", "secret").idle_timeout(NEVER).response_timeout(SHORT);
    let bucket = bucket_with(config, server.endpoint(), quick_retries());
    let input = InitiateMultipartUploadInput::new();
    let error = bucket.initiate_multipart_upload("key", input).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("InitiateMultipartUpload")), "{error}");
    assert_eq!(error.attempts(), 1);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn upload_waits_for_the_response_until_the_response_timeout() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let config = Config::new("KEY", "secret").idle_timeout(SHORT).response_timeout(3 * SHORT);
    let bucket = bucket_with(config, server.endpoint(), RetryConfig::disabled());
    let error = bucket.put_object("key", PutObjectInput::new().body("content")).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.to_string().contains("no response came within 0.6 s after the request was sent"), "{error}");
    assert_eq!(server.requests()[0].body, b"content");
}

#[tokio::test]
async fn server_that_does_not_read_is_a_timeout() {
    // The kernel establishes the connection, but no task accepts it or reads from it.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let bucket = bucket(&endpoint, SHORT, RetryConfig::disabled());
    let input = PutObjectInput::new().body(vec![0; 32 << 20]);
    let error = bucket.put_object("key", input).await.unwrap_err();
    assert_timeout(&error, "PutObject");
}

#[tokio::test]
async fn stalled_request_body_is_a_timeout() {
    let server = RawServer::start([""]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, quick_retries());
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"first"))]);
    let body = Body::stream(100, first.chain(stream::pending()));
    let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
    assert_timeout(&error, "PutObject");
    assert_eq!(error.attempts(), 1);
    assert!(server.requests().is_empty(), "the server received a complete request");
}

#[tokio::test]
async fn stalled_response_body_is_a_timeout() {
    let head = "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 100\r\n\r\nthe beginning";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    let first = object.body.next().await.unwrap();
    assert_eq!(first.as_deref(), Some(b"the beginning".as_slice()));
    assert_eq!(object.body.remaining(), Some(87));
    let error = object.body.next().await.unwrap_err();
    assert_timeout(&error, "GetObject");
    // The connection is closed although `object.body` still exists.
    server.wait_until_client_closed(1).await;
    assert!(object.body.next().await.unwrap().is_none());
}

#[tokio::test]
async fn stalled_json_response_is_a_timeout() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":[";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_timeout(&error, "ListObjects");
}

#[tokio::test]
async fn slow_response_body_does_not_time_out() {
    let idle_timeout = Duration::from_secs(1);
    let text = "slow content";
    let head = format!("HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: {}\r\n\r\n", text.len());
    let response = RawResponse::from(head).then_trickle(text, Duration::from_millis(120));
    let server = RawServer::start([response]).await.unwrap();
    let bucket = bucket(server.endpoint(), idle_timeout, RetryConfig::disabled());
    let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    assert_eq!(object.body.bytes().await.unwrap(), text);
}

/// A server can send one byte at a time for hours, so that the idle timeout never expires.
#[tokio::test]
async fn slow_body_of_an_error_or_without_use_does_not_delay_the_result() {
    let slow = |status: &str| {
        let head = format!("HTTP/1.1 {status}\r\nx-qs-request-id: id\r\ncontent-length: 3600\r\n\r\n");
        RawResponse::from(head).then_trickle([b' '; 3600], Duration::from_millis(100))
    };
    let server = RawServer::start([slow("201 Created"), slow("404 Not Found")]).await.unwrap();
    let bucket = bucket(server.endpoint(), NEVER, RetryConfig::disabled());
    let requests = async {
        let stored = bucket.put_object("key", PutObjectInput::new().body("content")).await.unwrap();
        assert_eq!(stored.response.status, 201);
        let error = bucket.get_object("key", GetObjectInput::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::Service, Some("id")), "{error}");
        assert!(error.is_not_found(), "{error}");
    };
    tokio::time::timeout(Duration::from_secs(60), requests).await.expect("the client waits for the whole body");
}

/// Uploads `body` to a server that reads it slowly, so that the upload takes longer than the idle timeout.
async fn upload_to_slow_server(body: Body) {
    let length = body.len();
    let created = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
    let slow = RawResponse::from(created).after_reading_slowly(256 << 10, Duration::from_millis(10));
    let server = RawServer::start([slow]).await.unwrap();
    let bucket = bucket(server.endpoint(), Duration::from_secs(1), RetryConfig::disabled());
    bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap();
    assert_eq!(server.requests()[0].body.len() as u64, length);
}

const SLOW_UPLOAD_SIZE: usize = 48 << 20;

#[tokio::test]
async fn upload_of_bytes_to_a_slow_server_does_not_time_out() {
    upload_to_slow_server(vec![7; SLOW_UPLOAD_SIZE].into()).await;
}

#[tokio::test]
async fn upload_of_a_stream_with_one_large_chunk_to_a_slow_server_does_not_time_out() {
    let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![7; SLOW_UPLOAD_SIZE]));
    upload_to_slow_server(Body::stream(SLOW_UPLOAD_SIZE as u64, stream::iter([chunk]))).await;
}

#[tokio::test]
async fn upload_of_a_file_to_a_slow_server_does_not_time_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(SLOW_UPLOAD_SIZE as u64).unwrap();
    upload_to_slow_server(Body::file(file.path()).await.unwrap()).await;
}

#[tokio::test]
async fn dropping_a_call_closes_the_connection() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let bucket = bucket(server.endpoint(), NEVER, quick_retries());
    let call = tokio::spawn(async move { bucket.list_objects(ListObjectsInput::new()).await.map(drop) });
    server.wait_for_requests(1).await;
    call.abort();
    server.wait_until_client_closed(1).await;
    assert_eq!(server.requests().len(), 1, "the client sent the request again");
}

#[tokio::test]
async fn dropping_a_response_body_closes_the_connection() {
    let head = "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 100\r\n\r\nthe beginning";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), NEVER, RetryConfig::disabled());
    let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    object.body.next().await.unwrap();
    drop(object);
    server.wait_until_client_closed(1).await;
}
