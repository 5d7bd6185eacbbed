//! What the YAML parser complains about, in words for people who do not know how it works.

use std::ops::Range;

use super::lines::{Lines, Position};
use crate::diagnostic::codes;

/// Reason why a text cannot be read. All places are bytes of the text.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// `None` where the message says it all.
    pub(super) label: Option<&'static str>,
    pub(super) help: &'static str,
    pub(super) at: Range<usize>,
    /// Where what is not finished begins.
    pub(super) begun: Option<(Range<usize>, &'static str)>,
}

/// A complaint of the parser, taken apart.
struct Complaint<'m> {
    problem: &'m str,
    /// What it was doing: `parsing a block mapping`.
    context: &'m str,
    context_at: Option<Position>,
}

impl<'m> Complaint<'m> {
    fn read(message: &'m str) -> Self {
        let (problem, context) = message.split_once(", while ").unwrap_or((message, ""));
        let (context, position) = context.split_once(" at line ").unwrap_or((context, ""));
        let numbers = position.split_once(" column ");
        let numbers = numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        // serde_yaml leaves out the position of what begins where the text does.
        let context_at = numbers.or((!context.is_empty()).then_some((1, 1)));
        Self { problem, context, context_at }
    }
}

const INDENTED: &str = "indent it like the lines that it belongs to, with spaces";
const QUOTES: &str = "put the text in quotes";
const NO_MORE: &str = "the rest of this file was not checked";

/// Puts a complaint into words. `message` is without the position of the problem, which is `at`.
pub(super) fn in_words(text: &str, message: &str, at: Position) -> Fault {
    let lines = Lines::new(text);
    let complaint = Complaint::read(message);
    let here = lines.byte(at);
    let first = text[here..].chars().next();
    let begun = complaint.context_at.map(|at| word(text, lines.byte(at)));
    let fault = |message: String, label, help| Fault {
        code: codes::YAML_SYNTAX,
        message,
        label,
        help,
        at: word(text, here),
        begun: None,
    };
    let plain = |message: &str, label, help| fault(message.to_owned(), Some(label), help);
    match complaint.problem {
        "found character that cannot start any token" if first == Some('\t') => {
            let mut fault =
                plain("a tab stands where YAML allows only spaces", "a tab", "replace the tabs of this line by spaces");
            fault.at = here..here + 1;
            fault
        }
        "found character that cannot start any token" => {
            let mark = first.map_or_else(String::new, |c| c.to_string());
            fault(format!("a text without quotes cannot begin with `{mark}`"), Some("needs quotes"), QUOTES)
        }
        problem if problem.starts_with("found unexpected") && complaint.context.contains("quoted scalar") => {
            let mut fault =
                plain("a quote is never closed", "opened here", "close it, or leave the quotes out on both sides");
            fault.at = begun.map_or(fault.at.clone(), |begun| begun.start..begun.start + 1);
            fault
        }
        "mapping values are not allowed in this context" if has_colon_before(text, here) => {
            plain("a second `: ` in one line", "would begin a value within a value", QUOTES)
        }
        "mapping values are not allowed in this context" => plain(
            "a `key: value` stands where none can begin",
            "makes a key of this line",
            "is this line, or the one before it, indented too far? A text of several lines that holds `: ` needs `|-`",
        ),
        "did not find expected key" if complaint.context.contains("block mapping") => Fault {
            begun: begun.map(|begun| (begun, "the map begins here")),
            ..plain("this line does not fit into the map around it", "not indented like its other keys", INDENTED)
        },
        "did not find expected '-' indicator" => Fault {
            begun: begun.map(|begun| (begun, "the list begins here")),
            ..plain("this line does not fit into the list around it", "not an item that begins with `- `", INDENTED)
        },
        "did not find expected ',' or ']'" => Fault {
            begun: begun.map(|begun| (begun, "the list begins here")),
            ..plain(
                "a list is not closed",
                "a `,` or the closing `]` is missing before this",
                "add it; texts with `,`, `[` or `]` need quotes",
            )
        },
        "did not find expected ',' or '}'" => Fault {
            begun: begun.map(|begun| (begun, "the map begins here")),
            ..plain(
                "a map is not closed",
                "a `,` or the closing `}` is missing before this",
                "add it; texts with `,`, `{` or `}` need quotes",
            )
        },
        "could not find expected ':'" => {
            let mut fault = plain(
                "this is no `key: value`",
                "a `: ` is missing",
                "write `key: value`, or indent it if it is part of the text above",
            );
            fault.at = begun.unwrap_or(fault.at);
            fault
        }
        "block sequence entries are not allowed in this context" => plain(
            "a list cannot begin here",
            "begins a list",
            "begin the list in a line of its own, or put the text in quotes",
        ),
        "unknown anchor" => plain(
            "this refers to an anchor that is not there",
            "begins with `*`",
            "put the text in quotes if it is meant to begin with `*`",
        ),
        "found unknown escape character" => {
            let help = "write `\\\\` for a backslash, or use single quotes, in which it is a character like others";
            plain("a backslash before a character that it does not belong to", "means nothing within `\"`", help)
        }
        "did not find expected alphabetic or numeric character" => {
            let mut fault = plain("a text without quotes cannot begin with `*` or `&`", "needs quotes", QUOTES);
            fault.at = begun.unwrap_or(fault.at);
            fault
        }
        "did not find expected comment or line break" => {
            plain("a text after `|` or `>` begins in the next line", "stands in the same line", "begin a new line")
        }
        "did not find expected node content" => {
            plain("a value is missing", "stands where a value should", "add it; an empty text is `\"\"`")
        }
        "did not find expected <document start>" => {
            plain("the text goes on where it should have ended", "does not belong to what is before it", INDENTED)
        }
        problem => {
            let context =
                if complaint.context.is_empty() { String::new() } else { format!(", while {}", complaint.context) };
            let mut fault = fault(format!("not YAML: {problem}{context}"), None, NO_MORE);
            fault.begun = begun.map(|begun| (begun, "it begins here"));
            fault
        }
    }
}

/// From here to the next blank.
fn word(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    start..start + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

/// Returns true if the line is a `key: value` before this `:` already.
fn has_colon_before(text: &str, colon: usize) -> bool {
    let line_start = text[..colon].rfind('\n').map_or(0, |at| at + 1);
    text[line_start..colon].contains(": ")
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;

    /// The message, what is underlined, and what is said to have begun elsewhere.
    fn said(text: &str) -> (String, &str, Option<&str>) {
        match parse(text) {
            Err(fault) => (fault.message, &text[fault.at], fault.begun.map(|(at, _)| &text[at])),
            other => panic!("{other:?} for {text:?}"),
        }
    }

    #[test]
    fn frequent_mistakes_are_named() {
        for (text, message, underlined, begun) in [
            ("a:\n\tb: 1\n", "a tab stands where YAML allows only spaces", "\t", None),
            ("a: @b\n", "a text without quotes cannot begin with `@`", "@b", None),
            ("a: \"b\nc: 1\n", "a quote is never closed", "\"", None),
            ("a: 'b\nc: 1\n", "a quote is never closed", "'", None),
            ("a: b: c\n", "a second `: ` in one line", ":", None),
            ("a: b\n  c: d\n", "a `key: value` stands where none can begin", ":", None),
            ("a:\n    b: 1\n  c: 2\n", "this line does not fit into the map around it", "c:", Some("a:")),
            ("a:\n  - b\n  c: d\n", "this line does not fit into the list around it", "c:", Some("-")),
            ("a: [b, c\nd: e\n", "a list is not closed", ":", Some("[b,")),
            ("a: {b: c\nd: e}\n", "a map is not closed", ":", Some("{b:")),
            ("a: 1\nb\nc: 2\n", "this is no `key: value`", "b", None),
            ("a: - b\n", "a list cannot begin here", "-", None),
            ("a: *b\n", "this refers to an anchor that is not there", "*b", None),
            ("a: \"\\d\"\n", "a backslash before a character that it does not belong to", "\\d\"", None),
            ("a: *\n", "a text without quotes cannot begin with `*` or `&`", "*", None),
            ("a: | b\n  c\n", "a text after `|` or `>` begins in the next line", "b", None),
            ("a: [b, : c, }]\n", "a value is missing", ":", None),
            ("a: 1\n b: 2\n", "a `key: value` stands where none can begin", ":", None),
        ] {
            assert_eq!(said(text), (message.to_owned(), underlined, begun), "{text:?}");
        }
    }
}
