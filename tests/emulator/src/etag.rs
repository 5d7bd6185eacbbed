//! Text forms of digests and ETags.

use std::fmt::Write as _;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn quoted(etag: &str) -> String {
    format!("\"{}\"", unquoted(etag))
}

pub(crate) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}
