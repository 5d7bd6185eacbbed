//! The string to sign of a request, and its signature.
//!
//! This module was written from the description of the protocol. It shares no code with the SDK, so that each can
//! verify the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header};
use sha2::Sha256;

use crate::query::Query;

/// Query parameters that the signature covers.
#[rustfmt::skip]
const SIGNED_PARAMETERS: &[&str] = &[
    "acl", "append", "cname", "cors", "delete", "image", "lifecycle", "logging", "mirror", "notification",
    "part_number", "policy", "position", "replication", "response-cache-control", "response-content-disposition",
    "response-content-encoding", "response-content-language", "response-content-type", "response-expires", "stats",
    "upload_id", "uploads", "version_id", "versioning", "versions",
];

/// Returns the string to sign of a request.
///
/// `raw_target` is path and query as on the request line. `host_bucket` is the bucket if the host names it
/// (`bucket.zone.example.com`), and `None` if the path does. `expires` is the expiry of a presigned URL, in seconds
/// since 1970.
///
/// ```
/// let mut headers = http::HeaderMap::new();
/// headers.insert("date", http::HeaderValue::from_static("Wed, 10 Dec 2014 17:20:31 GMT"));
/// let text = qingstor_emulator::signature::string_to_sign("GET", "/bucket/key?limit=1", None, &headers, None);
/// assert_eq!(text, "GET\n\n\nWed, 10 Dec 2014 17:20:31 GMT\n/bucket/key");
/// ```
pub fn string_to_sign(
    method: &str,
    raw_target: &str,
    host_bucket: Option<&str>,
    headers: &HeaderMap,
    expires: Option<u64>,
) -> String {
    let (path, query) = raw_target.split_once('?').unwrap_or((raw_target, ""));
    let path = if path.is_empty() { "/" } else { path };
    let expires = expires.map(|seconds| seconds.to_string());
    Signable { method, path, query: &Query::parse(query), host_bucket, headers, expires: expires.as_deref() }
        .compose(path, Values::Decoded)
}

/// Returns the signature of a string to sign: base64 of its HMAC-SHA256 with the secret access key.
pub fn sign(secret_access_key: &str, string_to_sign: &str) -> String {
    hmac(secret_access_key, string_to_sign).map(|mac| STANDARD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// Returns true if `signature` is the signature of `string_to_sign`. The comparison takes constant time.
pub(crate) fn verify(secret_access_key: &str, string_to_sign: &str, signature: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(signature) else {
        return false;
    };
    hmac(secret_access_key, string_to_sign).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
}

/// Returns the HMAC of a text. HMAC accepts keys of any length, so this is never `None`.
fn hmac(secret_access_key: &str, text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_access_key.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

#[derive(Clone, Copy, PartialEq, Eq)]
/// The form in which the values of query parameters are signed.
enum Values {
    Decoded,
    /// The official Python client signs values as it sends them.
    Encoded,
}

/// The parts of a request that are signed.
pub(crate) struct Signable<'a> {
    pub(crate) method: &'a str,
    /// The path as on the request line, without the query.
    pub(crate) path: &'a str,
    pub(crate) query: &'a Query,
    /// The bucket, if the host names it.
    pub(crate) host_bucket: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    /// The expiry of a presigned URL, in seconds since 1970.
    pub(crate) expires: Option<&'a str>,
}

impl Signable<'_> {
    /// Returns every string that a client may sign, the documented one first. Official clients differ in the slash
    /// after a bucket and in the encoding of parameter values.
    pub(crate) fn acceptable(&self, bucket_level: bool) -> Vec<String> {
        let toggled = match self.path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{}/", self.path),
        };
        let mut paths = vec![self.path];
        if bucket_level {
            paths.push(&toggled);
        }
        let mut texts: Vec<String> = Vec::new();
        for values in [Values::Decoded, Values::Encoded] {
            for path in &paths {
                let text = self.compose(path, values);
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        texts
    }

    /// Returns the string to sign.
    fn compose(&self, path: &str, values: Values) -> String {
        let date = match self.expires {
            Some(expires) => expires.to_owned(),
            // Browsers cannot set `Date`. They send `x-qs-date`, which is signed with the other `x-qs-` headers.
            None if self.headers.contains_key("x-qs-date") => String::new(),
            None => self.header(header::DATE.as_str()),
        };
        format!(
            "{}\n{}\n{}\n{}\n{}{}",
            self.method,
            self.header("content-md5"),
            self.header(header::CONTENT_TYPE.as_str()),
            date,
            self.canonical_headers(),
            self.canonical_resource(path, values),
        )
    }

    fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    fn canonical_headers(&self) -> String {
        let mut names: Vec<&str> =
            self.headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-qs-")).collect();
        names.sort_unstable();
        names.iter().map(|name| format!("{name}:{}\n", self.header(name).trim())).collect()
    }

    fn canonical_resource(&self, path: &str, values: Values) -> String {
        let mut resource = String::new();
        if let Some(bucket) = self.host_bucket {
            resource.push('/');
            resource.push_str(bucket);
        }
        resource.push_str(path);

        let mut signed: Vec<(&str, &str)> = self
            .query
            .parameters
            .iter()
            .filter(|parameter| SIGNED_PARAMETERS.contains(&parameter.name.as_str()))
            .map(|parameter| match values {
                Values::Decoded => (parameter.name.as_str(), parameter.value.as_str()),
                Values::Encoded => (parameter.name.as_str(), parameter.raw.as_str()),
            })
            .collect();
        signed.sort_unstable();
        for (index, (name, value)) in signed.iter().enumerate() {
            resource.push(if index == 0 { '?' } else { '&' });
            resource.push_str(name);
            if !value.is_empty() {
                resource.push('=');
                resource.push_str(value);
            }
        }
        resource
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
