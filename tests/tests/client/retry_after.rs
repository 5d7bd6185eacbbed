//! The header `Retry-After`.
//!
//! The tests check that the client waits as long as `Retry-After` says, in seconds or as a date by the server's clock.
//! They also check that it returns the error at once if that exceeds `RetryConfig::max_retry_after`.

use std::time::{Duration, Instant};

use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Result, RetryConfig};
use qingstor_tests::mock_server;
use wiremock::MockServer;

use crate::{bucket, quick_retries, requests, status, success};

/// Puts an object and returns the number of attempts.
async fn put(server: &MockServer, retry: RetryConfig) -> Result<u32> {
    let output = bucket(&server.uri(), retry).put_object("key", PutObjectInput::new()).await?;
    Ok(output.response.attempts)
}

#[tokio::test]
async fn waits_for_the_seconds_of_retry_after() {
    let server = mock_server([status(503).insert_header("retry-after", "1"), success()]).await;
    let start = Instant::now();
    let attempts = put(&server, quick_retries()).await.unwrap();
    assert_eq!(attempts, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn retries_at_once_if_retry_after_is_zero_or_in_the_past() {
    let now = "Wed, 10 Dec 2014 17:20:31 GMT";
    let past = status(429).insert_header("date", now).insert_header("retry-after", "Wed, 10 Dec 2014 17:20:30 GMT");
    let server = mock_server([status(429).insert_header("retry-after", "0"), past, success()]).await;
    let attempts = put(&server, quick_retries()).await.unwrap();
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn returns_the_error_if_retry_after_exceeds_the_limit() {
    let date = |date: &str| {
        status(503).insert_header("date", "Wed, 10 Dec 2014 17:20:31 GMT").insert_header("retry-after", date)
    };
    let limited = || quick_retries().max_retry_after(Duration::from_secs(2));
    for (response, retry) in [
        (status(503).insert_header("retry-after", "3"), limited()),
        (status(503).insert_header("retry-after", "18446744073709551615"), quick_retries()),
        (date("Wed, 10 Dec 2014 17:20:34 GMT"), limited()),
        (date("Fri, 31 Dec 9999 23:59:59 GMT"), quick_retries()),
    ] {
        let server = mock_server([response, success()]).await;
        let error = put(&server, retry).await.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn returns_the_error_if_retry_after_is_unreadable_or_enormous() {
    for value in ["18446744073709551616", "9".repeat(300).as_str(), "-1", "1.5", "soon", "", "Wed, 10 Dec 2014"] {
        let response = status(503).insert_header("retry-after", value);
        let server = mock_server([response, success()]).await;
        let error = put(&server, quick_retries()).await.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1), "{value}");
        assert_eq!(requests(&server).await.len(), 1, "{value}");
    }
}
