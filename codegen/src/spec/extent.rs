//! Where a key or value ends: the YAML parser tells where it begins.

use super::node::{Node, Value};

/// What begins at a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'n> {
    /// A key.
    Key,
    /// A value that is text.
    Text(&'n str),
    /// Any other scalar.
    Scalar,
    /// A list or a map.
    Collection,
}

impl<'n> From<&'n Node> for Content<'n> {
    fn from(node: &'n Node) -> Self {
        match &node.value {
            Value::Text(text) => Self::Text(text),
            Value::List(_) | Value::Map(_) => Self::Collection,
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Self::Scalar,
        }
    }
}

/// How many bytes of `rest`, at whose beginning it stands, are its own. What has several lines counts as far as its
/// first: nobody wants to see a whole map underlined.
pub(super) fn length(rest: &str, content: Content<'_>) -> usize {
    let line = &rest[..rest.find(is_break).unwrap_or(rest.len())];
    let before = properties(line);
    let own = &line[before..];
    let of_own = match own.chars().next() {
        Some('"') => quoted(own, '"'),
        Some('\'') => quoted(own, '\''),
        Some('{' | '[') => bracketed(own),
        Some('|' | '>') => own.find(char::is_whitespace),
        _ => None,
    };
    let of_own = of_own.unwrap_or_else(|| match content {
        Content::Text(text) if !text.is_empty() && own.starts_with(text) => text.len(),
        Content::Key => key(own).len(),
        Content::Scalar => own.find([' ', '\t', ',', ']', '}', ':', '#']).unwrap_or(own.len()),
        Content::Text(_) | Content::Collection => without_comment(own).len(),
    });
    before + of_own
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// An anchor or a tag in front.
fn properties(line: &str) -> usize {
    let mut at = 0;
    while line[at..].starts_with(['&', '!']) {
        let end = line[at..].find(char::is_whitespace).unwrap_or(line.len() - at);
        let blank = line[at + end..].len() - line[at + end..].trim_start().len();
        if at + end + blank == line.len() {
            // The value itself stands further down.
            return at;
        }
        at += end + blank;
    }
    at
}

/// Up to the closing quote, if that is in this line.
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

/// Up to the closing bracket, if that is in this line.
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

/// A key without quotes: `200`, or a `/path` that may hold braces.
fn key(line: &str) -> &str {
    let end = line.match_indices(':').find(|(at, _)| {
        let after = line[at + 1..].chars().next();
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ']' | '}'))
    });
    line[..end.map_or(line.len(), |(at, _)| at)].trim_end()
}

fn without_comment(line: &str) -> &str {
    let end = line.find(" #").unwrap_or(line.len());
    line[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'r>(rest: &'r str, content: Content<'_>) -> &'r str {
        &rest[..length(rest, content)]
    }

    #[test]
    fn keys_and_values_are_taken_whole() {
        for (rest, content, expected) in [
            ("requird: true\n", Content::Key, "requird"),
            ("/{a}/{b}?c:\n", Content::Key, "/{a}/{b}?c"),
            ("\"a\":1", Content::Key, "\"a\""),
            ("a b # c\nd", Content::Text("a b"), "a b"),
            ("200: x", Content::Scalar, "200"),
            ("-1.5, 3]", Content::Scalar, "-1.5"),
            ("\"a \\\" é\": x", Content::Text("a \" é"), "\"a \\\" é\""),
            ("'it''s' # '", Content::Text("it's"), "'it''s'"),
            ("|- # text\n  a", Content::Text("a"), "|-"),
            ("a\n  b\n", Content::Text("a b"), "a"),
            ("{a: '}', b: [\"]\"]} # c", Content::Collection, "{a: '}', b: [\"]\"]}"),
            ("[a,\n b]", Content::Collection, "[a,"),
            ("in: query # where\nname: x", Content::Collection, "in: query"),
            ("&a !t text\n", Content::Text("text"), "&a !t text"),
            ("&a\n  k: 1", Content::Collection, "&a"),
            ("\"never closed\nb", Content::Text("x"), "\"never closed"),
            ("\n", Content::Scalar, ""),
            ("", Content::Scalar, ""),
        ] {
            assert_eq!(of(rest, content), expected);
        }
    }
}
