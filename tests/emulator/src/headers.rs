//! Values of headers.

use std::fmt::Write as _;

use http::header::IntoHeaderName;
use http::{HeaderMap, HeaderValue};

/// Formats bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Adds the quotes of an ETag, unless it has them.
pub(crate) fn quoted(etag: &str) -> String {
    format!("\"{}\"", unquoted(etag))
}

/// Removes the quotes of an ETag, if it has them.
pub(crate) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}

/// Sets a header to a text. Does nothing if the text has control characters, which are invalid in headers.
pub(crate) fn set_header(headers: &mut HeaderMap, name: impl IntoHeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}
