//! Correction of a wrong client clock. The server refuses requests whose date differs too much from its own clock.
//!
//! The tests check that the client learns the server's time from the first response that refuses a date, repeats that
//! request once and uses the server's time for all later requests. They also check that the client repeats no other
//! request because of a wrong clock, and that a stored or unexplained response does not change the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{future, stream};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    GetObjectInput, HeadBucketInput, HeadObjectInput, InitiateMultipartUploadInput, ListObjectsInput, PutObjectInput,
};
use qingstor_sdk::{Body, Bucket, Config, QingStor, RetryConfig, Timestamp};
use wiremock::http::Method;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::{quick_retries, requests};

const HOUR: i64 = 3600;

fn bucket(endpoint: impl Into<String>, retry: RetryConfig) -> Bucket {
    let config = Config::new(qingstor_emulator::DEFAULT_ACCESS_KEY_ID, qingstor_emulator::DEFAULT_SECRET_ACCESS_KEY)
        .endpoint(endpoint)
        .retry(retry);
    QingStor::new(config).unwrap().bucket("bucket", None)
}

/// Starts an emulator whose clock is `seconds` ahead of the client's.
async fn emulator_ahead_by(seconds: i64) -> Emulator {
    let builder = Emulator::builder().bucket("bucket").clock_offset(seconds);
    builder.start().await.unwrap()
}

/// Returns the time `seconds` from now, by the client's clock.
fn from_now(seconds: i64) -> Timestamp {
    let now = Timestamp::from(SystemTime::now());
    Timestamp::from_unix(now.as_unix() + seconds).unwrap()
}

/// Returns the number of seconds by which the `Date` of a request is ahead of the client's clock.
fn date_offset(request: &Request) -> i64 {
    let date = request.headers["date"].to_str().unwrap();
    Timestamp::parse_http_date(date).unwrap().as_unix() - from_now(0).as_unix()
}

fn forbidden(code: &str, server_time: Timestamp) -> ResponseTemplate {
    ResponseTemplate::new(403)
        .insert_header("date", server_time.to_http_date())
        .set_body_json(serde_json::json!({"code": code, "message": "refused"}))
}

async fn server_with(response: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

#[tokio::test]
async fn corrects_a_wrong_clock_once_for_all_later_requests() {
    for offset in [HOUR, -HOUR, 400 * 24 * HOUR] {
        let server = emulator_ahead_by(offset).await;
        let bucket = bucket(server.endpoint(), quick_retries());
        let first = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        assert_eq!(first.response.attempts, 2, "{offset}");
        let second = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        assert_eq!(second.response.attempts, 1, "{offset}");
    }
}

#[tokio::test]
async fn second_attempt_has_the_servers_date() {
    let server = server_with(|request| match date_offset(request) {
        ..60 => forbidden("request_expired", from_now(HOUR)),
        _ => ResponseTemplate::new(201),
    })
    .await;
    let bucket = bucket(server.uri(), quick_retries());
    let input = PutObjectInput::new().body("content");
    let output = bucket.put_object("key", input).await.unwrap();
    assert_eq!(output.response.attempts, 2);
    let requests = requests(&server).await;
    assert!(date_offset(&requests[0]).abs() < 60);
    assert!((date_offset(&requests[1]) - HOUR).abs() < 60);
    assert!(requests.iter().all(|request| request.body == b"content"));
}

#[tokio::test]
async fn corrects_the_clock_for_a_non_idempotent_operation_without_retries() {
    let server = emulator_ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), RetryConfig::disabled());
    // A request that the server refused for its date had no effect, so it is safe to repeat.
    let input = InitiateMultipartUploadInput::new();
    let upload = bucket.initiate_multipart_upload("key", input).await.unwrap();
    assert_eq!(upload.response.attempts, 2);
}

#[tokio::test]
async fn corrects_the_clock_from_a_response_without_body() {
    let server = emulator_ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), RetryConfig::disabled());
    for attempts in [2, 1] {
        let output = bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
        assert_eq!(output.response.attempts, attempts);
    }
}

#[tokio::test]
async fn presigned_url_is_valid_after_a_response_with_an_old_date() {
    let old = || ResponseTemplate::new(403).insert_header("date", from_now(-2 * HOUR).to_http_date());
    let unexplained = move |_: &Request| old();
    // The cache has the response to HEAD only.
    let unconfirmed = move |request: &Request| match request.method {
        Method::HEAD if date_offset(request) > -60 => old(),
        _ => ResponseTemplate::new(200)
            .insert_header("x-qs-request-id", "id")
            .insert_header("date", from_now(0).to_http_date()),
    };
    let aged = move |_: &Request| old().insert_header("age", "7200");
    let aged_refusal = |_: &Request| forbidden("request_expired", from_now(-2 * HOUR)).insert_header("age", "7200");
    for server in [
        server_with(unexplained).await,
        server_with(unconfirmed).await,
        server_with(aged).await,
        server_with(aged_refusal).await,
    ] {
        let bucket = bucket(server.uri(), quick_retries());
        for _ in 0..3 {
            let _ = bucket.head_object("key", HeadObjectInput::new()).await;
            let _ = bucket.list_objects(ListObjectsInput::new()).await;
        }
        let url = bucket.presign_object("key", GetObjectInput::new(), Duration::from_secs(600)).unwrap();
        assert!(url.expires() > from_now(500), "{}", url.expires());
    }
}

#[tokio::test]
async fn corrects_the_clock_of_concurrent_requests() {
    let server = emulator_ahead_by(HOUR).await;
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
async fn returns_the_error_if_the_corrected_request_is_refused_too() {
    let hours = AtomicI64::new(0);
    let server = server_with(move |_| {
        let further = hours.fetch_add(1, Ordering::Relaxed) + 1;
        forbidden("request_expired", from_now(further * HOUR))
    })
    .await;
    let bucket = bucket(server.uri(), quick_retries());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_eq!(error.code(), Some("request_expired"));
    assert_eq!(error.attempts(), 2);
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn returns_request_expired_at_once_if_the_clocks_agree() {
    let server = server_with(|_| forbidden("request_expired", from_now(5))).await;
    let bucket = bucket(server.uri(), quick_retries());
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn ignores_the_servers_date_if_access_is_denied_for_another_reason() {
    let server = server_with(|_| forbidden("permission_denied", from_now(HOUR))).await;
    let bucket = bucket(server.uri(), quick_retries());
    for _ in 0..2 {
        let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_eq!(error.code(), Some("permission_denied"));
        assert!(error.is_access_denied());
        assert_eq!(error.attempts(), 1);
    }
    for request in requests(&server).await {
        assert!(date_offset(&request).abs() < 60);
    }
}

#[tokio::test]
async fn stream_body_is_not_sent_again_but_the_next_stream_has_the_servers_date() {
    let server = emulator_ahead_by(HOUR).await;
    let bucket = bucket(server.endpoint(), quick_retries());
    let put = || {
        let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"content"))]);
        bucket.put_object("key", PutObjectInput::new().body(Body::stream(7, content)))
    };
    let error = put().await.unwrap_err();
    assert_eq!(error.code(), Some("request_expired"));
    assert_eq!(error.attempts(), 1);
    assert_eq!(put().await.unwrap().response.attempts, 1);
}
