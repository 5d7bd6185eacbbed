//! The retry policy: which failures are retried, how often and after which wait.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// Settings for retries: a maximum number of attempts, and exponential backoff with full jitter between them.
///
/// Before attempt *n* + 1 the client waits a random time between 0 and `initial_backoff` × 2ⁿ⁻¹, at most `max_backoff`. If
/// the server sends `Retry-After`, the client waits at least that long.
///
/// A request is sent again if all three hold:
///
/// - The error is transient: no connection came about, a timeout passed, the connection broke, or the status is 429 or 5xx
///   (except 501 and 505).
/// - The operation is idempotent. Others, such as `InitiateMultipartUpload`, are sent again only if the server cannot have
///   executed them: the connection failed, or the status is 429.
/// - The body is rewindable (see [`Body`](crate::Body)).
///
/// Uploads and downloads of whole objects follow the same policy. One count covers everything that is sent for a part, a
/// range or the completion of an upload: also a part whose MD5 the server refused, a completion of which the server
/// says that it did not happen, and the rest of a range whose transfer broke. A range starts to count anew whenever it has
/// got further than before.
///
/// Every attempt has its own date and signature. Two things are outside of the count: the first request that is refused
/// because this machine's clock is off is sent again with the server's time, and an upload sends `HeadObject` for its key
/// before and after the completion.
///
/// ```
/// use std::time::Duration;
/// use qingstor_sdk::{Config, RetryConfig};
///
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
///     .retry(RetryConfig::default().max_attempts(5).max_backoff(Duration::from_secs(5)));
/// let once = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").retry(RetryConfig::disabled());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryConfig {
    /// Creates settings with which every request is sent once.
    pub fn disabled() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of times that a request is sent, the first one included. Default 3; 0 counts as 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum wait before the second attempt. Default 200 ms.
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets the maximum wait before any attempt. Default 20 s.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Sets the maximum `Retry-After` that the client waits for. Default 60 s.
    ///
    /// If a server asks for more, the error is returned at once, because an earlier attempt would be refused again.
    pub fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    fn backoff(&self, failed: u32) -> Duration {
        let doubled = 2u32.saturating_pow(failed.saturating_sub(1));
        let ceiling = self.initial_backoff.saturating_mul(doubled).min(self.max_backoff);
        ceiling.mul_f64(random_fraction())
    }
}

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
        let backoff = self.policy.backoff(self.failed);
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
