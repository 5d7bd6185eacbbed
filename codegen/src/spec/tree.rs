//! Reading YAML into a tree.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::node::{Entry, EqualKey, Map, Node, NodeId, Value};
use super::numbering::Numbering;

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct NodeSeed<'n>(pub(super) &'n Numbering);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl NodeSeed<'_> {
    fn scalar<E: Error>(self, value: Value) -> Result<Node, E> {
        Ok(Node { id: self.0.point()?, value })
    }

    fn equal_keys(self, read: &Map, equal: Entry) {
        let Some(first) = read.get(&equal.key).map(|entry| entry.key_id) else { return };
        self.0.equal_keys.borrow_mut().push(EqualKey { first, again: equal.key_id, key: equal.key });
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain YAML value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.scalar(Value::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.scalar(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.scalar(Value::Integer(value.into()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        // Far beyond any limit of the dialect, so that the exact number no longer matters.
        self.scalar(Value::Integer(value.try_into().unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.scalar(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.scalar(Value::Text(value.into()))
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.scalar(Value::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.scalar(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let id = self.0.begin()?;
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(self) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => self.0.learn(error)?,
            }
        }
        self.0.end(id);
        Ok(Node { id, value: Value::List(items.into()) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let id = self.0.begin()?;
        let mut read = Map::default();
        loop {
            let key = match map.next_key_seed(KeySeed(self.0)) {
                Ok(None) => break,
                Ok(key) => key,
                Err(error) => self.0.learn(error).map(|()| None)?,
            };
            let value = map.next_value_seed(self).map(Some).or_else(|error| self.0.learn(error).map(|()| None))?;
            // One of them is missing only where positions are all that is wanted.
            let (Some((key_id, key)), Some(value)) = (key, value) else { continue };
            if let Err(equal) = read.add(Entry { key_id, key, value }) {
                self.equal_keys(&read, equal);
            }
        }
        self.0.end(id);
        Ok(Node { id, value: Value::Map(Arc::new(read)) })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        self.0.begin::<A::Error>()?;
        Err(A::Error::custom("a tag such as `!name` means nothing here"))
    }
}

/// Reads one key.
struct KeySeed<'n>(&'n Numbering);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = (NodeId, Arc<str>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl KeySeed<'_> {
    fn key<E: Error>(self, key: impl Into<Arc<str>>) -> Result<(NodeId, Arc<str>), E> {
        Ok((self.0.point()?, key.into()))
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = (NodeId, Arc<str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text or a number")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.key(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.key(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.key(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.key(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.key(value)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.key("null")
    }
}
