//! Pages of sorted keys, with common prefixes.

use std::collections::BTreeMap;
use std::ops::Bound;

/// An entry of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry<'a, T> {
    Item(&'a str, T),
    /// A common prefix, which represents all keys that start with it.
    Prefix(String),
}

impl<T> Entry<'_, T> {
    /// Returns the marker of the page after this entry.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Item(name, _) => name,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// The page that a request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: &'a str,
    /// The page starts after this key. If it is a common prefix, the page starts after all keys with that prefix.
    pub(crate) marker: &'a str,
    pub(crate) limit: usize,
}

/// Returns the entries of a page, and true if more follow.
///
/// `list` returns the entries of an item: none if the item is not listed, one, or several, such as the versions of a
/// key. Its second argument is true for the item whose key is the marker of the page. For this item, `list` returns
/// only the entries after the second marker of the request, such as a version id. Without a second marker, it returns
/// none for this item. A common prefix counts as one entry.
pub(crate) fn page<'a, T, E>(
    items: &'a BTreeMap<String, T>,
    page: &Page<'_>,
    list: impl Fn(&'a T, bool) -> Vec<E>,
) -> (Vec<Entry<'a, E>>, bool) {
    let mut entries = Vec::new();
    let mut start = start(page);
    while let Some(from) = start {
        let bounds = (from.as_ref().map(String::as_str), Bound::Unbounded);
        let rest = items.range::<str, _>(bounds).take_while(|(name, _)| name.starts_with(page.prefix));
        let mut listed = rest.map(|(name, item)| (name, list(item, name == page.marker)));
        let Some((name, listed)) = listed.find(|(_, entries)| !entries.is_empty()) else {
            return (entries, false);
        };
        if entries.len() >= page.limit {
            // A page without entries has no next page.
            return (entries, page.limit > 0);
        }
        start = match common_prefix(name, page) {
            Some(prefix) => {
                entries.push(Entry::Prefix(prefix.to_owned()));
                // Skips the keys of the prefix without iterating over them.
                successor(prefix).map(Bound::Included)
            }
            None => {
                entries.extend(listed.into_iter().map(|entry| Entry::Item(name.as_str(), entry)));
                Some(Bound::Excluded(name.clone()))
            }
        };
        if entries.len() > page.limit {
            entries.truncate(page.limit);
            return (entries, true);
        }
    }
    (entries, false)
}

/// Returns where the keys of a page start, or `None` if no key can follow the marker. The marker itself is included,
/// unless a common prefix represents it, because its item may have entries after the second marker.
fn start(page: &Page<'_>) -> Option<Bound<String>> {
    if page.marker < page.prefix {
        return Some(Bound::Included(page.prefix.to_owned()));
    }
    match common_prefix(page.marker, page) {
        Some(prefix) if prefix == page.marker => successor(prefix).map(Bound::Included),
        Some(_) => Some(Bound::Excluded(page.marker.to_owned())),
        None => Some(Bound::Included(page.marker.to_owned())),
    }
}

/// Returns the common prefix of a key: up to the first delimiter after the prefix, inclusive.
fn common_prefix<'a>(name: &'a str, page: &Page<'_>) -> Option<&'a str> {
    if page.delimiter.is_empty() {
        return None;
    }
    let rest = name.strip_prefix(page.prefix)?;
    let end = page.prefix.len() + rest.find(page.delimiter)? + page.delimiter.len();
    name.get(..end)
}

/// Returns the smallest string that is greater than all strings starting with `prefix`.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Strings have the same order as their code points. The surrogates, which follow U+D7FF, are not characters.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> BTreeMap<String, ()> {
        of.iter().map(|name| ((*name).to_owned(), ())).collect()
    }

    fn list(item: &(), is_marker: bool) -> Vec<&()> {
        if is_marker { Vec::new() } else { vec![item] }
    }

    /// Returns the entries of all pages, with common prefixes in brackets.
    fn walk(items: &BTreeMap<String, ()>, prefix: &str, delimiter: &str, limit: usize) -> Vec<String> {
        let mut marker = String::new();
        let mut all = Vec::new();
        loop {
            let requested = Page { prefix, delimiter, marker: &marker, limit };
            let (entries, more) = page(items, &requested, list);
            assert!(entries.len() <= limit);
            all.extend(entries.iter().map(|line| match line {
                Entry::Item(name, ()) => (*name).to_owned(),
                Entry::Prefix(prefix) => format!("[{prefix}]"),
            }));
            let Some(last) = entries.last() else {
                assert!(!more);
                return all;
            };
            marker = last.name().to_owned();
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn pages_of_any_size_contain_every_entry_once() {
        let items = names(&["a", "a/", "a/1", "a/2/x", "a/2/y", "b", "b//c", "中/文", "\u{10FFFF}/x", "z/\u{D7FF}"]);
        for limit in 1..12 {
            assert_eq!(
                walk(&items, "", "/", limit),
                ["a", "[a/]", "b", "[b/]", "[z/]", "[中/]", "[\u{10FFFF}/]"],
                "limit {limit}"
            );
            assert_eq!(walk(&items, "a/", "/", limit), ["a/", "a/1", "[a/2/]"], "limit {limit}");
            assert_eq!(walk(&items, "", "", limit).len(), items.len());
            assert_eq!(walk(&items, "a/2/", "", limit), ["a/2/x", "a/2/y"]);
            assert_eq!(walk(&items, "nothing", "/", limit), [""; 0]);
        }
    }

    #[test]
    fn lists_a_key_that_equals_the_prefix() {
        let items = names(&["dir/", "dir/a"]);
        assert_eq!(walk(&items, "dir/", "/", 1), ["dir/", "dir/a"]);
    }

    #[test]
    fn accepts_long_delimiters() {
        let items = names(&["a--b--c", "a--d", "e"]);
        assert_eq!(walk(&items, "", "--", 1), ["[a--]", "e"]);
    }

    #[test]
    fn accepts_a_marker_that_does_not_exist() {
        let items = names(&["a", "c"]);
        let requested = Page { marker: "b", limit: 5, ..Page::default() };
        let (entries, more) = page(&items, &requested, list);
        assert_eq!((entries.len(), more), (1, false));
        assert_eq!(page(&items, &Page { limit: 0, ..requested }, list), (vec![], false));
    }

    #[test]
    fn successor_is_greater_than_all_strings_with_the_prefix() {
        assert_eq!(successor("a/").as_deref(), Some("a0"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("\u{10FFFF}"), None);
    }
}
