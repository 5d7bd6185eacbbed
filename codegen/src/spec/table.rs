//! Reading a map key by key: what is missing, of the wrong type or unknown is reported, and reading goes on.

use std::sync::Arc;

use super::node::{Entry, Map, Node, Value};
use super::problems::{FileId, Finding, Problems, Span, Spanned};
use super::suggest::{Advice, instead_of};
use crate::diagnostic::codes;

/// A value and the file it stands in. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Located {
    pub(super) file: FileId,
    pub(super) node: Node,
}

impl Located {
    pub(super) fn span(&self) -> Span {
        Span::node(self.file, self.node.id)
    }

    /// The value under `key`, if this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<Located> {
        let Value::Map(map) = &self.node.value else { return None };
        let entry = map.get(key)?;
        Some(Located { file: self.file, node: entry.value.clone() })
    }

    /// Text, or a problem.
    pub(super) fn text(&self, what: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        match &self.node.value {
            Value::Text(text) => Some(Spanned::new(text.to_string(), self.span())),
            Value::Bool(_) | Value::Integer(_) => {
                let (written, quoted) = (self.node.value.to_string(), format!("\"{}\"", self.node.value));
                let help = Advice::swap(format!("put it in quotes: {quoted}"), written, quoted);
                self.wrong_type(what, "text", help, problems)
            }
            Value::Float(_) => self.wrong_type(what, "text", "put it in quotes", problems),
            _ => self.wrong_type(what, "text", "write some text here, or leave the key out", problems),
        }
    }

    /// The items of a list, or a problem.
    pub(super) fn list(&self, what: &str, problems: &mut Problems) -> Option<Vec<Located>> {
        match &self.node.value {
            Value::List(items) => {
                Some(items.iter().map(|item| Located { file: self.file, node: item.clone() }).collect())
            }
            _ => self.wrong_type(what, "a list", "write `[…]`, or one item a line, each after `- `", problems),
        }
    }

    fn wrong_type<T>(&self, what: &str, expected: &str, help: impl Into<Advice>, problems: &mut Problems) -> Option<T> {
        let found = self.node.value.kind();
        let message = format!("{what} is {found}, but has to be {expected}");
        problems.report(Finding::error(codes::WRONG_TYPE, self.span(), message).help(help).label(found.to_owned()));
        None
    }
}

/// A map that is being read.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What it describes, for messages: `parameter `limit``.
    pub(super) what: String,
    /// Where it stands.
    pub(super) span: Span,
    pub(super) file: FileId,
    map: Arc<Map>,
}

impl Table {
    /// The map `at`, or a problem.
    pub(super) fn open(at: &Located, what: impl Into<String>, problems: &mut Problems) -> Option<Self> {
        let what = what.into();
        match &at.node.value {
            Value::Map(map) => Some(Self { what, span: at.span(), file: at.file, map: Arc::clone(map) }),
            _ => at.wrong_type(&what, "a map", "write `key: value` lines here", problems),
        }
    }

    /// Keys and values, in the order in which they are written.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Spanned<String>, Located)> + '_ {
        self.map.values().map(|entry| {
            let key = Spanned::new(entry.key.to_string(), Span::node(self.file, entry.key_id));
            (key, Located { file: self.file, node: entry.value.clone() })
        })
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.map.get(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<Located> {
        self.entry(key).map(|entry| Located { file: self.file, node: entry.value.clone() })
    }

    /// Where the key itself stands, or else the map.
    pub(super) fn key_span(&self, key: &str) -> Span {
        self.entry(key).map_or(self.span, |entry| Span::node(self.file, entry.key_id))
    }

    /// Reports every key that is not among `known`.
    pub(super) fn only(&self, known: &[&str], problems: &mut Problems) {
        for entry in self.map.values().filter(|entry| !known.contains(&&*entry.key)) {
            self.unknown(entry, known, problems);
        }
    }

    fn unknown(&self, entry: &Entry, known: &[&str], problems: &mut Problems) {
        let message = format!("unknown key `{}` in {}", entry.key, self.what);
        let help = instead_of(&entry.key, known, "the keys here are");
        problems.error(codes::UNKNOWN_KEY, Span::node(self.file, entry.key_id), message, help);
    }

    fn named(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        self.get(key)?.text(&self.named(key), problems)
    }

    /// The text, or nothing.
    pub(super) fn text_or_empty(&self, key: &str, problems: &mut Problems) -> String {
        self.text(key, problems).map(|text| text.value).unwrap_or_default()
    }

    /// Text that has to be there, and say something.
    pub(super) fn required_text(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        if !self.require(key, problems) {
            return None;
        }
        let text = self.text(key, problems)?;
        if text.value.trim().is_empty() {
            let message = format!("{} is empty", self.named(key));
            problems.error(codes::WRONG_TYPE, text.span, message, "write some text here");
            return None;
        }
        Some(text)
    }

    /// Reports that `key` is missing if it is.
    pub(super) fn require(&self, key: &str, problems: &mut Problems) -> bool {
        let there = self.entry(key).is_some();
        if !there {
            let message = format!("{} has no `{key}`", self.what);
            let label = format!("`{key}` is not among these keys");
            let help = format!("add `{key}: …`");
            problems.report(Finding::error(codes::MISSING_KEY, self.span, message).help(help).label(label));
        }
        there
    }

    pub(super) fn flag(&self, key: &str, problems: &mut Problems) -> Option<Spanned<bool>> {
        let at = self.get(key)?;
        match &at.node.value {
            Value::Bool(value) => Some(Spanned::new(*value, at.span())),
            _ => at.wrong_type(&self.named(key), "a boolean", "write `true` or `false`", problems),
        }
    }

    /// A number that may be negative.
    pub(super) fn integer(&self, key: &str, problems: &mut Problems) -> Option<Spanned<i64>> {
        self.number(key, "a whole number of at most 64 bits", problems)
    }

    /// A number that may not.
    pub(super) fn size(&self, key: &str, problems: &mut Problems) -> Option<Spanned<u64>> {
        self.number(key, "a whole number, 0 or more", problems)
    }

    fn number<N: TryFrom<i128>>(&self, key: &str, expected: &str, problems: &mut Problems) -> Option<Spanned<N>> {
        let at = self.get(key)?;
        let number = match &at.node.value {
            Value::Integer(value) => N::try_from(*value).ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(Spanned::new(number, at.span())),
            None => at.wrong_type(&self.named(key), expected, "write such a number, without quotes", problems),
        }
    }

    pub(super) fn list(&self, key: &str, problems: &mut Problems) -> Option<Vec<Located>> {
        self.get(key)?.list(&self.named(key), problems)
    }

    /// A list of texts; what is not text is reported and left out.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<Spanned<String>>> {
        let items = self.list(key, problems)?;
        let what = format!("an item of {}", self.named(key));
        Some(items.iter().filter_map(|item| item.text(&what, problems)).collect())
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<Spanned<T>> {
        let text = self.text(key, problems)?;
        match words.iter().find(|(word, _)| *word == text.value) {
            Some((_, value)) => Some(Spanned::new(*value, text.span)),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let message = format!("unknown `{key}: {}` in {}", text.value, self.what);
                let help = instead_of(&text.value, &known, "it can be");
                problems.error(codes::UNKNOWN_VALUE, text.span, message, help);
                None
            }
        }
    }
}

/// The texts alone, where nothing is ever reported of them.
pub(super) fn texts(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}
