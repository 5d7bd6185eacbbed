//! What a difference does to the items that users name, in words.

use std::collections::BTreeMap;

use super::impact::Delta;

/// What a message about the cause does not say already.
pub(super) fn of(deltas: &[Delta]) -> Vec<String> {
    let items = deltas.iter().filter(|delta| !is_trait(delta));
    let mut words: Vec<String> = items.filter_map(item).collect();
    words.extend(traits(deltas, "is no longer", |delta| delta.new.is_none()));
    words.extend(traits(deltas, "becomes", |delta| delta.old.is_none()));
    if has_lost_only_a_setter(deltas) {
        words.push("its setter is gone".to_owned());
    }
    words
}

fn is_trait(delta: &Delta) -> bool {
    delta.key.contains(": ") && (delta.old.is_none() || delta.new.is_none())
}

fn is_method(text: &str) -> bool {
    text.starts_with("async fn")
}

fn is_setter(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| text.starts_with("fn(self"))
}

fn item(Delta { key, old, new }: &Delta) -> Option<String> {
    match (old, new) {
        (Some(old), Some(new)) if key.ends_with("::new") => {
            let arguments = |text: &str| text.trim_start_matches("fn").to_owned();
            Some(format!("`new{}` → `new{}`", arguments(old), arguments(new)))
        }
        // The field says the same.
        (Some(_), Some(_)) if is_setter(old) => None,
        (Some(old), Some(new)) => Some(format!("`{old}` → `{new}`")),
        (Some(old), None) if is_method(old) || old == "struct" => Some(format!("`{key}` is gone")),
        (None, Some(new)) if is_method(new) || new == "struct" => Some(format!("`{key}` is new")),
        _ => None,
    }
}

/// The traits of each type that is there before and after: `X` is no longer `Clone`, `Default`.
fn traits(deltas: &[Delta], verb: &str, applies: impl Fn(&Delta) -> bool) -> Vec<String> {
    let mut by_type: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for delta in deltas.iter().filter(|delta| is_trait(delta) && applies(delta)) {
        let Some((name, of_trait)) = delta.key.split_once(": ") else { continue };
        let comes_or_goes = |delta: &Delta| delta.key == name && (delta.old.is_none() || delta.new.is_none());
        if !deltas.iter().any(comes_or_goes) {
            by_type.entry(name).or_default().push(format!("`{of_trait}`"));
        }
    }
    by_type.into_iter().map(|(name, traits)| format!("`{name}` {verb} {}", traits.join(", "))).collect()
}

/// Whether a field is still there, but can no longer be set after `new`.
fn has_lost_only_a_setter(deltas: &[Delta]) -> bool {
    let loses_field = deltas.iter().any(|delta| delta.key.contains('.') && delta.new.is_none());
    let loses_setter = deltas.iter().any(|delta| is_setter(&delta.old) && delta.new.is_none());
    let loses_type = deltas.iter().any(|delta| delta.old.as_deref() == Some("struct"));
    loses_setter && !loses_field && !loses_type
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(key: &str, old: Option<&str>, new: Option<&str>) -> Delta {
        Delta { key: key.to_owned(), old: old.map(str::to_owned), new: new.map(str::to_owned) }
    }

    #[test]
    fn what_became_of_a_field_is_said_once() {
        let deltas = [
            delta("AInput.limit", Some("Option<u32>"), Some("u32")),
            delta("AInput: Default", Some(""), None),
            delta("AInput::limit", Some("fn(self, u32) -> Self"), None),
            delta("AInput::new", Some("fn()"), Some("fn(u32)")),
        ];
        let expected =
            ["`Option<u32>` → `u32`", "`new()` → `new(u32)`", "`AInput` is no longer `Default`", "its setter is gone"];
        assert_eq!(of(&deltas), expected);
    }

    #[test]
    fn a_type_that_is_gone_takes_its_traits_along() {
        let deltas = [delta("A", Some("struct"), None), delta("A: Clone", Some(""), None)];
        assert_eq!(of(&deltas), ["`A` is gone"]);
    }
}
