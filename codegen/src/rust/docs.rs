//! Documentation comments: Markdown of the specification, with facts that the generator adds.

use super::encode::checked;
use super::markdown::{code, is_one_paragraph, lines};
use crate::model::api::{Field, Limits, Treatment};

/// Returns the lines of a documentation comment.
pub(super) fn comment(markdown: &str) -> Vec<String> {
    let prefix = |line: String| if line.is_empty() { "///".to_owned() } else { format!("/// {line}") };
    lines(markdown).into_iter().map(prefix).collect()
}

/// Adds a sentence after a text: in the same paragraph, if the text is one, or in a paragraph of its own.
pub(super) fn append(markdown: &str, sentence: &str) -> String {
    join(markdown, |text, separator| format!("{text}{separator}{sentence}"))
}

/// Adds a sentence before a text, like [`append`].
pub(super) fn prepend(sentence: &str, markdown: &str) -> String {
    join(markdown, |text, separator| format!("{sentence}{separator}{text}"))
}

fn join(markdown: &str, joined: impl Fn(&str, &str) -> String) -> String {
    // Written again, so that no unclosed mark of the text has an effect on the sentence.
    let text = lines(markdown).join("\n");
    joined(&text, if is_one_paragraph(&text) { " " } else { "\n\n" }).trim().to_owned()
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
    let notes = format!("{} {if_unset}", limit_sentences(&limits).join(" "));
    append(&received_field(field), notes.trim())
}

/// Returns the Markdown of a field that is received: its description, or else its name.
pub(super) fn received_field(field: &Field) -> String {
    let description = field.description.trim();
    if description.is_empty() { format!("{}.", code(&field.name)) } else { description.to_owned() }
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
    fn append_continues_a_single_paragraph_only() {
        for (text, expected) in [
            ("a", "a Note."),
            ("", "Note."),
            ("a\n\nb", "a\n\nb\n\nNote."),
            ("- a", "- a\n\nNote."),
            ("a\n- b", "a\n\n- b\n\nNote."),
            ("a `b", "a \\`b Note."),
            ("```\na", "```text\na\n```\n\nNote."),
        ] {
            assert_eq!(append(text, "Note."), expected);
        }
    }
}
