//! What happens if this machine's clock is off, so that the service refuses every signature.
//!
//! Protects: the server's time is taken over once, from a refusal that is about time, and for every request after it;
//! nothing else is repeated because of it.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{future, stream};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    HeadBucketInput, HeadObjectInput, InitiateMultipartUploadInput, ListObjectsInput, PutObjectInput,
};
use qingstor_sdk::{Body, Bucket, Config, QingStor, RetryConfig, Timestamp};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::quick_retries;

const HOUR: i64 = 3600;

fn bucket(endpoint: impl Into<String>, retry: RetryConfig) -> Bucket {
    let config = Config::new(qingstor_emulator::DEFAULT_ACCESS_KEY_ID, qingstor_emulator::DEFAULT_SECRET_ACCESS_KEY)
        .endpoint(endpoint)
        .retry(retry);
    QingStor::new(config).unwrap().bucket("bucket", None)
}

/// An emulator that checks signatures by a clock of its own.
async fn ahead_by(seconds: i64) -> Emulator {
    let builder = Emulator::builder().bucket("bucket").clock_offset(seconds);
    builder.start().await.unwrap()
}

fn from_now(seconds: i64) -> Timestamp {
    let now = Timestamp::from(SystemTime::now());
    Timestamp::from_unix(now.as_unix() + seconds).unwrap()
}

fn sent_ahead_by(request: &Request) -> i64 {
    let date = request.headers["date"].to_str().unwrap();
    Timestamp::parse_http_date(date).unwrap().as_unix() - from_now(0).as_unix()
}

fn refusal(code: &str, server_time: Timestamp) -> ResponseTemplate {
    ResponseTemplate::new(403)
        .insert_header("date", server_time.to_http_date())
        .set_body_json(serde_json::json!({"code": code, "message": "refused"}))
}

async fn always(answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn times_sent(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_and_stays_so() {
    for offset in [HOUR, -HOUR, 400 * 24 * HOUR] {
        let server = ahead_by(offset).await;
        let bucket = bucket(server.endpoint(), quick_retries());
        let first = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        assert_eq!(first.response.attempts, 2, "{offset}");
        let second = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        assert_eq!(second.response.attempts, 1, "{offset}");
    }
}

#[tokio::test]
async fn the_second_attempt_carries_the_servers_date() {
    let server = always(|request| match sent_ahead_by(request) {
        ..60 => refusal("request_expired", from_now(HOUR)),
        _ => ResponseTemplate::new(201),
    })
    .await;
    let bucket = bucket(server.uri(), quick_retries());
    let input = PutObjectInput::new().body("content");
    let output = bucket.put_object("key", input).await.unwrap();
    assert_eq!(output.response.attempts, 2);
    let requests = server.received_requests().await.unwrap();
    assert!(sent_ahead_by(&requests[0]).abs() < 60);
    assert!((sent_ahead_by(&requests[1]) - HOUR).abs() < 60);
    assert!(requests.iter().all(|request| request.body == b"content"));
}

#[tokio::test]
async fn correction_is_no_retry_and_needs_none() {
    let server = ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), RetryConfig::disabled());
    // Neither may be repeated after a failure, but what was refused for its date had no effect.
    let input = InitiateMultipartUploadInput::new();
    let upload = bucket.initiate_multipart_upload("key", input).await.unwrap();
    assert_eq!(upload.response.attempts, 2);
}

#[tokio::test]
async fn an_answer_without_body_is_enough() {
    let server = ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), RetryConfig::disabled());
    let output = bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
    assert_eq!(output.response.attempts, 2);
}

#[tokio::test]
async fn requests_at_the_same_time_are_all_corrected() {
    let server = ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), quick_retries());
    let calls = (0..8).map(|number| {
        let bucket = bucket.clone();
        async move {
            let input = PutObjectInput::new().body("content");
            bucket.put_object(&format!("key {number}"), input).await
        }
    });
    for outcome in future::join_all(calls).await {
        assert_eq!(outcome.unwrap().response.attempts, 2);
    }
    let next = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(next.keys.len(), 8);
    assert_eq!(next.response.attempts, 1);
}

#[tokio::test]
async fn a_second_refusal_is_returned() {
    let hours = AtomicI64::new(0);
    let server = always(move |_| {
        let further = hours.fetch_add(1, Ordering::Relaxed) + 1;
        refusal("request_expired", from_now(further * HOUR))
    })
    .await;
    let bucket = bucket(server.uri(), quick_retries());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_eq!(error.code(), Some("request_expired"));
    assert_eq!(error.attempts(), 2);
    assert_eq!(times_sent(&server).await, 2);
}

#[tokio::test]
async fn a_refusal_with_the_right_time_is_returned_at_once() {
    let server = always(|_| refusal("request_expired", from_now(5))).await;
    let bucket = bucket(server.uri(), quick_retries());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(times_sent(&server).await, 1);
}

#[tokio::test]
async fn a_refusal_for_another_reason_corrects_nothing() {
    let server = always(|_| refusal("permission_denied", from_now(HOUR))).await;
    let bucket = bucket(server.uri(), quick_retries());
    for _ in 0..2 {
        let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_eq!(error.code(), Some("permission_denied"));
        assert!(error.is_access_denied());
        assert_eq!(error.attempts(), 1);
    }
    for request in server.received_requests().await.unwrap() {
        assert!(sent_ahead_by(&request).abs() < 60);
    }
}

#[tokio::test]
async fn a_stream_is_not_sent_again() {
    let server = ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), quick_retries());
    let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"content"))]);
    let input = PutObjectInput::new().body(Body::stream(7, content));
    let error = bucket.put_object("key", input).await.unwrap_err();
    assert_eq!(error.code(), Some("request_expired"));
    assert_eq!(error.attempts(), 1);
    let input = HeadObjectInput::new();
    assert!(bucket.head_object("key", input).await.unwrap_err().is_not_found());
}
