//! Doc comments: Markdown from the specification, wrapped, with what the generator knows added.

use crate::model::api::{Field, Limits, Treatment};

/// The widest line of a doc comment's text. With `    /// ` before it, a line stays within 120 columns.
const WIDTH: usize = 108;

/// The specification's Markdown as lines.
///
/// Paragraphs are wrapped; lists, tables, headings and fenced code keep their own line breaks.
pub(super) fn lines(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_code = false;
    // A `\r` alone ends a line, too: Rust does not allow it in a comment.
    let markdown = markdown.replace("\r\n", "\n").replace('\r', "\n");
    for line in markdown.trim().lines() {
        let line = line.trim_end();
        in_code ^= line.trim_start().starts_with("```");
        if in_code || line.len() <= WIDTH || line.trim_start().starts_with('|') {
            lines.push(line.to_owned());
        } else {
            wrap(line, &mut lines);
        }
    }
    lines
}

/// The lines as a doc comment.
pub(super) fn comment(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| if line.is_empty() { "///".to_owned() } else { format!("/// {line}") }).collect()
}

fn wrap(line: &str, lines: &mut Vec<String>) {
    let indent = &line[..line.len() - line.trim_start().len()];
    let hanging = if line.trim_start().starts_with(['-', '*']) { "  " } else { "" };
    let mut current = indent.to_owned();
    let mut empty = true;
    for word in line.split_whitespace() {
        if !empty && current.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut current, format!("{indent}{hanging}")));
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(word);
        empty = false;
    }
    lines.push(current);
}

/// What a field's documentation says: the description, then what the SDK does with it.
pub(super) fn field(field: &Field, is_sent: bool) -> Vec<String> {
    let mut lines = lines(&field.description);
    if lines.is_empty() {
        lines.push(format!("`{}`.", field.name));
    }
    let mut notes = Vec::new();
    // What an unsigned type rules out needs no check.
    let mut checked = field.limits.clone();
    checked.minimum = checked.minimum.filter(|minimum| *minimum > 0 || field.limits.maximum.is_some());
    if let Some(limits) = limits(&checked).filter(|_| is_sent) {
        notes.push(format!("Checked before it is sent: {limits}."));
    }
    match field.treatment {
        Treatment::ContentMd5 => notes.push("Computed by the SDK if left out.".to_owned()),
        Treatment::ContentLength => {
            notes.push("The SDK sends the body's length; if this says another, it is an error.".to_owned());
        }
        Treatment::AccessKeyId => {
            notes.push("Left out, the SDK sends that of the client's access key pair.".to_owned())
        }
        Treatment::FormPolicy => {
            notes.push(
                "Left out, the SDK lists the other fields of the form, if the client has an access key pair.".into(),
            );
        }
        Treatment::FormSignature => {
            notes.push("Left out, the SDK signs the policy, if the client has an access key pair.".to_owned());
        }
        Treatment::Plain | Treatment::PathEncoded => {}
    }
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(self::lines(&notes.join(" ")));
    }
    lines
}

fn limits(limits: &Limits) -> Option<String> {
    let range = between(limits.minimum, limits.maximum, "");
    let length = between(limits.min_length, limits.max_length, " bytes long");
    let items = between(limits.min_items, limits.max_items, " items");
    let all: Vec<String> = [range, length, items].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn between<T: std::fmt::Display>(low: Option<T>, high: Option<T>, unit: &str) -> Option<String> {
    match (low, high) {
        (Some(low), Some(high)) => Some(format!("{low} to {high}{unit}")),
        (Some(low), None) => Some(format!("at least {low}{unit}")),
        (None, Some(high)) => Some(format!("at most {high}{unit}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paragraphs_are_wrapped_and_code_is_not() {
        let long = "word ".repeat(40);
        let text = format!("{long}\n\n```text\n{long}\n```\n- {long}");
        let lines = lines(&text);
        assert!(lines[0].len() <= WIDTH && lines[1].starts_with("word"));
        assert!(lines.iter().any(|line| line.len() > WIDTH), "code keeps its lines");
        let item = lines.iter().position(|line| line.starts_with("- ")).unwrap();
        assert!(lines[item + 1].starts_with("  word"), "{lines:?}");
    }

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        assert_eq!(lines("a\r\nb\rc\n\nd\r"), ["a", "b", "c", "", "d"]);
    }

    #[test]
    fn a_word_longer_than_a_line_stays_whole() {
        let url = format!("<https://example.com/{}>", "x".repeat(200));
        assert_eq!(lines(&format!("see {url} there")), ["see".to_owned(), url, "there".to_owned()]);
    }
}
