//! Bodies of forms: `multipart/form-data` (RFC 7578) and `application/x-www-form-urlencoded`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::RequestEncoder;
use crate::Body;
use crate::config::Credentials;
use crate::value::{WireValue, encode_query};

/// The form of an input. It is completed with the client's credentials when the request is finished.
pub(super) struct Form {
    encoding: Encoding,
    fields: Vec<Field>,
    file: Option<(&'static str, Body)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Multipart,
    UrlEncoded,
}

struct Field {
    name: Cow<'static, str>,
    role: Role,
    /// The caller's value.
    value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    AccessKeyId,
    Policy,
    Signature,
}

/// A form that is ready to be sent.
pub(super) struct WrittenForm {
    pub(super) content_type: String,
    pub(super) body: Body,
    /// True if the signature is a field of the form instead of a header.
    pub(super) is_signed: bool,
}

impl fmt::Debug for Form {
    /// Shows only names, since values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|field| &*field.name).collect();
        f.debug_struct("Form").field("encoding", &self.encoding).field("fields", &names).finish_non_exhaustive()
    }
}

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl RequestEncoder {
    /// Starts a form that may carry a file.
    pub(crate) fn multipart_form(&mut self) {
        self.form = Some(Form::new(Encoding::Multipart));
    }

    /// Starts a form without a file.
    pub(crate) fn url_encoded_form(&mut self) {
        self.form = Some(Form::new(Encoding::UrlEncoded));
    }

    pub(crate) fn form_field(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::Plain, value);
    }

    /// Adds one field for each entry, by the same rules as for headers.
    pub(crate) fn form_map(&mut self, field: &'static str, prefix: &'static str, entries: &BTreeMap<String, String>) {
        for (name, value) in self.valid_entries(field, entries) {
            self.add(format!("{prefix}{name}").into(), Role::Plain, &value.to_owned());
        }
    }

    /// Adds the access key id. If unset, it is the one of the client's credentials.
    pub(crate) fn form_access_key_id(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::AccessKeyId, value);
    }

    /// Adds the policy. If unset, it lists the other fields.
    pub(crate) fn form_policy(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::Policy, value);
    }

    /// Adds the signature. If unset, the client signs the policy.
    pub(crate) fn form_signature(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::Signature, value);
    }

    /// Adds the file, which comes after all fields.
    pub(crate) fn form_file(&mut self, name: &'static str, body: impl Into<Option<Body>>) {
        if let (Some(form), Some(body)) = (&mut self.form, body.into()) {
            form.file = Some((name, body));
        }
    }

    fn add(&mut self, name: Cow<'static, str>, role: Role, value: &dyn WireValue) {
        let value = value.text().map(Cow::into_owned);
        // An unset value is a field only if it can be computed.
        if let Some(form) = self.form.as_mut().filter(|_| role != Role::Plain || value.is_some()) {
            form.fields.push(Field { name, role, value });
        }
    }
}

impl Form {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, fields: Vec::new(), file: None }
    }

    /// Completes and writes the form. Without credentials nothing is added, so the caller must give all or none of the
    /// signing fields.
    pub(super) fn write(mut self, credentials: Option<&Credentials>) -> Result<WrittenForm, String> {
        self.complete(credentials)?;
        let is_signed = self.fields.iter().any(|field| field.role == Role::Signature);
        let fields: Vec<(&str, &str)> =
            self.fields.iter().filter_map(|field| Some((&*field.name, field.value.as_deref()?))).collect();
        let (content_type, body) = match self.encoding {
            Encoding::Multipart => write_multipart(&fields, self.file),
            Encoding::UrlEncoded => ("application/x-www-form-urlencoded".to_owned(), url_encoded(&fields)),
        };
        Ok(WrittenForm { content_type, body, is_signed })
    }

    fn complete(&mut self, credentials: Option<&Credentials>) -> Result<(), String> {
        let (key_id, policy) = (self.given(Role::AccessKeyId), self.given(Role::Policy));
        let is_signed = self.given(Role::Signature).is_some();
        if is_signed && policy.is_none() {
            return Err("signature is given, but not the policy that it signs".to_owned());
        }
        let Some(credentials) = credentials else { return self.all_or_nothing() };
        if !is_signed && key_id.is_some_and(|id| id != credentials.access_key_id()) {
            let problem =
                "access_key_id is not that of this client's access key pair, so a signature has to be given too";
            return Err(problem.to_owned());
        }
        let policy = policy.map_or_else(|| self.policy(), str::to_owned);
        for field in self.fields.iter_mut().filter(|field| field.value.is_none()) {
            field.value = match field.role {
                Role::AccessKeyId => Some(credentials.access_key_id().to_owned()),
                Role::Policy => Some(policy.clone()),
                Role::Signature => Some(credentials.sign(&policy)),
                Role::Plain => None,
            };
        }
        Ok(())
    }

    /// Refuses a form with an incomplete signature, which a client without credentials cannot complete.
    fn all_or_nothing(&self) -> Result<(), String> {
        let signing = || self.fields.iter().filter(|field| field.role != Role::Plain);
        let names = |is_given: bool| {
            let fields = signing().filter(move |field| field.value.is_some() == is_given);
            fields.map(|field| &*field.name).collect::<Vec<_>>().join(" and ")
        };
        let (given, missing) = (names(true), names(false));
        if given.is_empty() || missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the form has {given}, but not {missing}, which this client cannot add without an access key pair: give all \
             of them, or none"
        ))
    }

    fn given(&self, role: Role) -> Option<&str> {
        self.fields.iter().find(|field| field.role == role)?.value.as_deref()
    }

    /// Returns the text that is signed. It contains the fields that describe the upload, so that the signature is not
    /// valid for another one.
    fn policy(&self) -> String {
        let described = self.fields.iter().filter(|field| field.role == Role::Plain);
        let object: serde_json::Map<String, serde_json::Value> = described
            .filter_map(|field| Some((field.name.clone().into_owned(), field.value.clone()?.into())))
            .collect();
        STANDARD.encode(serde_json::Value::Object(object).to_string())
    }
}

fn url_encoded(fields: &[(&str, &str)]) -> Body {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encode_query(name), encode_query(value)));
    Bytes::from(pairs.collect::<Vec<_>>().join("&")).into()
}

/// Returns the content type, which contains the boundary, and the body. The file is not copied.
fn write_multipart(fields: &[(&str, &str)], file: Option<(&str, Body)>) -> (String, Body) {
    let boundary = boundary(fields, random_boundary);
    let mut before = String::new();
    for (name, value) in fields {
        before.push_str(&format!("--{boundary}\r\n{}\r\n\r\n{value}\r\n", disposition(name)));
    }
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let end = format!("--{boundary}--\r\n");
    let Some((name, file)) = file else {
        return (content_type, Bytes::from(before + &end).into());
    };
    let described = disposition(name);
    // Without a file name, servers take a file for a field. Without a type, they take it for text.
    before.push_str(&format!(
        "--{boundary}\r\n{described}; filename=\"{}\"\r\ncontent-type: application/octet-stream\r\n\r\n",
        quoted(name)
    ));
    (content_type, file.framed(before.into(), format!("\r\n{end}").into()))
}

fn disposition(name: &str) -> String {
    format!("content-disposition: form-data; name=\"{}\"", quoted(name))
}

/// Returns a name as browsers write it: quotes and line breaks are percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a boundary that occurs in no field. Files are not searched: that one contains 128 random bits by chance is
/// less likely than any other failure.
fn boundary(fields: &[(&str, &str)], mut candidate: impl FnMut() -> String) -> String {
    loop {
        let boundary = candidate();
        if !fields.iter().any(|(name, value)| name.contains(&boundary) || value.contains(&boundary)) {
            return boundary;
        }
    }
}

fn random_boundary() -> String {
    // The operating system seeds it, so its 128 bits cannot be guessed.
    let random = RandomState::new();
    format!("qingstor-{:016x}{:016x}", random.hash_one(0u8), random.hash_one(1u8))
}

#[cfg(test)]
mod tests;
