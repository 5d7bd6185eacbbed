//! The decoder that generated `decode` functions call: from a response to an output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, SeqAccess, Visitor};

use crate::body::ResponseBody;
use crate::error::{Error, REQUEST_ID, Result, ServiceError, snippet};
use crate::value::Timestamp;

/// Properties of the response that an output was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// HTTP status. It distinguishes the successes of operations that have several: 200, 206, 304.
    pub status: StatusCode,
    /// Id that the server gave the request (`x-qs-request-id`).
    pub request_id: Option<String>,
    /// Number of times that the request was sent.
    pub attempts: u32,
}

impl Default for ResponseInfo {
    fn default() -> Self {
        Self { status: StatusCode::OK, request_id: None, attempts: 1 }
    }
}

#[doc(hidden)]
#[derive(Debug)]
pub struct ResponseDecoder {
    status: StatusCode,
    headers: HeaderMap,
    payload: Payload,
    /// True if the request only read, so that its result is nothing but the response.
    is_read: bool,
    attempts: u32,
}

#[derive(Debug)]
pub(crate) enum Payload {
    Read(Bytes),
    Streamed(ResponseBody),
}

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl ResponseDecoder {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, payload: Payload, is_read: bool, attempts: u32) -> Self {
        Self { status, headers, payload, is_read, attempts }
    }

    /// Parses the JSON document. A response without one, such as a 304, is an empty object.
    ///
    /// An empty response with status 200 to a request that reads is refused: a client that mirrors a bucket would delete
    /// everything if it were an empty list. A request that writes has succeeded whatever its response lacks.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let Payload::Read(bytes) = &self.payload else {
            return Err(self.misfit("the answer was to be JSON but is a stream".to_owned()));
        };
        if bytes.is_empty() && self.is_read && self.status == StatusCode::OK {
            return Err(self.misfit("the answer is empty, but was to be JSON".to_owned()));
        }
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
        serde_json::from_slice(text).map_err(|error| {
            let kind = self.headers.get(header::CONTENT_TYPE).map_or(Cow::Borrowed("no content type"), text_of);
            let message = format!("the answer ({kind}) is not the JSON expected: {error}: {}", snippet(bytes));
            self.misfit(message)
        })
    }

    pub(crate) fn header<T: FromHeader>(&self, name: &'static str) -> Result<Option<T>> {
        // Servers send few headers. Parsing a name takes longer than comparing it with all of them.
        let mut found = self.headers.iter().filter(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
        let Some(text) = found.next().map(|(_, value)| text_of(value)).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        match T::from_text(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.misfit(format!("the answer's header {name} is {text:?} and not {}", T::EXPECTED))),
        }
    }

    pub(crate) fn required_header<T: FromHeader>(&self, name: &'static str) -> Result<T> {
        self.header(name)?.ok_or_else(|| self.misfit(format!("the answer has no header {name}")))
    }

    /// Returns the entries of a `type: map` header. Names are in lower case and without the prefix.
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

    pub(crate) fn body(&mut self) -> ResponseBody {
        match &mut self.payload {
            Payload::Streamed(body) => std::mem::take(body),
            Payload::Read(_) => ResponseBody::default(),
        }
    }

    fn misfit(&self, message: String) -> Error {
        Error::unexpected_response(message)
            .with_response(ServiceError::of_headers(self.status, &self.headers))
            .with_attempts(self.attempts)
    }
}

/// Reads `null` as the default, since servers write it for an empty list.
#[allow(dead_code, reason = "the specification decides what of this is used")]
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list that servers also write as one text: `"a"` is `["a"]`, and `null` is an empty list.
#[allow(dead_code, reason = "the specification decides what of this is used")]
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

/// A type that header values are parsed to. Errors contain the expected form.
pub(crate) trait FromHeader: Sized {
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
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
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

/// Returns a header value as text. Some servers send UTF-8 instead of ASCII.
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
