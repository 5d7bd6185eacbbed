//! A specification as it is written, read into types: every `$ref` resolved, nothing yet concluded.

use std::collections::{BTreeMap, BTreeSet};

use super::pagination::Pagination;
use super::problems::{FileId, Span, Spanned};
use super::schema::{Schema, SchemaId, SchemaUse};

/// A whole specification.
#[derive(Debug, Default)]
pub struct Document {
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// `paths`, in the order in which they are written.
    pub paths: Vec<PathItem>,
    /// Every schema that a `$ref` leads to.
    pub schemas: BTreeMap<SchemaId, NamedSchema>,
    /// The root's `definitions`, by key.
    pub definitions: Vec<(Spanned<String>, SchemaId)>,
    /// The root's `parameters`, by key.
    pub shared_parameters: Vec<(String, Span)>,
    /// The keys of those that paths and operations list.
    pub used_parameters: BTreeSet<String>,
    /// Whether a list names parameters that could not be read, which has been reported.
    pub lacks_parameters: bool,
    /// The files' names, for what is generated from them.
    pub file_names: BTreeMap<FileId, String>,
}

/// A schema with a name.
#[derive(Debug, Clone)]
pub struct NamedSchema {
    /// The key in the root's `definitions`, else the last segment of the `$ref`.
    pub name: String,
    /// The schema.
    pub schema: Schema,
}

/// One path with its operations.
#[derive(Debug)]
pub struct PathItem {
    /// The key, such as `/{bucketName}?acl`.
    pub path: Spanned<String>,
    /// Parameters of every operation.
    pub parameters: Vec<Parameter>,
    /// In the order in which they are written.
    pub operations: Vec<Operation>,
}

/// One method of a path.
#[derive(Debug)]
pub struct Operation {
    /// The key, such as `get`.
    pub method: Spanned<Verb>,
    /// `operationId`.
    pub id: Option<Spanned<String>>,
    /// `summary`.
    pub summary: String,
    /// `description`.
    pub description: String,
    /// `externalDocs.url`.
    pub docs_url: Option<String>,
    /// Its own, without those of the path.
    pub parameters: Vec<Parameter>,
    /// `responses`; `None` where they are missing or no map, which has been reported.
    pub responses: Option<Spanned<Vec<Response>>>,
    /// `x-idempotent`.
    pub idempotent: Option<bool>,
    /// `x-pagination`.
    pub pagination: Option<Pagination>,
    /// `consumes`, its own or else the root's.
    pub consumes: Vec<String>,
}

/// The methods that the dialect has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Verb {
    Get,
    Put,
    Post,
    Delete,
    Head,
    Options,
}

impl Verb {
    /// As HTTP writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Where it, or the `$ref` to it, is listed.
    pub span: Span,
    /// The key in the root's `parameters` through which it was reached.
    pub shared_as: Option<String>,
    /// Its name.
    pub name: Spanned<String>,
    /// `in`.
    pub place: ParameterIn,
    /// `required`.
    pub required: bool,
    /// What it is; for a body, its `schema`.
    pub schema: SchemaUse,
    /// What the `x-…` keys say.
    pub hints: Hints,
}

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "their names say it")]
pub enum ParameterIn {
    Query,
    Header,
    Path,
    Body,
    FormData,
}

impl ParameterIn {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Header => "header",
            Self::Path => "path",
            Self::Body => "body",
            Self::FormData => "formData",
        }
    }
}

/// What `x-…` keys say of a parameter or header.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// `x-computed`.
    pub computed: Option<Spanned<Computed>>,
    /// `x-encoding: path`.
    pub path_encoded: Option<Span>,
    /// `x-header-prefix`.
    pub header_prefix: Option<Spanned<String>>,
    /// `x-idempotent: false`.
    pub breaks_idempotency: bool,
    /// `x-signed: true`.
    pub signed: bool,
}

/// What the SDK works out where the caller leaves it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Computed {
    /// The MD5 of the body, in a header.
    ContentMd5,
    /// Whose signature a form carries.
    AccessKeyId,
    /// What a form's signature is made over.
    FormPolicy,
    /// The signature of a form's policy.
    FormSignature,
}

impl Computed {
    pub(super) const WORDS: [(&'static str, Self); 4] = [
        ("content-md5", Self::ContentMd5),
        ("access-key-id", Self::AccessKeyId),
        ("form-policy", Self::FormPolicy),
        ("form-signature", Self::FormSignature),
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, computed)| *computed == self).map_or("", |(word, _)| word)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// 100 to 599.
    pub status: Spanned<u16>,
    /// In the order in which they are written.
    pub headers: Vec<Header>,
    /// The body.
    pub schema: Option<SchemaUse>,
}

/// A header of an answer.
#[derive(Debug)]
pub struct Header {
    /// Its name.
    pub name: Spanned<String>,
    /// Whether it is always there.
    pub required: bool,
    /// What it is.
    pub schema: Schema,
    /// What the `x-…` keys say.
    pub hints: Hints,
}
