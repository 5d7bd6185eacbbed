//! Behaviour that all operations share: retries, clock correction, timeouts, errors, virtual-host style, TLS, proxies,
//! connections that are kept alive, pagination, traces and secrets.

mod clock_skew;
mod connection_errors;
mod content_encoding;
mod early_refusals;
mod errors;
mod kept_connections;
mod pagination;
mod proxies;
mod resumed_reads;
mod retried_requests;
mod retries;
mod retry_after;
mod runtimes;
mod secrets;
mod timeouts;
mod tls;
mod traces;
mod virtual_host;

use std::time::Duration;

use qingstor_sdk::{Bucket, Config, QingStor, RetryConfig};
use wiremock::{MockServer, Request, ResponseTemplate};

/// Returns the default retry settings with a backoff of at most a few milliseconds.
fn quick_retries() -> RetryConfig {
    RetryConfig::default().initial_backoff(Duration::from_millis(1))
}

/// Returns a bucket at `endpoint`.
fn bucket(endpoint: &str, retry: RetryConfig) -> Bucket {
    QingStor::new(Config::new("KEY", "secret").endpoint(endpoint).retry(retry)).unwrap().bucket("bucket", None)
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn success() -> ResponseTemplate {
    status(201)
}

/// Returns all requests that `server` has received.
async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}
