//! A strict reader of flat YAML mappings.
//!
//! The configuration files of QingStor's tools are lines of `key: value`. A YAML library would read them, at the price
//! of several crates in every user's dependency tree, so this reads that subset: comments, blank lines, one `---`,
//! plain and quoted values. Of keys that nobody asked for it skips nested blocks, lists and more. Everything else of
//! YAML is refused: what is understood here means the same to every reader of YAML, and the tests hold this against
//! one.

mod scalar;

use std::fmt;

use scalar::Content;

/// One `key: value`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// `None` if it is empty or `null`, and for keys that nobody asked for.
    pub(super) value: Option<String>,
    /// From 1.
    pub(super) line: usize,
}

/// What cannot be read, without any of the file's text but keys: a line out of place may be part of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    line: usize,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} {}; supported is YAML with one \"key: value\" a line, the value plain or in quotes",
            self.line, self.message
        )
    }
}

/// What may follow an entry on lines of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Continuation {
    Nothing,
    /// Indented lines, each complete in itself.
    Indented,
    /// The same, or a list that is not indented.
    Nested,
    /// Indented lines of any kind.
    Text,
}

/// Reads the entries of a file. What values `is_wanted` has no key for are skipped.
pub(super) fn parse(bytes: &[u8], is_wanted: fn(&str) -> bool) -> Result<Vec<Entry>, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut continuation = Continuation::Nothing;
    let mut started = false;
    for (index, line) in lines(bytes)?.into_iter().enumerate() {
        let number = index + 1;
        let at = |message: String| Problem { line: number, message };
        let text = line.trim_start_matches(' ');
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let indented = text.len() < line.len();
        if indented && continuation == Continuation::Text {
            continue;
        }
        if line.contains('\t') {
            return Err(at("has a tab, which is to be a space".to_owned()));
        }
        let in_list = line == "-" || line.starts_with("- ");
        if indented || in_list {
            let allowed = match continuation {
                Continuation::Nested => true,
                Continuation::Indented => indented,
                Continuation::Nothing | Continuation::Text => false,
            };
            if !allowed {
                return Err(at(match entries.last() {
                    Some(entry) => format!("goes on with the value of {:?}", entry.key),
                    None => "does not begin with a key at its left edge".to_owned(),
                }));
            }
            scalar::check_skipped(text).map_err(at)?;
            continue;
        }
        let marker = line.strip_prefix("---");
        if marker.is_some_and(|rest| scalar::check_end(rest).is_ok()) && !started {
            started = true;
            continue;
        }
        started = true;
        let (key, rest) = scalar::key(line).map_err(at)?;
        if let Some(earlier) = entries.iter().find(|entry| entry.key == key) {
            return Err(at(format!("has the key {key:?} of line {} again", earlier.line)));
        }
        let about = |problem: String| at(format!("has a value of {key:?} that {problem}"));
        let wanted = is_wanted(&key);
        let content = scalar::content(rest).map_err(about)?;
        let mut value = None;
        continuation = Continuation::Nothing;
        match content {
            Content::Empty if wanted => {}
            Content::Empty => continuation = Continuation::Nested,
            Content::Plain(text) if wanted => value = Some(text).filter(|text| !is_null(text)),
            Content::Plain(_) => continuation = Continuation::Indented,
            Content::Quoted(text) => value = wanted.then_some(text),
            Content::Flow | Content::Block if wanted => {
                return Err(about("is not on this line, or not a single value".to_owned()));
            }
            Content::Flow => {}
            Content::Block => continuation = Continuation::Text,
        }
        entries.push(Entry { key, value, line: number });
    }
    Ok(entries)
}

fn is_null(plain: &str) -> bool {
    matches!(plain, "~" | "null" | "Null" | "NULL")
}

/// Lines as every reader of YAML sees them: what only some take for a line break is refused.
fn lines(bytes: &[u8]) -> Result<Vec<&str>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        line: 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count(),
        message: "is not UTF-8".to_owned(),
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    for (index, line) in lines.iter().enumerate() {
        let unusual = |character: char| {
            character.is_control() && character != '\t'
                || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
        };
        if let Some(character) = line.chars().find(|&character| unusual(character)) {
            return Err(Problem {
                line: index + 1,
                message: format!("has the character U+{:04X}", u32::from(character)),
            });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
