//! Error responses of the server.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::Timestamp;
use crate::value::{ServerText, Tolerance, decode_document, escape, snippet};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-qs-request-id");

/// The parts of a response that an error contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) status: StatusCode,
    pub(crate) code: Option<ServerText>,
    pub(crate) message: Option<ServerText>,
    pub(crate) request_id: Option<ServerText>,
    pub(crate) url: Option<ServerText>,
    /// Target of a redirect. The client does not follow it, because a redirect means that the zone is wrong.
    pub(crate) location: Option<ServerText>,
    /// Wait that the server asks for with `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// Time of the server's clock.
    pub(crate) date: Option<Timestamp>,
}

/// The JSON document of an error.
#[derive(Deserialize)]
struct JsonError {
    code: Option<ServerText>,
    message: Option<ServerText>,
    request_id: Option<ServerText>,
    url: Option<ServerText>,
}

impl ServiceError {
    pub(crate) fn of_headers(status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned().into());
        Self {
            status,
            code: None,
            message: None,
            request_id: text(REQUEST_ID.as_str()),
            url: None,
            location: text(header::LOCATION.as_str()),
            retry_after: retry_after(headers),
            date: server_time(headers),
        }
    }

    /// Reads an error response: the JSON document of QingStor, a page of a proxy, which the message quotes, or an empty
    /// body.
    pub(crate) fn parse(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut error = Self::of_headers(status, headers);
        match decode_document::<JsonError>(body, Tolerance::Optional) {
            Ok((json, _)) => {
                error.code = json.code.and_then(ServerText::not_empty);
                error.message = json.message.and_then(ServerText::not_empty);
                error.request_id = error.request_id.or(json.request_id);
                error.url = json.url.and_then(ServerText::not_empty);
            }
            Err(_) if body.is_empty() => {}
            Err(_) => {
                let kind =
                    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("unknown type");
                let (kind, start) = (escape(kind), snippet(body));
                let message = format!("the response is not an error document of QingStor but {kind}: {start}");
                error.message = Some(message.into());
            }
        }
        error
    }
}

/// Returns the wait that `Retry-After` asks for, in seconds or until a date.
///
/// A value that cannot be read, such as a number with too many digits, is the longest possible wait: the server has
/// asked for a pause, and the client must not assume a short one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let seconds = seconds.or_else(|| {
        let at = http_date(value)?;
        // If both dates come from the server, the local clock does not matter.
        let now = headers.get(header::DATE).and_then(http_date).unwrap_or_else(|| SystemTime::now().into());
        Some(u64::try_from(at.as_unix() - now.as_unix()).unwrap_or(0))
    });
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

/// Returns the time of the server's clock from the `Date` header.
///
/// A cache that sends a stored response adds `Age`. The date of such a response has passed.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    headers.get(header::DATE).filter(|_| !headers.contains_key(header::AGE)).and_then(http_date)
}

fn http_date(value: &HeaderValue) -> Option<Timestamp> {
    Timestamp::parse_http_date(value.to_str().ok()?).ok()
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server returned {}", self.status.as_u16())?;
        match (&self.code, self.status.canonical_reason()) {
            (Some(code), _) => write!(f, " {code}")?,
            (None, Some(reason)) => write!(f, " {reason}")?,
            (None, None) => {}
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if self.status.is_redirection()
            && let Some(location) = &self.location
        {
            write!(f, ": the bucket is at {location}; check the zone of the bucket")?;
        }
        if self.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            write!(f, "; the proxy asks for authentication: put user and password into its URL")?;
        }
        match (&self.request_id, &self.url) {
            (Some(id), Some(url)) => write!(f, " (request id {id}, see {url})"),
            (Some(id), None) => write!(f, " (request id {id})"),
            (None, Some(url)) => write!(f, " (see {url})"),
            (None, None) => Ok(()),
        }
    }
}
