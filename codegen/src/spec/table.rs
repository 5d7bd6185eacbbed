//! Typed access to the keys of a mapping. Missing, unknown and wrongly typed keys are reported, and reading continues.

use std::sync::Arc;

use super::problems::{Finding, Problems, Span, Spanned};
use super::suggest::{Advice, instead_of};
use super::yaml::{Map, Node, Value};
use crate::diagnostic::codes;

/// Keys of OpenAPI 3 and of Swagger that the dialect does not have, and what to write instead.
const FOREIGN_KEYS: [(&str, &str); 15] = [
    ("allOf", "write one object with the properties of all"),
    ("anyOf", "write `type: object` without properties for any JSON value"),
    ("components", "write `definitions` and `parameters` at the root"),
    ("const", "write `enum` with one value"),
    ("content", "write `schema`, without a media type around it"),
    ("exclusiveMaximum", "write `maximum` with the largest value that is allowed"),
    ("exclusiveMinimum", "write `minimum` with the smallest value that is allowed"),
    ("nullable", "leave the property out of `required`: an optional property may be `null`"),
    ("oneOf", "write `type: object` without properties for any JSON value"),
    ("openapi", "the dialect is Swagger 2.0: write `swagger: \"2.0\"`"),
    ("pattern", "describe the allowed text in `description`: the SDK does not check patterns"),
    ("requestBody", "write a parameter with `in: body` and `schema`"),
    ("security", "remove it: the SDK signs every request"),
    ("securityDefinitions", "remove it: the SDK signs every request"),
    ("servers", "remove it: the address is part of the SDK's configuration"),
];

impl Node {
    /// Returns the value of `key`, if the node is a mapping with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Map(map) = &self.value else { return None };
        map.get(key).map(|entry| &entry.value)
    }

    /// Returns the string, or reports another type. `what` describes the node in the message.
    pub(super) fn text(&self, what: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        match &self.value {
            Value::Text(text) => Some(Spanned::new(text.to_string(), self.span)),
            Value::Bool(_) | Value::Integer(_) => {
                let (written, quoted) = (self.value.to_string(), format!("\"{}\"", self.value));
                let help = Advice::swap(format!("put it in quotes: {quoted}"), written, quoted);
                self.wrong_type(what, "a string", help, problems)
            }
            Value::Float(_) => self.wrong_type(what, "a string", "put it in quotes", problems),
            _ => self.wrong_type(what, "a string", "write a string, or remove the key", problems),
        }
    }

    /// Returns the items of the list, or reports another type.
    pub(super) fn list(&self, what: &str, problems: &mut Problems) -> Option<Arc<[Node]>> {
        match &self.value {
            Value::List(items) => Some(Arc::clone(items)),
            _ => self.wrong_type(what, "a list", "write `[…]`, or one item per line, each after `- `", problems),
        }
    }

    fn wrong_type<T>(&self, what: &str, expected: &str, help: impl Into<Advice>, problems: &mut Problems) -> Option<T> {
        let found = self.value.kind();
        let message = format!("{what} must be {expected}, but is {found}");
        problems.report(Finding::error(codes::WRONG_TYPE, self.span, message).help(help).label(found));
        None
    }
}

/// A mapping that is being read.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Description for messages, such as "parameter `limit`".
    pub(super) what: String,
    pub(super) span: Span,
    map: Arc<Map>,
}

impl Table {
    /// Opens a mapping, or reports another type.
    pub(super) fn open(node: &Node, what: impl Into<String>, problems: &mut Problems) -> Option<Self> {
        let what = what.into();
        match &node.value {
            Value::Map(map) => Some(Self { what, span: node.span, map: Arc::clone(map) }),
            _ => node.wrong_type(&what, "a mapping", "write `key: value` lines", problems),
        }
    }

    /// Opens the mapping under `key`, if there is one.
    pub(super) fn table(&self, key: &str, problems: &mut Problems) -> Option<Self> {
        Self::open(self.get(key)?, self.describe(key), problems)
    }

    /// Returns all keys and values, in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Spanned<String>, &Node)> + '_ {
        self.map.iter().map(|(key, entry)| (Spanned::new(key.to_string(), entry.key_span), &entry.value))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.map.get(key).map(|entry| &entry.value)
    }

    /// Returns the span of the key or, if it is missing, of the mapping.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.map.get(key).map_or(self.span, |entry| entry.key_span)
    }

    /// Returns the description of a key's value, such as "`format` of parameter `limit`".
    fn describe(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    /// Reports every key that is not among `known`.
    pub(super) fn allow_only(&self, known: &[&str], problems: &mut Problems) {
        for (key, _) in self.entries().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            self.report_unknown(&key, known, problems);
        }
    }

    pub(super) fn report_unknown(&self, key: &Spanned<String>, known: &[&str], problems: &mut Problems) {
        let message = format!("unknown key `{}` in {}", key.value, self.what);
        let foreign = FOREIGN_KEYS.iter().find(|(foreign, _)| *foreign == key.value);
        let help =
            foreign.map_or_else(|| instead_of(&key.value, known, "the known keys are"), |(_, help)| (*help).into());
        problems.error(codes::UNKNOWN_KEY, key.span, message, help);
    }

    /// Returns true if the key exists, and otherwise reports that it is missing.
    pub(super) fn require(&self, key: &str, problems: &mut Problems) -> bool {
        let exists = self.map.contains_key(key);
        if !exists {
            let message = format!("missing key `{key}` in {}", self.what);
            let finding = Finding::error(codes::MISSING_KEY, self.span, message).help(format!("add `{key}: …`"));
            problems.report(finding.label(format!("has no `{key}`")));
        }
        exists
    }

    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        self.get(key)?.text(&self.describe(key), problems)
    }

    pub(super) fn text_or_empty(&self, key: &str, problems: &mut Problems) -> String {
        self.text(key, problems).map(|text| text.value).unwrap_or_default()
    }

    /// Returns the string. Reports a key that is missing or an empty string.
    pub(super) fn required_text(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        if !self.require(key, problems) {
            return None;
        }
        let text = self.text(key, problems)?;
        if text.value.trim().is_empty() {
            let message = format!("{} must not be empty", self.describe(key));
            problems.error(codes::WRONG_TYPE, text.span, message, "write some text");
            return None;
        }
        Some(text)
    }

    pub(super) fn flag(&self, key: &str, problems: &mut Problems) -> Option<Spanned<bool>> {
        let node = self.get(key)?;
        match &node.value {
            Value::Bool(value) => Some(Spanned::new(*value, node.span)),
            _ => node.wrong_type(&self.describe(key), "a boolean", "write `true` or `false`", problems),
        }
    }

    /// Returns true if the key exists and is `true`.
    pub(super) fn is_set(&self, key: &str, problems: &mut Problems) -> bool {
        self.flag(key, problems).is_some_and(|flag| flag.value)
    }

    pub(super) fn integer(&self, key: &str, problems: &mut Problems) -> Option<Spanned<i64>> {
        self.number(key, "a 64-bit integer", problems)
    }

    /// Returns an integer that must not be negative.
    pub(super) fn size(&self, key: &str, problems: &mut Problems) -> Option<Spanned<u64>> {
        self.number(key, "an integer of at least 0", problems)
    }

    fn number<N: TryFrom<i128>>(&self, key: &str, expected: &str, problems: &mut Problems) -> Option<Spanned<N>> {
        let node = self.get(key)?;
        let number = match &node.value {
            Value::Integer(value) => N::try_from(*value).ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(Spanned::new(number, node.span)),
            None => node.wrong_type(&self.describe(key), expected, "write such a number, without quotes", problems),
        }
    }

    pub(super) fn list(&self, key: &str, problems: &mut Problems) -> Option<Arc<[Node]>> {
        self.get(key)?.list(&self.describe(key), problems)
    }

    /// Returns the strings in a list. Reports items of other types.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<Spanned<String>>> {
        let items = self.list(key, problems)?;
        let what = format!("an item of {}", self.describe(key));
        Some(items.iter().filter_map(|item| item.text(&what, problems)).collect())
    }

    /// Returns the value that `words` assigns to the string under `key`. Reports a string that is not among the words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<Spanned<T>> {
        let text = self.text(key, problems)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("unknown value `{}` for `{key}` of {}", text.value, self.what);
            let help = instead_of(&text.value, &known, "the known values are");
            problems.error(codes::UNKNOWN_VALUE, text.span, message, help);
        }
        found.map(|(_, value)| Spanned::new(*value, text.span))
    }
}
