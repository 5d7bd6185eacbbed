//! What is wrong with a specification, and where.

pub mod codes;
mod drawn;
mod explain;
mod json;
mod printed;
mod source;

pub(crate) use drawn::{Style, draw_plain as draw};
pub use explain::explain;
pub(crate) use json::message;
pub use printed::count;
pub(crate) use printed::{MOST, Printer};
pub use source::{Source, Sources};

use std::fmt;

use serde::Serialize;

/// A stretch of a file of the specification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file, relative to the workspace, with `/` separators.
    pub file: String,
    /// Where it begins, counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Where it ends, counted from 1.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
    /// The same in bytes of the text, without a byte order mark.
    #[serde(skip)]
    pub(crate) start: usize,
    #[serde(skip)]
    pub(crate) end: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Whether something can be generated all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// The rest is generated.
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
    /// Where it is.
    pub place: Place,
    /// How bad it is.
    pub severity: Severity,
    /// Its kind, one of [`codes`]; never renamed.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The cause in a few words, to be read beside the place.
    pub label: String,
    /// What would be right; may be empty.
    pub help: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// What to write instead, where that is certain enough.
    pub suggestion: Option<Suggestion>,
}

/// Another place that has to do with a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Related {
    /// Where it is.
    pub place: Place,
    /// What it has to do with it.
    pub label: String,
}

/// A correction by replacing a stretch of text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suggestion {
    /// What to replace.
    pub place: Place,
    /// By what.
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
