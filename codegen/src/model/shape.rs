//! What values look like.

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
        /// Whether it can be negative.
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
    /// A [`TypeDef`](super::TypeDef) with [`TypeKind::Enum`](super::TypeKind::Enum), by name.
    Enum(String),
    /// A [`TypeDef`](super::TypeDef) with [`TypeKind::Struct`](super::TypeKind::Struct), by name.
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
