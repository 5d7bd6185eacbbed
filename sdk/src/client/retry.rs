//! The retry policy: which failures are retried, how often and after which wait.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::StatusCode;

use crate::config::RetryConfig;
use crate::error::{Error, ErrorKind};

/// The attempts at one request, part, range or completion.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    policy: &'a RetryConfig,
    failed: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a RetryConfig) -> Self {
        Self { policy, failed: 0 }
    }

    /// Counts a failed attempt, and returns the wait before the next one or `None` if there must be no other.
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

    /// Counts a failed attempt and waits before the next one. Returns the error if there must be no other.
    pub(crate) async fn pause(&mut self, error: Error) -> Result<(), Error> {
        let Some(wait) = self.wait_after(&error) else { return Err(error) };
        tracing::debug!(%error, failed = self.failed, wait_ms = wait.as_millis(), "retrying");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Starts to count anew, because the last attempt got further than those before.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }
}

/// Returns true if the request may be sent again after `error`: the failure can pass, and the request can do no harm.
pub(crate) fn is_transient(error: &Error, is_idempotent: bool) -> bool {
    match error.kind() {
        ErrorKind::Connect => true,
        ErrorKind::Timeout | ErrorKind::Connection => is_idempotent || error.is_unsent(),
        ErrorKind::Service => match error.status() {
            Some(StatusCode::TOO_MANY_REQUESTS) => true,
            // A server that answers 501 or 505 lacks the feature.
            Some(status) => is_idempotent && status.is_server_error() && !matches!(status.as_u16(), 501 | 505),
            None => false,
        },
        _ => false,
    }
}

/// Returns a random wait before the attempt after `failed` attempts.
fn backoff(policy: &RetryConfig, failed: u32) -> Duration {
    let doubled = 2u32.saturating_pow(failed.saturating_sub(1));
    let ceiling = policy.initial_backoff.saturating_mul(doubled).min(policy.max_backoff);
    ceiling.mul_f64(random_fraction())
}

/// Returns a number in 0..1. The seed of hash maps is random enough to spread clients in time.
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
        for code in [429, 500, 502, 503, 504, 520] {
            assert!(is_transient(&status(code), true), "{code}");
        }
        for code in [301, 400, 401, 403, 404, 409, 412, 416, 501, 505] {
            assert!(!is_transient(&status(code), true), "{code}");
        }
        for kind in [ErrorKind::Connect, ErrorKind::Timeout, ErrorKind::Connection] {
            assert!(is_transient(&Error::new(kind, ""), true), "{kind:?}");
        }
        for kind in [ErrorKind::Body, ErrorKind::InvalidInput, ErrorKind::UnexpectedResponse] {
            assert!(!is_transient(&Error::new(kind, ""), true), "{kind:?}");
        }
    }

    #[test]
    fn other_operations_are_retried_if_the_server_cannot_have_executed_them() {
        assert!(is_transient(&status(429), false));
        assert!(is_transient(&Error::new(ErrorKind::Connect, ""), false));
        assert!(is_transient(&Error::new(ErrorKind::Timeout, "").unsent(), false));
        assert!(!is_transient(&status(500), false));
        assert!(!is_transient(&status(503), false));
        assert!(!is_transient(&Error::new(ErrorKind::Timeout, ""), false));
        assert!(!is_transient(&Error::new(ErrorKind::Connection, ""), false));
    }

    #[test]
    fn waits_grow_within_their_bounds() {
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
    fn retry_after_is_waited_for_up_to_the_bound() {
        let asked = |seconds: u64| status_with(503, HeaderMap::from_iter([(RETRY_AFTER, seconds.into())]));
        let config = RetryConfig::default().max_retry_after(Duration::from_secs(10));
        assert_eq!(Attempts::new(&config).wait_after(&asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(Attempts::new(&config).wait_after(&asked(11)), None);
    }

    #[test]
    fn attempts_end_unless_they_get_further() {
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
