//! The content of a specification as types. References are resolved; nothing else is derived yet.

use std::collections::{BTreeMap, BTreeSet};

use super::problems::{FileId, Span, Spanned};
use super::yaml::Value;

/// Defines an enum whose variants are words of the specification.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the variants are named after the words")]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            pub(super) const WORDS: &[(&'static str, Self)] = &[$(($word, Self::$value)),*];

            /// Returns the word.
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
    /// `tags`, in the order of the file.
    pub tags: Vec<Tag>,
    /// `paths`, in the order of the file.
    pub paths: Vec<PathItem>,
    /// All schemas to which a `$ref` leads.
    pub schemas: BTreeMap<SchemaId, NamedSchema>,
    /// `definitions` of the root file: key and schema.
    pub definitions: Vec<(Spanned<String>, SchemaId)>,
    /// `parameters` of the root file: key and its span.
    pub shared_parameters: Vec<(String, Span)>,
    /// Keys of the shared parameters that paths and operations use.
    pub used_parameters: BTreeSet<String>,
    /// True if some parameters could not be read, which has been reported.
    pub lacks_parameters: bool,
    /// Names of the files, for the documentation of generated code.
    pub file_names: BTreeMap<FileId, String>,
    /// Files in the specification's folder to which no `$ref` leads, relative to this folder.
    pub unused_files: Vec<String>,
    /// The source range of `paths`.
    pub paths_key: Option<Span>,
}

/// A group of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// `name`, as in the `tags` of operations.
    pub name: String,
    /// `description`.
    pub description: String,
}

/// A schema to which a `$ref` leads.
#[derive(Debug, Clone)]
pub struct NamedSchema {
    /// The key in `definitions` of the root file or, if it is not there, the last segment of the `$ref`.
    pub name: String,
    /// The schema.
    pub schema: Schema,
}

/// A path with its operations.
#[derive(Debug)]
pub struct PathItem {
    /// The path, such as `/{bucketName}?acl`.
    pub path: Spanned<String>,
    /// Parameters of all operations of the path.
    pub parameters: Vec<Parameter>,
    /// Operations, in the order of the file.
    pub operations: Vec<Operation>,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// The HTTP method.
    pub method: Spanned<Method>,
    /// `operationId`.
    pub id: Option<Spanned<String>>,
    /// The first of its `tags`.
    pub tag: Option<Spanned<String>>,
    /// `summary`.
    pub summary: String,
    /// `description`.
    pub description: String,
    /// `externalDocs.url`.
    pub docs_url: Option<String>,
    /// Parameters of the operation, without those of the path.
    pub parameters: Vec<Parameter>,
    /// `responses`. `None` if they could not be read, which has been reported.
    pub responses: Option<Spanned<Vec<Response>>>,
    /// `deprecated`.
    pub deprecated: bool,
    /// `x-idempotent`.
    pub idempotent: Option<bool>,
    /// `x-resumable`, if it is true.
    pub resumable: Option<Span>,
    /// `x-pagination`.
    pub pagination: Option<Pagination>,
    /// `consumes` of the operation or, if unset, of the root.
    pub consumes: Vec<String>,
}

words! {
    /// An HTTP method of the dialect.
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
    /// Returns the name in HTTP, such as `GET`.
    pub fn http_name(self) -> String {
        self.word().to_uppercase()
    }

    /// Returns true for GET and HEAD, for which the SDK accepts only declared statuses and 200.
    pub fn only_reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The source range of the item in the list of parameters. The item may be a `$ref`.
    pub span: Span,
    /// The key in `parameters` of the root file, for a shared parameter.
    pub shared_as: Option<String>,
    /// `name`.
    pub name: Spanned<String>,
    /// `in`.
    pub place: ParameterIn,
    /// `required`.
    pub required: bool,
    /// Type and limits. For a body, its `schema`.
    pub schema: SchemaUse,
    /// The `x-…` keys.
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

/// The `x-…` keys of a parameter or header.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// `x-computed`.
    pub computed: Option<Spanned<Computed>>,
    /// `x-encoding: path`.
    pub path_encoded: Option<Span>,
    /// `x-header-prefix`.
    pub header_prefix: Option<Spanned<String>>,
    /// True if a request with this parameter is not idempotent: `x-idempotent: false`.
    pub breaks_idempotency: bool,
    /// `x-signed: true`.
    pub signed: bool,
}

words! {
    /// A value that the SDK computes if it is unset.
    Computed {
        /// The MD5 of the body.
        ContentMd5 = "content-md5",
        /// The access key id with which a form is signed.
        AccessKeyId = "access-key-id",
        /// The policy of a form, which is the text that is signed.
        FormPolicy = "form-policy",
        /// The signature of the policy.
        FormSignature = "form-signature",
    }
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// The status code, from 100 to 599.
    pub status: Spanned<u16>,
    /// Headers, in the order of the file.
    pub headers: Vec<Header>,
    /// The schema of the body.
    pub schema: Option<SchemaUse>,
}

/// A header of a response.
#[derive(Debug)]
pub struct Header {
    /// The name.
    pub name: Spanned<String>,
    /// True if every response has the header.
    pub required: bool,
    /// Type and limits.
    pub schema: Schema,
    /// The `x-…` keys.
    pub hints: Hints,
}

/// The source range of a schema to which a `$ref` leads. It identifies the schema.
pub type SchemaId = Span;

/// A schema or a reference to one.
#[derive(Debug, Clone)]
pub struct SchemaUse {
    /// The place of the schema or the reference.
    pub span: Span,
    /// The `description` beside a `$ref`.
    pub description: Option<String>,
    /// The schema.
    pub target: Target,
}

/// The schema of a [`SchemaUse`].
#[derive(Debug, Clone)]
pub enum Target {
    /// A schema in the same place.
    Inline(Box<Schema>),
    /// The target of a `$ref`.
    Named(SchemaId),
    /// A faulty schema or reference, which has been reported.
    Broken,
}

/// Type and limits of a value.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The source range.
    pub span: Span,
    /// `description`.
    pub description: String,
    /// `type`. `None` if it is faulty, which has been reported.
    pub kind: Option<Kind>,
    /// `format`.
    pub format: Option<Spanned<Format>>,
    /// `properties`, in the order of the file.
    pub properties: Vec<Property>,
    /// `items`.
    pub items: Option<Box<SchemaUse>>,
    /// `additionalProperties`: the values of a map.
    pub additional: Option<Box<SchemaUse>>,
    /// `enum`.
    pub values: Option<Spanned<Vec<Spanned<String>>>>,
    /// `default`.
    pub default: Option<Spanned<Value>>,
    /// `minimum`, `maxLength` and similar keys.
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
    /// The name.
    pub name: Spanned<String>,
    /// The schema.
    pub schema: SchemaUse,
    /// True if `required` of the object contains the name.
    pub required: bool,
}

/// Limits of a value.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are named after the keys")]
pub struct Limits {
    pub minimum: Option<Spanned<i64>>,
    pub maximum: Option<Spanned<i64>>,
    pub min_length: Option<Spanned<u64>>,
    pub max_length: Option<Spanned<u64>>,
    pub min_items: Option<Spanned<u64>>,
    pub max_items: Option<Spanned<u64>>,
}

words! {
    /// A `type` of the dialect.
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

/// A `format` of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are named after the words")]
pub enum Format {
    Int32,
    Int64,
    UnixTime,
    Float,
    Double,
    Binary,
    Byte,
    ByteRange,
    ClosedByteRange,
    Date,
    DateTime,
    DateTimeRfc822,
    Password,
}

impl Format {
    /// Returns the formats of a type.
    pub(super) fn words(kind: Kind) -> &'static [(&'static str, Self)] {
        match kind {
            Kind::Integer => &[("int32", Self::Int32), ("int64", Self::Int64), ("unix-time", Self::UnixTime)],
            Kind::Number => &[("float", Self::Float), ("double", Self::Double)],
            Kind::String => &[
                ("binary", Self::Binary),
                ("byte", Self::Byte),
                ("byte-range", Self::ByteRange),
                ("closed-byte-range", Self::ClosedByteRange),
                ("date", Self::Date),
                ("date-time", Self::DateTime),
                ("date-time-rfc822", Self::DateTimeRfc822),
                ("password", Self::Password),
            ],
            _ => &[],
        }
    }
}

/// The `x-pagination` of an operation that returns a list in pages.
#[derive(Debug, Clone)]
pub struct Pagination {
    /// The source range of the key.
    pub span: Span,
    /// `items`: the property with the list.
    pub items: Option<Spanned<String>>,
    /// `has_more`: the property that is false on the last page.
    pub has_more: Option<Spanned<String>>,
    /// `markers`, in the order of the file.
    pub markers: Vec<Marker>,
}

/// A query parameter that selects the page.
#[derive(Debug, Clone)]
pub struct Marker {
    /// The name of the parameter.
    pub parameter: Spanned<String>,
    /// The source of the value for the next page.
    pub source: MarkerSource,
}

/// The source of a marker's value for the next page.
#[derive(Debug, Clone)]
pub enum MarkerSource {
    /// `next`, alone or with `last`: the value of a property of the response.
    Next {
        /// `next`: the property.
        next: Spanned<String>,
        /// `last`: the property of the last item of the page that replaces a value that cannot be used.
        last: Option<Spanned<String>>,
    },
    /// `last`: the largest value of this property among the items of the page.
    Last(Spanned<String>),
    /// `count: true`: the previous value plus the number of items of the page.
    Count,
}
