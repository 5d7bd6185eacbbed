//! The access log: a line of JSON for each request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Once;

use http::header::RANGE;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Serialize;

/// Text that replaces the value of a secret query parameter.
const REDACTED: &str = "REDACTED";
/// Query parameters that authenticate a presigned request.
const SECRETS: [&str; 2] = ["signature", "access_key_id"];

/// The file of an access log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    file: File,
    /// Limits reports of write errors to one.
    failed: Once,
}

/// The log entry of a request.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Entry {
    /// When the head of the request arrived. Uses the machine's clock, so that the log can be compared with other logs.
    time: String,
    method: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    pub(crate) operation: Option<&'static str>,
    /// Status of the response. `None` until its head has been sent.
    pub(crate) status: Option<u16>,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
}

impl Entry {
    pub(crate) fn new(parts: &http::request::Parts, request_id: &str) -> Self {
        Self {
            time: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            method: parts.method.to_string(),
            target: redacted(&parts.uri.to_string()),
            range: parts.headers.get(RANGE).map(|range| String::from_utf8_lossy(range.as_bytes()).into_owned()),
            request_id: request_id.to_owned(),
            ..Self::default()
        }
    }
}

impl AccessLog {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file, failed: Once::new() })
    }

    /// Writes an entry with one system call, so that lines of several emulators with the same log do not mix.
    pub(crate) fn write(&self, entry: &Entry) {
        let line = serde_json::to_vec(entry).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            (&self.file).write_all(&line)
        });
        if let Err(error) = line {
            self.failed.call_once(|| eprintln!("error: cannot write the access log: {error}"));
        }
    }
}

/// Replaces the values of secret query parameters.
fn redacted(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let parameters: Vec<_> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            // The name may be percent-encoded.
            Some((name, _)) if SECRETS.iter().any(|secret| percent_decode_str(name).eq(secret.bytes())) => {
                format!("{name}={REDACTED}")
            }
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{path}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacts_credentials_in_the_target() {
        for (target, expected) in [
            ("/b/k", "/b/k"),
            ("/b/k?acl", "/b/k?acl"),
            (
                "/b?x=1&signature=s%2B&expires=3&access_key_id=A",
                "/b?x=1&signature=REDACTED&expires=3&access_key_id=REDACTED",
            ),
            ("/b?%73ignature=s=", "/b?%73ignature=REDACTED"),
            ("/b?signature", "/b?signature"),
            ("/b?a?signature=s&signature=", "/b?a?signature=s&signature=REDACTED"),
        ] {
            assert_eq!(redacted(target), expected);
        }
    }
}
