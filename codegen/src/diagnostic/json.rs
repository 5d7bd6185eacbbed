//! The output of `--format json`: one JSON object per line.
//!
//! `DIAGNOSTICS.md` documents the fields. They must not be renamed or removed.

use serde::Serialize;

use super::problem::{Problem, Severity};
use super::source::{Place, Sources};

/// A line of output.
#[derive(Debug, Serialize)]
struct Line<'p> {
    code: Option<&'p str>,
    severity: &'p str,
    message: &'p str,
    label: Option<&'p str>,
    help: Option<&'p str>,
    #[serde(flatten)]
    place: JsonPlace<'p>,
    related: Vec<JsonRelated<'p>>,
    suggestion: Option<JsonSuggestion<'p>>,
}

#[derive(Debug, Default, Serialize)]
struct JsonPlace<'p> {
    file: Option<&'p str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    byte_start: Option<usize>,
    byte_end: Option<usize>,
}

#[derive(Debug, Serialize)]
struct JsonRelated<'p> {
    message: &'p str,
    #[serde(flatten)]
    place: JsonPlace<'p>,
}

#[derive(Debug, Serialize)]
struct JsonSuggestion<'p> {
    replacement: &'p str,
    #[serde(flatten)]
    place: JsonPlace<'p>,
}

impl<'p> JsonPlace<'p> {
    fn new(place: &'p Place, sources: &Sources) -> Self {
        let bytes = sources.get(&place.file).map(|source| source.bytes_in_file(place));
        Self {
            file: Some(&place.file),
            line: Some(place.line),
            column: Some(place.column),
            end_line: Some(place.end_line),
            end_column: Some(place.end_column),
            byte_start: bytes.as_ref().map(|bytes| bytes.start),
            byte_end: bytes.map(|bytes| bytes.end),
        }
    }
}

/// Returns a problem as one line, without a line break.
pub(super) fn line(problem: &Problem, sources: &Sources) -> serde_json::Result<String> {
    let related = problem.related.iter();
    let related =
        related.map(|it| JsonRelated { message: &it.label, place: JsonPlace::new(&it.place, sources) }).collect();
    let suggestion = problem.suggestion.as_ref();
    serde_json::to_string(&Line {
        code: Some(problem.code),
        severity: if problem.severity == Severity::Error { "error" } else { "warning" },
        message: &problem.message,
        label: Some(&problem.label),
        help: Some(problem.help.as_str()).filter(|help| !help.is_empty()),
        place: JsonPlace::new(&problem.place, sources),
        related,
        suggestion: suggestion
            .map(|it| JsonSuggestion { replacement: &it.replacement, place: JsonPlace::new(&it.place, sources) }),
    })
}

/// Returns an error of the command itself as one line, without a line break. It has no code, and at most a file.
pub(crate) fn message(message: &str, help: Option<&str>, file: Option<&str>) -> serde_json::Result<String> {
    let place = JsonPlace { file, ..JsonPlace::default() };
    let (severity, related) = ("error", Vec::new());
    serde_json::to_string(&Line { code: None, severity, message, label: None, help, place, related, suggestion: None })
}
