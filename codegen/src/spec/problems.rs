//! Collecting problems while reading goes on.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::files::Files;
pub(crate) use super::finding::Finding;
use super::node::NodeId;
use super::places::places;
use super::suggest::Advice;
use crate::diagnostic::{MOST, Place, Problem, Related, Severity, Source, Sources, Suggestion, codes, count};

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

/// All problems found so far.
///
/// A part of the specification that two others refer to is read twice; what is wrong with it is reported once.
#[derive(Debug, Default)]
pub struct Problems {
    found: BTreeSet<Finding>,
    errors: usize,
    /// The errors beyond those that are kept, for counting each once: no more of them than a number.
    unkept: HashSet<u64>,
}

/// The problems that are printed, and how many there are beyond them.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) problems: Vec<Problem>,
    pub(crate) unkept: usize,
    /// The files that they are about.
    pub(crate) sources: Sources,
}

impl Problems {
    /// Reports what prevents generating.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        self.report(Finding::error(code, span, message).help(help));
    }

    /// Reports what contradicts something elsewhere, either of which may be the wrong one.
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

    /// Whether no more errors are kept.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MOST
    }

    /// Whether something prevents generating.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The problems in the order of their places.
    pub(super) fn located(self, files: &Files) -> Located {
        let sources = files.sources();
        let related = |found: &Finding| found.related.iter().map(|(span, _)| *span).collect::<Vec<_>>();
        let spans = self.found.iter().flat_map(|found| [vec![found.span], related(found)]).flatten();
        let places = places(spans, files, &sources);
        let place = |span: Span| places.get(&span).cloned().unwrap_or_else(|| beginning(files.name(span.file)));
        let mut problems: Vec<Problem> = Vec::new();
        for Finding { span, severity, code, message, help, label, related } in self.found {
            let at = place(span);
            let suggestion = sources.get(&at.file).and_then(|source| suggestion(&help, &at, source));
            let related = related.into_iter().map(|(span, label)| Related { place: place(span), label });
            let related = related.filter(|related| related.place != at).collect();
            let own_label = || codes::find(code).map_or(String::new(), |code| code.label.to_owned());
            let label = label.unwrap_or_else(own_label);
            let help = help.text;
            problems.push(Problem { place: at, severity, code, message, label, help, related, suggestion });
        }
        problems.sort();
        // What stands behind an anchor was read once for each alias, and stands in one place; and what several
        // `$ref`s lead to is told once, with the longest way there.
        problems.dedup_by(|next, kept| {
            let is_same = (&next.place, next.severity, next.code, &next.message, &next.help)
                == (&kept.place, kept.severity, kept.code, &kept.message, &kept.help);
            if is_same && next.related.len() > kept.related.len() {
                std::mem::swap(next, kept);
            }
            is_same
        });
        let unkept = self.unkept.len();
        if let (Some(last), 1..) = (problems.last_mut(), unkept) {
            last.help.push_str(&format!("\n(and {} after the first {MOST})", count(unkept, "more problem")));
        }
        Located { problems, unkept, sources }
    }
}

fn beginning(file: &str) -> Place {
    Source::new(String::new(), 0).place(file, 0..0)
}

/// The replacement that an advice asks for, if what it replaces stands in the place.
fn suggestion(help: &Advice, at: &Place, source: &Source) -> Option<Suggestion> {
    let swap = help.swap.as_ref().filter(|swap| !swap.wrong.is_empty())?;
    let start = at.start + source.text().get(at.start..at.end)?.rfind(&swap.wrong)?;
    let place = source.place(&at.file, start..start + swap.wrong.len());
    Some(Suggestion { place, replacement: swap.right.clone() })
}

/// A name that is quoted must not look like further lines of output, nor command a terminal, nor fill the memory.
fn make_printable(text: &mut String) {
    const LONGEST: usize = 2000;
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
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
    fn what_is_found_twice_is_reported_once() {
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
        for number in 0..MOST + 3 {
            problems.error("code", span(), number.to_string(), "help");
        }
        for number in [0, MOST + 1] {
            problems.error("code", span(), number.to_string(), "help");
        }
        assert_eq!((problems.found.len(), problems.unkept.len()), (MOST, 3));
    }
}
