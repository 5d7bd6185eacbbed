//! Collecting problems while reading goes on.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::files::Files;
use super::node::NodeId;
use super::position::{Position, START};
use super::sources;
use crate::diagnostic::{MOST, Place, Problem, Severity, count};

/// One of the specification's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

/// A key or value of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file.
    pub file: FileId,
    pub(super) within: Within,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Within {
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
    found: BTreeSet<Found>,
    errors: usize,
    /// The errors beyond those that are kept, for counting each once: no more of them than a number.
    unkept: HashSet<u64>,
}

/// A problem whose line is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Found {
    spot: Spot,
    severity: Severity,
    code: &'static str,
    message: String,
    help: String,
    /// What it contradicts, which the help names.
    other: Option<Spot>,
}

/// The problems that are printed, and how many there are beyond them.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) problems: Vec<Problem>,
    pub(crate) unkept: usize,
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
        let (message, help) = (message.into(), help.into());
        self.add(Found { spot, severity: Severity::Error, code, message, help, other: None });
    }

    /// Reports what contradicts something elsewhere, either of which may be the wrong one.
    pub(crate) fn contradiction(
        &mut self,
        code: &'static str,
        spot: Spot,
        other: Spot,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.add(Found { spot, severity: Severity::Error, code, message, help, other: Some(other) });
    }

    /// Reports what does not prevent generating.
    #[allow(dead_code, reason = "which kinds of problems are warnings changes from version to version")]
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.add(Found { spot, severity: Severity::Warning, code, message, help, other: None });
    }

    fn add(&mut self, mut problem: Found) {
        // A name that is quoted must not look like further lines of output, nor command a terminal.
        for text in [&mut problem.message, &mut problem.help] {
            if text.contains(char::is_control) {
                *text = escaped(text);
            }
        }
        if self.found.contains(&problem) {
            return;
        }
        let is_error = problem.severity == Severity::Error;
        if is_error && self.is_full() {
            let mut hasher = DefaultHasher::new();
            problem.hash(&mut hasher);
            self.unkept.insert(hasher.finish());
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
    pub(super) fn located(self, files: &Files) -> Located {
        let places = self.places(files);
        let place = |spot: Spot| {
            let (line, column) = places.get(&spot).copied().unwrap_or(START);
            Place { file: files.name(spot.file).to_owned(), line, column }
        };
        let mut problems: Vec<Problem> = Vec::new();
        for Found { spot, severity, code, message, mut help, other } in self.found {
            if let Some(other) = other {
                help.push_str(&format!("; the other is at {}", place(other)));
            }
            problems.push(Problem { place: place(spot), severity, code, message, help });
        }
        problems.sort();
        // What stands behind an anchor was read once for each alias, and stands in one place.
        problems.dedup();
        let unkept = self.unkept.len();
        if let (Some(last), 1..) = (problems.last_mut(), unkept) {
            last.help.push_str(&format!("\n  (and {} after the first {MOST})", count(unkept, "more problem")));
        }
        Located { problems, unkept }
    }

    /// Where the problems are; each file is read once for all of them.
    fn places(&self, files: &Files) -> BTreeMap<Spot, Position> {
        let spots = self.found.iter().flat_map(|found| [Some(found.spot), found.other]).flatten();
        sources::positions(spots, |file| files.get(file).map(|source| source.text.as_str()))
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
        escaped
    })
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
    fn control_characters_are_not_printed() {
        assert_eq!(escaped("é\n`\u{1b}`"), "é\\n`\\u{1b}`");
    }

    #[test]
    fn beyond_the_first_problems_are_counted() {
        let mut problems = Problems::default();
        for number in 0..MOST + 3 {
            problems.error("code", spot(), number.to_string(), "help");
        }
        for number in [0, MOST + 1] {
            problems.error("code", spot(), number.to_string(), "help");
        }
        assert_eq!((problems.found.len(), problems.unkept.len()), (MOST, 3));
    }
}
