//! The API as the generator understands it: every reference resolved, every name and range checked,
//! nothing yet decided about Rust.

use std::fmt;

pub use crate::spec::document::Method;
use crate::spec::problems::Span;

/// A whole API.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// The root file, as generated files name it: relative to the workspace, with `/` separators.
    pub source: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// In the order of the specification's paths.
    pub operations: Vec<Operation>,
    /// Every named type that an operation reaches, by name.
    pub types: Vec<TypeDef>,
}

/// One call that the service answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// `operationId`, in the specification's own spelling.
    pub id: String,
    /// Where its method is written: `get:`.
    pub origin: Origin,
    /// The file in which the operation stands, spelled like [`Api::source`].
    pub source: String,
    /// One line.
    pub summary: String,
    /// Markdown; empty where the specification has none.
    pub description: String,
    /// `externalDocs.url`.
    pub docs_url: Option<String>,
    /// What the path addresses.
    pub scope: Scope,
    /// HTTP method.
    pub method: Method,
    /// Valueless query keys of the path, such as `uploads`; keys that are parameters too are not among them.
    pub sub_resources: Vec<String>,
    /// Query parameters, headers and then what the body is made of: properties of a JSON object, or fields of a form.
    pub inputs: Vec<Field>,
    /// What is sent.
    pub request_body: RequestBody,
    /// Statuses below 400 that the specification declares, ascending.
    pub success: Vec<u16>,
    /// Headers and, where the body is a JSON object, its properties, of all successful responses together.
    pub outputs: Vec<Field>,
    /// What is received.
    pub response_body: ResponseBody,
    /// True if it is idempotent (`x-idempotent`, else by method).
    pub idempotent: bool,
    /// How its list continues (`x-pagination`).
    pub pagination: Option<Pagination>,
}

impl Api {
    pub(crate) fn has_operation(&self, id: &str) -> bool {
        self.operations.iter().any(|operation| operation.id == id)
    }

    pub(crate) fn type_named(&self, name: &str) -> Option<&TypeDef> {
        self.types.iter().find(|definition| definition.name == name)
    }
}

impl Operation {
    /// Returns true if it sends bytes that the caller may have as a stream.
    pub fn is_streamed(&self) -> bool {
        self.request_body == RequestBody::Binary || self.inputs.iter().any(|field| field.shape == Shape::Binary)
    }
}

/// How a list that comes in pages continues; every name is known to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pagination {
    /// The output that is a list; its entries are the items.
    pub items: String,
    /// The boolean output that is false on the last page.
    pub has_more: Option<String>,
    /// What the next page is asked for with. Those with [`MarkerSource::Last`] or [`MarkerSource::Count`] stand alone.
    pub markers: Vec<PageMarker>,
}

/// A query parameter that says where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMarker {
    /// The input.
    pub input: String,
    /// Where its next value comes from.
    pub source: MarkerSource,
}

/// Where a marker's next value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerSource {
    /// That output.
    Next(String),
    /// The largest of that property among the items.
    Last(String),
    /// Its last value and the number of items that came with it.
    Count,
}

/// What an operation's path addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `/`
    Service,
    /// `/{bucketName}`
    Bucket,
    /// `/{bucketName}/{objectKey}`
    Object,
}

/// What an operation sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// Nothing.
    None,
    /// Bytes that the caller supplies (`format: binary`).
    Binary,
    /// A JSON object made of the inputs whose location is [`Location::Json`].
    Json,
    /// A form made of the inputs whose location is [`Location::Form`] or [`Location::FormPrefix`].
    Form(FormEncoding),
}

/// How a form is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormEncoding {
    /// `multipart/form-data`, the only one that can carry a file.
    Multipart,
    /// `application/x-www-form-urlencoded`
    UrlEncoded,
}

/// What an operation receives when it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseBody {
    /// Nothing.
    None,
    /// Bytes, streamed to the caller.
    Binary,
    /// A JSON object made of the outputs whose location is [`Location::Json`].
    Json,
}

/// One value of an input, an output or a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Where its name is written.
    pub origin: Origin,
    /// Markdown; empty where the specification has none.
    pub description: String,
    /// Where it travels.
    pub location: Location,
    /// True if it is always there.
    pub required: bool,
    /// What it is.
    pub shape: Shape,
    /// What it may be.
    pub limits: Limits,
    /// The specification's `default`, as text: what the server assumes when it is left out.
    pub default: Option<String>,
    /// True if it must never be shown (`x-sensitive`).
    pub sensitive: bool,
    /// True if the server may send one text in place of a list of one (`x-accept-single`).
    pub accepts_single: bool,
    /// True if setting it makes the request not idempotent (`x-idempotent: false` on a parameter).
    pub breaks_idempotency: bool,
    /// How the value is made or written, beyond its shape.
    pub treatment: Treatment,
}

/// Where a value travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In the query.
    Query,
    /// In a header of that name.
    Header,
    /// In all headers whose names begin with this prefix (`type: map`).
    HeaderPrefix(String),
    /// As a property of a JSON object.
    Json,
    /// As a field of a form.
    Form,
    /// In all fields of a form whose names begin with this prefix (`type: map`).
    FormPrefix(String),
}

/// What a value needs beyond being written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Nothing.
    Plain,
    /// `x-computed: content-md5`: left out by the caller, it is the MD5 of the body.
    ContentMd5,
    /// `x-encoding: path`: percent-encoded like the path of a URL.
    PathEncoded,
    /// `Content-Length`: known from the body, checked if the caller says it.
    ContentLength,
    /// `x-computed: access-key-id`: left out by the caller, it is that of the client.
    AccessKeyId,
    /// `x-computed: form-policy`: left out by the caller, it lists the other fields of the form.
    FormPolicy,
    /// `x-computed: form-signature`: left out by the caller, it is made over the policy.
    FormSignature,
}

impl Treatment {
    /// Returns true if the SDK knows the value even if the caller does not say it.
    pub fn is_computed(self) -> bool {
        !matches!(self, Self::Plain | Self::PathEncoded)
    }
}

/// Bounds that are checked before anything is sent.
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
    /// Returns all bounds with their names in the specification.
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

/// A type with a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDef {
    /// The definition's name in the specification, or one made from its owner and field.
    pub name: String,
    /// Where its description begins.
    pub origin: Origin,
    /// The file in which it stands, spelled like [`Api::source`].
    pub source: String,
    /// Markdown; empty where the specification has none.
    pub description: String,
    /// What it consists of.
    pub kind: TypeKind,
}

/// What a named type consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// Properties of a JSON object.
    Struct(Vec<Field>),
    /// The values that are known today, as they stand on the wire.
    Enum(Vec<EnumValue>),
}

/// A value of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// As it stands on the wire.
    pub value: String,
    /// Where it is written.
    pub origin: Origin,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// `type: boolean`
    Boolean,
    /// `type: integer`: 64 bits unless `format: int32`, or unless `minimum` and `maximum` both fit 32 bits;
    /// unsigned if `minimum` is 0 or more.
    Integer {
        /// 32 or 64.
        bits: u8,
        /// True if it can be negative.
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
    /// A [`TypeDef`] with [`TypeKind::Enum`], by name.
    Enum(String),
    /// A [`TypeDef`] with [`TypeKind::Struct`], by name.
    Struct(String),
    /// `type: array`
    List(Box<Shape>),
    /// `type: map`, or an object with `additionalProperties` only: text keys.
    Map(Box<Shape>),
    /// `type: object` without properties: any JSON.
    Json,
    /// Bytes as a part of their own: the file of a form.
    Binary,
}

impl Shape {
    /// The type that it names, or whose values it is a collection of.
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

/// The place where a part of the API is written.
///
/// [`Loaded::places`](crate::Loaded::places) finds its line. All origins are equal, so that two parts are equal if they
/// say the same.
#[derive(Clone, Copy)]
pub struct Origin(Span);

impl Origin {
    pub(crate) fn span(self) -> Span {
        self.0
    }
}

impl Default for Origin {
    /// The origin of a part that no file contains.
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
