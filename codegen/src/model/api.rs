//! Types of the API model. References are resolved and names are checked; nothing is specific to Rust.

use std::fmt;

pub use crate::spec::document::{Method, Tag};
use crate::spec::problems::Span;

/// An API.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// Root file of the specification, relative to the workspace, with `/` separators.
    pub source: String,
    /// Title (`info.title`).
    pub title: String,
    /// Version (`info.version`).
    pub version: String,
    /// Groups of operations (`tags`).
    pub tags: Vec<Tag>,
    /// Operations in the order of `paths`.
    pub operations: Vec<Operation>,
    /// Named types that the operations use, directly or through other types, sorted by name.
    pub types: Vec<TypeDef>,
}

/// An operation of the service: one method of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// `operationId` as written in the specification.
    pub id: String,
    /// Place of the key of the method, such as `get`.
    pub origin: Origin,
    /// File of the operation, in the form of [`Api::source`].
    pub source: String,
    /// Name of the operation's group: the first of its `tags`.
    pub tag: Option<String>,
    /// Summary in one line.
    pub summary: String,
    /// Description in Markdown. May be empty.
    pub description: String,
    /// Link to the official documentation (`externalDocs.url`).
    pub docs_url: Option<String>,
    /// True if users should stop calling the operation (`deprecated`).
    pub deprecated: bool,
    /// Resource that the path addresses.
    pub scope: Scope,
    /// HTTP method.
    pub method: Method,
    /// Query keys without a value in the path, such as `uploads`. Keys that are also parameters are not included.
    pub sub_resources: Vec<String>,
    /// Query parameters, headers, and then the properties of a JSON body or the fields of a form.
    pub inputs: Vec<Field>,
    /// Kind of the request body.
    pub request_body: RequestBody,
    /// Description of the request body in Markdown. May be empty.
    pub request_body_description: String,
    /// Declared statuses below 400, in ascending order.
    pub success: Vec<u16>,
    /// Headers and then the properties of a JSON body, merged from all responses with a status in
    /// [`success`](Self::success).
    pub outputs: Vec<Field>,
    /// Kind of the response body.
    pub response_body: ResponseBody,
    /// Description of a [`ResponseBody::Binary`] in Markdown. May be empty.
    pub response_body_description: String,
    /// True if the operation is idempotent: `x-idempotent`, or else true for all methods but `POST`.
    pub idempotent: bool,
    /// True if the body of the response is continued after its connection broke (`x-resumable`).
    pub resumable: bool,
    /// Pagination (`x-pagination`) of an operation that returns a list in pages.
    pub pagination: Option<Pagination>,
}

impl Api {
    pub(crate) fn type_named(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|definition| definition.name == name)
    }
}

impl Operation {
    /// Returns true if the request contains bytes that can come from a stream.
    pub fn is_streamed(&self) -> bool {
        self.request_body == RequestBody::Binary || self.inputs.iter().any(|field| field.shape == Shape::Binary)
    }
}

/// Pagination of a list. All names exist in the operation and have suitable types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pagination {
    /// Output that contains the list of items.
    pub items: String,
    /// Boolean output that is false on the last page.
    pub has_more: Option<String>,
    /// Parameters that select the next page. A marker with [`MarkerSource::Last`] or [`MarkerSource::Count`] is the
    /// only one.
    pub markers: Vec<PageMarker>,
}

/// A query parameter that selects the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMarker {
    /// Name of the input.
    pub input: String,
    /// Source of the value for the next page.
    pub source: MarkerSource,
}

/// Source of the value that a marker has for the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerSource {
    /// An output.
    Next {
        /// Name of the output.
        next: String,
        /// Property of the last item of the page that replaces an output that cannot be used.
        last: Option<String>,
    },
    /// The largest value of this property among the items of the page.
    Last(String),
    /// The value for the current page plus the number of its items.
    Count,
}

/// Resource that the path of an operation addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `/`
    Service,
    /// `/{bucketName}`
    Bucket,
    /// `/{bucketName}/{objectKey}`
    Object,
}

/// Kind of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// No body.
    None,
    /// Bytes from the caller (`format: binary`).
    Binary,
    /// A JSON object with the inputs in [`Location::Json`].
    Json,
    /// A form with the inputs in [`Location::Form`] and [`Location::FormPrefix`].
    Form(FormEncoding),
}

/// Encoding of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormEncoding {
    /// `multipart/form-data`, the only encoding that can contain a file.
    Multipart,
    /// `application/x-www-form-urlencoded`
    UrlEncoded,
}

/// Kind of the body of a successful response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseBody {
    /// No body.
    None,
    /// Bytes, which the caller receives as a stream.
    Binary,
    /// A JSON object with the outputs in [`Location::Json`].
    Json,
}

/// A field of an input, an output or a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name in requests and responses.
    pub name: String,
    /// Place of the name.
    pub origin: Origin,
    /// Description in Markdown. May be empty.
    pub description: String,
    /// Location in the request or response.
    pub location: Location,
    /// True if the field is always present.
    pub required: bool,
    /// Type of the value.
    pub shape: Shape,
    /// Limits of the value.
    pub limits: Limits,
    /// Value that the server uses if the field is not sent (`default`), as text.
    pub default: Option<String>,
    /// True if the value must not appear in logs and debug output (`x-sensitive`).
    pub sensitive: bool,
    /// True if the server may send a single string instead of a list with one item (`x-accept-single`).
    pub accepts_single: bool,
    /// True if a request with this field is not idempotent (`x-idempotent: false` on a parameter).
    pub breaks_idempotency: bool,
    /// Special handling of the value.
    pub treatment: Treatment,
}

/// Location of a value in a request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Query parameter.
    Query,
    /// Header.
    Header,
    /// All headers with this prefix (`type: map`).
    HeaderPrefix(String),
    /// Property of the JSON body, or of a structure.
    Json,
    /// Form field.
    Form,
    /// All form fields with this prefix (`type: map`).
    FormPrefix(String),
}

/// Special handling of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// No special handling.
    Plain,
    /// If unset, the SDK sends the MD5 of the body (`x-computed: content-md5`).
    ContentMd5,
    /// The SDK percent-encodes the value like the path of a URL (`x-encoding: path`).
    PathEncoded,
    /// The header `Content-Length`. The SDK sends the length of the body, and rejects another value.
    ContentLength,
    /// If unset, the SDK sends the access key id of the client (`x-computed: access-key-id`).
    AccessKeyId,
    /// If unset, the SDK sends a policy that allows the other fields of the form (`x-computed: form-policy`).
    FormPolicy,
    /// If unset, the SDK sends a signature of the policy (`x-computed: form-signature`).
    FormSignature,
}

impl Treatment {
    /// Returns true if the SDK can provide the value.
    pub fn is_computed(self) -> bool {
        !matches!(self, Self::Plain | Self::PathEncoded)
    }
}

/// Limits that the SDK checks before it sends a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// `minimum`, inclusive.
    pub minimum: Option<i64>,
    /// `maximum`, inclusive.
    pub maximum: Option<i64>,
    /// `minLength`, in bytes of UTF-8.
    pub min_length: Option<u64>,
    /// `maxLength`, in bytes of UTF-8.
    pub max_length: Option<u64>,
    /// `minItems`.
    pub min_items: Option<u64>,
    /// `maxItems`.
    pub max_items: Option<u64>,
}

impl Limits {
    /// Returns all limits with their names in the specification.
    pub(crate) fn bounds(&self) -> [(&'static str, Option<i128>); 6] {
        [
            ("minimum", self.minimum.map(i128::from)),
            ("maximum", self.maximum.map(i128::from)),
            ("minLength", self.min_length.map(i128::from)),
            ("maxLength", self.max_length.map(i128::from)),
            ("minItems", self.min_items.map(i128::from)),
            ("maxItems", self.max_items.map(i128::from)),
        ]
    }
}

/// A named type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDef {
    /// Name of the definition. An inline type is named after its owner and field.
    pub name: String,
    /// Place of the schema.
    pub origin: Origin,
    /// File of the schema, in the form of [`Api::source`].
    pub source: String,
    /// Description in Markdown. May be empty.
    pub description: String,
    /// Fields or values.
    pub kind: TypeKind,
}

/// Fields or values of a named type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// A JSON object with these properties.
    Struct(Vec<Field>),
    /// A string with these known values.
    Enum(Vec<EnumValue>),
}

/// A known value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// Value in requests and responses.
    pub value: String,
    /// Place of the value.
    pub origin: Origin,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// `type: boolean`
    Boolean,
    /// `type: integer`. It has 32 bits if `format` is `int32`, or if there is no `format` and `minimum` and
    /// `maximum` fit into 32 bits. Otherwise, it has 64 bits. It is unsigned if `minimum` is at least 0.
    Integer {
        /// 32 or 64.
        bits: u8,
        /// True if the value can be negative.
        signed: bool,
    },
    /// `type: number`
    Number,
    /// `type: string`
    String,
    /// `format: date-time` (RFC 3339)
    DateTime,
    /// `format: date-time-rfc822` (the date format of HTTP)
    HttpDate,
    /// `type: integer` with `format: unix-time` (seconds since the Unix epoch), in JSON
    UnixTime,
    /// A range of bytes in the header of a request: `format: byte-range`, or `format: closed-byte-range`.
    ByteRange {
        /// True if the range must have a first and a last byte.
        is_closed: bool,
    },
    /// The name of a [`TypeDef`] with [`TypeKind::Enum`].
    Enum(String),
    /// The name of a [`TypeDef`] with [`TypeKind::Struct`].
    Struct(String),
    /// `type: array`
    List(Box<Shape>),
    /// A map with text keys: `type: map`, or an object with `additionalProperties` only.
    Map(Box<Shape>),
    /// Any JSON value: `type: object` without properties.
    Json,
    /// The file of a form.
    Binary,
}

impl Shape {
    /// Returns the name of the type, or of the type of the items of a collection.
    pub(crate) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Enum(name) | Self::Struct(name) => Some(name),
            Self::List(item) | Self::Map(item) => item.type_name(),
            _ => None,
        }
    }

    pub(crate) fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

/// Place of a part of the API in the specification. [`Loaded::place`](crate::Loaded::place) returns its line.
///
/// All origins are equal, so that comparing two parts of the API ignores their places.
#[derive(Clone, Copy)]
pub struct Origin(Span);

impl Origin {
    pub(crate) fn span(self) -> Span {
        self.0
    }
}

impl Default for Origin {
    /// Returns the origin of a part that is in no file.
    fn default() -> Self {
        Self(Span::nowhere())
    }
}

impl From<Span> for Origin {
    fn from(span: Span) -> Self {
        Self(span)
    }
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
