//! Text from a server, in the form in which errors and logs show it.

use std::fmt;

use serde::Deserialize;

/// Maximum number of characters of a text from a server in an error or a log. The documentation of `Error` names it.
const MAX_SHOWN: usize = 500;

/// Maximum number of bytes of a response that an error quotes. The error should fit into a line of a log.
const MAX_SNIPPET: usize = 200;

/// Text from a server. `Display` and `Debug` show it as [`escape`] returns it, and `as_str` as it is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ServerText(String);

impl ServerText {
    /// Returns the text as the server sent it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `None` for an empty text.
    pub(crate) fn not_empty(self) -> Option<Self> {
        Some(self).filter(|text| !text.0.is_empty())
    }
}

impl From<String> for ServerText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Returns `text` on one line of about [`MAX_SHOWN`] characters, so that it can neither forge a line of a log nor
/// control a terminal.
///
/// Control characters are escaped, and so are characters that start a line or change the direction of writing. Bytes
/// that are not UTF-8 are shown as `\xb0`. A text that was cut ends with `…`.
pub(crate) fn escape(text: impl AsRef<[u8]>) -> String {
    let mut line = String::new();
    let mut length = 0;
    for piece in text.as_ref().utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(escape_char);
        valid.chain(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")))
    }) {
        length += piece.chars().count();
        if length > MAX_SHOWN {
            line.push('…');
            break;
        }
        line.push_str(&piece);
    }
    line
}

fn escape_char(c: char) -> String {
    let changes_direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || changes_direction || matches!(c, '\u{2028}' | '\u{2029}') {
        c.escape_default().to_string()
    } else {
        c.to_string()
    }
}

/// Returns the start of a body as one line, escaped.
pub(crate) fn snippet(body: &[u8]) -> String {
    let start = String::from_utf8_lossy(&body[..body.len().min(MAX_SNIPPET)]);
    let mut line = escape(start.split_whitespace().collect::<Vec<_>>().join(" "));
    if body.len() > MAX_SNIPPET {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_keeps_printable_text() {
        for text in ["", "the key \"a\\b\" isn't there", "对象不存在", "e\u{301} 👨\u{200d}👩"] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn escape_replaces_what_forges_lines_or_controls_a_terminal() {
        assert_eq!(escape("a\nb\r\tc\0"), "a\\nb\\r\\tc\\u{0}");
        assert_eq!(escape("\u{1b}[31m\u{9b}2J\u{7f}"), "\\u{1b}[31m\\u{9b}2J\\u{7f}");
        assert_eq!(escape("a\u{202e}b\u{2028}c\u{2066}"), "a\\u{202e}b\\u{2028}c\\u{2066}");
        assert_eq!(escape(b"caf\xe9 \xb0\xa1"), "caf\\xe9 \\xb0\\xa1");
    }

    #[test]
    fn escape_cuts_long_text_between_characters() {
        assert_eq!(escape("中".repeat(MAX_SHOWN)), "中".repeat(MAX_SHOWN));
        assert_eq!(escape("中".repeat(60_000)), format!("{}…", "中".repeat(MAX_SHOWN)));
        let escaped = escape("\u{1b}".repeat(60_000));
        assert!(escaped.ends_with("\\u{1b}…") && escaped.chars().count() <= MAX_SHOWN + 1, "{escaped}");
    }
}
