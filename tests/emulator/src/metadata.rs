//! What is stored beside an object's data: standard headers, metadata of the user, the storage class.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};

const PREFIX: &str = "x-qs-meta-";
const NAME_BYTES: usize = 512;
const TOTAL_BYTES: usize = 2048;
const CONTENT_TYPE_BYTES: usize = 255;
const STORAGE_CLASS: &str = "x-qs-storage-class";
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// The headers an object gives back as it got them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) content_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// Lower-case names without the prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    user: BTreeMap<String, String>,
}

impl Metadata {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let content_type = standard(headers, header::CONTENT_TYPE).unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned());
        if content_type.len() > CONTENT_TYPE_BYTES {
            return Err(Error::invalid_argument("Content-Type is longer than 255 characters"));
        }
        Ok(Self {
            content_type,
            cache_control: standard(headers, header::CACHE_CONTROL),
            content_disposition: standard(headers, header::CONTENT_DISPOSITION),
            content_encoding: standard(headers, header::CONTENT_ENCODING),
            expires: standard(headers, header::EXPIRES),
            user: user(headers)?,
        })
    }

    /// What is left of it where nobody signed: of the standard headers only the type is a stranger's to set.
    pub(crate) fn of_a_stranger(self) -> Self {
        Self { content_type: self.content_type, user: self.user, ..Self::default() }
    }

    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let optional = |headers: &mut HeaderMap, name: HeaderName, value: &Option<String>| {
            if let Some(value) = value {
                set(headers, name, value);
            }
        };
        set(headers, header::CONTENT_TYPE, &self.content_type);
        optional(headers, header::CACHE_CONTROL, &self.cache_control);
        optional(headers, header::CONTENT_DISPOSITION, &self.content_disposition);
        optional(headers, header::CONTENT_ENCODING, &self.content_encoding);
        optional(headers, header::EXPIRES, &self.expires);
        for (name, value) in &self.user {
            if let Ok(name) = HeaderName::from_bytes(format!("{PREFIX}{name}").as_bytes()) {
                set(headers, name, value);
            }
        }
    }
}

fn standard(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .filter(|value| !value.is_empty())
}

/// Sets a header whose text came from a client; such text was a header before, so it can be one again.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

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
        if name.len() > NAME_BYTES || total > TOTAL_BYTES {
            return Err(Error::new(
                Code::MetadataTooLarge,
                "metadata names may have 512 bytes, and names and values together 2048",
            ));
        }
        user.insert(name.to_owned(), value.to_owned());
    }
    Ok(user)
}

/// `STANDARD` unless the request says otherwise.
pub(crate) fn storage_class(headers: &HeaderMap) -> Result<String, Error> {
    match headers.get(STORAGE_CLASS).map(HeaderValue::as_bytes) {
        None | Some(b"") | Some(b"STANDARD") => Ok("STANDARD".to_owned()),
        Some(b"STANDARD_IA") => Ok("STANDARD_IA".to_owned()),
        Some(_) => Err(Error::new(Code::InvalidRequest, "the storage class must be STANDARD or STANDARD_IA")),
    }
}

pub(crate) fn write_storage_class(class: &str, headers: &mut HeaderMap) {
    set(headers, HeaderName::from_static(STORAGE_CLASS), class);
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
    fn comes_back_as_it_went_in() {
        let sent = headers(&[
            ("content-type", "text/plain"),
            ("cache-control", "no-store"),
            ("content-disposition", "inline"),
            ("content-encoding", "identity"),
            ("expires", "0"),
            ("X-QS-Meta-A_b.c", "some value"),
        ]);
        let mut answered = HeaderMap::new();
        Metadata::from_headers(&sent).unwrap().write(&mut answered);
        assert_eq!(sent, answered);
    }

    #[test]
    fn has_a_default_type() {
        let metadata = Metadata::from_headers(&HeaderMap::new()).unwrap();
        assert_eq!(metadata.content_type, DEFAULT_CONTENT_TYPE);
        assert!(Metadata::from_headers(&headers(&[("content-type", &"a".repeat(256))])).is_err());
    }

    #[test]
    fn user_metadata_has_limits() {
        let code = |name: &str, value: &str| {
            Metadata::from_headers(&headers(&[(name, value)])).map(|_| ()).map_err(|error| error.code())
        };
        assert_eq!(code("x-qs-meta-a", &"v".repeat(2047)), Ok(()));
        assert_eq!(code("x-qs-meta-a", &"v".repeat(2048)), Err(Code::MetadataTooLarge));
        let name = format!("x-qs-meta-{}", "n".repeat(513));
        assert_eq!(code(&name, "v"), Err(Code::MetadataTooLarge));
        assert_eq!(code("x-qs-meta-a!", "v"), Err(Code::InvalidArgument));
    }

    #[test]
    fn storage_classes() {
        assert_eq!(storage_class(&HeaderMap::new()).unwrap(), "STANDARD");
        let infrequent = headers(&[(STORAGE_CLASS, "STANDARD_IA")]);
        assert_eq!(storage_class(&infrequent).unwrap(), "STANDARD_IA");
        let unknown = headers(&[(STORAGE_CLASS, "standard")]);
        assert_eq!(storage_class(&unknown).unwrap_err().code(), Code::InvalidRequest);
    }
}
