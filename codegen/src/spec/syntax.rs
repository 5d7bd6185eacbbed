//! Converts syntax errors of serde_yaml into findings with a short message and the place of the mistake.

use std::ops::Range;

use super::position::{Lines, position_in};
use super::problems::{FileId, Finding, Span};
use super::yaml::{TAGGED, TOO_MANY_NODES};
use crate::diagnostic::codes;

const TOO_DEEP: &str = "the file is nested too deeply";
const QUOTE_IT: &str = "put the string in quotes";
const INDENT_IT: &str = "indent it with spaces, like the lines that it belongs to";

/// Returns a finding for a character that the parser would reject without a position, or for nesting that the parser
/// would need too much time for.
pub(super) fn check_text(file: FileId, text: &str) -> Option<Finding> {
    if let Some(at) = deep_bracket(text) {
        return Some(too_large(Span::new(file, at..at + 1), TOO_DEEP));
    }
    let (at, c) = forbidden_character(text)?;
    let message = format!("YAML does not allow the character U+{:04X}", u32::from(c));
    let finding = Finding::error(codes::YAML_SYNTAX, Span::new(file, at..at + c.len_utf8()), message);
    Some(finding.label("not allowed").help("remove it, or write it as `\\u…` in a string in double quotes"))
}

/// Returns the first bracket that is nested too deeply.
///
/// The parser takes quadratic time for `[[[[…`. Brackets in strings count too, because no string contains hundreds of
/// opening brackets without closing ones.
fn deep_bracket(text: &str) -> Option<usize> {
    const MAX_DEPTH: usize = 500;
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

/// Returns the first character that YAML does not allow.
fn forbidden_character(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => true,
        c => c.is_control(),
    })
}

fn too_large(span: Span, message: &str) -> Finding {
    let help = "split the file and use `$ref`, or check that this is the right file";
    Finding::error(codes::TOO_LARGE, span, message).help(help)
}

/// Converts an error of the parser.
pub(super) fn reword(file: FileId, lines: &Lines<'_>, error: &serde_yaml::Error) -> Finding {
    let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    let at = lines.byte(line, column);
    let message = message_of(error);
    match message.as_str() {
        TOO_MANY_NODES | "repetition limit exceeded" => too_large(Span::new(file, at..at), TOO_MANY_NODES),
        "recursion limit exceeded" => too_large(Span::new(file, at..at), TOO_DEEP),
        message if message.contains("more than one document") => {
            // This error has no position.
            let span = Span::new(file, second_document(lines.text));
            let finding = Finding::error(codes::YAML_SYNTAX, span, "the file contains more than one YAML document");
            finding.label("second document").help("remove `---`, or move the second document to another file")
        }
        message => reword_syntax(file, lines, message, at),
    }
}

/// Returns the message of an error without the position and the path of keys.
fn message_of(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let Some(location) = error.location() else { return text };
    let message = text.replacen(&format!(" at line {} column {}", location.line(), location.column()), "", 1);
    let starts = [TAGGED, TOO_MANY_NODES, "invalid type", "recursion limit", "repetition limit"];
    match starts.into_iter().find_map(|start| message.find(start)) {
        Some(start) => message[start..].to_owned(),
        None => message,
    }
}

/// Returns the line that starts the second document: a `---` after content, or content after a `...`.
fn second_document(text: &str) -> Range<usize> {
    let is_marker = |line: &str, marker: &str| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
    };
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    let (mut has_content, mut has_ended) = (false, false);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if (has_content && is_marker(content, "---")) || (has_ended && is_content(line)) {
            return start..start + content.len();
        }
        has_ended |= is_marker(content, "...");
        has_content |= is_content(line);
        start += line.len();
    }
    0..0
}

/// Converts a syntax error. `message` has no position; the parser failed at the byte `at`.
fn reword_syntax(file: FileId, lines: &Lines<'_>, message: &str, at: usize) -> Finding {
    let text = lines.text;
    // For example: `did not find expected key, while parsing a block mapping at line 3 column 1`.
    let (problem, context) = message.split_once(", while ").unwrap_or((message, ""));
    // serde_yaml omits the position if it is the start of the file.
    let position = position_in(context).or((!context.is_empty()).then_some((1, 1)));
    let context_start = position.map(|(line, column)| lines.byte(line, column));
    let context = context.split_once(" at line ").map_or(context, |(context, _)| context);

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
    use super::*;
    use crate::diagnostic::Problem;

    fn problem(text: &str) -> Problem {
        let (_, mut problems) = parse_text(text);
        assert_eq!(problems.len(), 1, "{problems:?} for {text:?}");
        problems.remove(0)
    }

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
            let problem = problem(text);
            let related_text = problem.related.first().map(|it| &text[it.place.start..it.place.end]);
            let found = (problem.message.as_str(), &text[problem.place.start..problem.place.end], related_text);
            assert_eq!(found, (message, underlined, related), "{text:?}");
        }
    }

    #[test]
    fn syntax_errors_have_a_place_and_a_short_message() {
        for (text, message, bytes) in [
            ("a: !odd 1\n", "invalid YAML: tags such as `!name` are not supported", 3..7),
            ("a: 1\nb: \0\n", "YAML does not allow the character U+0000", 8..9),
            ("a: \u{feff}", "YAML does not allow the character U+FEFF", 3..6),
        ] {
            let problem = problem(text);
            assert_eq!(problem.code, codes::YAML_SYNTAX);
            assert_eq!((problem.message.as_str(), (problem.place.start..problem.place.end)), (message, bytes));
        }
    }

    #[test]
    fn a_second_document_is_reported_at_its_start() {
        for (text, bytes) in [
            ("a: 1\n---\nb: 2\n", 5..8),
            ("# Comment\n---\na: 1\n--- # again\nb: 2\n", 19..30),
            ("---\n---\na: 1\n", 4..7),
            ("a: 1\n...\n\n{b: 2}\n", 10..16),
            ("a\n---\nb\n", 2..5),
        ] {
            let problem = problem(text);
            assert_eq!(
                (problem.label.as_str(), (problem.place.start..problem.place.end)),
                ("second document", bytes),
                "{text}"
            );
        }
        assert!(parse_text("--- # The only one\na: 1\n...\n").0.is_some());
    }
}
