//! Forms in request bodies: `multipart/form-data` (RFC 7578) and `application/x-www-form-urlencoded`.

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

/// The form of an input. Unset signing fields are computed with the client's credentials when the request is finished.
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
    /// `None` if the caller has not set a signing field.
    value: Option<String>,
}

/// The meaning of a field. The fields that are not plain are called signing fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Plain,
    AccessKeyId,
    Policy,
    Signature,
}

/// A form that has been written into a body.
pub(super) struct WrittenForm {
    pub(super) content_type: String,
    pub(super) body: Body,
    /// True if the signature is a field of the form instead of a header.
    pub(super) is_signed: bool,
}

impl fmt::Debug for Form {
    /// Shows the names only, because values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|field| &*field.name).collect();
        f.debug_struct("Form").field("encoding", &self.encoding).field("fields", &names).finish_non_exhaustive()
    }
}

impl RequestEncoder {
    /// Starts a form that may contain a file.
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

    /// Adds a field for each entry. Entries have to follow the same rules as those that become headers.
    pub(crate) fn form_map(&mut self, field: &'static str, prefix: &'static str, entries: &BTreeMap<String, String>) {
        for (name, value) in self.valid_entries(field, prefix, entries) {
            self.add(format!("{prefix}{name}").into(), Role::Plain, &value.to_owned());
        }
    }

    /// Adds the access key id. If unset, that of the client is used.
    pub(crate) fn form_access_key_id(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::AccessKeyId, value);
    }

    /// Adds the policy. If unset, a policy with all plain fields is used.
    pub(crate) fn form_policy(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::Policy, value);
    }

    /// Adds the signature of the policy. If unset, the client computes it.
    pub(crate) fn form_signature(&mut self, name: &'static str, value: &dyn WireValue) {
        self.add(name.into(), Role::Signature, value);
    }

    /// Adds the file, which is sent after all fields.
    pub(crate) fn form_file(&mut self, name: &'static str, body: impl Into<Option<Body>>) {
        if let (Some(form), Some(body)) = (&mut self.form, body.into()) {
            form.file = Some((name, body));
        }
    }

    fn add(&mut self, name: Cow<'static, str>, role: Role, value: &dyn WireValue) {
        let value = value.text().map(Cow::into_owned);
        // An unset plain field is omitted. An unset signing field is kept, because it may be computed later.
        if let Some(form) = self.form.as_mut().filter(|_| role != Role::Plain || value.is_some()) {
            form.fields.push(Field { name, role, value });
        }
    }
}

impl Form {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, fields: Vec::new(), file: None }
    }

    /// Computes unset signing fields and writes the form.
    ///
    /// # Errors
    ///
    /// If the client has no credentials and only some of the signing fields are set, or if the fields contradict each
    /// other.
    pub(super) fn write(mut self, credentials: Option<&Credentials>) -> Result<WrittenForm, String> {
        self.sign(credentials)?;
        let is_signed = self.fields.iter().any(|field| field.role == Role::Signature);
        let fields: Vec<(&str, &str)> =
            self.fields.iter().filter_map(|field| Some((&*field.name, field.value.as_deref()?))).collect();
        let (content_type, body) = match self.encoding {
            Encoding::Multipart => write_multipart(&fields, self.file),
            Encoding::UrlEncoded => ("application/x-www-form-urlencoded".to_owned(), url_encoded(&fields)),
        };
        Ok(WrittenForm { content_type, body, is_signed })
    }

    fn sign(&mut self, credentials: Option<&Credentials>) -> Result<(), String> {
        let (key_id, policy) = (self.given(Role::AccessKeyId), self.given(Role::Policy));
        let is_signed = self.given(Role::Signature).is_some();
        if is_signed && policy.is_none() {
            return Err("signature is set, but policy is not: a signature is only valid for its policy".to_owned());
        }
        let Some(credentials) = credentials else { return self.check_all_or_none() };
        if !is_signed && key_id.is_some_and(|id| id != credentials.access_key_id()) {
            return Err("access_key_id is not that of this client, so signature must be set too".to_owned());
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

    /// Returns an error if only some of the signing fields are set.
    fn check_all_or_none(&self) -> Result<(), String> {
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
            "the form has {given}, but not {missing}, which this client cannot compute without an access key pair: set all \
             of them or none"
        ))
    }

    fn given(&self, role: Role) -> Option<&str> {
        self.fields.iter().find(|field| field.role == role)?.value.as_deref()
    }

    /// Returns the text that is signed. It contains all plain fields, so that the signature is valid for this form
    /// only.
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
    // Servers treat a file without a name as a field, and a file without a type as text.
    before.push_str(&format!(
        "--{boundary}\r\n{described}; filename=\"{}\"\r\ncontent-type: application/octet-stream\r\n\r\n",
        quoted(name)
    ));
    (content_type, file.framed(before.into(), format!("\r\n{end}").into()))
}

fn disposition(name: &str) -> String {
    format!("content-disposition: form-data; name=\"{}\"", quoted(name))
}

/// Returns a name with percent-encoded quotes and line breaks, as browsers send it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a boundary that occurs in no field. Files are not searched: the probability that a file contains the 128
/// random bits is negligible.
fn boundary(fields: &[(&str, &str)], mut candidate: impl FnMut() -> String) -> String {
    loop {
        let boundary = candidate();
        if !fields.iter().any(|(name, value)| name.contains(&boundary) || value.contains(&boundary)) {
            return boundary;
        }
    }
}

fn random_boundary() -> String {
    // `RandomState` is seeded by the operating system, so the 128 bits cannot be guessed.
    let random = RandomState::new();
    format!("qingstor-{:016x}{:016x}", random.hash_one(0u8), random.hash_one(1u8))
}

#[cfg(test)]
mod tests;
