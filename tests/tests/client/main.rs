//! Behaviour that all operations share: retries, timeouts, errors, addresses, proxies, pagination, secrets.

mod clock_skew;
mod errors;
mod pagination;
mod proxies;
mod resending;
mod retries;
mod retry_after;
mod secrets;
mod timeouts;
mod traces;
mod virtual_host;

use std::time::Duration;

use qingstor_sdk::RetryConfig;
use wiremock::{MockServer, Request, ResponseTemplate};

/// Returns the default retries with a backoff that tests need not wait for.
fn quick_retries() -> RetryConfig {
    RetryConfig::default().initial_backoff(Duration::from_millis(1))
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn success() -> ResponseTemplate {
    status(201)
}

/// Returns all requests that a server has received.
async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}
