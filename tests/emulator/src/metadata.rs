//! Properties that a request sets with headers and that are stored with an object.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::headers::set_header;
use crate::sse;

/// Prefix of the headers with user metadata.
const PREFIX: &str = "x-qs-meta-";
/// Maximum length of the name of user metadata, without the prefix, in bytes.
const MAX_NAME_BYTES: usize = 512;
/// Maximum length of all names and values of user metadata together, in bytes.
const MAX_TOTAL_BYTES: usize = 2048;
/// Maximum length of a content type, in bytes.
const MAX_CONTENT_TYPE_BYTES: usize = 255;
pub(crate) const STORAGE_CLASS: &str = "x-qs-storage-class";
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// Properties of an object or of an upload, as set by the request that creates it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Properties {
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: String,
    /// Digest of the customer's key, if the data is encrypted.
    pub(crate) encryption: Option<String>,
}

impl Properties {
    pub(crate) fn from_headers(headers: &HeaderMap, is_anonymous: bool) -> Result<Self, Error> {
        Ok(Self {
            metadata: Metadata::from_headers(headers, is_anonymous)?,
            storage_class: storage_class(headers)?,
            encryption: sse::key_digest(headers, sse::OWN)?,
        })
    }
}

/// Headers that a download returns with the values that they had in the upload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) content_type: String,
    cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    content_encoding: Option<String>,
    expires: Option<String>,
    /// User metadata: values by lower-case names without the prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    user: BTreeMap<String, String>,
}

impl Metadata {
    /// Reads the headers of a request. An anonymous request sets no standard header except the content type.
    pub(crate) fn from_headers(headers: &HeaderMap, is_anonymous: bool) -> Result<Self, Error> {
        let content_type = standard(headers, header::CONTENT_TYPE).unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned());
        if content_type.len() > MAX_CONTENT_TYPE_BYTES {
            return Err(Error::invalid_argument("Content-Type is longer than 255 bytes"));
        }
        let metadata = Self { content_type, user: user(headers)?, ..Self::default() };
        if is_anonymous {
            return Ok(metadata);
        }
        Ok(Self {
            cache_control: standard(headers, header::CACHE_CONTROL),
            content_disposition: standard(headers, header::CONTENT_DISPOSITION),
            content_encoding: standard(headers, header::CONTENT_ENCODING),
            expires: standard(headers, header::EXPIRES),
            ..metadata
        })
    }

    /// Adds the headers to a response.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        set_header(headers, header::CONTENT_TYPE, &self.content_type);
        for (name, value) in [
            (header::CACHE_CONTROL, &self.cache_control),
            (header::CONTENT_DISPOSITION, &self.content_disposition),
            (header::CONTENT_ENCODING, &self.content_encoding),
            (header::EXPIRES, &self.expires),
        ] {
            if let Some(value) = value {
                set_header(headers, name, value);
            }
        }
        for (name, value) in &self.user {
            if let Ok(name) = HeaderName::from_bytes(format!("{PREFIX}{name}").as_bytes()) {
                set_header(headers, name, value);
            }
        }
    }
}

/// Returns the text of a header, unless it is empty.
fn standard(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .filter(|value| !value.is_empty())
}

/// Returns the user metadata: the values of all headers with [`PREFIX`], by their names without the prefix.
fn user(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Error> {
    let mut user = BTreeMap::new();
    let mut total = 0;
    for (full_name, value) in headers {
        let Some(name) = full_name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(Error::invalid_argument(format!("\"{full_name}\" is not a metadata name")));
        }
        let value = value
            .to_str()
            .map_err(|_| Error::invalid_argument(format!("the value of {full_name} is not printable ASCII")))?;
        total += name.len() + value.len();
        if name.len() > MAX_NAME_BYTES || total > MAX_TOTAL_BYTES {
            return Err(Error::new(
                Code::MetadataTooLarge,
                "metadata names may have 512 bytes, and names and values together 2048",
            ));
        }
        user.insert(name.to_owned(), value.to_owned());
    }
    Ok(user)
}

/// Returns the storage class of a request. The default is `STANDARD`.
pub(crate) fn storage_class(headers: &HeaderMap) -> Result<String, Error> {
    match headers.get(STORAGE_CLASS).map(HeaderValue::as_bytes) {
        None | Some(b"") | Some(b"STANDARD") => Ok("STANDARD".to_owned()),
        Some(b"STANDARD_IA") => Ok("STANDARD_IA".to_owned()),
        Some(_) => Err(Error::new(Code::InvalidRequest, "the storage class must be STANDARD or STANDARD_IA")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn headers_round_trip() {
        let sent = headers(&[
            ("content-type", "text/plain"),
            ("cache-control", "no-store"),
            ("content-disposition", "inline"),
            ("content-encoding", "identity"),
            ("expires", "0"),
            ("X-QS-Meta-A_b.c", "some value"),
        ]);
        let mut answered = HeaderMap::new();
        Metadata::from_headers(&sent, false).unwrap().write(&mut answered);
        assert_eq!(sent, answered);
    }

    #[test]
    fn content_type_has_a_default_and_a_limit() {
        let metadata = Metadata::from_headers(&HeaderMap::new(), false).unwrap();
        assert_eq!(metadata.content_type, DEFAULT_CONTENT_TYPE);
        assert!(Metadata::from_headers(&headers(&[("content-type", &"a".repeat(256))]), false).is_err());
    }

    #[test]
    fn user_metadata_has_limits() {
        let code = |name: &str, value: &str| {
            Metadata::from_headers(&headers(&[(name, value)]), false).map(|_| ()).map_err(|error| error.code)
        };
        assert_eq!(code("x-qs-meta-a", &"v".repeat(2047)), Ok(()));
        assert_eq!(code("x-qs-meta-a", &"v".repeat(2048)), Err(Code::MetadataTooLarge));
        let name = format!("x-qs-meta-{}", "n".repeat(513));
        assert_eq!(code(&name, "v"), Err(Code::MetadataTooLarge));
        assert_eq!(code("x-qs-meta-a!", "v"), Err(Code::InvalidArgument));
    }

    #[test]
    fn accepts_only_two_storage_classes() {
        assert_eq!(storage_class(&HeaderMap::new()).unwrap(), "STANDARD");
        let infrequent = headers(&[(STORAGE_CLASS, "STANDARD_IA")]);
        assert_eq!(storage_class(&infrequent).unwrap(), "STANDARD_IA");
        let unknown = headers(&[(STORAGE_CLASS, "standard")]);
        assert_eq!(storage_class(&unknown).unwrap_err().code, Code::InvalidRequest);
    }
}
