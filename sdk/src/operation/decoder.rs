//! Decodes responses to outputs. The generated `decode` functions call the decoder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, SeqAccess, Visitor};

use crate::body::ResponseBody;
use crate::error::{Error, REQUEST_ID, Result, ServiceError, server_time, snippet};
use crate::value::Timestamp;

/// Properties of the response from which an output was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// HTTP status. Some operations have several successful ones, such as 200, 206 and 304.
    pub status: StatusCode,
    /// Id that the server gave the request, from the header `x-qs-request-id`.
    pub request_id: Option<String>,
    /// Number of times that the request was sent.
    pub attempts: u32,
}

impl Default for ResponseInfo {
    fn default() -> Self {
        Self { status: StatusCode::OK, request_id: None, attempts: 1 }
    }
}

/// A response to be decoded.
#[doc(hidden)]
#[derive(Debug)]
pub struct ResponseDecoder {
    status: StatusCode,
    headers: HeaderMap,
    payload: Payload,
    /// True if the method is GET, so that an empty response cannot be the result.
    only_reads: bool,
    attempts: u32,
}

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Payload {
    /// The whole body in memory.
    Read(Bytes),
    Streamed(ResponseBody),
}

impl ResponseDecoder {
    pub(crate) fn new(
        status: StatusCode,
        headers: HeaderMap,
        payload: Payload,
        only_reads: bool,
        attempts: u32,
    ) -> Self {
        Self { status, headers, payload, only_reads, attempts }
    }

    /// Returns the time of the server's clock, if the response tells it.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        server_time(&self.headers)
    }

    /// Parses the JSON document. An empty response, such as a 304, is parsed as an empty object.
    ///
    /// # Errors
    ///
    /// If the response is not the expected document, or if a GET request has an empty response with status 200. If such
    /// a response were parsed as an empty list, a program that mirrors a bucket would delete everything. For a request
    /// that writes, the status alone shows that it succeeded.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let Payload::Read(bytes) = &self.payload else {
            return Err(self.unexpected("the response is a stream instead of a JSON document"));
        };
        if bytes.is_empty() && self.only_reads && self.status == StatusCode::OK {
            return Err(self.unexpected("the response is empty instead of a JSON document"));
        }
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
        serde_json::from_slice(text).map_err(|error| {
            let kind = self.headers.get(header::CONTENT_TYPE).map_or(Cow::Borrowed("no content type"), text_of);
            self.unexpected(format!(
                "the response ({kind}) is not the expected JSON document: {error}: {}",
                snippet(bytes)
            ))
        })
    }

    /// Returns the value of a header, or `None` if it is missing or empty.
    pub(crate) fn header<T: FromHeader>(&self, name: &'static str) -> Result<Option<T>> {
        // A response has few headers, so comparing all names is faster than a look-up, which has to parse `name`.
        let mut found = self.headers.iter().filter(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
        let Some(text) = found.next().map(|(_, value)| text_of(value)).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        match T::from_text(&text) {
            Some(value) => Ok(Some(value)),
            None => {
                Err(self
                    .unexpected(format!("the header {name} of the response is {text:?}, but must be {}", T::EXPECTED)))
            }
        }
    }

    pub(crate) fn required_header<T: FromHeader>(&self, name: &'static str) -> Result<T> {
        self.header(name)?.ok_or_else(|| self.unexpected(format!("the response has no header {name}")))
    }

    /// Returns all headers with the prefix. Their names are in lower case and without the prefix.
    pub(crate) fn header_map(&self, prefix: &'static str) -> BTreeMap<String, String> {
        let entries = self.headers.iter().filter_map(|(name, value)| {
            let (start, rest) = name.as_str().split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then(|| (rest.to_owned(), text_of(value).into_owned()))
        });
        entries.collect()
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn info(&self) -> ResponseInfo {
        ResponseInfo {
            status: self.status,
            request_id: self.headers.get(REQUEST_ID).map(|id| text_of(id).into_owned()),
            attempts: self.attempts,
        }
    }

    /// Takes the body, which is empty if it is not a stream.
    pub(crate) fn body(&mut self) -> ResponseBody {
        match &mut self.payload {
            Payload::Streamed(body) => std::mem::take(body),
            Payload::Read(_) => ResponseBody::default(),
        }
    }

    fn unexpected(&self, message: impl Into<String>) -> Error {
        Error::unexpected_response(message)
            .with_response(ServiceError::of_headers(self.status, &self.headers))
            .with_attempts(self.attempts)
    }
}

/// Deserializes `null` as the default value, because servers write it for an empty list.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes a list that servers also write as a single text: `"a"` becomes `["a"]`, and `null` an empty list.
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|item| vec![item])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
    }
}

/// A type that can be parsed from a header value.
pub(crate) trait FromHeader: Sized {
    /// Description of valid values for errors.
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Option<Self>;
}

impl FromHeader for String {
    const EXPECTED: &'static str = "text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromHeader for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        text.to_ascii_lowercase().parse().ok()
    }
}

impl FromHeader for Timestamp {
    const EXPECTED: &'static str = "a date such as `Wed, 10 Dec 2014 17:20:31 GMT`";

    fn from_text(text: &str) -> Option<Self> {
        Timestamp::parse_http_date(text).ok()
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl FromHeader for $integer {
            const EXPECTED: &'static str = "an integer";

            fn from_text(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }
        }
    )*};
}

integers!(i32, i64, u32, u64);

/// Returns a header value as text. Some servers send UTF-8 although HTTP allows only ASCII.
pub(crate) fn text_of(value: &HeaderValue) -> Cow<'_, str> {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, serde_json::Error> {
        one_or_many(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn one_or_many_reads_one_text_as_a_list() {
        assert_eq!(read(r#""a""#).unwrap(), ["a"]);
        assert_eq!(read(r#""""#).unwrap(), [""]);
        assert_eq!(read(r#"["a","b\n"]"#).unwrap(), ["a", "b\n"]);
    }

    #[test]
    fn one_or_many_reads_null_as_an_empty_list() {
        assert!(read("null").unwrap().is_empty());
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn one_or_many_refuses_other_values() {
        for json in ["1", "true", "{}", "[1]", "[null]", r#"[["a"]]"#] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("invalid type"), "{json}: {error}");
        }
        assert!(read("1").unwrap_err().to_string().contains("a text or a list of texts"));
    }
}
