//! When a failed attempt is followed by another, and how long after.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// How failures that may pass are retried: exponential backoff with full jitter.
///
/// Before attempt *n* + 1 the SDK waits a random time between 0 and `initial_backoff` × 2ⁿ⁻¹, at most `max_backoff`.
///
/// Retried are failures to connect, timeouts, broken connections and the statuses 429 and 5xx but 501 and 505, and only
/// if the body can be sent again (see [`Body`](crate::Body)) and the operation may be repeated: a request that creates
/// something anew each time, such as `InitiateMultipartUpload`, is sent again only if it cannot have had an effect
/// (no connection, or 429). Every attempt has its own date and signature. One attempt that was refused because this
/// machine's clock is off is made good without counting.
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
    /// Every request is sent once.
    pub fn disabled() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a request is sent at most, the first time included. Default 3; 0 is taken as 1.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest wait before the second attempt. Default 200 ms.
    pub fn initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// The longest wait before any attempt. Default 20 s.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// The longest `Retry-After` that is waited for. Default 60 s. A server that asks for more gets no further attempt,
    /// since an earlier one would be refused again: the error is returned at once.
    pub fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// How long to wait before the attempt after `attempt`; `None` if there is to be none.
    pub(crate) fn wait_after(&self, attempt: u32, failure: &Failure) -> Option<Duration> {
        if attempt >= self.max_attempts || !failure.may_pass() {
            return None;
        }
        match failure.retry_after {
            Some(asked) if asked > self.max_retry_after => None,
            Some(asked) => Some(asked.max(self.backoff(attempt))),
            None => Some(self.backoff(attempt)),
        }
    }

    pub(crate) fn most_attempts(&self) -> u32 {
        self.max_attempts
    }

    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        let ceiling = self.initial_backoff.saturating_mul(doubled).min(self.max_backoff);
        ceiling.mul_f64(random_fraction())
    }
}

/// One failed attempt, as far as the decision to go on needs it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the body can be sent again.
    pub(crate) replayable: bool,
    /// Whether the operation does no more when it is done twice.
    pub(crate) repeatable: bool,
}

impl Failure {
    fn may_pass(&self) -> bool {
        if !self.replayable {
            return false;
        }
        match self.error.kind() {
            ErrorKind::Connect => true,
            ErrorKind::Timeout | ErrorKind::Connection => self.repeatable || self.error.is_unsent(),
            ErrorKind::Service => match self.error.status() {
                Some(StatusCode::TOO_MANY_REQUESTS) => true,
                // 501 and 505 will not pass: the server cannot do it.
                Some(status) => self.repeatable && status.is_server_error() && !matches!(status.as_u16(), 501 | 505),
                None => false,
            },
            _ => false,
        }
    }
}

/// In 0..1. Spreading clients in time needs no better randomness than the one that seeds hash maps.
fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(0u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServiceError;

    fn failure(error: Error) -> Failure {
        Failure { error, retry_after: None, replayable: true, repeatable: true }
    }

    fn status(code: u16) -> Error {
        let status = StatusCode::from_u16(code).unwrap();
        Error::from_service(ServiceError::of_headers(status, &http::HeaderMap::new()))
    }

    fn retried(failure: &Failure) -> bool {
        RetryConfig::default().wait_after(1, failure).is_some()
    }

    #[test]
    fn what_may_pass_is_retried_and_what_will_not_is_not() {
        for code in [429, 500, 502, 503, 504, 520] {
            assert!(retried(&failure(status(code))), "{code}");
        }
        for code in [301, 400, 401, 403, 404, 409, 412, 416, 501, 505] {
            assert!(!retried(&failure(status(code))), "{code}");
        }
        for kind in [ErrorKind::Connect, ErrorKind::Timeout, ErrorKind::Connection] {
            assert!(retried(&failure(Error::new(kind, ""))), "{kind:?}");
        }
        for kind in [ErrorKind::Body, ErrorKind::InvalidInput, ErrorKind::UnexpectedResponse] {
            assert!(!retried(&failure(Error::new(kind, ""))), "{kind:?}");
        }
    }

    #[test]
    fn an_unrepeatable_operation_is_retried_only_if_it_had_no_effect() {
        let unrepeatable = |error| Failure { repeatable: false, ..failure(error) };
        assert!(retried(&unrepeatable(status(429))));
        assert!(retried(&unrepeatable(Error::new(ErrorKind::Connect, ""))));
        assert!(retried(&unrepeatable(Error::new(ErrorKind::Timeout, "").unsent())));
        assert!(!retried(&unrepeatable(status(500))));
        assert!(!retried(&unrepeatable(status(503))));
        assert!(!retried(&unrepeatable(Error::new(ErrorKind::Timeout, ""))));
        assert!(!retried(&unrepeatable(Error::new(ErrorKind::Connection, ""))));
    }

    #[test]
    fn a_body_that_is_gone_is_never_sent_again() {
        let gone = Failure { replayable: false, ..failure(status(503)) };
        assert!(!retried(&gone));
    }

    #[test]
    fn waits_grow_within_their_bounds() {
        let config = RetryConfig::default()
            .max_attempts(100)
            .initial_backoff(Duration::from_millis(100))
            .max_backoff(Duration::from_secs(1));
        let mut longest = Duration::ZERO;
        for attempt in 1..100 {
            let wait = config.wait_after(attempt, &failure(status(503))).unwrap();
            let ceiling = Duration::from_millis(100 << (attempt - 1).min(10)).min(Duration::from_secs(1));
            assert!(wait <= ceiling, "attempt {attempt}: {wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest > Duration::from_millis(500), "full jitter reaches the upper half: {longest:?}");
    }

    #[test]
    fn retry_after_is_waited_for_up_to_the_bound() {
        let asked = |seconds| Failure { retry_after: Some(Duration::from_secs(seconds)), ..failure(status(503)) };
        let config = RetryConfig::default().max_retry_after(Duration::from_secs(10));
        assert_eq!(config.wait_after(1, &asked(7)), Some(Duration::from_secs(7)));
        assert_eq!(config.wait_after(1, &asked(11)), None);
    }

    #[test]
    fn attempts_end() {
        let config = RetryConfig::default();
        assert!(config.wait_after(2, &failure(status(503))).is_some());
        assert!(config.wait_after(3, &failure(status(503))).is_none());
        assert!(RetryConfig::disabled().wait_after(1, &failure(status(503))).is_none());
    }
}
