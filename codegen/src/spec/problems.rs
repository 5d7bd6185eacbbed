//! Collecting problems while reading goes on.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use super::node::NodeId;
use super::position::{self, Position, START};
use crate::diagnostic::{MOST, Place, Problem, Severity, count};

/// One of the specification's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

/// A key or value of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file.
    pub file: FileId,
    within: Within,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Within {
    /// A key or value of the tree.
    Node(NodeId),
    /// A point of a text that has no tree.
    Text(Position),
}

impl Spot {
    pub(super) fn node(file: FileId, node: NodeId) -> Self {
        Self { file, within: Within::Node(node) }
    }

    pub(super) fn text(file: FileId, at: Position) -> Self {
        Self { file, within: Within::Text(at) }
    }
}

/// Something with the place where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub spot: Spot,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, spot: Spot) -> Self {
        Self { value, spot }
    }
}

/// All problems found so far.
///
/// A part of the specification that two others refer to is read twice; what is wrong with it is reported once.
#[derive(Debug, Default)]
pub struct Problems {
    found: BTreeSet<(Spot, Severity, &'static str, String, String)>,
    errors: usize,
    /// How many errors there are beyond those that are kept.
    unkept: usize,
}

impl Problems {
    /// Reports what prevents generating.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, spot, message.into(), help.into());
    }

    /// Reports what does not prevent generating.
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, spot, message.into(), help.into());
    }

    fn add(&mut self, severity: Severity, code: &'static str, spot: Spot, message: String, help: String) {
        let problem = (spot, severity, code, message, help);
        if self.found.contains(&problem) {
            return;
        }
        let is_error = severity == Severity::Error;
        if is_error && self.is_full() {
            self.unkept += 1;
        } else {
            self.errors += usize::from(is_error);
            self.found.insert(problem);
        }
    }

    /// Whether no more errors are kept.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MOST
    }

    /// The problems in the order of their places.
    pub(super) fn located(self, files: &Files) -> Vec<Problem> {
        let places = self.places(files);
        let found = self.found.into_iter();
        let mut problems: Vec<Problem> = found
            .map(|(spot, severity, code, message, help)| {
                let (line, column) = places.get(&spot).copied().unwrap_or(START);
                let place = Place { file: files.name(spot.file).to_owned(), line, column };
                Problem { place, severity, code, message, help }
            })
            .collect();
        problems.sort();
        if let (Some(last), 1..) = (problems.last_mut(), self.unkept) {
            last.help.push_str(&format!("\n  (and {} after the first {MOST})", count(self.unkept, "more problem")));
        }
        problems
    }

    /// Where the problems are; each file is read once for all of them.
    fn places(&self, files: &Files) -> BTreeMap<Spot, Position> {
        let mut places = BTreeMap::new();
        let mut wanted: BTreeMap<FileId, BTreeSet<NodeId>> = BTreeMap::new();
        for (spot, ..) in &self.found {
            match spot.within {
                Within::Text(at) => drop(places.insert(*spot, at)),
                Within::Node(id) => drop(wanted.entry(spot.file).or_default().insert(id)),
            }
        }
        for (file, ids) in wanted {
            let Some(source) = files.get(file) else { continue };
            let found = position::locate(&source.text, &ids).into_iter();
            places.extend(found.map(|(id, at)| (Spot::node(file, id), at)));
        }
        places
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Any place, for tests of what is told a place and does not look at it.
    pub(crate) fn spot() -> Spot {
        Spot::text(FileId(0), START)
    }

    #[test]
    fn what_is_found_twice_is_reported_once() {
        let mut problems = Problems::default();
        problems.error("code", spot(), "message", "help");
        problems.error("code", spot(), "message", "help");
        problems.error("code", spot(), "another message", "help");
        assert_eq!(problems.found.len(), 2);
    }

    #[test]
    fn beyond_the_first_problems_are_counted() {
        let mut problems = Problems::default();
        for number in 0..MOST + 3 {
            problems.error("code", spot(), number.to_string(), "help");
        }
        problems.error("code", spot(), "0", "help");
        assert_eq!((problems.found.len(), problems.unkept), (MOST, 3));
    }
}
