//! Reading a text into a tree.

use std::ops::Range;

use serde::de::DeserializeSeed;

use super::characters;
use super::lines::{Lines, START};
use super::node::{EqualKey, Node};
use super::syntax::{Fault, in_words};
use super::tree::{NodeSeed, Numbering};
use crate::diagnostic::codes;

/// What a text turned out to be.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) equal_keys: Vec<EqualKey>,
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Parsed, Fault> {
    if let Some(at) = too_deep(text) {
        return Err(too_large(DEEP, at));
    }
    if let Some((c, at)) = characters::forbidden(text) {
        let message = format!("the character U+{:04X} is not allowed in YAML", u32::from(c));
        let help = "remove it; a text within `\"` may hold it as `\\u…`";
        let (code, label) = (codes::YAML_SYNTAX, Some("this character"));
        return Err(Fault { code, message, label, help, at, begun: None });
    }
    let numbering = Numbering::default();
    match NodeSeed::new(&numbering).deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(root) => Ok(Parsed { root, equal_keys: numbering.equal_keys.into_inner() }),
        Err(error) => {
            let at = error.location().map_or(START, |at| (at.line(), at.column()));
            let message = message_of(&error);
            let here = || {
                let start = Lines::new(text).byte(at);
                start..start
            };
            Err(if message.contains("more than one document") {
                let message = "a file holds one document, and another begins here".to_owned();
                let help = "remove `---`, or make a file of its own of what follows";
                let (code, label) = (codes::YAML_SYNTAX, Some("another document"));
                Fault { code, message, label, help, at: second_document(text), begun: None }
            } else if numbering.too_large.get() || message == "repetition limit exceeded" {
                too_large("more keys and values than a specification has to have", here())
            } else if message == "recursion limit exceeded" {
                too_large(DEEP, here())
            } else {
                in_words(text, &message, at)
            })
        }
    }
}

fn too_large(message: &str, at: Range<usize>) -> Fault {
    let help = "a specification has no need of it; was this file meant?";
    Fault { code: codes::TOO_LARGE, message: message.to_owned(), label: None, help, at, begun: None }
}

/// The line in which the second document begins: at the first `---` after anything else, or after a `...`.
fn second_document(text: &str) -> Range<usize> {
    let is_marker = |line: &str, marker: &str| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
    };
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    let (mut has_begun, mut has_ended) = (false, false);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if (has_begun && is_marker(content, "---")) || (has_ended && is_content(line)) {
            return start..start + content.len();
        }
        has_ended |= is_marker(content, "...");
        has_begun |= is_content(line);
        start += line.len();
    }
    0..0
}

const DEEP: &str = "nested more deeply than a specification has to be";

/// The YAML scanner takes time with the square of the depth of `[[[[…`, so that depth is bounded before it starts.
/// Brackets inside of texts count, too; no text has hundreds that it never closes.
fn too_deep(text: &str) -> Option<Range<usize>> {
    const MAX_DEPTH: usize = 500;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at..at + 1);
        }
    }
    None
}

/// What serde_yaml says, without the position and the path that it adds: the place is printed in front anyway.
fn message_of(error: &serde_yaml::Error) -> String {
    let whole = error.to_string();
    let Some(location) = error.location() else { return whole };
    let suffix = format!(" at line {} column {}", location.line(), location.column());
    let message = whole.replacen(&suffix, "", 1);
    for known in ["a tag such as", "invalid type", "recursion limit", "repetition limit"] {
        if let Some(start) = message.find(known) {
            return message[start..].to_owned();
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::node::Value;

    #[test]
    fn numbers_can_be_keys_and_words_stay_words() {
        let Value::Map(map) = parse("200: on\n201: no\n").unwrap().root.value else { panic!("not a map") };
        let value = |key: &str| &map.get(key).unwrap().value.value;
        assert_eq!(value("200"), &Value::Text("on".into()));
        assert_eq!(value("201"), &Value::Text("no".into()));
    }

    #[test]
    fn a_syntax_error_has_a_place_and_a_short_message() {
        let syntax = |text: &str| match parse(text) {
            Err(fault) if fault.code == codes::YAML_SYNTAX => (fault.message, fault.at),
            other => panic!("{other:?}"),
        };
        let (message, at) = syntax("a: !odd 1\n");
        assert_eq!((message.as_str(), at), ("not YAML: a tag such as `!name` means nothing here", 3..7));
        let (message, at) = syntax("a: 1\nb: \0\n");
        assert_eq!((message.as_str(), at), ("the character U+0000 is not allowed in YAML", 8..9));
    }

    #[test]
    fn a_second_document_is_refused_where_it_begins() {
        for (text, begins) in [
            ("a: 1\n---\nb: 2\n", 5..8),
            ("# Comment\n---\na: 1\n--- # again\nb: 2\n", 19..30),
            ("---\n---\na: 1\n", 4..7),
            ("a: 1\n...\n\n{b: 2}\n", 10..16),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.label, fault.at), (Some("another document"), begins), "{text}");
        }
        assert!(parse("--- # The only one\na: 1\n...\n").is_ok());
    }

    #[test]
    fn bombs_are_refused_in_no_time() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, inner) in
            ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        {
            let uses = vec![format!("*{inner}"); 10].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{uses}]\n"));
        }
        let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(10_000), "*a, ".repeat(10_000));
        let flow = "[".repeat(1_000_000);
        let block = (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
        for text in [&bomb, &wide, &flow, &block, "a: &a [*a]\n", &"- ".repeat(100_000)] {
            let started = std::time::Instant::now();
            let start: String = text.chars().take(20).collect();
            assert_eq!(parse(text).unwrap_err().code, codes::TOO_LARGE, "{start}");
            assert!(started.elapsed().as_secs() < 10, "{start} took {:?}", started.elapsed());
        }
    }
}
