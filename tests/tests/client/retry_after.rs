//! How long a server makes a client wait, and how long the client lets it.
//!
//! Protects: `Retry-After` is honoured in both of its forms, whatever this machine's clock says, and no server can keep
//! a caller waiting for longer than it agreed to.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Config, QingStor, Result, RetryConfig};
use qingstor_tests::mock_server;
use wiremock::MockServer;

use crate::{quick_retries, status, success};

/// How often the request was sent until it succeeded.
async fn put(server: &MockServer, retry: RetryConfig) -> Result<u32> {
    let config = Config::new("KEY", "secret").endpoint(server.uri()).retry(retry);
    let bucket = QingStor::new(config)?.bucket("bucket", None);
    let output = bucket.put_object("key", PutObjectInput::new()).await?;
    Ok(output.response.attempts)
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = mock_server([status(503).insert_header("retry-after", "1"), success()]).await;
    let start = Instant::now();
    let attempts = put(&server, quick_retries()).await.unwrap();
    assert_eq!(attempts, 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn retry_after_zero_or_past_is_no_wait() {
    let now = "Wed, 10 Dec 2014 17:20:31 GMT";
    let past = status(429).insert_header("date", now).insert_header("retry-after", "Wed, 10 Dec 2014 17:20:30 GMT");
    let server = mock_server([status(429).insert_header("retry-after", "0"), past, success()]).await;
    let attempts = put(&server, quick_retries()).await.unwrap();
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn a_retry_after_beyond_the_limit_is_returned_at_once() {
    let date = |date: &str| {
        status(503).insert_header("date", "Wed, 10 Dec 2014 17:20:31 GMT").insert_header("retry-after", date)
    };
    let limited = || quick_retries().max_retry_after(Duration::from_secs(2));
    for (answer, retry) in [
        (status(503).insert_header("retry-after", "3"), limited()),
        (status(503).insert_header("retry-after", "18446744073709551615"), quick_retries()),
        (date("Wed, 10 Dec 2014 17:20:34 GMT"), limited()),
        (date("Fri, 31 Dec 9999 23:59:59 GMT"), quick_retries()),
    ] {
        let server = mock_server([answer, success()]).await;
        let error = put(&server, retry).await.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}
