//! The error type of all calls.

mod service;
mod upload_state;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

pub(crate) use service::{REQUEST_ID, ServiceError, server_time};
use upload_state::FailedUpload;
pub use upload_state::UploadState;

use crate::Timestamp;
use crate::value::ServerText;

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of a call or a transfer.
///
/// The [`Display`](fmt::Display) text is for people: it names the operation, the bucket, the key and the cause, with
/// the server's error code, message and request id. Programs use [`kind`](Error::kind), [`code`](Error::code),
/// [`status`](Error::status) or one of the `is_…` methods. An error never contains a secret.
///
/// `Display` and `Debug` escape control characters in texts of the server, and cut each text to 500 characters. Methods
/// such as `code` return the texts as the server sent them, so escape them before you print them.
///
/// ```
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::operations::HeadObjectInput;
///
/// match bucket.head_object("backups/db.tar", HeadObjectInput::new()).await {
///     Ok(object) => println!("{:?} bytes", object.content_length),
///     Err(error) if error.is_not_found() => println!("not there yet"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    call: Option<CallName>,
    service: Option<ServiceError>,
    attempts: u32,
    /// True if the server cannot have received the request.
    is_unsent: bool,
    /// True if every other attempt would fail for the same reason.
    is_lasting: bool,
    upload: Option<FailedUpload>,
    source: Option<BoxError>,
}

/// The operation, bucket and key of a call, as errors name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallName {
    pub(crate) operation: &'static str,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is invalid. The request was not sent.
    Config,
    /// An input is missing or violates a limit. The request was not sent.
    InvalidInput,
    /// No connection to the server could be established, for example because its certificate is not trusted. The
    /// request was not sent.
    Connect,
    /// A time limit of the [`Config`](crate::Config) passed: for connecting, for the time in which no byte moves, or
    /// for the response. The server may or may not have executed the request.
    Timeout,
    /// The connection broke. The server may or may not have executed the request.
    Connection,
    /// The body of the request could not be read, or its length differs from the announced one.
    Body,
    /// The server returned an error. See [`Error::status`] and [`Error::code`].
    Service,
    /// The response does not conform to the API specification.
    UnexpectedResponse,
    /// The caller cancelled a transfer.
    Cancelled,
}

impl Error {
    /// Returns the kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns QingStor's error code, such as `object_not_exists`, if the server sent one.
    ///
    /// It is `None` if the response has no body, as for every `HEAD` request, or if a proxy sent it.
    /// All codes: <https://docs.qingcloud.com/qingstor/api/common/error_code.html>
    pub fn code(&self) -> Option<&str> {
        self.0.service.as_ref().and_then(|service| service.code.as_ref()).map(ServerText::as_str)
    }

    /// Returns the message that the server sent, without the context that [`Display`](fmt::Display) adds.
    pub fn server_message(&self) -> Option<&str> {
        self.0.service.as_ref().and_then(|service| service.message.as_ref()).map(ServerText::as_str)
    }

    /// Returns the HTTP status, if the server responded.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.service.as_ref().map(|service| service.status)
    }

    /// Returns the id that the server gave the request. The support of QingCloud asks for it.
    pub fn request_id(&self) -> Option<&str> {
        self.0.service.as_ref().and_then(|service| service.request_id.as_ref()).map(ServerText::as_str)
    }

    /// Returns the URL of the documentation that the server sent with the error.
    pub fn reference_url(&self) -> Option<&str> {
        self.0.service.as_ref().and_then(|service| service.url.as_ref()).map(ServerText::as_str)
    }

    /// Returns the operation that failed, such as `UploadMultipart`. If no operation of a transfer failed, but for
    /// example a file could not be read, it is `upload`, `download` or `copy`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.call.as_ref().map(|call| call.operation)
    }

    /// Returns the bucket that the call addressed.
    pub fn bucket(&self) -> Option<&str> {
        self.0.call.as_ref().and_then(|call| call.bucket.as_deref())
    }

    /// Returns the object key that the call addressed.
    pub fn key(&self) -> Option<&str> {
        self.0.call.as_ref().and_then(|call| call.key.as_deref())
    }

    /// Returns the number of times that the request was sent. Attempts without a connection to the server do not count.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns true if the bucket, object or upload does not exist (status 404, or a code that ends in `_not_exists`).
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND) || self.code().is_some_and(|code| code.ends_with("_not_exists"))
    }

    /// Returns true if a condition such as `If-Match` was not met (status 412).
    pub fn is_precondition_failed(&self) -> bool {
        self.status() == Some(StatusCode::PRECONDITION_FAILED)
    }

    /// Returns true if the object is unchanged according to `If-None-Match` or `If-Modified-Since` (status 304).
    ///
    /// ```
    /// # async fn run(bucket: qingstor_sdk::Bucket, etag: &str) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::operations::GetObjectInput;
    ///
    /// match bucket.get_object("prices.json", GetObjectInput::new().if_none_match(etag)).await {
    ///     Ok(object) => println!("{} new bytes", object.body.bytes().await?.len()),
    ///     Err(error) if error.is_not_modified() => println!("unchanged"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_not_modified(&self) -> bool {
        self.status() == Some(StatusCode::NOT_MODIFIED)
    }

    /// Returns true if the server refused the credentials or denied access (status 401 or 403).
    pub fn is_access_denied(&self) -> bool {
        matches!(self.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }

    /// Returns true if the server limited the rate of requests (status 429).
    pub fn is_throttled(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Returns true if a time limit passed ([`ErrorKind::Timeout`]).
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns true if no connection could be established ([`ErrorKind::Connect`]).
    pub fn is_connect(&self) -> bool {
        self.kind() == ErrorKind::Connect
    }

    /// Returns the wait that the server asked for with `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.service.as_ref().and_then(|service| service.retry_after)
    }

    /// Returns the time of the server's clock, if the response tells it.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        self.0.service.as_ref().and_then(|service| service.date)
    }

    pub(crate) fn is_unexpected_response(&self) -> bool {
        self.kind() == ErrorKind::UnexpectedResponse
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            call: None,
            service: None,
            attempts: 0,
            is_unsent: false,
            is_lasting: false,
            upload: None,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn unexpected_response(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnexpectedResponse, message)
    }

    /// Creates the error of a request that made no progress for `limit`.
    pub(crate) fn stalled(limit: Duration) -> Self {
        Self::new(ErrorKind::Timeout, format!("no byte moved for {} s", limit.as_secs_f64()))
    }

    pub(crate) fn from_service(service: ServiceError) -> Self {
        let mut error = Self::new(ErrorKind::Service, service.to_string());
        error.0.service = Some(service);
        error
    }

    /// Marks the error as one of a request that the server cannot have received.
    pub(crate) fn unsent(mut self) -> Self {
        self.0.is_unsent = true;
        self
    }

    pub(crate) fn is_unsent(&self) -> bool {
        self.0.is_unsent || matches!(self.kind(), ErrorKind::Config | ErrorKind::InvalidInput | ErrorKind::Connect)
    }

    /// Marks the error as one that every other attempt would have too.
    pub(crate) fn lasting(mut self) -> Self {
        self.0.is_lasting = true;
        self
    }

    pub(crate) fn is_lasting(&self) -> bool {
        self.0.is_lasting
    }

    /// Converts an error of the configuration into one of an input, because the value is an argument of the call.
    pub(crate) fn into_invalid_input(mut self) -> Self {
        self.0.kind = ErrorKind::InvalidInput;
        self.with_note("nothing was sent")
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds a fact that may explain the error.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.0.message.extend(["; ", note]);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_call(mut self, call: &CallName) -> Self {
        self.0.call = Some(call.clone());
        self
    }

    /// Adds the name of the transfer to an error that none of its requests caused, such as that of a file.
    pub(crate) fn in_transfer(self, transfer: &CallName) -> Self {
        if self.0.call.is_some() { self } else { self.with_call(transfer) }
    }

    /// Adds the status and the request id of a response that could not be decoded.
    pub(crate) fn with_response(mut self, service: ServiceError) -> Self {
        self.0.service = Some(service);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(call) = &inner.call {
            write!(f, "{}", call.operation)?;
            match (&call.bucket, &call.key) {
                (Some(bucket), Some(key)) => write!(f, " of key {key:?} in bucket {bucket:?}")?,
                (Some(bucket), None) => write!(f, " of bucket {bucket:?}")?,
                _ => {}
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", inner.message)?;
        // The innermost cause is the most specific: "connection refused", not "error sending request".
        if let Some(cause) =
            causes(self).last().map(ToString::to_string).filter(|cause| !inner.message.contains(cause.as_str()))
        {
            write!(f, ": {cause}")?;
        }
        if inner.kind == ErrorKind::UnexpectedResponse
            && let Some(service) = &inner.service
        {
            write!(f, " (status {}", service.status.as_u16())?;
            match &service.request_id {
                Some(id) => write!(f, ", request id {id})")?,
                None => write!(f, ")")?,
            }
        }
        if inner.attempts > 1 {
            write!(f, " (sent {} times)", inner.attempts)?;
        }
        match &inner.upload {
            Some(upload) => write!(f, "; {upload}"),
            None => Ok(()),
        }
    }
}

/// The error becomes the source of the [`std::io::Error`]. If a file, a writer or a stream of the application has failed, the
/// kind is that of its error, such as [`BrokenPipe`](std::io::ErrorKind::BrokenPipe).
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Kind;

        let kind = match error.kind() {
            _ if error.is_not_found() => Kind::NotFound,
            _ if error.is_access_denied() => Kind::PermissionDenied,
            ErrorKind::Config | ErrorKind::InvalidInput => Kind::InvalidInput,
            ErrorKind::Connect => Kind::NotConnected,
            ErrorKind::Connection => Kind::ConnectionReset,
            ErrorKind::Timeout => Kind::TimedOut,
            ErrorKind::UnexpectedResponse => Kind::InvalidData,
            ErrorKind::Body => {
                let failed = causes(&error).find_map(|cause| cause.downcast_ref::<Self>());
                failed.map_or(Kind::Other, Self::kind)
            }
            ErrorKind::Cancelled | ErrorKind::Service => Kind::Other,
        };
        // Many functions call again after these.
        let kind = if matches!(kind, Kind::Interrupted | Kind::WouldBlock) { Kind::Other } else { kind };
        Self::new(kind, error)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Returns the causes of an error, the innermost one last.
pub(crate) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

#[cfg(test)]
mod tests;
