//! Source texts and places in them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

/// A range in a file of the specification.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file, relative to the workspace, with `/` separators.
    pub file: String,
    /// First line, counted from 1.
    pub line: usize,
    /// First column in characters, counted from 1.
    pub column: usize,
    /// Last line, counted from 1.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// The first byte, without a byte order mark.
    #[serde(skip)]
    pub(crate) start: usize,
    /// The byte after the last one.
    #[serde(skip)]
    pub(crate) end: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The files of a specification, by the name in [`Place::file`].
pub type Sources = BTreeMap<String, Source>;

/// The text of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    text: String,
    /// Number of bytes before the text in the file: the byte order mark.
    before: usize,
    /// First byte of each line. Lines end at `\n`, as in editors, and not at the other line breaks of YAML.
    starts: Vec<usize>,
}

impl Source {
    /// Creates the source of a file that contains `text` after a byte order mark of `before` bytes.
    pub(crate) fn new(text: String, before: usize) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, before, starts }
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the bytes of a place, counted from the start of the file, including a byte order mark.
    pub(crate) fn bytes_in_file(&self, place: &Place) -> Range<usize> {
        place.start + self.before..place.end + self.before
    }

    /// Returns the place of a range of bytes, moved to whole characters.
    pub(crate) fn place(&self, file: &str, bytes: Range<usize>) -> Place {
        // A problem at the end of the text is shown after the last word, and not in an empty line below.
        let bytes = if bytes.start >= self.text.len() { self.text.trim_end().len()..0 } else { bytes };
        let start = self.boundary(bytes.start);
        let end = self.boundary(bytes.end.max(start));
        let ((line, column), (end_line, end_column)) = (self.position(start), self.position(end));
        Place { file: file.to_owned(), line, column, end_line, end_column, start, end }
    }

    /// Returns the first byte of the character that contains `byte`.
    pub(crate) fn boundary(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        (0..=byte).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.line_of(byte);
        let column = self.text.get(self.start_of(line)..byte).unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// Returns the line of a byte, counted from 1.
    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).max(1)
    }

    /// Returns the first byte of a line.
    fn start_of(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    /// Returns the bytes of the lines from `first` to `last`.
    pub(crate) fn lines(&self, first: usize, last: usize) -> Range<usize> {
        self.start_of(first)..self.start_of(last + 1)
    }
}

/// Returns a path with `/` separators, so that messages and generated files are the same on every system.
pub(crate) fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_counts_lines_and_columns_like_an_editor() {
        let source = Source::new("a: é\r\n\u{2028}b: 日本\n".to_owned(), 3);
        let place = source.place("f", 13..19);
        assert_eq!((place.line, place.column, place.end_line, place.end_column), (2, 5, 2, 7));
        assert_eq!(source.text().get(place.start..place.end), Some("日本"));
        assert_eq!(source.bytes_in_file(&place), 16..22);
        let end = source.place("f", 100..200);
        assert_eq!((end.line, end.column, end.end_column), (2, 7, 7));
        let within = source.place("f", 14..14);
        assert_eq!(within.column, 5, "the start of the character");
    }

    #[test]
    fn lines_returns_whole_lines() {
        let source = Source::new("a\nb\nc".to_owned(), 0);
        assert_eq!(source.lines(2, 2), 2..4);
        assert_eq!(source.lines(1, 9), 0..5);
        assert_eq!(Source::new(String::new(), 0).lines(1, 3), 0..0);
    }
}
