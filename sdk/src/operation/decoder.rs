//! Decodes responses to outputs. The generated `decode` functions call the decoder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, SeqAccess, Visitor};

use crate::body::ResponseBody;
use crate::error::{CallName, Error, REQUEST_ID, Result, ServiceError, server_time};
use crate::value::{ServerText, Timestamp, Tolerance, Unusable, decode_document, escape};

/// Properties of the response from which an output was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// HTTP status. Some operations have several successful ones, such as 200 and 206.
    pub status: StatusCode,
    /// Id that the server gave the request, from the header `x-qs-request-id`.
    pub request_id: Option<String>,
    /// Number of times that the request was sent.
    pub attempts: u32,
    /// Boxed, because nearly all responses have none.
    pub(crate) unusable: Option<Box<Unusable>>,
}

impl Default for ResponseInfo {
    fn default() -> Self {
        Self { status: StatusCode::OK, request_id: None, attempts: 1, unusable: None }
    }
}

impl ResponseInfo {
    /// Creates the error of a response that was decoded, but does not fit the request.
    pub(crate) fn unexpected(&self, problem: impl Into<String>) -> Error {
        let mut response = ServiceError::of_headers(self.status, &HeaderMap::new());
        response.request_id = self.request_id.clone().map(ServerText::from);
        Error::unexpected_response(problem).with_response(response).with_attempts(self.attempts)
    }
}

/// A response to be decoded.
#[doc(hidden)]
#[derive(Debug)]
pub struct ResponseDecoder {
    call: Arc<CallName>,
    status: StatusCode,
    headers: HeaderMap,
    payload: Payload,
    /// True if the method is GET, so that an empty response cannot be the result.
    only_reads: bool,
    attempts: u32,
    unusable: Option<Box<Unusable>>,
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
        call: Arc<CallName>,
        status: StatusCode,
        headers: HeaderMap,
        payload: Payload,
        only_reads: bool,
        attempts: u32,
    ) -> Self {
        Self { call, status, headers, payload, only_reads, attempts, unusable: None }
    }

    /// Returns the time of the server's clock, if the response tells it.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        server_time(&self.headers)
    }

    /// Parses the JSON document. An empty response is parsed as an empty object.
    ///
    /// An optional value that cannot be used is decoded as missing. If a list that a GET request returns has an entry
    /// whose name is not UTF-8, the entry is left out. Both are logged.
    ///
    /// # Errors
    ///
    /// If the response is not the expected document, if a required value cannot be used, or if a GET request has an
    /// empty response with status 200. If such a response were parsed as an empty list, a program that mirrors a bucket
    /// would delete everything. For a request that writes, the status alone shows that it succeeded.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        // The response to a request that writes lists what happened to each object, so no entry may be left out.
        self.document(if self.only_reads { Tolerance::Entries } else { Tolerance::Optional })
    }

    /// Parses the JSON document with a setting. Every value that cannot be used is an error, because a caller that
    /// changes the setting and writes it back would delete this value.
    pub(crate) fn setting<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.document(Tolerance::Strict)
    }

    fn document<T: DeserializeOwned>(&mut self, tolerance: Tolerance) -> Result<T> {
        let Payload::Read(bytes) = &self.payload else {
            return Err(self.unexpected("the response is a stream instead of a JSON document"));
        };
        if bytes.is_empty() && self.only_reads && self.status == StatusCode::OK {
            return Err(self.unexpected("the response is empty instead of a JSON document"));
        }
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
        let (document, unusable) = decode_document(text, tolerance).map_err(|problem| {
            let kind = self.headers.get(header::CONTENT_TYPE).map_or(Cow::Borrowed("no content type"), text_of);
            self.unexpected(format!("the response ({}) is not the expected JSON document: {problem}", escape(&*kind)))
        })?;
        self.log(&unusable);
        self.unusable = Some(unusable).filter(|unusable| *unusable != Unusable::default()).map(Box::new);
        Ok(document)
    }

    fn log(&self, Unusable { values, entries, .. }: &Unusable) {
        let CallName { operation, bucket, .. } = &*self.call;
        if let Some(first) = values.first() {
            let count = values.len();
            tracing::debug!(operation, bucket, count, %first, "ignoring optional values that cannot be used");
        }
        if let Some(first) = entries.first() {
            let (count, first) = (entries.len(), &first.problem);
            tracing::warn!(operation, bucket, count, %first, "leaving out entries whose names are not UTF-8");
        }
    }

    /// Returns the value of a header, or `None` if it is missing, empty or cannot be used.
    pub(crate) fn header<T: FromHeader>(&self, name: &'static str) -> Result<Option<T>> {
        let Some(text) = self.header_text(name) else { return Ok(None) };
        let value = T::from_text(&text);
        if value.is_none() {
            let CallName { operation, bucket, key } = &*self.call;
            let problem = invalid_header::<T>(name, &text);
            tracing::debug!(operation, bucket, key, %problem, "ignoring a header that cannot be used");
        }
        Ok(value)
    }

    pub(crate) fn required_header<T: FromHeader>(&self, name: &'static str) -> Result<T> {
        let text =
            self.header_text(name).ok_or_else(|| self.unexpected(format!("the response has no header {name}")))?;
        T::from_text(&text).ok_or_else(|| self.unexpected(invalid_header::<T>(name, &text)))
    }

    /// Returns the value of a header, unless it is empty.
    fn header_text(&self, name: &'static str) -> Option<Cow<'_, str>> {
        // A response has few headers, so comparing all names is faster than a look-up, which has to parse `name`.
        let known = self.headers.keys().find(|known| known.as_str().eq_ignore_ascii_case(name))?;
        joined(self.headers.get_all(known)).filter(|text| !text.is_empty())
    }

    /// Returns all headers with the prefix. Their names are in lower case and without the prefix.
    pub(crate) fn header_map(&self, prefix: &'static str) -> BTreeMap<String, String> {
        let entries = self.headers.keys().filter_map(|name| {
            let (start, rest) = name.as_str().split_at_checked(prefix.len())?;
            if !start.eq_ignore_ascii_case(prefix) {
                return None;
            }
            Some((rest.to_owned(), joined(self.headers.get_all(name))?.into_owned()))
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
            unusable: self.unusable.clone(),
        }
    }

    pub(crate) fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status, &self.headers)
    }

    /// Returns the body if it is a stream.
    pub(crate) fn stream(&mut self) -> Option<&mut ResponseBody> {
        match &mut self.payload {
            Payload::Streamed(body) => Some(body),
            Payload::Read(_) => None,
        }
    }

    /// Takes the body, which is empty if it is not a stream.
    pub(crate) fn body(&mut self) -> ResponseBody {
        self.stream().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn unexpected(&self, message: impl Into<String>) -> Error {
        Error::unexpected_response(message)
            .with_response(ServiceError::of_headers(self.status, &self.headers))
            .with_call(&self.call)
            .with_attempts(self.attempts)
    }
}

fn invalid_header<T: FromHeader>(name: &str, text: &str) -> String {
    format!("the header {name} of the response is \"{}\", but must be {}", escape(text), T::EXPECTED)
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

/// Returns the values of a header as one text. Different values are joined (RFC 9110, section 5.3).
fn joined<'v>(values: impl IntoIterator<Item = &'v HeaderValue>) -> Option<Cow<'v, str>> {
    let texts = values.into_iter().map(text_of);
    texts.reduce(|text, other| if other == text { text } else { format!("{text}, {other}").into() })
}

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
