//! The retry policy: the errors that are retried, the number of attempts and the waits between them.
//!
//! `send.rs` retries requests, and `resume.rs` requests the rest of a body after the connection broke. Transfers also
//! retry the rest of a range after the connection broke, and a part after its bytes were changed on the way to the
//! server. The rule for the completion of an upload is in `transfer/upload/complete.rs`.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::StatusCode;

use crate::config::RetryConfig;
use crate::error::{Error, ErrorKind};

/// The number of failed attempts at one request, part, range or completion.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    policy: &'a RetryConfig,
    failed: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a RetryConfig) -> Self {
        Self::after(policy, 0)
    }

    /// Returns the attempts that remain after `failed` ones.
    pub(crate) fn after(policy: &'a RetryConfig, failed: u32) -> Self {
        Self { policy, failed }
    }

    /// Counts a failed attempt. Returns the wait before the next one, or `None` if no other attempt is allowed.
    pub(crate) fn wait_after(&mut self, error: &Error) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        if self.failed >= self.policy.max_attempts {
            return None;
        }
        let backoff = backoff(self.policy, self.failed);
        match error.retry_after() {
            Some(asked) if asked > self.policy.max_retry_after => None,
            asked => Some(backoff.max(asked.unwrap_or_default())),
        }
    }

    /// Counts a failed attempt and waits before the next one. Returns the error if no other attempt is allowed.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        let Some(wait) = self.wait_after(&error) else { return Err(error) };
        self.wait(wait, &error).await;
        Ok(())
    }

    /// Logs a retry and waits for the time that [`wait_after`](Self::wait_after) returned.
    pub(crate) async fn wait(&self, wait: Duration, error: &Error) {
        tracing::debug!(%error, failed = self.failed, wait_ms = wait.as_millis(), "retrying");
        tokio::time::sleep(wait).await;
    }

    /// Returns the number of failed attempts.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Sets the number of failed attempts to 0 after a request made progress.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }
}

/// Returns true if a request may be sent again after `error`: the error is transient, and either the operation is
/// idempotent or the server cannot have executed the request.
pub(crate) fn can_retry(error: &Error, is_idempotent: bool) -> bool {
    match error.kind() {
        ErrorKind::Connect if error.is_lasting() => false,
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Connection => is_idempotent || error.is_unsent(),
        ErrorKind::Service => match error.status() {
            Some(StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS) => true,
            // Some gateways send 408 if the server behind them is slow, so the request may have been executed.
            Some(StatusCode::REQUEST_TIMEOUT) => is_idempotent,
            // 501 and 505 mean that the server does not support the request.
            Some(status) => is_idempotent && status.is_server_error() && !matches!(status.as_u16(), 501 | 505),
            None => false,
        },
        _ => false,
    }
}

/// Returns true if the rest of a range may be requested again after `error`.
///
/// `is_in_body` is true if the connection failed while the body of the response was read. `send.rs` has already retried
/// the other errors as often as the policy allows.
pub(crate) fn can_retry_range(error: &Error, is_in_body: bool) -> bool {
    match error.kind() {
        // The response is not the requested range. It may come from a proxy.
        ErrorKind::UnexpectedResponse => true,
        ErrorKind::Connection | ErrorKind::Timeout => is_in_body,
        _ => false,
    }
}

/// Returns true if a body may be sent again after `error`, because its bytes were changed on the way to the server.
///
/// The server compares the bytes with `Content-MD5` and returns `bad_digest`. `is_wrong_etag` is true if the client has
/// compared them with the ETag in the response.
pub(crate) fn can_retry_body(error: &Error, is_wrong_etag: bool) -> bool {
    is_wrong_etag || error.code() == Some("bad_digest")
}

/// Returns a random wait after the given number of failed attempts (full jitter), as documented for [`RetryConfig`].
fn backoff(policy: &RetryConfig, failed: u32) -> Duration {
    let doubled = 2u32.saturating_pow(failed.saturating_sub(1));
    let ceiling = policy.initial_backoff.saturating_mul(doubled).min(policy.max_backoff);
    ceiling.mul_f64(random_fraction())
}

/// Returns a number in 0..1. The seed of a hash map is random enough to make clients retry at different times.
fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(0u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::error::ServiceError;

    fn status(code: u16) -> Error {
        status_with(code, HeaderMap::new())
    }

    fn status_with(code: u16, headers: HeaderMap) -> Error {
        Error::from_service(ServiceError::of_headers(StatusCode::from_u16(code).unwrap(), &headers))
    }

    #[test]
    fn transient_errors_of_idempotent_operations_are_retried() {
        for code in [408, 425, 429, 500, 502, 503, 504, 520] {
            assert!(can_retry(&status(code), true), "{code}");
        }
        for code in [301, 400, 401, 403, 404, 409, 412, 416, 501, 505] {
            assert!(!can_retry(&status(code), true), "{code}");
        }
        for kind in [ErrorKind::Connect, ErrorKind::Timeout, ErrorKind::Connection] {
            assert!(can_retry(&Error::new(kind, ""), true), "{kind:?}");
        }
        assert!(!can_retry(&Error::new(ErrorKind::Connect, "").lasting(), true));
        for kind in [ErrorKind::Body, ErrorKind::InvalidInput, ErrorKind::UnexpectedResponse] {
            assert!(!can_retry(&Error::new(kind, ""), true), "{kind:?}");
        }
    }

    #[test]
    fn non_idempotent_operations_are_retried_only_if_not_executed() {
        assert!(can_retry(&status(425), false));
        assert!(can_retry(&status(429), false));
        assert!(can_retry(&Error::new(ErrorKind::Connect, ""), false));
        assert!(can_retry(&Error::new(ErrorKind::Timeout, "").unsent(), false));
        assert!(!can_retry(&status(408), false));
        assert!(!can_retry(&status(500), false));
        assert!(!can_retry(&status(503), false));
        assert!(!can_retry(&Error::new(ErrorKind::Timeout, ""), false));
        assert!(!can_retry(&Error::new(ErrorKind::Connection, ""), false));
    }

    #[test]
    fn ranges_are_retried_after_wrong_responses_and_broken_bodies() {
        for (kind, after_response, in_body) in [
            (ErrorKind::UnexpectedResponse, true, true),
            (ErrorKind::Connection, false, true),
            (ErrorKind::Timeout, false, true),
            (ErrorKind::Connect, false, false),
            (ErrorKind::Body, false, false),
            (ErrorKind::Service, false, false),
        ] {
            let error = Error::new(kind, "");
            assert_eq!(
                [false, true].map(|is_in_body| can_retry_range(&error, is_in_body)),
                [after_response, in_body],
                "{kind:?}"
            );
        }
    }

    #[test]
    fn bodies_are_retried_if_the_server_received_different_bytes() {
        let service = |code| {
            let body = format!(r#"{{"code":"{code}"}}"#);
            Error::from_service(ServiceError::parse(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes()))
        };
        assert!(can_retry_body(&service("bad_digest"), false));
        assert!(!can_retry_body(&service("invalid_digest"), false));
        assert!(can_retry_body(&Error::unexpected_response("wrong ETag"), true));
        assert!(!can_retry_body(&Error::unexpected_response("no JSON"), false));
    }

    #[test]
    fn waits_grow_up_to_max_backoff() {
        let config = RetryConfig::default()
            .max_attempts(100)
            .initial_backoff(Duration::from_millis(100))
            .max_backoff(Duration::from_secs(1));
        let mut attempts = Attempts::new(&config);
        let mut longest = Duration::ZERO;
        for attempt in 1..100 {
            let wait = attempts.wait_after(&status(503)).unwrap();
            let ceiling = Duration::from_millis(100 << (attempt - 1).min(10)).min(Duration::from_secs(1));
            assert!(wait <= ceiling, "attempt {attempt}: {wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest > Duration::from_millis(500), "full jitter reaches the upper half: {longest:?}");
    }

    #[test]
    fn retry_after_is_obeyed_up_to_max_retry_after() {
        let asked = |seconds: u64| status_with(503, HeaderMap::from_iter([(RETRY_AFTER, seconds.into())]));
        let config = RetryConfig::default().max_retry_after(Duration::from_secs(10));
        assert_eq!(Attempts::new(&config).wait_after(&asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(Attempts::new(&config).wait_after(&asked(11)), None);
    }

    #[test]
    fn attempts_end_at_the_maximum_and_continue_after_a_reset() {
        let config = RetryConfig::default();
        let mut attempts = Attempts::new(&config);
        assert!(attempts.wait_after(&status(503)).is_some());
        assert!(attempts.wait_after(&status(503)).is_some());
        assert!(attempts.wait_after(&status(503)).is_none());
        assert!(attempts.wait_after(&status(503)).is_none());
        attempts.reset();
        assert!(attempts.wait_after(&status(503)).is_some());
        assert!(Attempts::new(&RetryConfig::disabled()).wait_after(&status(503)).is_none());
    }
}
