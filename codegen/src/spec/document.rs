//! A specification as it is written, read into types. Every `$ref` is resolved; nothing is concluded yet.

use std::collections::{BTreeMap, BTreeSet};

use super::node::{NodeId, Value};
use super::problems::{FileId, Span, Spanned};

/// Defines an enum whose values are words of the specification.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "most names of values say everything")]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            pub(super) const WORDS: &[(&'static str, Self)] = &[$(($word, Self::$value)),*];

            /// Returns the word as it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}

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
    /// True if a list names parameters that could not be read, which has been reported.
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
    pub method: Spanned<Method>,
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

words! {
    /// The methods that the dialect has.
    Method {
        Get = "get",
        Put = "put",
        Post = "post",
        Delete = "delete",
        Head = "head",
        Options = "options",
    }
}

impl Method {
    /// Returns the name that HTTP requests have: `GET`.
    pub fn http_name(self) -> String {
        self.word().to_uppercase()
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

words! {
    /// The place of a parameter in a request.
    ParameterIn {
        Query = "query",
        Header = "header",
        Path = "path",
        Body = "body",
        FormData = "formData",
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

words! {
    /// A value that the SDK computes if the caller leaves it unset.
    Computed {
        /// The MD5 of the body, in a header.
        ContentMd5 = "content-md5",
        /// The id of the access key that signs a form.
        AccessKeyId = "access-key-id",
        /// The policy that a form's signature covers.
        FormPolicy = "form-policy",
        /// The signature of a form's policy.
        FormSignature = "form-signature",
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
    /// True if it is always there.
    pub required: bool,
    /// Its schema.
    pub schema: Schema,
    /// What the `x-…` keys say.
    pub hints: Hints,
}

/// A schema that `$ref`s lead to, by the place where it is written.
pub type SchemaId = (FileId, NodeId);

/// A schema in the place where it is used.
#[derive(Debug, Clone)]
pub struct SchemaUse {
    /// Where.
    pub span: Span,
    /// The `description` beside a `$ref`.
    pub description: Option<String>,
    /// The schema.
    pub target: Target,
}

/// A schema, or the way to it.
#[derive(Debug, Clone)]
pub enum Target {
    /// Written here.
    Inline(Box<Schema>),
    /// Written elsewhere.
    Named(SchemaId),
    /// Faulty; reported already.
    Broken,
}

/// Type and limits of a value.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its place.
    pub span: Span,
    /// `description`.
    pub description: String,
    /// `type`; `None` where it is faulty, which has been reported.
    pub kind: Option<Kind>,
    /// `format`.
    pub format: Option<Spanned<Format>>,
    /// In the order in which they are written.
    pub properties: Vec<Property>,
    /// `items`.
    pub items: Option<Box<SchemaUse>>,
    /// The values of a map.
    pub additional: Option<Box<SchemaUse>>,
    /// `enum`.
    pub values: Option<Spanned<Vec<Spanned<String>>>>,
    /// `default`, as text.
    pub default: Option<Spanned<Value>>,
    /// `minimum` and the like.
    pub limits: Limits,
    /// `x-sensitive`.
    pub sensitive: bool,
    /// `x-enum-name`.
    pub enum_name: Option<Spanned<String>>,
    /// `x-accept-single: true`.
    pub accepts_single: Option<Span>,
}

/// A property of an object.
#[derive(Debug, Clone)]
pub struct Property {
    /// Its name.
    pub name: Spanned<String>,
    /// Its schema.
    pub schema: SchemaUse,
    /// True if the object lists it as required.
    pub required: bool,
}

/// The bounds of a value.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "they are called as in the specification")]
pub struct Limits {
    pub minimum: Option<Spanned<i64>>,
    pub maximum: Option<Spanned<i64>>,
    pub min_length: Option<Spanned<u64>>,
    pub max_length: Option<Spanned<u64>>,
    pub min_items: Option<Spanned<u64>>,
    pub max_items: Option<Spanned<u64>>,
}

words! {
    /// The types of the dialect.
    Kind {
        String = "string",
        Integer = "integer",
        Number = "number",
        Boolean = "boolean",
        Array = "array",
        Object = "object",
        Map = "map",
        File = "file",
    }
}

/// The formats of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Format {
    Int32,
    Int64,
    Float,
    Double,
    Binary,
    Byte,
    Date,
    DateTime,
    DateTimeRfc822,
    Password,
}

impl Format {
    pub(super) fn words(kind: Kind) -> &'static [(&'static str, Self)] {
        match kind {
            Kind::Integer => &[("int32", Self::Int32), ("int64", Self::Int64)],
            Kind::Number => &[("float", Self::Float), ("double", Self::Double)],
            Kind::String => &[
                ("binary", Self::Binary),
                ("byte", Self::Byte),
                ("date", Self::Date),
                ("date-time", Self::DateTime),
                ("date-time-rfc822", Self::DateTimeRfc822),
                ("password", Self::Password),
            ],
            _ => &[],
        }
    }
}

/// The continuation of a list on further pages.
#[derive(Debug, Clone)]
pub struct Pagination {
    /// The key `x-pagination`.
    pub span: Span,
    /// `items`: the property that is the list.
    pub items: Option<Spanned<String>>,
    /// `has_more`: the property that is false on the last page.
    pub has_more: Option<Spanned<String>>,
    /// `markers`, in the order in which they are written.
    pub markers: Vec<Marker>,
}

/// A parameter that says where the next page begins.
#[derive(Debug, Clone)]
pub struct Marker {
    /// Its name.
    pub parameter: Spanned<String>,
    /// Source of its next value.
    pub source: MarkerSource,
}

/// Source of a marker's next value.
#[derive(Debug, Clone)]
pub enum MarkerSource {
    /// `next`: a property of the answer.
    Next(Spanned<String>),
    /// `last`: the largest of that property among the page's items.
    Last(Spanned<String>),
    /// `count: true`: its last value and the number of items that came with it.
    Count,
}
