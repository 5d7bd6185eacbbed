//! Rewords the syntax errors of the YAML parser.

use std::ops::Range;

use super::position::Lines;
use super::problems::{FileId, Finding, Span};
use crate::diagnostic::codes;

const QUOTE_IT: &str = "put the string in quotes";
const INDENT_IT: &str = "indent it with spaces, like the lines that it belongs to";

/// Converts a message of the parser. `message` has no position; the parser failed at the byte `at`.
pub(super) fn reword(file: FileId, lines: &Lines<'_>, message: &str, at: usize) -> Finding {
    let text = lines.text;
    // For example: `did not find expected key, while parsing a block mapping at line 3 column 1`.
    let (problem, context) = message.split_once(", while ").unwrap_or((message, ""));
    let (context, position) = context.split_once(" at line ").unwrap_or((context, ""));
    let position =
        position.split_once(" column ").and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    // serde_yaml omits the position if it is the start of the file.
    let position = position.or((!context.is_empty()).then_some((1, 1)));
    let context_start = position.map(|(line, column)| lines.byte(line, column));

    let here = word(text, at);
    let context_word = context_start.map_or(here.clone(), |start| word(text, start));
    let error = |place: Range<usize>, message: &str, label: &str, help: &str| {
        Finding::error(codes::YAML_SYNTAX, Span::new(file, place), message).label(label).help(help)
    };
    let with_context = |finding: Finding, label: &str| match context_start {
        Some(start) => finding.related(Span::new(file, word(text, start)), label),
        None => finding,
    };
    match problem {
        "found character that cannot start any token" if text[at..].starts_with('\t') => {
            error(at..at + 1, "YAML does not allow a tab here", "a tab", "replace the tabs in this line with spaces")
        }
        "found character that cannot start any token" => {
            let first: String = text[at..].chars().take(1).collect();
            error(here, &format!("a string without quotes cannot start with `{first}`"), "needs quotes", QUOTE_IT)
        }
        problem if problem.starts_with("found unexpected") && context.contains("quoted scalar") => {
            let quote = context_word.start..(context_word.start + 1).min(context_word.end);
            let help = "add the closing quote, or remove the opening one";
            error(quote, "missing closing quote", "the string starts here", help)
        }
        "mapping values are not allowed in this context" if has_colon_before(text, at) => {
            error(here, "a line contains `: ` twice", "would start a second value", QUOTE_IT)
        }
        "mapping values are not allowed in this context" => error(
            here,
            "unexpected `key: value`",
            "makes this line a key",
            "check the indentation of this line and the one before; a string of several lines with `: ` needs `|-`",
        ),
        "did not find expected key" if context.contains("block mapping") => with_context(
            error(here, "expected a key of the mapping around it", "not indented like the other keys", INDENT_IT),
            "the mapping starts here",
        ),
        "did not find expected '-' indicator" => with_context(
            error(here, "expected an item of the list around it", "does not start with `- `", INDENT_IT),
            "the list starts here",
        ),
        "did not find expected ',' or ']'" => with_context(
            error(
                here,
                "missing `]` at the end of a list",
                "expected `,` or `]` before this",
                "add it; strings that contain `,`, `[` or `]` need quotes",
            ),
            "the list starts here",
        ),
        "did not find expected ',' or '}'" => with_context(
            error(
                here,
                "missing `}` at the end of a mapping",
                "expected `,` or `}` before this",
                "add it; strings that contain `,`, `{` or `}` need quotes",
            ),
            "the mapping starts here",
        ),
        "could not find expected ':'" => {
            let help = "write `key: value`, or indent the line if it continues the string above";
            error(context_word, "expected `key: value`", "`: ` is missing", help)
        }
        "block sequence entries are not allowed in this context" => {
            let help = "start the list on a new line, or put the string in quotes";
            error(here, "a list cannot start here", "starts a list", help)
        }
        "unknown anchor" => {
            let help = "define the anchor with `&`, or put the string in quotes if it starts with `*`";
            error(here, "unknown anchor", "there is no such anchor", help)
        }
        "found unknown escape character" => {
            let help = "write `\\\\` for a backslash, or use single quotes, where a backslash has no special meaning";
            error(here, "unknown escape sequence in a string", "not an escape sequence of YAML", help)
        }
        "did not find expected alphabetic or numeric character" => {
            error(context_word, "a string without quotes cannot start with `*` or `&`", "needs quotes", QUOTE_IT)
        }
        "did not find expected comment or line break" => {
            error(here, "a string after `|` or `>` starts on the next line", "on the same line", "start a new line")
        }
        "did not find expected node content" => {
            error(here, "missing value", "expected a value before this", "add a value; an empty string is `\"\"`")
        }
        "did not find expected <document start>" => {
            error(here, "unexpected text after the end of the document", "not part of the document", INDENT_IT)
        }
        problem => {
            let context = if context.is_empty() { String::new() } else { format!(", while {context}") };
            let message = format!("invalid YAML: {problem}{context}");
            let finding = Finding::error(codes::YAML_SYNTAX, Span::new(file, here), message);
            with_context(finding.help("the rest of this file was not checked"), "starts here")
        }
    }
}

/// Returns the range up to the next whitespace.
fn word(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    start..start + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

/// Returns true if the line contains `: ` before the given colon.
fn has_colon_before(text: &str, colon: usize) -> bool {
    let line_start = text[..colon].rfind('\n').map_or(0, |at| at + 1);
    text[line_start..colon].contains(": ")
}

#[cfg(test)]
mod tests {
    use super::super::yaml::tests::parse_text;

    #[test]
    fn frequent_mistakes_are_named() {
        for (text, message, underlined, related) in [
            ("a:\n\tb: 1\n", "YAML does not allow a tab here", "\t", None),
            ("a: @b\n", "a string without quotes cannot start with `@`", "@b", None),
            ("a: \"b\nc: 1\n", "missing closing quote", "\"", None),
            ("a: 'b\nc: 1\n", "missing closing quote", "'", None),
            ("a: b: c\n", "a line contains `: ` twice", ":", None),
            ("a: b\n  c: d\n", "unexpected `key: value`", ":", None),
            ("a:\n    b: 1\n  c: 2\n", "expected a key of the mapping around it", "c:", Some("a:")),
            ("a:\n  - b\n  c: d\n", "expected an item of the list around it", "c:", Some("-")),
            ("a: [b, c\nd: e\n", "missing `]` at the end of a list", ":", Some("[b,")),
            ("a: {b: c\nd: e}\n", "missing `}` at the end of a mapping", ":", Some("{b:")),
            ("a: 1\nb\nc: 2\n", "expected `key: value`", "b", None),
            ("a: - b\n", "a list cannot start here", "-", None),
            ("a: *b\n", "unknown anchor", "*b", None),
            ("a: \"\\d\"\n", "unknown escape sequence in a string", "\\d\"", None),
            ("a: *\n", "a string without quotes cannot start with `*` or `&`", "*", None),
            ("a: | b\n  c\n", "a string after `|` or `>` starts on the next line", "b", None),
            ("a: [b, : c, }]\n", "missing value", ":", None),
            ("a: 1\n b: 2\n", "unexpected `key: value`", ":", None),
        ] {
            let (_, problems) = parse_text(text);
            let [problem] = &problems[..] else { panic!("{problems:?} for {text:?}") };
            let related_text = problem.related.first().map(|it| &text[it.place.start..it.place.end]);
            let found = (problem.message.as_str(), &text[problem.place.start..problem.place.end], related_text);
            assert_eq!(found, (message, underlined, related), "{text:?}");
        }
    }
}
