//! Reading a text into a tree, and finding a key or value of that tree in the text again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::DeserializeSeed;

use super::characters;
use super::extent::{self, Content};
use super::marks::Marks;
use super::node::{EqualKey, Node, NodeId, Value};
use super::numbering::Numbering;
use super::syntax::{SyntaxFault, in_words};
use super::tree::NodeSeed;

/// Line and column as the YAML parser counts them, both from 1.
pub(super) type Position = (usize, usize);

/// Where a text without any position of its own begins.
const START: Position = (1, 1);

/// What a text turned out to be.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) equal_keys: Vec<EqualKey>,
}

/// Why a text could not be read. All places are bytes of the text.
#[derive(Debug, PartialEq)]
pub(super) enum ParseError {
    /// It is not YAML.
    Syntax(SyntaxFault),
    /// It is several documents; where the second begins.
    Documents(Range<usize>),
    /// It is more than anyone would write.
    TooLarge(String, Range<usize>),
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
    if let Some(at) = too_deep(text) {
        return Err(ParseError::TooLarge(DEEP.to_owned(), at));
    }
    if let Some((c, at)) = characters::forbidden(text) {
        let message = format!("the character U+{:04X} is not allowed in YAML", u32::from(c));
        let help = "remove it; a text within `\"` may hold it as `\\u…`";
        return Err(ParseError::Syntax(SyntaxFault { message, label: Some("this character"), help, at, begun: None }));
    }
    let numbering = Numbering::default();
    match NodeSeed(&numbering).deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(root) => Ok(Parsed { root, equal_keys: numbering.equal_keys.into_inner() }),
        Err(error) => {
            let at = error.location().map_or(START, |at| (at.line(), at.column()));
            let message = message_of(&error);
            let here = || {
                let start = Marks::new(text).byte(at);
                start..start
            };
            Err(if message.contains("more than one document") {
                ParseError::Documents(second_document(text))
            } else if numbering.too_large.get() || message == "repetition limit exceeded" {
                ParseError::TooLarge("more keys and values than a specification has to have".to_owned(), here())
            } else if message == "recursion limit exceeded" {
                ParseError::TooLarge(DEEP.to_owned(), here())
            } else {
                ParseError::Syntax(in_words(text, &message, at))
            })
        }
    }
}

/// Which bytes of the text the keys and values are that `root` was read from.
pub(super) fn locate(text: &str, root: &Node, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Range<usize>> {
    let marks = Marks::new(text);
    let contents = contents(root, ids);
    let positions = positions(text, ids).into_iter();
    let found = positions.map(|(id, position)| {
        let start = marks.byte(position);
        // A second key of the same name is not in the tree, and a key like others.
        let content = contents.get(&id).copied().unwrap_or(Content::Key);
        (id, start..start + extent::length(&text[start..], content))
    });
    found.collect()
}

/// What these keys and values are.
fn contents<'n>(root: &'n Node, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Content<'n>> {
    let mut contents = BTreeMap::new();
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        if ids.contains(&node.id) {
            contents.insert(node.id, Content::from(node));
        }
        match &node.value {
            Value::List(items) => rest.extend(items.iter()),
            Value::Map(map) => rest.extend(map.entries().iter().map(|entry| &entry.value)),
            _ => {}
        }
    }
    contents
}

/// Where keys and values begin.
///
/// One more reading finds all keys and scalars. What a list or map has in front, a `{` or an anchor, takes a reading
/// each; in a long text with many problems they are found at their first key or item instead.
fn positions(text: &str, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Position> {
    const MOST_BYTES: usize = 2 << 20;
    let numbering = Numbering::finding(ids.iter().copied());
    // What fails on purpose at the top level has nobody above who would learn of it.
    if let Err(error) = NodeSeed(&numbering).deserialize(serde_yaml::Deserializer::from_str(text)) {
        let _not_asked_for = numbering.learn(error);
    }
    let is_short = text.len().saturating_mul(ids.len()) <= MOST_BYTES;
    let found = numbering.found().into_iter();
    found.map(|(id, at)| (id, at.filter(|_| !is_short).unwrap_or_else(|| locate_one(text, id)))).collect()
}

/// Where a key or value begins.
fn locate_one(text: &str, id: NodeId) -> Position {
    let numbering = Numbering::up_to(id);
    let stopped = NodeSeed(&numbering).deserialize(serde_yaml::Deserializer::from_str(text));
    stopped.err().and_then(|error| error.location()).map_or(START, |at| (at.line(), at.column()))
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
    const MOST: usize = 500;
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST {
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

    fn tree(text: &str) -> Node {
        parse(text).unwrap().root
    }

    fn entry<'n>(node: &'n Node, key: &str) -> &'n crate::spec::node::Entry {
        let Value::Map(map) = &node.value else { panic!("not a map") };
        map.get(key).unwrap()
    }

    #[test]
    fn keys_and_values_are_found_where_they_stand() {
        let text = "a: 1\nb:\n  - x\n  - {c: é, d: [true]}\n'quoted': \"text\"\n";
        let root = tree(text);
        let b = entry(&root, "b");
        let Value::List(items) = &b.value.value else { panic!("not a list") };
        let d = entry(&items[1], "d");
        let ids = [root.id, b.key_id, b.value.id, items[1].id, d.key_id, d.value.id];
        let at_once = positions(text, &BTreeSet::from(ids));
        for (id, at) in at_once {
            assert_eq!(at, locate_one(text, id));
        }
        assert_eq!(locate_one(text, root.id), (1, 1));
        assert_eq!(locate_one(text, b.key_id), (2, 1));
        assert_eq!(locate_one(text, b.value.id), (3, 3));
        assert_eq!(locate_one(text, items[1].id), (4, 5));
        assert_eq!(locate_one(text, d.key_id), (4, 12), "columns are characters");
        assert_eq!(locate_one(text, d.value.id), (4, 15));
        assert_eq!(locate_one(text, entry(&root, "quoted").key_id), (5, 1));
        assert_eq!(locate_one(text, entry(&root, "quoted").value.id), (5, 11));
    }

    #[test]
    fn in_a_long_text_one_reading_finds_all() {
        let text = format!("a: {{b: 1}}\nc:\n  - d: [x, {{}}]\n#{}\n", "-".repeat(3 << 20));
        let root = tree(&text);
        let (a, c) = (entry(&root, "a"), entry(&root, "c"));
        let Value::List(items) = &c.value.value else { panic!("not a list") };
        let d = entry(&items[0], "d");
        let Value::List(inner) = &d.value.value else { panic!("not a list") };
        let ids =
            [root.id, a.value.id, c.key_id, c.value.id, items[0].id, d.key_id, d.value.id, inner[0].id, inner[1].id];
        let found = positions(&text, &BTreeSet::from(ids));
        let positions = ids.map(|id| found[&id]);
        // The brackets in front of `b` and `x` are what this way does not see.
        assert_eq!(positions[..5], [(1, 1), (1, 5), (2, 1), (3, 5), (3, 5)]);
        assert_eq!(positions[5..], [(3, 5), (3, 9), (3, 9), (3, 12)]);
    }

    #[test]
    fn both_of_two_equal_keys_are_found() {
        let text = "x:\n  a: 1\n  b: 2\n  a: {c: 3}\n  d: 4\n";
        let parsed = parse(text).unwrap();
        let [equal] = &parsed.equal_keys[..] else { panic!("one pair") };
        assert_eq!(locate_one(text, equal.first), (2, 3));
        assert_eq!(locate_one(text, equal.again), (4, 3));
        let x = entry(&parsed.root, "x");
        assert_eq!(entry(&x.value, "a").value.value, Value::Integer(1), "the first one stays");
        assert_eq!(locate_one(text, entry(&x.value, "d").key_id), (5, 3));
    }

    #[test]
    fn numbers_can_be_keys_and_words_stay_words() {
        let root = tree("200: on\n201: no\n");
        assert_eq!(entry(&root, "200").value.value, Value::Text("on".into()));
        assert_eq!(entry(&root, "201").value.value, Value::Text("no".into()));
    }

    #[test]
    fn an_alias_stands_where_its_anchor_does() {
        let text = "a: &it\n  k: 1\nb: *it\n";
        let root = tree(text);
        let b = entry(&root, "b");
        assert_eq!(locate_one(text, b.key_id), (3, 1));
        assert_eq!(locate_one(text, entry(&b.value, "k").value.id), (2, 6));
    }

    #[test]
    fn what_is_located_is_the_whole_key_or_value() {
        let text = "a: \"x y\" # z\nb:\n  - é\n  - {c: 'é', d: [true]}\ne: {f: 1}\ne: 2\n";
        let parsed = parse(text).unwrap();
        let (a, b) = (entry(&parsed.root, "a"), entry(&parsed.root, "b"));
        let Value::List(items) = &b.value.value else { panic!("not a list") };
        let d = entry(&items[1], "d");
        let again = parsed.equal_keys[0].again;
        let ids = [a.key_id, a.value.id, b.value.id, items[0].id, items[1].id, d.key_id, d.value.id, again];
        let found = locate(text, &parsed.root, &BTreeSet::from(ids));
        let texts = ids.map(|id| &text[found[&id].clone()]);
        assert_eq!(texts, ["a", "\"x y\"", "- é", "é", "{c: 'é', d: [true]}", "d", "[true]", "e"]);
    }

    #[test]
    fn a_syntax_error_has_a_place_and_a_short_message() {
        let syntax = |text: &str| match parse(text) {
            Err(ParseError::Syntax(fault)) => (fault.message, fault.at),
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
            assert_eq!(parse(text).unwrap_err(), ParseError::Documents(begins), "{text}");
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
            assert!(matches!(parse(text), Err(ParseError::TooLarge(..))), "{start} {:?}", parse(text));
            assert!(started.elapsed().as_secs() < 10, "{start} took {:?}", started.elapsed());
        }
    }
}
