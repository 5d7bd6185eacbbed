//! Reads YAML into a tree whose keys and values have source ranges.
//!
//! serde_yaml reports positions only in errors. Therefore the visitor of a scalar stores its value and then fails. The
//! list or mapping that contains the scalar takes the stored value, and the position from the error. A list or mapping
//! cannot fail in this way, because it would lose its content. Its start is derived from the start of its first entry.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::position::{Lines, key_length, position_in, value_length};
use super::problems::{FileId, Finding, Problems, Span};
use super::syntax::{check_text, reword};
use crate::diagnostic::codes;

/// A value with its source range. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The source range. If the value has several lines, the range covers only the first one.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Arc<str>),
    /// A sequence.
    List(Arc<[Node]>),
    /// A mapping. If a key occurs twice, it contains the first value.
    Map(Arc<Map>),
}

/// A mapping, in the order of the file.
pub type Map = IndexMap<Arc<str>, Entry>;

/// An entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The source range of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Value {
    /// Returns the type in words, such as `a string`, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Null | Self::List(_) | Self::Map(_) => f.write_str(self.kind()),
        }
    }
}

/// Maximum number of keys and values in a file, with aliases expanded.
///
/// The official specification, as one file, has about 7,000.
const MAX_NODES: u32 = 200_000;
pub(super) const TOO_MANY_NODES: &str = "the file has more than 200000 keys and values, with aliases expanded";
pub(super) const TAGGED: &str = "tags such as `!name` are not supported";

/// Parses a file. Problems are reported; if the file is not valid YAML, the result is `None`.
pub(super) fn parse(file: FileId, text: &str, problems: &mut Problems) -> Option<Node> {
    if let Some(finding) = check_text(file, text) {
        problems.report(finding);
        return None;
    }
    let parsing = Parsing {
        file,
        lines: Lines::new(text),
        scalar: RefCell::default(),
        end: Cell::default(),
        nodes: Cell::default(),
        findings: RefCell::default(),
    };
    let seed = Seed { parsing: &parsing, slot: Slot::Root };
    match seed.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(root) => {
            parsing.findings.into_inner().into_iter().for_each(|finding| problems.report(finding));
            Some(root)
        }
        Err(error) => {
            problems.report(reword(file, &parsing.lines, &error));
            None
        }
    }
}

/// The state of parsing one file.
#[derive(Debug)]
struct Parsing<'t> {
    file: FileId,
    lines: Lines<'t>,
    /// The scalar whose visitor failed last.
    scalar: RefCell<Option<Value>>,
    /// The end of the keys and values read so far.
    end: Cell<usize>,
    /// Number of keys and values read so far.
    nodes: Cell<u32>,
    /// Problems of keys and values. They are reported only if the whole file is valid YAML.
    findings: RefCell<Vec<Finding>>,
}

impl Parsing<'_> {
    fn count_node<E: Error>(&self) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES { Err(E::custom(TOO_MANY_NODES)) } else { Ok(()) }
    }

    /// Returns the node if it was read. If it is a scalar, takes the stored value and the position in the error.
    fn take_scalar<E: Error>(&self, read: Result<Node, E>, slot: Slot) -> Result<Node, E> {
        read.or_else(|error| {
            let Some(value) = self.scalar.take() else { return Err(error) };
            // serde_yaml omits the position if it is the start of the file.
            let (line, column) = position_in(&error.to_string()).unwrap_or((1, 1));
            Ok(self.node(self.lines.byte(line, column), value, slot))
        })
    }

    fn node(&self, start: usize, value: Value, slot: Slot) -> Node {
        let line = self.lines.rest(start);
        let length = if slot == Slot::Key { key_length(line) } else { value_length(line, &value) };
        self.end.set(self.end.get().max(start + length));
        Node { span: Span::new(self.file, start..start + length), value }
    }

    /// Reports a control character in a string, or one that changes the direction of text.
    ///
    /// Most strings become a single line of generated code. After a line break, the rest would not be part of the
    /// comment or string literal. rustc rejects code that is shown in another order than it is compiled.
    fn check_string(&self, node: &Node, owner: fmt::Arguments<'_>, may_be_multiline: bool) {
        let Value::Text(text) = &node.value else { return };
        if let Some(c) = text.chars().find(|c| is_direction(*c)) {
            let finding = Finding::error(
                codes::CONTROL_CHARACTER,
                self.place_of(c, node.span),
                format!("{owner} contains U+{:04X}, which changes the direction of the text around it", u32::from(c)),
            );
            let help = "remove it, because rustc rejects it in comments and strings";
            self.findings.borrow_mut().push(finding.help(help).label("an invisible character"));
            return;
        }
        let is_allowed = |c: char| !c.is_control() || (may_be_multiline && matches!(c, '\n' | '\r' | '\t'));
        let found = match text.chars().find(|c| !is_allowed(*c)) {
            None => return,
            Some('\n' | '\r') => "a line break".to_owned(),
            Some('\t') => "a tab".to_owned(),
            Some(c) => format!("the control character U+{:04X}", u32::from(c)),
        };
        let finding = Finding::error(codes::CONTROL_CHARACTER, node.span, format!("{owner} contains {found}"));
        let help = "write it on one line; only `description` and `summary` may have several lines";
        self.findings.borrow_mut().push(finding.help(help));
    }

    /// Returns the place of a character in a string or, if the source has an escape sequence instead, of the string.
    fn place_of(&self, c: char, span: Span) -> Span {
        let source = self.lines.text.get(span.start..).unwrap_or_default();
        // The span of a string of several lines is its first line. Only a block, after `|` or `>`, has no escapes.
        let is_block = source.starts_with(['|', '>']);
        let source = if is_block { source } else { source.get(..span.end - span.start).unwrap_or(source) };
        let found = source.find(c).map(|at| span.start + at);
        found.map_or(span, |at| Span::new(self.file, at..at + c.len_utf8()))
    }

    /// Returns the start of a list or mapping: the mark in front of its first entry or, if there is none, the entry. If
    /// the list or mapping is empty, returns the first mark after `end_before`, the end of the preceding value.
    fn start_of(&self, marks: &[char], first: Option<Span>, end_before: usize) -> usize {
        match first {
            Some(first) => {
                let before = self.lines.text[..first.start].trim_end();
                before.strip_suffix(marks).map_or(first.start, str::len)
            }
            None => end_before + self.lines.rest(end_before).find(marks).unwrap_or(0),
        }
    }
}

/// Returns true for characters that change the order in which text is shown.
pub(super) fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The place of a node in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Root,
    Key,
    Value,
}

/// Reads one key or value.
#[derive(Clone, Copy)]
struct Seed<'r, 't> {
    parsing: &'r Parsing<'t>,
    slot: Slot,
}

impl Seed<'_, '_> {
    fn with(self, slot: Slot) -> Self {
        Self { slot, ..self }
    }

    /// Stores a scalar and fails, so that the caller learns the position from the error.
    fn store_scalar<E: Error>(self, value: Value) -> Result<Node, E> {
        self.parsing.count_node()?;
        if self.slot == Slot::Root {
            // serde_yaml looks for a second document only if the root succeeds.
            let text = self.parsing.lines.text;
            return Ok(self.parsing.node(text.len() - text.trim_start().len(), value, self.slot));
        }
        self.parsing.scalar.replace(Some(value));
        Err(E::custom("the position follows"))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.slot == Slot::Key { "a key that is a string or a number" } else { "a YAML value" })
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.store_scalar(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.store_scalar(Value::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.store_scalar(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.store_scalar(Value::Integer(value.into()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        // A larger number exceeds every limit of the dialect, so its exact value does not matter.
        self.store_scalar(Value::Integer(value.try_into().unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.store_scalar(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.store_scalar(Value::Text(value.into()))
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.store_scalar(Value::Null)
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.store_scalar(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        if self.slot == Slot::Key {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        self.parsing.count_node()?;
        let end_before = self.parsing.end.get();
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.with(Slot::Value)).transpose() {
            let item = self.parsing.take_scalar(item, Slot::Value)?;
            self.parsing.check_string(&item, format_args!("the item of a list"), false);
            items.push(item);
        }
        let start = self.parsing.start_of(&['[', '-'], items.first().map(|item| item.span), end_before);
        Ok(self.parsing.node(start, Value::List(items.into()), self.slot))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        if self.slot == Slot::Key {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        self.parsing.count_node()?;
        let end_before = self.parsing.end.get();
        let mut entries = Map::default();
        while let Some(key) = map.next_key_seed(self.with(Slot::Key)).transpose() {
            let key_node = self.parsing.take_scalar(key, Slot::Key)?;
            let value = self.parsing.take_scalar(map.next_value_seed(self.with(Slot::Value)), Slot::Value)?;
            let span = key_node.span;
            self.parsing.check_string(&key_node, format_args!("the key"), false);
            let key: Arc<str> = match key_node.value {
                Value::Text(text) => text,
                Value::Null => "null".into(),
                other => other.to_string().into(),
            };
            // `description` and `summary` become lines of documentation. `example` is not used.
            let may_be_multiline = matches!(&*key, "description" | "summary" | "example");
            self.parsing.check_string(&value, format_args!("`{key}`"), may_be_multiline);
            if let Some(first) = entries.get(&key) {
                let finding = Finding::error(codes::DUPLICATE_KEY, span, format!("duplicate key `{key}`"));
                let finding = finding.help("keep one of them").related(first.key_span, "the first is here");
                self.parsing.findings.borrow_mut().push(finding);
            } else {
                entries.insert(key, Entry { key_span: span, value });
            }
        }
        let start = self.parsing.start_of(&['{'], entries.values().next().map(|first| first.key_span), end_before);
        Ok(self.parsing.node(start, Value::Map(Arc::new(entries)), self.slot))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(A::Error::custom(TAGGED))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::diagnostic::Problem;
    use crate::spec::files::Files;

    /// Parses a text and returns its tree and its problems.
    pub(in crate::spec) fn parse_text(text: &str) -> (Option<Node>, Vec<Problem>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("api.yaml"), text).unwrap();
        let mut files = Files::new(&folder.path().join("api.yaml"), "api.yaml".as_ref());
        let mut problems = Problems::default();
        let file = files.open("api.yaml".as_ref(), &mut problems).unwrap();
        (files.get(file).unwrap().root.clone(), problems.locate(&files).problems)
    }

    fn tree(text: &str) -> Node {
        let (root, problems) = parse_text(text);
        root.unwrap_or_else(|| panic!("{problems:?}"))
    }

    fn problem(text: &str) -> Problem {
        let (_, mut problems) = parse_text(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    /// Returns the source text of all keys and values, in the order of the tree.
    fn sources<'t>(node: &Node, text: &'t str) -> Vec<&'t str> {
        let source = |span: Span| &text[span.start..span.end];
        let mut found = vec![source(node.span)];
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| found.extend(sources(item, text))),
            Value::Map(map) => map.values().for_each(|entry| {
                found.push(source(entry.key_span));
                found.extend(sources(&entry.value, text));
            }),
            _ => {}
        }
        found
    }

    #[test]
    fn keys_and_values_have_their_source_ranges() {
        for (text, expected) in [
            ("a: 1\nb:\n  - x\n", &["a: 1", "a", "1", "b", "- x", "x"][..]),
            ("- é\n- {c: 'é', d: [true]}\n", &["- é", "é", "{c: 'é', d: [true]}", "c", "'é'", "d", "[true]", "true"]),
            ("'a b': \"x\" # c\n", &["'a b'", "'a b'", "\"x\""]),
            ("- - a\n  - b\n", &["- - a", "- a", "a", "b"]),
            ("a: []\nb: [{}, [[c]]]\n", &["a: []", "a", "[]", "b", "[{}, [[c]]]", "{}", "[[c]]", "[c]", "c"]),
            ("a: |-\n  x\n  y\nb: z\n", &["a: |-", "a", "|-", "b", "z"]),
            ("a:\n", &["a:", "a", ""]),
            ("text\n", &["text"]),
        ] {
            assert_eq!(sources(&tree(text), text), expected, "{text}");
        }
    }

    #[test]
    fn an_alias_has_the_source_range_of_its_anchor() {
        let text = "a: &it\n  k: 1\nb: *it\nc: &n 2\nd: *n\n";
        assert_eq!(
            sources(&tree(text), text),
            ["a: &it", "a", "k: 1", "k", "1", "b", "k: 1", "k", "1", "c", "&n 2", "d", "&n 2"]
        );
    }

    #[test]
    fn a_duplicate_key_is_reported_and_the_first_value_is_kept() {
        let text = "x:\n  a: 1\n  b: 2\n  a: {c: 3}\n  d: 4\n";
        let (root, problems) = parse_text(text);
        let root = root.unwrap();
        assert_eq!(sources(&root, text), ["x:", "x", "a: 1", "a", "1", "b", "2", "d", "4"]);
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].place.line, problems[0].related[0].place.line), (4, 2));
    }

    #[test]
    fn keys_may_be_numbers_and_yaml_1_1_booleans_are_strings() {
        let Value::Map(map) = tree("200: on\n201: no\n").value else { panic!("not a mapping") };
        let value = |key: &str| &map.get(key).unwrap().value.value;
        assert_eq!(value("200"), &Value::Text("on".into()));
        assert_eq!(value("201"), &Value::Text("no".into()));
    }

    #[test]
    fn huge_files_are_rejected_in_seconds() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, inner) in
            ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        {
            let uses = vec![format!("*{inner}"); 10].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{uses}]\n"));
        }
        let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(10_000), "*a, ".repeat(10_000));
        let flow = "[".repeat(1_000_000);
        let block = (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
        for text in [&bomb, &wide, &flow, &block, "a: &a [*a]\n", &"- ".repeat(100_000)] {
            let started = std::time::Instant::now();
            let start: String = text.chars().take(20).collect();
            assert_eq!(problem(text).code, codes::TOO_LARGE, "{start}");
            assert!(started.elapsed().as_secs() < 10, "{start} took {:?}", started.elapsed());
        }
    }
}
