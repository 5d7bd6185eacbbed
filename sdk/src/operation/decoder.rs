//! From an answer to an output: what generated `decode` functions call.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use super::from_header::{FromHeader, text_of};
use crate::body::ResponseBody;
use crate::error::{Error, REQUEST_ID, Result, ServiceError, snippet};

/// What every output says of the answer it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// The HTTP status. Where an operation has several successes, it tells them apart: 200, 206, 304.
    pub status: StatusCode,
    /// The id under which the server knows the request (`x-qs-request-id`).
    pub request_id: Option<String>,
    /// How often the request was sent until this answer came.
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
    /// Whether the request changed nothing, so that its answer is all there is to it.
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

    /// The JSON document. An answer without one, such as a 304, is an empty object.
    ///
    /// But to take nothing for an empty list would make a client that mirrors a bucket delete everything. A request that
    /// changed something did so, whatever its answer lacks.
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
        // A server sends few. To read a name as one takes longer than to look at them all.
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

    /// Entries of a `type: map` header; names come without the prefix and in lower case.
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

/// Servers write `null` where they mean an empty list.
#[allow(dead_code, reason = "the specification decides what of this is used")]
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> std::result::Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
