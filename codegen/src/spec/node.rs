//! A YAML file as a tree that keeps the order of its keys and knows where everything stands.
//!
//! serde_yaml forgets positions and keeps the last of two equal keys. So every key and every value is given a number,
//! in the order of reading, equal keys are collected, and the line and column of a number are found by reading the
//! text once more: what fails on purpose at that very key or value gets them from serde_yaml.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

/// The number of a key or a value within its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// A value and its number. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// What it is.
    pub value: Value,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// A sequence.
    List(Arc<[Node]>),
    /// A mapping, without the second of two equal keys.
    Map(Arc<Map>),
}

impl Value {
    /// What a person would call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Null | Self::List(_) | Self::Map(_) => f.write_str(self.kind()),
        }
    }
}

/// A mapping, in the order in which it is written.
pub type Map = IndexMap<Arc<str>, Entry>;

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The number of the key.
    pub key_id: NodeId,
    /// The key; numbers such as an unquoted `200:` as text.
    pub key: Arc<str>,
    /// The value.
    pub value: Node,
}

/// A key that its map has already.
#[derive(Debug, Clone, PartialEq)]
pub struct EqualKey {
    /// The first one.
    pub first: NodeId,
    /// The later one.
    pub again: NodeId,
    /// What both say.
    pub key: Arc<str>,
}
