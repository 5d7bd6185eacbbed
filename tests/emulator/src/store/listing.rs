//! Pages of sorted names, with common prefixes rolled up.

use std::collections::BTreeMap;
use std::ops::Bound;

/// One line of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Listed<'a, T> {
    Item(&'a str, &'a T),
    /// Stands for every name that starts with it.
    Prefix(String),
}

/// What is asked of a listing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Page<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: &'a str,
    /// Names up to and including this one are done; so is every name under it, if it is a common prefix.
    pub(crate) marker: &'a str,
    pub(crate) limit: usize,
}

/// The lines of a page, and whether more follow. Common prefixes count like items, and what they stand for is
/// skipped rather than walked through.
pub(crate) fn page<'a, T>(items: &'a BTreeMap<String, T>, page: &Page<'_>) -> (Vec<Listed<'a, T>>, bool) {
    let mut lines = Vec::new();
    let mut start = start(page);
    loop {
        let Some(from) = &start else {
            return (lines, false);
        };
        let bounds = (as_str(from), Bound::Unbounded);
        let Some((name, item)) = items.range::<str, _>(bounds).next().filter(|(name, _)| name.starts_with(page.prefix))
        else {
            return (lines, false);
        };
        if lines.len() >= page.limit {
            // Nothing was asked for, so nothing is left over.
            return (lines, page.limit > 0);
        }
        match common_prefix(name, page) {
            Some(prefix) => {
                start = successor(prefix).map(Bound::Included);
                lines.push(Listed::Prefix(prefix.to_owned()));
            }
            None => {
                start = Some(Bound::Excluded(name.clone()));
                lines.push(Listed::Item(name, item));
            }
        }
    }
}

impl<T> Listed<'_, T> {
    /// What to continue after.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Item(name, _) => name,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// `None` where nothing can follow.
fn start(page: &Page<'_>) -> Option<Bound<String>> {
    if page.marker < page.prefix {
        return Some(Bound::Included(page.prefix.to_owned()));
    }
    if common_prefix(page.marker, page) == Some(page.marker) {
        return successor(page.marker).map(Bound::Included);
    }
    if page.marker.is_empty() {
        return Some(Bound::Unbounded);
    }
    Some(Bound::Excluded(page.marker.to_owned()))
}

/// What `name` is rolled up to: up to and with the first delimiter after the prefix.
pub(crate) fn common_prefix<'a>(name: &'a str, page: &Page<'_>) -> Option<&'a str> {
    if page.delimiter.is_empty() {
        return None;
    }
    let rest = name.strip_prefix(page.prefix)?;
    let end = page.prefix.len() + rest.find(page.delimiter)? + page.delimiter.len();
    name.get(..end)
}

/// The least string that is greater than everything starting with `prefix`.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Counting up through the code points keeps the order of UTF-8's bytes; surrogates are no code points.
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

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(name) => Bound::Included(name),
        Bound::Excluded(name) => Bound::Excluded(name),
        Bound::Unbounded => Bound::Unbounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> BTreeMap<String, ()> {
        of.iter().map(|name| ((*name).to_owned(), ())).collect()
    }

    /// Walks all pages and returns their lines; common prefixes are in brackets.
    fn walk(items: &BTreeMap<String, ()>, prefix: &str, delimiter: &str, limit: usize) -> Vec<String> {
        let mut marker = String::new();
        let mut all = Vec::new();
        loop {
            let ask = Page { prefix, delimiter, marker: &marker, limit };
            let (lines, more) = page(items, &ask);
            assert!(lines.len() <= limit);
            all.extend(lines.iter().map(|line| match line {
                Listed::Item(name, ()) => (*name).to_owned(),
                Listed::Prefix(prefix) => format!("[{prefix}]"),
            }));
            let Some(last) = lines.last() else {
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
    fn every_page_size_sees_everything_once() {
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
    fn a_name_that_is_the_prefix_is_listed() {
        let items = names(&["dir/", "dir/a"]);
        assert_eq!(walk(&items, "dir/", "/", 1), ["dir/", "dir/a"]);
    }

    #[test]
    fn longer_delimiters() {
        let items = names(&["a--b--c", "a--d", "e"]);
        assert_eq!(walk(&items, "", "--", 1), ["[a--]", "e"]);
    }

    #[test]
    fn a_marker_need_not_exist() {
        let items = names(&["a", "c"]);
        let ask = Page { marker: "b", limit: 5, ..Page::default() };
        let (lines, more) = page(&items, &ask);
        assert_eq!((lines.len(), more), (1, false));
        assert_eq!(page(&items, &Page { limit: 0, ..ask }), (vec![], false));
    }

    #[test]
    fn successors() {
        assert_eq!(successor("a/").as_deref(), Some("a0"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("\u{10FFFF}"), None);
    }
}
