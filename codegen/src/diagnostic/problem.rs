//! Problems of a specification.

use std::fmt;

use super::print::{Style, draw};
use super::source::{Place, Sources};

/// The severity of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The problem prevents code generation.
    Error,
    /// The problem does not prevent code generation.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A problem of a specification. Problems are ordered by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// The place.
    pub place: Place,
    /// The severity.
    pub severity: Severity,
    /// The code, one of [`codes`](super::codes).
    pub code: &'static str,
    /// Description of the problem.
    pub message: String,
    /// The cause in a few words, printed below the underlined place.
    pub label: String,
    /// Advice. May be empty.
    pub help: String,
    /// Other places that explain the problem.
    pub related: Vec<Related>,
    /// A replacement that fixes the problem, if there is an obvious one.
    pub suggestion: Option<Suggestion>,
}

/// All problems of a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Errors and warnings, sorted by place.
    pub problems: Vec<Problem>,
    /// Number of further errors, because only the first 500 are listed.
    pub omitted: usize,
    /// The files of the specification.
    pub sources: Sources,
}

impl Diagnosis {
    /// Returns the problems as the command prints them, without colours.
    pub fn drawn(&self) -> String {
        let drawn = self.problems.iter().map(|problem| draw(problem, &self.sources, Style::Plain));
        drawn.collect::<Vec<_>>().join("\n")
    }
}

/// Another place that explains a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Related {
    /// The place.
    pub place: Place,
    /// Its relation to the problem.
    pub label: String,
}

/// A replacement that fixes a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suggestion {
    /// The text to replace.
    pub place: Place,
    /// The new text.
    pub replacement: String,
}

/// Prints one line, and a second one with the advice. [`crate::command`] prints problems with their source lines.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}: {}", self.severity, self.code, self.place, self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

/// Returns the number with its noun: `1 problem`, `2 problems`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
