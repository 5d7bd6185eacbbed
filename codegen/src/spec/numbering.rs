//! Numbers for keys and values, and how a number becomes a position.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde::de::Error;

use super::node::{EqualKey, NodeId};
use super::position::Position;

/// A file may have this many keys and values, aliases written out. The official specification, as one file, has
/// about 7000.
const MOST_NODES: u32 = 200_000;

/// Counts keys and values while a text is read.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    next: Cell<u32>,
    /// Where to stop reading, with an error on purpose.
    stop: Option<NodeId>,
    /// Whose positions are wanted, and those found.
    wanted: RefCell<BTreeMap<NodeId, Option<Position>>>,
    /// Wanted lists and maps, which begin where the next key or scalar stands.
    begun: RefCell<Vec<NodeId>>,
    /// Whether the last error was made on purpose, to learn a position.
    asked: Cell<bool>,
    /// Whether the file turned out too large.
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

    /// Gives a key or a scalar its number. Where its position is wanted this fails, since errors have positions.
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
        if id.0 >= MOST_NODES {
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
