//! Documentation comments: Markdown of the specification, wrapped, with facts that the generator adds.

use super::encode::checked;
use crate::model::api::{Field, Limits, Treatment};

/// Maximum length of a line of text, in bytes. After `    /// ` it ends before column 120.
const WIDTH: usize = 108;

/// Splits Markdown into lines of at most [`WIDTH`]. Fenced code, tables and headings keep their lines.
pub(super) fn lines(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut text = String::new();
    let mut in_code = false;
    // rustc rejects a carriage return in a comment.
    let markdown = markdown.replace("\r\n", "\n").replace('\r', "\n");
    for line in markdown.trim().lines() {
        let (line, content) = (line.trim_end(), line.trim());
        let is_fence = content.starts_with("```");
        let is_fixed = in_code || is_fence || content.is_empty() || content.starts_with(['|', '#']);
        if is_fixed || starts_item(content) {
            wrap(&std::mem::take(&mut text), &mut lines);
        }
        match (is_fixed, text.is_empty()) {
            (true, _) => lines.push(line.to_owned()),
            (false, true) => text.push_str(line),
            (false, false) => text.extend([" ", content]),
        }
        in_code ^= is_fence;
    }
    wrap(&text, &mut lines);
    lines
}

/// Puts `///` in front of each line.
pub(super) fn comment(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| if line.is_empty() { "///".to_owned() } else { format!("/// {line}") }).collect()
}

fn starts_item(line: &str) -> bool {
    line.starts_with("- ") || line.starts_with("* ")
}

/// Wraps a paragraph or an item of a list.
fn wrap(text: &str, lines: &mut Vec<String>) {
    let indent = &text[..text.len() - text.trim_start().len()];
    let hanging = if starts_item(text.trim_start()) { "  " } else { "" };
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return };
    let mut line = format!("{indent}{first}");
    for word in words {
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, format!("{indent}{hanging}{word}")));
        } else {
            line.extend([" ", word]);
        }
    }
    lines.push(line);
}

/// Returns the Markdown of a field that is sent: its description, its limits, and the value that the SDK sends if it is
/// unset.
pub(super) fn sent_field(field: &Field) -> String {
    let mut limits = checked(field);
    // `checked` drops the minimum 0 of an unsigned type, but a range such as "0 to 10" needs it.
    limits.minimum = limits.minimum.or(field.limits.minimum.filter(|_| limits.maximum.is_some()));
    let if_unset = match field.treatment {
        Treatment::ContentMd5 => "If unset, the SDK computes it.",
        Treatment::ContentLength => {
            "If unset, the SDK sends the length of the body. A value that differs from this length is an error."
        }
        Treatment::AccessKeyId => "If unset, the SDK sends the id of the client's access key.",
        Treatment::FormPolicy => {
            "If unset and the client has an access key, the SDK sends a policy with the other fields of the form."
        }
        Treatment::FormSignature => "If unset and the client has an access key, the SDK signs the policy.",
        Treatment::Plain | Treatment::PathEncoded => "",
    };
    let description = received_field(field);
    let separator = if description.contains("\n\n") || description.ends_with("```") { "\n\n" } else { " " };
    let notes = format!("{} {if_unset}", limit_sentences(&limits).join(" "));
    format!("{description}{separator}{}", notes.trim()).trim_end().to_owned()
}

/// Returns the Markdown of a field that is received: its description, or else its name.
pub(super) fn received_field(field: &Field) -> String {
    let description = field.description.trim();
    if description.is_empty() { format!("`{}`.", field.name) } else { description.to_owned() }
}

fn limit_sentences(limits: &Limits) -> Vec<String> {
    let value = range(limits.minimum, limits.maximum).map(|range| format!("Must be {range}."));
    let length = range(limits.min_length, limits.max_length).map(|range| format!("Must be {range} bytes long."));
    let items = range(limits.min_items, limits.max_items).map(|range| format!("Must have {range} items."));
    [value, length, items].into_iter().flatten().collect()
}

fn range<T: std::fmt::Display>(minimum: Option<T>, maximum: Option<T>) -> Option<String> {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) => Some(format!("{minimum} to {maximum}")),
        (Some(minimum), None) => Some(format!("at least {minimum}")),
        (None, Some(maximum)) => Some(format!("at most {maximum}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_long_text_but_not_code() {
        let long = "word ".repeat(40);
        let text = format!("{long}\n\n```text\n{long}\n```\n- {long}");
        let lines = lines(&text);
        assert!(lines[0].len() <= WIDTH && lines[1].starts_with("word"));
        assert!(lines.iter().any(|line| line.len() > WIDTH), "code keeps its lines");
        let item = lines.iter().position(|line| line.starts_with("- ")).unwrap();
        assert!(lines[item + 1].starts_with("  word"), "{lines:?}");
    }

    #[test]
    fn joins_the_lines_of_a_paragraph_at_every_kind_of_line_break() {
        assert_eq!(lines("a\r\nb\rc\n\n- d\r  e\r- f"), ["a b c", "", "- d e", "- f"]);
    }

    #[test]
    fn keeps_the_lines_of_tables_and_headings() {
        assert_eq!(lines("# a\nb\n| c |\n| d |"), ["# a", "b", "| c |", "| d |"]);
    }

    #[test]
    fn keeps_a_word_that_is_longer_than_a_line() {
        let url = format!("<https://example.com/{}>", "x".repeat(200));
        assert_eq!(lines(&format!("see {url} there")), ["see".to_owned(), url, "there".to_owned()]);
    }
}
