//! Problems, collected while reading goes on. `locate.rs` finds their lines at the end.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::node::NodeId;
use super::suggest::Advice;
use crate::diagnostic::{MAX_PROBLEMS, Severity};

/// One of the specification's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

/// A key or value of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    pub(super) within: Within,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Within {
    /// A key or value of the tree.
    Node(NodeId),
    /// Bytes of a text that may have no tree: the first, and the one behind the last.
    Text(usize, usize),
}

impl Span {
    pub(super) fn node(file: FileId, node: NodeId) -> Self {
        Self { file, within: Within::Node(node) }
    }

    pub(super) fn text(file: FileId, bytes: &Range<usize>) -> Self {
        Self { file, within: Within::Text(bytes.start, bytes.end) }
    }

    /// The span of what no file contains.
    pub(crate) fn nowhere() -> Self {
        Self::start(FileId(usize::MAX))
    }

    /// The beginning of a file.
    pub(super) fn start(file: FileId) -> Self {
        Self::text(file, &(0..0))
    }
}

/// Something with the place where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// What is written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A problem whose lines are not known yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Finding {
    pub(super) span: Span,
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: Advice,
    /// `None` for the code's own.
    pub(super) label: Option<String>,
    pub(super) related: Vec<(Span, String)>,
}

impl Finding {
    /// Creates a finding that prevents generating.
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { span, severity, code, message, help: Advice::default(), label: None, related: Vec::new() }
    }

    /// Creates a finding that does not prevent generating.
    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds advice.
    pub(crate) fn help(self, help: impl Into<Advice>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Adds the cause in a few words, if those of the code are too general.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Adds another place with its relation to the problem.
    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// All problems found so far.
///
/// A part of the specification that two others refer to is read twice; what is wrong with it is reported once.
#[derive(Debug, Default)]
pub struct Problems {
    pub(super) found: BTreeSet<Finding>,
    errors: usize,
    /// The errors beyond those that are kept, for counting each once: no more of them than a number.
    pub(super) unkept: HashSet<u64>,
}

impl Problems {
    /// Reports an error.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        self.report(Finding::error(code, span, message).help(help));
    }

    /// Reports a contradiction between two places. Either of them may be wrong.
    pub(crate) fn contradiction(
        &mut self,
        code: &'static str,
        span: Span,
        other: Span,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        self.report(Finding::error(code, span, message).help(help).related(other, "the other is here"));
    }

    /// Reports a problem.
    pub(crate) fn report(&mut self, mut problem: Finding) {
        let labels = problem.related.iter_mut().map(|(_, label)| label).chain(&mut problem.label);
        for text in [&mut problem.message, &mut problem.help.text].into_iter().chain(labels) {
            make_printable(text);
        }
        if problem.help.swap.as_ref().is_some_and(|swap| swap.right.contains(char::is_control)) {
            problem.help.swap = None;
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

    /// Returns true if no more errors are kept.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MAX_PROBLEMS
    }

    /// Returns true if something prevents generating.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }
}

/// A name that is quoted must not look like further lines of output, nor command a terminal, nor fill the memory.
fn make_printable(text: &mut String) {
    const MAX_LENGTH: usize = 2000;
    if text.len() > MAX_LENGTH {
        let end = (0..=MAX_LENGTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    if text.contains(char::is_control) {
        *text = escaped(text);
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
    pub(crate) fn span() -> Span {
        Span::start(FileId(0))
    }

    #[test]
    fn reports_equal_findings_once() {
        let mut problems = Problems::default();
        problems.error("code", span(), "message", "help");
        problems.error("code", span(), "message", "help");
        problems.error("code", span(), "another message", "help");
        assert_eq!(problems.found.len(), 2);
    }

    #[test]
    fn control_characters_are_not_printed() {
        assert_eq!(escaped("é\n`\u{1b}`"), "é\\n`\\u{1b}`");
    }

    #[test]
    fn beyond_the_first_problems_are_counted() {
        let mut problems = Problems::default();
        for number in 0..MAX_PROBLEMS + 3 {
            problems.error("code", span(), number.to_string(), "help");
        }
        for number in [0, MAX_PROBLEMS + 1] {
            problems.error("code", span(), number.to_string(), "help");
        }
        assert_eq!((problems.found.len(), problems.unkept.len()), (MAX_PROBLEMS, 3));
    }
}
