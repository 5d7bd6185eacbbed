//! Encodes inputs as requests. The generated `encode` functions call the encoder.

use std::collections::BTreeMap;
use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use md5::{Digest, Md5};
use serde::Serialize;

use super::form::Form;
use super::spec::OperationSpec;
use crate::Body;
use crate::config::Credentials;
use crate::error::{Error, Result};
use crate::value::{ByteRange, ObjectSource, WireValue, encode_query};

/// Maximum total number of bytes of the names (without the prefix) and values of an object's user metadata.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/common/metadata.html>
const MAX_METADATA_BYTES: usize = 2048;
/// Maximum number of bytes of a name of user metadata (same source).
const MAX_METADATA_NAME_BYTES: usize = 512;

/// A request under construction.
#[doc(hidden)]
#[derive(Debug)]
pub struct RequestEncoder {
    query: Vec<(&'static str, Option<String>)>,
    headers: HeaderMap,
    body: Body,
    json: Option<serde_json::Map<String, serde_json::Value>>,
    pub(super) form: Option<Form>,
    idempotent: bool,
    /// True if headers are not checked, because they are those of an existing object.
    takes_over_headers: bool,
    /// Errors of the input, which are reported together.
    problems: Vec<String>,
}

/// A checked request. Each attempt adds its own date and signature, and the length of the body.
#[derive(Debug)]
pub(crate) struct EncodedRequest {
    /// Query of the request line, without `?`.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) idempotent: bool,
    pub(crate) form: Option<FormKind>,
}

/// The place of the signature of a request with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormKind {
    /// The request is signed in its headers, as with any other body.
    Unsigned,
    /// The signature is a field of the form.
    Signed,
}

impl RequestEncoder {
    pub(crate) fn new(spec: &OperationSpec) -> Self {
        Self {
            query: spec.sub_resources.iter().map(|name| (*name, None)).collect(),
            headers: HeaderMap::new(),
            body: Body::empty(),
            json: None,
            form: None,
            idempotent: spec.idempotent,
            takes_over_headers: false,
            problems: Vec::new(),
        }
    }

    /// Sends headers unchanged that were read from an existing object. The server has accepted them before, although
    /// this version of the SDK may not know their values, and the specification may not allow them.
    pub(crate) fn take_over_headers(&mut self) {
        self.takes_over_headers = true;
    }

    /// Records an error of a field of the input.
    pub(crate) fn refuse(&mut self, field: &'static str, problem: impl Into<String>) {
        self.problems.push(format!("{field} {}", problem.into()));
    }

    /// Refuses an empty value, because the server would treat it as missing.
    pub(crate) fn require(&mut self, field: &'static str, value: &dyn WireValue) {
        if value.text().is_none_or(|text| text.is_empty()) {
            self.refuse(field, "is required, but empty");
        }
    }

    /// Refuses a value of an enumeration that is not in the specification.
    pub(crate) fn check_known(&mut self, field: &'static str, value: &dyn WireValue) {
        if let Some(problem) = value.problem_if_unknown().filter(|_| !self.takes_over_headers) {
            self.refuse(field, problem);
        }
    }

    pub(crate) fn query(&mut self, name: &'static str, value: &dyn WireValue) {
        if let Some(text) = value.text() {
            self.query.push((name, Some(text.into_owned())));
        }
    }

    pub(crate) fn header(&mut self, field: &'static str, name: &'static str, value: &dyn WireValue) {
        if let Some(text) = value.text() {
            self.header_text(field, name, &text, value.is_sensitive());
        }
    }

    /// Sets a header to the percent-encoded path of a source object, with its version if it has one.
    pub(crate) fn path_header<'s>(
        &mut self,
        field: &'static str,
        name: &'static str,
        source: impl Into<Option<&'s ObjectSource>>,
    ) {
        let Some(source) = source.into() else { return };
        match source.fault() {
            Some(fault) => self.refuse(field, fault),
            None => self.header_text(field, name, &source.to_string(), false),
        }
    }

    /// Sets a header to a range of bytes. If `must_be_closed`, the range needs a first and a last byte.
    pub(crate) fn range_header<'r>(
        &mut self,
        field: &'static str,
        name: &'static str,
        range: impl Into<Option<&'r ByteRange>>,
        must_be_closed: bool,
    ) {
        let Some(range) = range.into() else { return };
        match range.fault(must_be_closed) {
            Some(fault) => self.refuse(field, fault),
            None => self.header_text(field, name, &range.to_string(), false),
        }
    }

    fn header_text(&mut self, field: &'static str, name: &str, text: &str, sensitive: bool) {
        // The decoder replaces bytes that are not UTF-8, so they cannot be sent as they were received.
        let is_complete = !text.contains(char::REPLACEMENT_CHARACTER);
        let is_valid = if self.takes_over_headers { is_complete } else { is_printable(text) };
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(text.as_bytes())) {
            (Ok(name), Ok(mut value)) if is_valid => {
                value.set_sensitive(sensitive);
                self.headers.insert(name, value);
            }
            _ if self.takes_over_headers => self.refuse(
                field,
                format!(
                    "of the source cannot be sent as the header {name}, because it contains bytes that are not UTF-8: copy the \
                     object with one request, in which the server copies its headers, or store the source with another value"
                ),
            ),
            _ => self.refuse(
                field,
                format!(
                    "cannot be sent as the header {name}: it must be printable ASCII without spaces at the start or end; \
                     encode other characters first"
                ),
            ),
        }
    }

    /// Marks the request as not idempotent if the value is set.
    pub(crate) fn not_idempotent_with(&mut self, value: &dyn WireValue) {
        self.idempotent &= value.text().is_none();
    }

    pub(crate) fn body(&mut self, body: Body) {
        self.body = body;
    }

    /// Refuses an announced length that differs from the length of the body. The length of the body is sent.
    pub(crate) fn content_length(&mut self, field: &'static str, announced: &dyn WireValue) {
        let length = self.body.len();
        if let Some(announced) = announced.text().filter(|announced| *announced != length.to_string()) {
            self.refuse(field, format!("is {announced}, but the body has {length} bytes"));
        }
    }

    /// Starts the JSON document. Without properties, it is sent as `{}`.
    pub(crate) fn json(&mut self) {
        self.json.get_or_insert_default();
    }

    /// Adds a property to the JSON document unless its value is `null`.
    pub(crate) fn json_field(&mut self, field: &'static str, name: &'static str, value: &impl Serialize) {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::Null) => {}
            Ok(value) => {
                self.json.get_or_insert_default().insert(name.to_owned(), value);
            }
            Err(error) => self.refuse(field, format!("cannot be written as JSON: {error}")),
        }
    }

    /// Adds an optional list to the JSON document. An empty list counts as unset.
    pub(crate) fn json_list(&mut self, field: &'static str, name: &'static str, items: &[impl Serialize]) {
        if !items.is_empty() {
            self.json_field(field, name, &items);
        }
    }

    /// Sets `Content-MD5` to the given value or, if that is unset, to the digest of the JSON document.
    pub(crate) fn content_md5(&mut self, field: &'static str, name: &'static str, value: &dyn WireValue) {
        self.write_json(field);
        match (value.text(), self.body.as_bytes()) {
            (Some(_), _) => self.header(field, name, value),
            (None, Some(bytes)) => {
                let digest = STANDARD.encode(Md5::digest(bytes));
                self.header_text(field, name, &digest, false);
            }
            (None, None) => self.refuse(field, "is required for a body that is not in memory"),
        }
    }

    /// Refuses a number outside of the bounds. An unset number is accepted.
    pub(crate) fn check_range<T>(
        &mut self,
        field: &'static str,
        value: impl Into<Option<T>>,
        low: Option<T>,
        high: Option<T>,
    ) where
        T: PartialOrd + Display,
    {
        let Some(value) = value.into() else { return };
        let fits = low.as_ref().is_none_or(|low| value >= *low) && high.as_ref().is_none_or(|high| value <= *high);
        if !fits {
            let wanted = bounds(low, high, "");
            self.refuse(field, format!("is {value}, but must be {wanted}"));
        }
    }

    /// Refuses a text whose number of bytes is outside of the bounds. An unset text is accepted.
    pub(crate) fn check_length(
        &mut self,
        field: &'static str,
        value: &dyn WireValue,
        low: Option<u64>,
        high: Option<u64>,
    ) {
        let Some(length) = value.text().map(|text| text.len() as u64) else {
            return;
        };
        self.check_count(field, length, low, high, " bytes");
    }

    /// Refuses a list whose number of items is outside of the bounds.
    pub(crate) fn check_items(&mut self, field: &'static str, count: usize, low: Option<u64>, high: Option<u64>) {
        self.check_count(field, count as u64, low, high, " items");
    }

    fn check_count(&mut self, field: &'static str, count: u64, low: Option<u64>, high: Option<u64>, unit: &str) {
        if low.is_some_and(|low| count < low) || high.is_some_and(|high| count > high) {
            let wanted = bounds(low, high, unit);
            self.refuse(field, format!("has {count}{unit}, but must have {wanted}"));
        }
    }

    /// Sets a header for each entry. Names that differ only in case are refused.
    pub(crate) fn header_map(&mut self, field: &'static str, prefix: &'static str, entries: &BTreeMap<String, String>) {
        let entries = if self.takes_over_headers {
            entries.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
        } else {
            self.valid_entries(field, prefix, entries)
        };
        for (name, value) in entries {
            self.header_text(field, &format!("{prefix}{name}"), value, false);
        }
    }

    /// Returns the valid entries of user metadata, and records an error for each of the others.
    pub(super) fn valid_entries<'e>(
        &mut self,
        field: &'static str,
        prefix: &str,
        entries: &'e BTreeMap<String, String>,
    ) -> Vec<(&'e str, &'e str)> {
        let mut total = 0;
        let mut valid: Vec<(&str, &str)> = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            total += name.len() + value.len();
            match check_entry(prefix, name, value) {
                Ok(()) if valid.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) => {
                    let name = name.to_ascii_lowercase();
                    self.refuse(field, format!("has the name {name} twice: names are not case-sensitive"));
                }
                Ok(()) => valid.push((name, value)),
                Err(problem) => self.refuse(field, problem),
            }
        }
        if total > MAX_METADATA_BYTES {
            self.refuse(
                field,
                format!("has {total} bytes of names and values, but must have at most {MAX_METADATA_BYTES}"),
            );
        }
        valid
    }

    /// Writes the JSON document, if there is one, into the body.
    fn write_json(&mut self, field: &'static str) {
        let Some(document) = self.json.take() else {
            return;
        };
        match serde_json::to_vec(&document) {
            Ok(bytes) => {
                self.body = Bytes::from(bytes).into();
                self.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            }
            Err(error) => self.refuse(field, format!("cannot be written as JSON: {error}")),
        }
    }

    /// Writes the form, if there is one, into the body.
    fn write_form(&mut self, credentials: Option<&Credentials>) -> Option<FormKind> {
        match self.form.take()?.write(credentials) {
            Ok(form) => {
                self.body = form.body;
                self.header_text("body", "content-type", &form.content_type, false);
                Some(if form.is_signed { FormKind::Signed } else { FormKind::Unsigned })
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Returns the request, or an error that names all problems of the input.
    pub(crate) fn finish(mut self, credentials: Option<&Credentials>) -> Result<EncodedRequest> {
        self.write_json("body");
        let form = self.write_form(credentials);
        if !self.problems.is_empty() {
            return Err(Error::invalid_input(format!("{}; nothing was sent", self.problems.join("; "))));
        }
        let query = self.query.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={}", encode_query(value)),
            None => (*name).to_owned(),
        });
        let query = query.collect::<Vec<_>>().join("&");
        Ok(EncodedRequest {
            query: (!query.is_empty()).then_some(query),
            headers: self.headers,
            body: self.body,
            idempotent: self.idempotent,
            form,
        })
    }
}

fn bounds<T: Display>(low: Option<T>, high: Option<T>, unit: &str) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
        (Some(low), None) => format!("at least {low}{unit}"),
        (None, Some(high)) => format!("at most {high}{unit}"),
        (None, None) => "anything".to_owned(),
    }
}

fn check_entry(prefix: &str, name: &str, value: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > MAX_METADATA_NAME_BYTES || !name.chars().all(allowed) {
        return Err(format!(
            "has the name {name:?}, but names must be 1 to {MAX_METADATA_NAME_BYTES} letters, digits, `-`, `_` and `.`"
        ));
    }
    // Without this check, the prefix would be sent twice. The Go SDK takes names with the prefix.
    if let Some((start, bare)) = name.split_at_checked(prefix.len())
        && start.eq_ignore_ascii_case(prefix)
    {
        return Err(format!("has the name {name:?}, but the prefix {prefix} is added when it is sent: use {bare:?}"));
    }
    if !is_printable(value) {
        return Err(format!(
            "has a value for {name} that is not printable ASCII, or that starts or ends with a space: encode it first, for \
             example with percent-encoding"
        ));
    }
    Ok(())
}

/// Returns true if a text is printable ASCII without spaces at the start or end.
fn is_printable(text: &str) -> bool {
    text.trim() == text && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
