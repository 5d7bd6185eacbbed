//! Source ranges of keys and values.
//!
//! serde_yaml reports the line and column at which a key or value starts. This module converts them to bytes and finds
//! the end.

use std::cell::Cell;

use super::yaml::Value;

/// The lines of a text as YAML counts them.
///
/// YAML has more kinds of line breaks than editors, so these line numbers can differ from those in reports.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    /// First byte of each line.
    starts: Vec<usize>,
    /// Line, column and byte of the last lookup. A lookup further to the right in the same line starts from there, so
    /// that all lookups in a long line together take linear time.
    last: Cell<(usize, usize, usize)>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = text.match_indices(is_line_break);
        let ends = ends.filter(|(at, c)| *c != "\r" || !text[at + 1..].starts_with('\n'));
        let starts = std::iter::once(0).chain(ends.map(|(at, c)| at + c.len())).collect();
        Self { text, starts, last: Cell::new((1, 1, 0)) }
    }

    /// Returns the byte at a line and column, both counted from 1.
    pub(super) fn byte(&self, line: usize, column: usize) -> usize {
        let Some(start) = self.starts.get(line.saturating_sub(1)) else { return self.text.len() };
        let (known_column, known_byte) = match self.last.get() {
            (last_line, last_column, byte) if last_line == line && last_column <= column => (last_column, byte),
            _ => (1, *start),
        };
        let mut characters = self.text[known_byte..].char_indices();
        let found = characters.nth(column.saturating_sub(known_column));
        let byte = found.map_or(self.text.len(), |(at, _)| known_byte + at);
        self.last.set((line, column, byte));
        byte
    }

    /// Returns the text from a byte to the end of its line.
    pub(super) fn rest(&self, byte: usize) -> &'t str {
        let line = self.starts.partition_point(|start| *start <= byte);
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text[byte..end].trim_end_matches(is_line_break)
    }
}

/// Returns the line and column at the end of an error message of serde_yaml.
///
/// A serde visitor is generic over the type of the error, so it can get the position only from the message.
pub(super) fn position_in(message: &str) -> Option<(usize, usize)> {
    let (_, position) = message.rsplit_once(" at line ")?;
    let (line, column) = position.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns the length in bytes of the key at the start of `line`.
pub(super) fn key_length(line: &str) -> usize {
    let before = anchor_and_tag(line);
    let content = &line[before..];
    let quoted = content.chars().next().filter(|c| matches!(c, '"' | '\'')).and_then(|quote| quoted(content, quote));
    before + quoted.unwrap_or_else(|| plain_key(content).len())
}

/// Returns the length in bytes of the value at the start of `line`.
///
/// Only the first line of a value counts, so that a report does not underline a whole mapping.
pub(super) fn value_length(line: &str, value: &Value) -> usize {
    let before = anchor_and_tag(line);
    let content = &line[before..];
    let length = match content.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(content, quote),
        Some('{' | '[') => bracketed(content),
        Some('|' | '>') => content.find(char::is_whitespace),
        _ => None,
    };
    let length = length.unwrap_or_else(|| match value {
        Value::Text(text) if !text.is_empty() && content.starts_with(&**text) => text.len(),
        Value::Text(_) | Value::List(_) | Value::Map(_) => without_comment(content).len(),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            content.find([' ', '\t', ',', ']', '}', ':', '#']).unwrap_or(content.len())
        }
    });
    before + length
}

/// Returns the length of an anchor and a tag before a value, if the value is in the same line.
fn anchor_and_tag(line: &str) -> usize {
    let mut at = 0;
    while line[at..].starts_with(['&', '!']) {
        let Some(end) = line[at..].find(char::is_whitespace) else { return at };
        let value = line[at + end..].trim_start();
        if value.is_empty() {
            return at;
        }
        at = line.len() - value.len();
    }
    at
}

/// Returns the length up to the closing quote, if it is in this line.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.next_if(|(_, c)| *c == '\'').is_some() {
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}

/// Returns the length up to the closing bracket, if it is in this line.
fn bracketed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' if text[..at].ends_with([' ', ',', '[', '{', ':']) => {
                at += quoted(&text[at..], c)?;
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Returns a key without quotes, such as `200` or a `/path` with braces.
fn plain_key(line: &str) -> &str {
    let end = line.match_indices(':').find(|(at, _)| {
        let after = line[at + 1..].chars().next();
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ']' | '}'))
    });
    line[..end.map_or(line.len(), |(at, _)| at)].trim_end()
}

fn without_comment(line: &str) -> &str {
    line[..line.find(" #").unwrap_or(line.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_every_line_break_of_yaml() {
        let text = "a\r\nb\rc\u{85}d\u{2028}éx\n";
        let lines = Lines::new(text);
        for (line, column, expected) in [(1, 1, "a"), (2, 1, "b"), (3, 1, "c"), (4, 1, "d"), (5, 2, "x")] {
            let byte = lines.byte(line, column);
            assert!(text[byte..].starts_with(expected), "{line}:{column}");
            assert_eq!(lines.rest(byte), expected);
        }
        assert_eq!(lines.byte(6, 1), text.len());
        assert_eq!(lines.byte(9, 9), text.len());
        assert_eq!(lines.byte(5, 1), text.find('é').unwrap(), "left of the last lookup");
    }

    #[test]
    fn serde_yaml_counts_the_same_lines() {
        for gap in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"] {
            let text = format!("a: é{gap}b: [1, x{gap}");
            let error = serde_yaml::from_str::<serde_yaml::Value>(&text).unwrap_err();
            let at = error.location().unwrap();
            assert_eq!(Lines::new(&text).byte(at.line(), at.column()), text.len(), "{gap:?} {error}");
        }
    }

    #[test]
    fn position_in_reads_the_end_of_a_message() {
        assert_eq!(position_in("a.b: here at line 3 column 14"), Some((3, 14)));
        assert_eq!(position_in("here"), None);
    }

    #[test]
    fn key_length_covers_the_whole_key() {
        for (line, expected) in [
            ("requird: true", "requird"),
            ("/{a}/{b}?c:", "/{a}/{b}?c"),
            ("\"a\":1", "\"a\""),
            ("'a: b': 1", "'a: b'"),
            ("&x key: 1", "&x key"),
        ] {
            assert_eq!(&line[..key_length(line)], expected);
        }
    }

    #[test]
    fn value_length_covers_the_first_line_of_a_value() {
        let text = |text: &str| Value::Text(text.into());
        let list = Value::List([].into());
        for (line, value, expected) in [
            ("a b # c", text("a b"), "a b"),
            ("200: x", Value::Integer(200), "200"),
            ("-1.5, 3]", Value::Float(-1.5), "-1.5"),
            ("\"a \\\" é\": x", text("a \" é"), "\"a \\\" é\""),
            ("'it''s' # '", text("it's"), "'it''s'"),
            ("|- # text", text("a"), "|-"),
            ("a", text("a b"), "a"),
            ("{a: '}', b: [\"]\"]} # c", list.clone(), "{a: '}', b: [\"]\"]}"),
            ("[a,", list.clone(), "[a,"),
            ("in: query # where", list.clone(), "in: query"),
            ("&a !t text", text("text"), "&a !t text"),
            ("&a", list.clone(), "&a"),
            ("\"never closed", text("x"), "\"never closed"),
            ("", Value::Null, ""),
        ] {
            assert_eq!(&line[..value_length(line, &value)], expected);
        }
    }
}
