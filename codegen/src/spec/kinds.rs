//! The types and formats of the dialect.

/// The types of the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
    Map,
    File,
}

impl Kind {
    pub(super) const WORDS: [(&'static str, Self); 8] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
        ("map", Self::Map),
        ("file", Self::File),
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
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
