//! Problems of a specification.

use std::fmt;

use super::source::Place;

/// More than this many problems are counted rather than printed: finding the place of each takes another
/// reading of its file.
pub(crate) const MAX_PROBLEMS: usize = 500;

/// True if something can be generated all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Prevents generating.
    Error,
    /// Does not prevent generating.
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

/// One fault of a specification. Problems sort by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// Its place.
    pub place: Place,
    /// Its severity.
    pub severity: Severity,
    /// Its kind, one of [`codes`](super::codes); never renamed.
    pub code: &'static str,
    /// Description of the fault.
    pub message: String,
    /// The cause in a few words, to be read beside the place.
    pub label: String,
    /// Advice; may be empty.
    pub help: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// Replacement, if it is certain enough.
    pub suggestion: Option<Suggestion>,
}

/// Another place that has to do with a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Related {
    /// Its place.
    pub place: Place,
    /// Its relation to the problem.
    pub label: String,
}

/// A correction by replacing a stretch of text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suggestion {
    /// The text to replace.
    pub place: Place,
    /// The new text.
    pub replacement: String,
}

/// One line, two with help; [`crate::command`] draws problems with their lines.
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
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
