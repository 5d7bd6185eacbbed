//! Problems of a specification: collected while it is read, then converted to reports with lines and columns.

use std::collections::BTreeSet;
use std::ops::Range;

use super::files::Files;
use super::suggest::Advice;
use super::yaml::is_direction;
use crate::diagnostic::{Diagnosis, Place, Problem, Related, Severity, Source, Suggestion, codes, count};

/// Maximum number of errors in a report. Further errors are only counted.
const MAX_ERRORS: usize = 500;

/// A file of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub(super) usize);

/// A range of bytes in a file of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte, without a byte order mark.
    pub(super) start: usize,
    /// The byte after the last one.
    pub(super) end: usize,
}

impl Span {
    pub(super) fn new(file: FileId, bytes: Range<usize>) -> Self {
        Self { file, start: bytes.start, end: bytes.end }
    }

    /// Returns the empty span at the start of a file.
    pub(super) fn start_of(file: FileId) -> Self {
        Self::new(file, 0..0)
    }

    /// Returns the span of something that is not in any file.
    pub(crate) fn nowhere() -> Self {
        Self::start_of(FileId(usize::MAX))
    }
}

/// A value with its source range.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its source range.
    pub span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A problem without line and column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    span: Span,
    severity: Severity,
    code: &'static str,
    message: String,
    help: Advice,
    /// Text below the underlined place. If unset, the label of the code is used.
    label: Option<String>,
    related: Vec<(Span, String)>,
}

impl Finding {
    /// Creates a finding that prevents code generation.
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { span, severity, code, message, help: Advice::default(), label: None, related: Vec::new() }
    }

    /// Creates a finding that does not prevent code generation.
    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Adds advice.
    pub(crate) fn help(self, help: impl Into<Advice>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Replaces the label of the code.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Adds another place and a label for it.
    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    fn locate(self, files: &Files) -> Problem {
        // Every finding is in a file that was opened.
        let place_of = |span| files.place(span).unwrap_or_default();
        let place = place_of(self.span);
        let suggestion = files.get(self.span.file).and_then(|file| suggestion(&self.help, &place, &file.source));
        let label_of_code = || codes::find(self.code).map_or("", |code| code.label).to_owned();
        let related = self.related.into_iter().map(|(span, label)| Related { place: place_of(span), label });
        Problem {
            severity: self.severity,
            code: self.code,
            message: self.message,
            label: self.label.unwrap_or_else(label_of_code),
            help: self.help.text,
            related: related.filter(|related| related.place != place).collect(),
            suggestion,
            place,
        }
    }
}

/// Returns the replacement that the advice proposes, if the text to replace is found in the place.
fn suggestion(help: &Advice, place: &Place, source: &Source) -> Option<Suggestion> {
    let swap = help.swap.as_ref().filter(|swap| !swap.wrong.is_empty())?;
    let start = place.start + source.text().get(place.start..place.end)?.rfind(&swap.wrong)?;
    let place = source.place(&place.file, start..start + swap.wrong.len());
    Some(Suggestion { place, replacement: swap.right.clone() })
}

/// All problems found so far.
///
/// A part of the specification with several references to it is read several times. Equal problems are kept once.
#[derive(Debug, Default)]
pub struct Problems(BTreeSet<Finding>);

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

    /// Reports a contradiction between two places, either of which may be wrong.
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
    pub(crate) fn report(&mut self, mut finding: Finding) {
        let labels = finding.related.iter_mut().map(|(_, label)| label).chain(&mut finding.label);
        for text in [&mut finding.message, &mut finding.help.text].into_iter().chain(labels) {
            make_printable(text);
        }
        finding.help.swap =
            finding.help.swap.filter(|swap| !swap.right.contains(|c: char| c.is_control() || is_direction(c)));
        self.0.insert(finding);
    }

    /// Returns true if a problem prevents code generation.
    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Returns the problems with their lines and columns, sorted by place.
    pub(crate) fn locate(self, files: &Files) -> Diagnosis {
        let mut problems: Vec<Problem> = self.0.into_iter().map(|finding| finding.locate(files)).collect();
        problems.sort();
        // If several chains of references lead to a problem, the report shows the longest one.
        problems.dedup_by(|next, kept| {
            let is_same = (&next.place, next.severity, next.code, &next.message, &next.help)
                == (&kept.place, kept.severity, kept.code, &kept.message, &kept.help);
            if is_same && next.related.len() > kept.related.len() {
                std::mem::swap(next, kept);
            }
            is_same
        });
        // Warnings are never omitted: `lint` runs only if there are no errors, so the list has either errors or
        // warnings.
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        let omitted = errors.saturating_sub(MAX_ERRORS);
        problems.truncate(problems.len() - omitted);
        if let (Some(last), 1..) = (problems.last_mut(), omitted) {
            last.help.push_str(&format!("\n(and {} after the first {MAX_ERRORS})", count(omitted, "more problem")));
        }
        Diagnosis { problems, omitted, sources: files.sources() }
    }
}

/// Escapes control characters and marks that change the direction of text, and shortens the text.
///
/// Messages quote names from the specification. These must not forge lines of output, control the terminal or fill the
/// memory.
fn make_printable(text: &mut String) {
    const MAX_BYTES: usize = 2000;
    if text.len() > MAX_BYTES {
        let end = (0..=MAX_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    let is_hidden = |c: char| c.is_control() || is_direction(c);
    if text.contains(is_hidden) {
        let escape = |c: char| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() };
        *text = text.chars().map(escape).collect();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns a span for tests in which the place does not matter.
    pub(crate) fn span() -> Span {
        Span::start_of(FileId(0))
    }

    #[test]
    fn equal_findings_are_kept_once() {
        let mut problems = Problems::default();
        problems.error("code", span(), "message", "help");
        problems.error("code", span(), "message", "help");
        problems.error("code", span(), "another message", "help");
        assert_eq!(problems.0.len(), 2);
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut text = "é\n`\u{1b}\u{202e}`".to_owned();
        make_printable(&mut text);
        assert_eq!(text, "é\\n`\\u{1b}\\u{202e}`");
    }

    #[test]
    fn errors_above_the_maximum_are_counted() {
        let mut problems = Problems::default();
        for number in 0..MAX_ERRORS + 3 {
            problems.error("code", span(), number.to_string(), "help");
        }
        problems.error("code", span(), "0", "help");
        let located = problems.locate(&Files::new("api.yaml".as_ref(), "api.yaml".as_ref()));
        assert_eq!((located.problems.len(), located.omitted), (MAX_ERRORS, 3));
    }
}
