//! The source range of a key or value.
//!
//! serde_yaml tells where a value begins, and only in errors. So the text is read again, and the reader fails on purpose
//! at the number in question. The end is found from the beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::DeserializeSeed;

use super::lines::{Lines, Position, START};
use super::node::{Node, NodeId, Value};
use super::tree::{NodeSeed, Numbering};

/// Returns the bytes of keys and values in the text that `root` was read from.
pub(super) fn find(text: &str, root: &Node, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Range<usize>> {
    let lines = Lines::new(text);
    let contents = contents(root, ids);
    let positions = positions(text, ids).into_iter();
    let found = positions.map(|(id, position)| {
        let start = lines.byte(position);
        // A second key of the same name is not in the tree, and a key like others.
        let content = contents.get(&id).copied().unwrap_or(Content::Key);
        (id, start..start + length(&text[start..], content))
    });
    found.collect()
}

/// Returns the content of keys and values.
fn contents<'n>(root: &'n Node, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Content<'n>> {
    let mut contents = BTreeMap::new();
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        if ids.contains(&node.id) {
            contents.insert(node.id, Content::from(node));
        }
        match &node.value {
            Value::List(items) => rest.extend(items.iter()),
            Value::Map(map) => rest.extend(map.values().map(|entry| &entry.value)),
            _ => {}
        }
    }
    contents
}

/// Returns the beginnings of keys and values.
///
/// One more reading finds all keys and scalars. A list or map that begins with `{`, `[` or an anchor takes a reading of
/// its own. In a long text with many problems its first key or item is taken instead.
fn positions(text: &str, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Position> {
    const MAX_BYTES: usize = 2 << 20;
    let numbering = Numbering::finding(ids.iter().copied());
    // An error on purpose at the top level is not learned from by a list or map above.
    if let Err(error) = NodeSeed::new(&numbering).deserialize(serde_yaml::Deserializer::from_str(text)) {
        let _not_asked_for = numbering.learn(error);
    }
    let is_short = text.len().saturating_mul(ids.len()) <= MAX_BYTES;
    let found = numbering.found().into_iter();
    found.map(|(id, at)| (id, at.filter(|_| !is_short).unwrap_or_else(|| locate_one(text, id)))).collect()
}

/// Returns the beginning of a key or value.
fn locate_one(text: &str, id: NodeId) -> Position {
    let numbering = Numbering::up_to(id);
    let stopped = NodeSeed::new(&numbering).deserialize(serde_yaml::Deserializer::from_str(text));
    stopped.err().and_then(|error| error.location()).map_or(START, |at| (at.line(), at.column()))
}

/// Content of a key or value.
#[derive(Debug, Clone, Copy)]
enum Content<'n> {
    /// A key.
    Key,
    /// A value that is text.
    Text(&'n str),
    /// Any other scalar.
    Scalar,
    /// A list or a map.
    Collection,
}

impl<'n> From<&'n Node> for Content<'n> {
    fn from(node: &'n Node) -> Self {
        match &node.value {
            Value::Text(text) => Self::Text(text),
            Value::List(_) | Value::Map(_) => Self::Collection,
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Self::Scalar,
        }
    }
}

/// Returns the length in bytes of the content at the beginning of `rest`. Only its first line counts, so that a report
/// does not underline a whole map.
fn length(rest: &str, content: Content<'_>) -> usize {
    let line = &rest[..rest.find(is_break).unwrap_or(rest.len())];
    let before = properties(line);
    let own = &line[before..];
    let of_own = match own.chars().next() {
        Some('"') => quoted(own, '"'),
        Some('\'') => quoted(own, '\''),
        Some('{' | '[') => bracketed(own),
        Some('|' | '>') => own.find(char::is_whitespace),
        _ => None,
    };
    let of_own = of_own.unwrap_or_else(|| match content {
        Content::Text(text) if !text.is_empty() && own.starts_with(text) => text.len(),
        Content::Key => key(own).len(),
        Content::Scalar => own.find([' ', '\t', ',', ']', '}', ':', '#']).unwrap_or(own.len()),
        Content::Text(_) | Content::Collection => without_comment(own).len(),
    });
    before + of_own
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// An anchor or a tag in front.
fn properties(line: &str) -> usize {
    let mut at = 0;
    while line[at..].starts_with(['&', '!']) {
        let end = line[at..].find(char::is_whitespace).unwrap_or(line.len() - at);
        let blank = line[at + end..].len() - line[at + end..].trim_start().len();
        if at + end + blank == line.len() {
            // The value itself stands further down.
            return at;
        }
        at += end + blank;
    }
    at
}

/// Up to the closing quote, if that is in this line.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.next_if(|(_, c)| *c == '\'').is_some() {
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}

/// Up to the closing bracket, if that is in this line.
fn bracketed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' if text[..at].ends_with([' ', ',', '[', '{', ':']) => {
                at += quoted(&text[at..], c)?;
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A key without quotes: `200`, or a `/path` that may hold braces.
fn key(line: &str) -> &str {
    let end = line.match_indices(':').find(|(at, _)| {
        let after = line[at + 1..].chars().next();
        after.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ']' | '}'))
    });
    line[..end.map_or(line.len(), |(at, _)| at)].trim_end()
}

fn without_comment(line: &str) -> &str {
    let end = line.find(" #").unwrap_or(line.len());
    line[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parse::parse;

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
    fn an_alias_stands_where_its_anchor_does() {
        let text = "a: &it\n  k: 1\nb: *it\n";
        let root = tree(text);
        let b = entry(&root, "b");
        assert_eq!(locate_one(text, b.key_id), (3, 1));
        assert_eq!(locate_one(text, entry(&b.value, "k").value.id), (2, 6));
    }

    #[test]
    fn finds_the_whole_key_or_value() {
        let text = "a: \"x y\" # z\nb:\n  - é\n  - {c: 'é', d: [true]}\ne: {f: 1}\ne: 2\n";
        let parsed = parse(text).unwrap();
        let (a, b) = (entry(&parsed.root, "a"), entry(&parsed.root, "b"));
        let Value::List(items) = &b.value.value else { panic!("not a list") };
        let d = entry(&items[1], "d");
        let again = parsed.equal_keys[0].again;
        let ids = [a.key_id, a.value.id, b.value.id, items[0].id, items[1].id, d.key_id, d.value.id, again];
        let found = find(text, &parsed.root, &BTreeSet::from(ids));
        let texts = ids.map(|id| &text[found[&id].clone()]);
        assert_eq!(texts, ["a", "\"x y\"", "- é", "é", "{c: 'é', d: [true]}", "d", "[true]", "e"]);
    }

    fn of<'r>(rest: &'r str, content: Content<'_>) -> &'r str {
        &rest[..length(rest, content)]
    }

    #[test]
    fn keys_and_values_are_taken_whole() {
        for (rest, content, expected) in [
            ("requird: true\n", Content::Key, "requird"),
            ("/{a}/{b}?c:\n", Content::Key, "/{a}/{b}?c"),
            ("\"a\":1", Content::Key, "\"a\""),
            ("a b # c\nd", Content::Text("a b"), "a b"),
            ("200: x", Content::Scalar, "200"),
            ("-1.5, 3]", Content::Scalar, "-1.5"),
            ("\"a \\\" é\": x", Content::Text("a \" é"), "\"a \\\" é\""),
            ("'it''s' # '", Content::Text("it's"), "'it''s'"),
            ("|- # text\n  a", Content::Text("a"), "|-"),
            ("a\n  b\n", Content::Text("a b"), "a"),
            ("{a: '}', b: [\"]\"]} # c", Content::Collection, "{a: '}', b: [\"]\"]}"),
            ("[a,\n b]", Content::Collection, "[a,"),
            ("in: query # where\nname: x", Content::Collection, "in: query"),
            ("&a !t text\n", Content::Text("text"), "&a !t text"),
            ("&a\n  k: 1", Content::Collection, "&a"),
            ("\"never closed\nb", Content::Text("x"), "\"never closed"),
            ("\n", Content::Scalar, ""),
            ("", Content::Scalar, ""),
        ] {
            assert_eq!(of(rest, content), expected);
        }
    }
}
