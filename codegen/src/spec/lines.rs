//! The lines and columns of the YAML parser, as bytes of the text.

/// Line and column as the YAML parser counts them, both from 1.
pub(super) type Position = (usize, usize);

/// The position of a text that has no position of its own.
pub(super) const START: Position = (1, 1);

/// Where the YAML parser takes the lines of a text to begin. YAML has more line breaks than an editor shows, so what
/// the parser says can only be used together with this.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        let mut characters = text.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let follows = characters.peek().map(|(_, c)| *c);
            let breaks = match c {
                '\r' => follows != Some('\n'),
                '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => true,
                _ => false,
            };
            if breaks {
                starts.push(at + c.len_utf8());
            }
        }
        Self { text, starts }
    }

    /// The byte at a line and a column.
    pub(super) fn byte(&self, (line, column): Position) -> usize {
        let Some(start) = self.starts.get(line.saturating_sub(1)) else { return self.text.len() };
        let rest = self.text.get(*start..).unwrap_or_default();
        rest.char_indices().nth(column.saturating_sub(1)).map_or(self.text.len(), |(at, _)| start + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_line_breaks_of_yaml_count() {
        let text = "a\r\nb\rc\u{85}d\u{2028}éx\n";
        let lines = Lines::new(text);
        for (position, expected) in [((1, 1), "a"), ((2, 1), "b"), ((3, 1), "c"), ((4, 1), "d"), ((5, 2), "x")] {
            let byte = lines.byte(position);
            assert!(text[byte..].starts_with(expected), "{position:?}");
        }
        assert_eq!(lines.byte((6, 1)), text.len());
        assert_eq!(lines.byte((9, 9)), text.len());
    }

    #[test]
    fn serde_yaml_counts_the_same() {
        for gap in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"] {
            let text = format!("a: é{gap}b: [1, x{gap}");
            let error = serde_yaml::from_str::<serde_yaml::Value>(&text).unwrap_err();
            let at = error.location().unwrap();
            assert_eq!(Lines::new(&text).byte((at.line(), at.column())), text.len(), "{gap:?} {error}");
        }
    }
}
