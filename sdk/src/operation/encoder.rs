//! Collects what an input says: what generated `encode` functions call.

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
use crate::value::{ObjectSource, WireValue, encode_query};

#[doc(hidden)]
#[derive(Debug)]
pub struct RequestEncoder {
    query: Vec<(&'static str, Option<String>)>,
    headers: HeaderMap,
    body: Body,
    json: Option<serde_json::Map<String, serde_json::Value>>,
    pub(super) form: Option<Form>,
    repeatable: bool,
    problems: Vec<String>,
}

/// What an input asks for, checked and complete but for what every attempt adds: date, signature, length.
#[derive(Debug)]
pub(crate) struct EncodedRequest {
    /// As it stands on the request line, without `?`.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) repeatable: bool,
    pub(crate) form: Option<FormKind>,
}

/// What a form says of who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormKind {
    /// Nothing: the headers do, as for any other body.
    Unsigned,
    /// Everything: the signature is one of its fields.
    Signed,
}

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl RequestEncoder {
    pub(crate) fn new(spec: &OperationSpec) -> Self {
        Self {
            query: spec.sub_resources.iter().map(|name| (*name, None)).collect(),
            headers: HeaderMap::new(),
            body: Body::empty(),
            json: None,
            form: None,
            repeatable: spec.repeatable,
            problems: Vec::new(),
        }
    }

    /// Says what is wrong with a field, by its Rust name. All problems are reported together.
    pub(crate) fn refuse(&mut self, field: &'static str, problem: impl Into<String>) {
        self.problems.push(format!("{field} {}", problem.into()));
    }

    /// A value that must not be empty: the server would take the request for another one.
    pub(crate) fn require(&mut self, field: &'static str, value: &dyn WireValue) {
        if value.text().is_none_or(|text| text.is_empty()) {
            self.refuse(field, "is required, but empty");
        }
    }

    /// A value of an enumeration that is one of those the specification lists.
    pub(crate) fn check_known(&mut self, field: &'static str, value: &dyn WireValue) {
        if let Some(known) = value.is_none_of() {
            let text = value.text().unwrap_or_default();
            let problem = format!("is {text:?}, but must be one of {}", known.join(", "));
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

    /// A header that names an object: its path, percent-encoded as in a URL, and possibly its version.
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

    fn header_text(&mut self, field: &'static str, name: &'static str, text: &str, sensitive: bool) {
        let safe = text.trim() == text && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text)) {
            (Ok(name), Ok(mut value)) if safe => {
                value.set_sensitive(sensitive);
                self.headers.insert(name, value);
            }
            _ => self.refuse(
                field,
                format!(
                    "cannot be sent as the header {name}: only printable ASCII without spaces at its ends can; encode \
                     other characters first"
                ),
            ),
        }
    }

    pub(super) fn insert_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Declares that a request in which this is set does something else the second time.
    pub(crate) fn unrepeatable_with(&mut self, value: &dyn WireValue) {
        self.repeatable &= value.text().is_none();
    }

    pub(crate) fn body(&mut self, body: Body) {
        self.body = body;
    }

    /// What the caller says of the length must be what the body has: the length that is sent is the body's.
    pub(crate) fn content_length(&mut self, field: &'static str, announced: &dyn WireValue) {
        let length = self.body.len();
        if let Some(announced) = announced.text().filter(|announced| *announced != length.to_string()) {
            self.refuse(field, format!("is {announced}, but the body has {length} bytes"));
        }
    }

    /// Starts the JSON document, so that one without any property is still sent as `{}`.
    pub(crate) fn json(&mut self) {
        self.json.get_or_insert_default();
    }

    /// A property of the JSON document; what is `null` is left out.
    pub(crate) fn json_field(&mut self, field: &'static str, name: &'static str, value: &impl Serialize) {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::Null) => {}
            Ok(value) => {
                self.json.get_or_insert_default().insert(name.to_owned(), value);
            }
            Err(error) => self.refuse(field, format!("cannot be written as JSON: {error}")),
        }
    }

    /// A list that may be left out: an empty one is.
    pub(crate) fn json_list(&mut self, field: &'static str, name: &'static str, items: &[impl Serialize]) {
        if !items.is_empty() {
            self.json_field(field, name, &items);
        }
    }

    /// `Content-MD5`, from the caller or else from the JSON document.
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
            repeatable: self.repeatable,
            form,
        })
    }
}
