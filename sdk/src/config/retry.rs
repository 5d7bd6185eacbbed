//! Settings for retries.

use std::time::Duration;

/// Settings for retries: a maximum number of attempts, and exponential backoff with full jitter between them.
///
/// Before attempt *n* + 1, the client waits for a random time between 0 and `initial_backoff` × 2ⁿ⁻¹, but at most
/// `max_backoff`. If the server sends `Retry-After`, the client waits at least that long.
///
/// The client retries a request if all of these conditions are met:
///
/// - The error is transient: the client could not connect (unless the server's certificate is not accepted, or the
///   proxy asks for authentication), a time limit passed, the connection broke, or the status is 408, 425, 429 or 5xx
///   (except 501 and 505).
/// - The operation is idempotent. Others, such as `InitiateMultipartUpload`, are retried only if the server cannot have
///   executed them: no connection took the request, or the status is 425 or 429.
/// - The body is rewindable (see [`Body`](crate::Body)).
///
/// Uploads and downloads of whole objects follow the same policy. `max_attempts` then limits all requests for one part,
/// one range or the completion of an upload together. This includes retries of a part after the server found a wrong
/// MD5, of a completion that the server did not execute, and of the rest of a range after the connection broke. The
/// count of a range is reset after each request that received further bytes.
///
/// The body of `get_object` continues within the same limits after its connection broke; see
/// [`resume_bodies`](Self::resume_bodies).
///
/// If the connection broke while the client was sending, the server may have refused the request early. The next
/// attempt then sends at most 8 KiB of the body and waits up to 1 s for a response before it sends the rest.
///
/// Every attempt has its own date and signature. If the server refuses a request because the local clock is wrong, the
/// client sends it once more with the server's time, in addition to `max_attempts`. The requests with which an upload
/// looks for its object before and after the completion do not count as attempts of the completion.
///
/// ```
/// use std::time::Duration;
/// use qingstor_sdk::{Config, RetryConfig};
///
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
///     .retry(RetryConfig::default().max_attempts(5).max_backoff(Duration::from_secs(5)));
/// let without_retries = Config::anonymous().retry(RetryConfig::disabled());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    pub(crate) max_attempts: u32,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) max_retry_after: Duration,
    pub(crate) resume_bodies: bool,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
            resume_bodies: true,
        }
    }
}

impl RetryConfig {
    /// Creates settings without retries. Every request is sent once, and bodies of responses are not resumed.
    pub fn disabled() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts at a request, including the first. Default 3; 0 is treated as 1.
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
    /// If the server asks for a longer wait, the call fails immediately, because the server would refuse an earlier
    /// attempt. A value that cannot be read counts as a longer wait.
    pub fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// Sets if the body of `get_object` continues after its connection broke or stalled. Default `true`.
    ///
    /// The client then requests the rest of the object with `Range` and `If-Match`, and the body continues with the bytes
    /// of that response. This needs a strong ETag and a known length. The attempts without further bytes are limited by
    /// [`max_attempts`](Self::max_attempts); after each request that returned further bytes they are counted anew.
    pub fn resume_bodies(mut self, is_enabled: bool) -> Self {
        self.resume_bodies = is_enabled;
        self
    }

    /// Returns true if bodies of responses can be resumed.
    pub(crate) fn can_resume(&self) -> bool {
        self.resume_bodies && self.max_attempts > 1
    }
}
