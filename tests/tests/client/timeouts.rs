//! When a request is given up because nothing moves, and when it is not.
//!
//! Protects: a server that hangs at any point costs the idle timeout and no more, a transfer that moves is never cut
//! however long it takes, and a call that is dropped ends its connection.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use qingstor_sdk::operations::{GetObjectInput, InitiateMultipartUploadInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor, RetryConfig};
use qingstor_tests::{RawResponse, RawServer};

use crate::quick_retries;

const SHORT: Duration = Duration::from_millis(200);
/// So long that a test which waited for it would never end.
const ENDLESS: Duration = Duration::from_secs(100_000);

fn bucket(endpoint: &str, idle_timeout: Duration, retry: RetryConfig) -> Bucket {
    // Whatever is only waited for longer than that, no test waits for.
    bucket_with(Config::new("KEY", "secret").idle_timeout(idle_timeout).response_timeout(ENDLESS), endpoint, retry)
}

fn bucket_with(config: Config, endpoint: &str, retry: RetryConfig) -> Bucket {
    QingStor::new(config.endpoint(endpoint).retry(retry)).unwrap().bucket("bucket", None)
}

fn assert_timeout(error: &Error, operation: &str) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_timeout());
    assert_eq!(error.operation(), Some(operation));
    assert!(error.to_string().contains("nothing moved for 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_timeout(&error, "ListObjects");
    assert_eq!(error.status(), None);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_timeout_is_retried_if_the_operation_may_be_repeated() {
    let empty = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let server = RawServer::start([RawResponse::stalled(), RawResponse::stalled(), empty.into()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, quick_retries());
    let output = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(output.response.attempts, 3);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_timeout_is_not_retried_if_the_operation_may_not_be_repeated() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let config = Config::new("KEY", "secret").idle_timeout(ENDLESS).response_timeout(SHORT);
    let bucket = bucket_with(config, server.endpoint(), quick_retries());
    let input = InitiateMultipartUploadInput::new();
    let error = bucket.initiate_multipart_upload("key", input).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("InitiateMultipartUpload")), "{error}");
    assert_eq!(error.attempts(), 1);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn work_that_takes_longer_than_bytes_may_is_waited_for_and_no_longer_than_its_own_limit() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let config = Config::new("KEY", "secret").idle_timeout(SHORT).response_timeout(3 * SHORT);
    let bucket = bucket_with(config, server.endpoint(), RetryConfig::disabled());
    let error = bucket.put_object("key", PutObjectInput::new().body("all of it")).await.unwrap_err();
    assert!(error.is_timeout());
    assert!(error.to_string().contains("no answer came in the 0.6 s after everything was sent"), "{error}");
    assert_eq!(server.requests()[0].body, b"all of it");
}

#[tokio::test]
async fn a_server_that_does_not_read_is_a_timeout() {
    // Connections come about, but nobody accepts them.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let bucket = bucket(&endpoint, SHORT, RetryConfig::disabled());
    let input = PutObjectInput::new().body(vec![0; 32 << 20]);
    let error = bucket.put_object("key", input).await.unwrap_err();
    assert_timeout(&error, "PutObject");
}

#[tokio::test]
async fn a_request_body_that_stalls_is_a_timeout() {
    let server = RawServer::start([""]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, quick_retries());
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"first"))]);
    let body = Body::stream(100, first.chain(stream::pending()));
    let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
    assert_timeout(&error, "PutObject");
    assert_eq!(error.attempts(), 1);
    assert!(server.requests().is_empty(), "no complete request ever arrived");
}

#[tokio::test]
async fn an_answer_that_stalls_is_a_timeout_and_not_its_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    let first = object.body.chunk().await.unwrap();
    assert_eq!(first.as_deref(), Some(b"the beginning".as_slice()));
    assert_eq!(object.body.remaining(), Some(87));
    let error = object.body.chunk().await.unwrap_err();
    assert_timeout(&error, "GetObject");
    // The connection is let go, although the body is still there.
    server.wait_until_client_closed(1).await;
    assert!(object.body.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn a_document_that_stalls_is_a_timeout() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":[";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), SHORT, RetryConfig::disabled());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_timeout(&error, "ListObjects");
}

#[tokio::test]
async fn an_answer_that_drips_is_not_cut() {
    let idle_timeout = Duration::from_secs(1);
    let text = "slow but sure";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
    let answer = RawResponse::from(head).then_trickle(text, Duration::from_millis(120));
    let server = RawServer::start([answer]).await.unwrap();
    let bucket = bucket(server.endpoint(), idle_timeout, RetryConfig::disabled());
    let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    assert_eq!(object.body.bytes().await.unwrap(), text);
}

/// Longer on its way than the idle timeout, yet always moving.
async fn upload_to_a_slow_reader(body: Body) {
    let length = body.len();
    let created = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
    let slow = RawResponse::from(created).after_reading_slowly(256 << 10, Duration::from_millis(10));
    let server = RawServer::start([slow]).await.unwrap();
    let bucket = bucket(server.endpoint(), Duration::from_secs(1), RetryConfig::disabled());
    bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap();
    assert_eq!(server.requests()[0].body.len() as u64, length);
}

const SLOW_UPLOAD: usize = 48 << 20;

#[tokio::test]
async fn bytes_that_a_server_reads_slowly_are_not_cut() {
    upload_to_a_slow_reader(vec![7; SLOW_UPLOAD].into()).await;
}

#[tokio::test]
async fn one_large_piece_of_a_stream_that_a_server_reads_slowly_is_not_cut() {
    let piece = Ok::<_, std::io::Error>(Bytes::from(vec![7; SLOW_UPLOAD]));
    upload_to_a_slow_reader(Body::stream(SLOW_UPLOAD as u64, stream::iter([piece]))).await;
}

#[tokio::test]
async fn a_file_that_a_server_reads_slowly_is_not_cut() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(SLOW_UPLOAD as u64).unwrap();
    upload_to_a_slow_reader(Body::file(file.path()).await.unwrap()).await;
}

#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let server = RawServer::start([RawResponse::stalled()]).await.unwrap();
    let bucket = bucket(server.endpoint(), ENDLESS, quick_retries());
    let call = tokio::spawn(async move { bucket.list_objects(ListObjectsInput::new()).await.map(drop) });
    server.wait_for_requests(1).await;
    call.abort();
    server.wait_until_client_closed(1).await;
    assert_eq!(server.requests().len(), 1, "and nothing is sent again");
}

#[tokio::test]
async fn dropping_a_body_closes_its_connection() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning";
    let server = RawServer::start([RawResponse::from(head).then_stall()]).await.unwrap();
    let bucket = bucket(server.endpoint(), ENDLESS, RetryConfig::disabled());
    let mut object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    object.body.chunk().await.unwrap();
    drop(object);
    server.wait_until_client_closed(1).await;
}
