//! Pairs the items of two specifications by their names in Rust.

use crate::spec::suggest::similar_to;

/// An item of the old specification, the new one, or both.
#[derive(Debug)]
pub(super) enum Pair<'a, T> {
    Kept(&'a T, &'a T),
    /// A removed item and a guess at its new name, such as "renamed to `limit`?". The guess may be empty.
    Removed(&'a T, String),
    Added(&'a T),
}

/// Returns the old items in their order, then the added ones, each with its index in its list.
///
/// `is_alike` returns true if a removed item and an added one are so similar that the item was probably renamed.
pub(super) fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> String,
    is_alike: impl Fn(&T, &T) -> bool,
) -> Vec<(usize, Pair<'a, T>)> {
    let find = |items: &'a [T], wanted: &T| items.iter().find(|item| name(item) == name(wanted));
    let added: Vec<(usize, &T)> = new.iter().enumerate().filter(|(_, item)| find(old, item).is_none()).collect();
    let candidates = |removed: &T| -> Vec<(String, bool)> {
        added.iter().map(|(_, item)| (name(item), is_alike(removed, item))).collect()
    };
    let kept_or_removed = old.iter().map(|item| match find(new, item) {
        Some(successor) => Pair::Kept(item, successor),
        None => Pair::Removed(item, hint(&name(item), &candidates(item))),
    });
    let mut pairs: Vec<_> = kept_or_removed.enumerate().collect();
    pairs.extend(added.into_iter().map(|(index, item)| (index, Pair::Added(item))));
    pairs
}

/// Guesses the new name of a removed item: the only candidate that is alike, or else one with a similar name.
fn hint(removed: &str, candidates: &[(String, bool)]) -> String {
    let names: Vec<&str> = candidates.iter().map(|(name, _)| name.as_str()).collect();
    let mut alike = candidates.iter().filter(|(_, is_alike)| *is_alike).map(|(name, _)| name.as_str());
    let only = alike.next().filter(|_| alike.next().is_none());
    only.or_else(|| similar_to(removed, &names)).map_or_else(String::new, |name| format!("renamed to `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hint_prefers_the_only_alike_candidate_to_a_similar_name() {
        let candidates = |alike: [bool; 2]| [("max_keys".to_owned(), alike[0]), ("limits".to_owned(), alike[1])];
        assert_eq!(hint("limit", &candidates([true, false])), "renamed to `max_keys`?");
        assert_eq!(hint("limit", &candidates([true, true])), "renamed to `limits`?");
        assert_eq!(hint("prefix", &candidates([false, false])), "");
    }
}
