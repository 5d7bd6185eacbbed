//! Signatures for requests that this crate has no operation for.
//!
//! Operations and [`Bucket::presign`](crate::Bucket::presign) sign their requests themselves. This module is for
//! requests that an application sends with another HTTP client.
//!
//! A signature covers the method, the headers `Content-MD5`, `Content-Type`, `Date` and `x-qs-…`, the path of the
//! request line, and the query parameters that name a sub-resource. It does not cover other headers, the host or the
//! body.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, Method, header};
//! use qingstor_sdk::{Credentials, Secret, sign};
//!
//! let secret = Secret::from("SECRET_ACCESS_KEY");
//! let mut headers = HeaderMap::new();
//! headers.insert(header::DATE, HeaderValue::from_static("Wed, 10 Dec 2014 17:20:31 GMT"));
//!
//! // GET https://pek3b.qingstor.com/your-bucket?acl
//! let resource = sign::canonical_resource(None, "/your-bucket", Some("acl"));
//! let string_to_sign = sign::string_to_sign(&Method::GET, &headers, &resource);
//! assert_eq!(string_to_sign, "GET\n\n\nWed, 10 Dec 2014 17:20:31 GMT\n/your-bucket?acl");
//!
//! let signature = sign::signature(&secret, &string_to_sign);
//! let credentials = Credentials::new("ACCESS_KEY_ID", secret);
//! let authorization = sign::authorization(&credentials, &signature);
//! assert!(authorization.starts_with("QS ACCESS_KEY_ID:"));
//! ```
//!
//! A form is signed through its policy: Base64 of a JSON object with all fields of the form except `file`,
//! `access_key_id`, `policy` and `signature`. An application can give the last three of these fields to a browser
//! without revealing the secret access key:
//!
//! ```
//! use base64::Engine;
//! use base64::engine::general_purpose::STANDARD;
//! use qingstor_sdk::operations::PostObjectInput;
//! use qingstor_sdk::{Secret, sign};
//!
//! let policy = STANDARD.encode(r#"{"key":"photo.jpg","Content-Type":"image/jpeg"}"#);
//! let signature = sign::signature(&Secret::from("SECRET_ACCESS_KEY"), &policy);
//!
//! // A program without the secret access key can send the same form:
//! let form = PostObjectInput::new("photo.jpg", "content")
//!     .content_type("image/jpeg")
//!     .access_key_id("ACCESS_KEY_ID")
//!     .policy(policy)
//!     .signature(signature);
//! ```

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, Method, header};

use crate::config::{Credentials, SigningKey};
use crate::value::{self, Secret};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const X_QS_DATE: HeaderName = HeaderName::from_static("x-qs-date");
const SIGNED_HEADER_PREFIX: &str = "x-qs-";
/// Suffix of the headers with the encryption key of an object or of the source of a copy.
const ENCRYPTION_KEY_SUFFIX: &[u8] = b"-encryption-customer-key";

/// Query parameters that are signed, because they name a sub-resource. Others, such as `limit`, are not signed.
const SUB_RESOURCES: &[&str] = &[
    "acl",
    "append",
    "cname",
    "cors",
    "delete",
    "image",
    "lifecycle",
    "logging",
    "mirror",
    "notification",
    "part_number",
    "policy",
    "position",
    "replication",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "stats",
    "upload_id",
    "uploads",
    "version_id",
    "versioning",
    "versions",
];

/// The bytes over which a signature is computed. They may contain header values that are not UTF-8.
///
/// They do not contain the secret access key. If the request has a customer encryption key, they contain it: `Debug`
/// redacts it, but [`as_bytes`](StringToSign::as_bytes) does not.
#[derive(Clone, PartialEq, Eq)]
pub struct StringToSign(Vec<u8>);

impl StringToSign {
    /// Joins the lines. `date` is the content of the line for the date.
    fn new(method: &Method, headers: &HeaderMap, date: &[u8], resource: &[u8]) -> Self {
        let mut text = Vec::with_capacity(256);
        for line in [
            method.as_str().as_bytes(),
            signed_value(headers, &CONTENT_MD5),
            signed_value(headers, &header::CONTENT_TYPE),
            date,
        ] {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        // The names in a `HeaderMap` are in lower case, as the signature requires.
        let mut names: Vec<&HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with(SIGNED_HEADER_PREFIX)).collect();
        names.sort_unstable_by_key(|name| name.as_str());
        for name in names {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b':');
            text.extend_from_slice(signed_value(headers, name));
            text.push(b'\n');
        }
        text.extend_from_slice(resource);
        Self(text)
    }

    /// Returns the bytes to sign.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for StringToSign {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<&str> for StringToSign {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Debug for StringToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<Cow<'_, str>> = self
            .0
            .split(|&byte| byte == b'\n')
            .map(|line| match line.iter().position(|&byte| byte == b':') {
                Some(colon) if line[..colon].ends_with(ENCRYPTION_KEY_SUFFIX) => {
                    String::from_utf8_lossy(&line[..colon]) + ":<redacted>"
                }
                _ => String::from_utf8_lossy(line),
            })
            .collect();
        write!(f, "{:?}", shown.join("\n"))
    }
}

/// Returns the bytes to sign for an `Authorization` header.
///
/// `headers` are the headers that will be sent, and `resource` is the result of [`canonical_resource`]. If `headers`
/// contains `x-qs-date`, the `Date` header is not signed. White space around a value is not signed. If a header occurs
/// more than once, the first value is signed, which the server may not accept.
pub fn string_to_sign(method: &Method, headers: &HeaderMap, resource: impl AsRef<[u8]>) -> StringToSign {
    let date = if headers.contains_key(&X_QS_DATE) { b"" } else { signed_value(headers, &header::DATE) };
    StringToSign::new(method, headers, date, resource.as_ref())
}

/// Returns the bytes to sign for the `signature` parameter of a URL.
///
/// They are those of [`string_to_sign`] with the time at which the URL expires, in seconds since the Unix epoch, in
/// place of the date. A request with the URL must have exactly the `Content-MD5`, `Content-Type` and `x-qs-…` headers
/// in `headers`; a browser sends none of them. Add the percent-encoded parameters `access_key_id`, `expires` and
/// `signature` to the URL. They are not part of the resource.
pub fn string_to_sign_query(
    method: &Method,
    headers: &HeaderMap,
    expires_unix: i64,
    resource: impl AsRef<[u8]>,
) -> StringToSign {
    let expires = expires_unix.to_string();
    StringToSign::new(method, headers, expires.as_bytes(), resource.as_ref())
}

/// Returns the resource of a request in the form that is signed.
///
/// - `virtual_host_bucket` is the bucket if it is part of the host, and `None` otherwise.
/// - `raw_path` and `raw_query` are percent-encoded, as on the request line.
///
/// The path is signed in its encoded form. Of the query, only the parameters that name a sub-resource are signed,
/// sorted and with decoded values, so the result may not be UTF-8. A parameter must not occur twice.
///
/// ```
/// use qingstor_sdk::sign::canonical_resource;
///
/// let resource = canonical_resource(None, "/bucket/a%20b", Some("uploads=&limit=5"));
/// assert_eq!(resource, b"/bucket/a%20b?uploads");
/// assert_eq!(canonical_resource(Some("bucket"), "/", None), b"/bucket/");
/// ```
pub fn canonical_resource(virtual_host_bucket: Option<&str>, raw_path: &str, raw_query: Option<&str>) -> Vec<u8> {
    canonical_resource_with(&[], virtual_host_bucket, raw_path, raw_query)
}

/// Returns the [`canonical_resource`] of an operation with additional sub-resources.
pub(crate) fn canonical_resource_with(
    sub_resources: &[&str],
    virtual_host_bucket: Option<&str>,
    raw_path: &str,
    raw_query: Option<&str>,
) -> Vec<u8> {
    let mut resource = Vec::with_capacity(raw_path.len() + 64);
    if let Some(bucket) = virtual_host_bucket {
        resource.push(b'/');
        resource.extend_from_slice(bucket.as_bytes());
    }
    // HTTP clients send "/" for an empty path.
    let raw_path = if raw_path.is_empty() { "/" } else { raw_path };
    resource.extend_from_slice(raw_path.as_bytes());

    let mut parameters: Vec<(Vec<u8>, Vec<u8>)> = raw_query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(key, value)| (decode_form(key), decode_form(value)))
        .filter(|(key, _)| SUB_RESOURCES.iter().chain(sub_resources).any(|known| known.as_bytes() == key))
        .collect();
    parameters.sort();
    for (index, (key, value)) in parameters.iter().enumerate() {
        resource.push(if index == 0 { b'?' } else { b'&' });
        resource.extend_from_slice(key);
        if !value.is_empty() {
            resource.push(b'=');
            resource.extend_from_slice(value);
        }
    }
    resource
}

/// Returns the signature of `string_to_sign`: an HMAC-SHA256 in Base64 with padding.
///
/// It must be percent-encoded if it is part of a URL.
pub fn signature(secret_access_key: &Secret, string_to_sign: impl AsRef<[u8]>) -> String {
    SigningKey::new(secret_access_key).sign(string_to_sign.as_ref())
}

/// Returns the value of the `Authorization` header for a `signature`.
pub fn authorization(credentials: &Credentials, signature: &str) -> String {
    ["QS ", credentials.access_key_id(), ":", signature].concat()
}

/// Returns the value of a header as it is signed: the first value without white space around it, or nothing.
fn signed_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    headers.get(name).map_or(b"", |value| value.as_bytes().trim_ascii())
}

/// Decodes a query parameter. A `+` is decoded to a space, as the server does.
fn decode_form(text: &str) -> Vec<u8> {
    value::decode(&text.replace('+', " ")).into_owned()
}

#[cfg(test)]
mod tests;
