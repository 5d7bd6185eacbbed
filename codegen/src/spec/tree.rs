//! Reading YAML into a tree whose keys and values are numbered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::lines::Position;
use super::node::{Entry, EqualKey, Map, Node, NodeId, Value};

/// Reads one key or value.
#[derive(Clone, Copy)]
pub(super) struct NodeSeed<'n> {
    numbering: &'n Numbering,
    is_key: bool,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'n> NodeSeed<'n> {
    /// Reads a value.
    pub(super) fn new(numbering: &'n Numbering) -> Self {
        Self { numbering, is_key: false }
    }

    fn scalar<E: Error>(self, value: Value) -> Result<Node, E> {
        Ok(Node { id: self.numbering.point()?, value })
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_key { "a key that is text or a number" } else { "a plain YAML value" })
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
        if self.is_key {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let id = self.numbering.begin()?;
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(self) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => self.numbering.learn(error)?,
            }
        }
        self.numbering.end(id);
        Ok(Node { id, value: Value::List(items.into()) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        if self.is_key {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let id = self.numbering.begin()?;
        let mut read = Map::default();
        loop {
            let key = match map.next_key_seed(Self { is_key: true, ..self }) {
                Ok(None) => break,
                Ok(key) => key,
                Err(error) => self.numbering.learn(error).map(|()| None)?,
            };
            let value =
                map.next_value_seed(self).map(Some).or_else(|error| self.numbering.learn(error).map(|()| None))?;
            // One of them is missing only where positions are all that is wanted.
            let (Some(key), Some(value)) = (key, value) else { continue };
            let (key_id, key) = (key.id, key_text(key.value));
            if let Some(Entry { key_id: first, .. }) = read.get(&key) {
                self.numbering.equal_keys.borrow_mut().push(EqualKey { first: *first, again: key_id, key });
            } else {
                read.insert(Arc::clone(&key), Entry { key_id, key, value });
            }
        }
        self.numbering.end(id);
        Ok(Node { id, value: Value::Map(Arc::new(read)) })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        self.numbering.begin::<A::Error>()?;
        Err(A::Error::custom("a tag such as `!name` means nothing here"))
    }
}

/// Returns the text of a key that is a scalar.
fn key_text(key: Value) -> Arc<str> {
    match key {
        Value::Text(text) => text,
        Value::Null => "null".into(),
        number => number.to_string().into(),
    }
}

/// A file may have this many keys and values, aliases written out. The official specification, as one file, has
/// about 7000.
const MAX_NODES: u32 = 200_000;

/// Counts keys and values while a text is read.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    next: Cell<u32>,
    /// The number at which reading stops, with an error on purpose.
    stop: Option<NodeId>,
    /// Wanted positions, and those found.
    wanted: RefCell<BTreeMap<NodeId, Option<Position>>>,
    /// Wanted lists and maps, which begin where the next key or scalar stands.
    begun: RefCell<Vec<NodeId>>,
    /// True if the last error was made on purpose, to learn a position.
    asked: Cell<bool>,
    /// True if the file turned out too large.
    pub(super) too_large: Cell<bool>,
    /// The equal keys seen so far.
    pub(super) equal_keys: RefCell<Vec<EqualKey>>,
}

impl Numbering {
    /// For reading up to `id`.
    pub(super) fn up_to(id: NodeId) -> Self {
        Self { stop: Some(id), ..Self::default() }
    }

    /// For finding the positions of many keys and values at once.
    pub(super) fn finding(ids: impl Iterator<Item = NodeId>) -> Self {
        Self { wanted: RefCell::new(ids.map(|id| (id, None)).collect()), ..Self::default() }
    }

    /// The positions that were found.
    pub(super) fn found(self) -> BTreeMap<NodeId, Option<Position>> {
        self.wanted.into_inner()
    }

    /// Gives a list or a map its number.
    pub(super) fn begin<E: Error>(&self) -> Result<NodeId, E> {
        let id = self.take()?;
        if self.wanted.borrow().contains_key(&id) {
            self.begun.borrow_mut().push(id);
        }
        Ok(id)
    }

    /// Forgets a list or a map that turned out to be empty.
    pub(super) fn end(&self, id: NodeId) {
        self.begun.borrow_mut().retain(|begun| *begun != id);
    }

    /// Gives a key or a scalar its number. If its position is wanted, this fails, because errors have positions.
    pub(super) fn point<E: Error>(&self) -> Result<NodeId, E> {
        let id = self.take()?;
        if self.wanted.borrow().contains_key(&id) || !self.begun.borrow().is_empty() {
            self.begun.borrow_mut().push(id);
            self.asked.set(true);
            return Err(E::custom("here"));
        }
        Ok(id)
    }

    /// Learns from an error made on purpose; any other is given back.
    pub(super) fn learn<E: Error>(&self, error: E) -> Result<(), E> {
        if !self.asked.replace(false) {
            return Err(error);
        }
        let position = position_in(&error.to_string());
        let mut wanted = self.wanted.borrow_mut();
        for id in self.begun.borrow_mut().drain(..) {
            if let Some(found) = wanted.get_mut(&id) {
                *found = position;
            }
        }
        Ok(())
    }

    fn take<E: Error>(&self) -> Result<NodeId, E> {
        let id = NodeId(self.next.get());
        self.next.set(id.0 + 1);
        if self.stop == Some(id) {
            return Err(E::custom("here"));
        }
        if id.0 >= MAX_NODES {
            self.too_large.set(true);
            return Err(E::custom("too large"));
        }
        Ok(id)
    }
}

/// The position at the end of an error's message: the error itself, being of any type, does not tell it.
fn position_in(message: &str) -> Option<Position> {
    let (_, position) = message.rsplit_once(" at line ")?;
    let (line, column) = position.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_with_their_position() {
        assert_eq!(position_in("a.b: here at line 3 column 14"), Some((3, 14)));
        assert_eq!(position_in("here"), None);
    }
}
