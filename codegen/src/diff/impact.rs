//! The effect on programs when one surface replaces another.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Verdict;
use crate::model::Limits;
use crate::rust::surface::Surface;

/// The difference between two surfaces.
#[derive(Debug)]
pub(super) struct Impact {
    rust: Vec<Delta>,
    wire: Vec<Delta>,
    /// For each field whose limits differ, whether something that was allowed is refused.
    limits: BTreeMap<String, bool>,
    success: Verdict,
    lost_services: BTreeSet<String>,
    gained_services: BTreeSet<String>,
    demands: BTreeSet<String>,
}

/// One entry that is not the same in both.
#[derive(Debug, Clone, PartialEq)]
struct Delta {
    key: String,
    old: Option<String>,
    new: Option<String>,
}

impl Impact {
    pub(super) fn between(old: &Surface, new: &Surface) -> Self {
        let difference = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
        Self {
            rust: deltas(&old.rust, &new.rust),
            wire: deltas(&old.wire, &new.wire),
            limits: limits(&old.limits, &new.limits),
            success: success(&old.success, &new.success),
            lost_services: difference(&old.services, &new.services),
            gained_services: difference(&new.services, &old.services),
            demands: difference(&new.demands, &old.demands),
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.rust.iter().any(|delta| delta.old.is_some()) {
            Verdict::Breaking
        } else if self.wire.iter().any(|delta| delta.old.is_some())
            || self.limits.values().any(|tighter| *tighter)
            || !self.lost_services.is_empty()
            || !self.demands.is_empty()
            || self.success == Verdict::BreakingBehaviour
        {
            Verdict::BreakingBehaviour
        } else if !self.rust.is_empty() || !self.limits.is_empty() || self.success == Verdict::Addition {
            Verdict::Addition
        } else if !self.gained_services.is_empty() {
            Verdict::Fix
        } else {
            Verdict::Docs
        }
    }

    /// Leaves what `part` does not explain.
    pub(super) fn without(&mut self, part: &Self) {
        let explained = |deltas: &[Delta], delta: &Delta| deltas.iter().any(|other| other.key == delta.key);
        self.rust.retain(|delta| !explained(&part.rust, delta));
        self.wire.retain(|delta| !explained(&part.wire, delta));
        self.limits.retain(|name, _| !part.limits.contains_key(name));
        self.lost_services.retain(|service| !part.lost_services.contains(service));
        self.demands.retain(|demand| !part.demands.contains(demand));
        self.gained_services.retain(|service| !part.gained_services.contains(service));
        if part.success != Verdict::Docs {
            self.success = Verdict::Docs;
        }
    }

    /// `message`, followed by what it does to programs.
    pub(super) fn told_with(&self, message: &str) -> String {
        let mut told = message.to_owned();
        let consequences = words(&self.rust);
        if !consequences.is_empty() {
            told.push_str(if told.contains(": ") { "; " } else { ": " });
            told.push_str(&consequences.join(", "));
        }
        if self.verdict() == Verdict::BreakingBehaviour {
            told.push_str("; programs compile, but behave differently");
        }
        told
    }
}

fn deltas(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<Delta> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let delta = |key: &String| Delta { key: key.clone(), old: old.get(key).cloned(), new: new.get(key).cloned() };
    keys.into_iter().map(delta).filter(|delta| delta.old != delta.new).collect()
}

fn limits(old: &BTreeMap<String, Limits>, new: &BTreeMap<String, Limits>) -> BTreeMap<String, bool> {
    let both = old.iter().filter_map(|(name, old)| Some((name, old, new.get(name)?)));
    both.filter(|(_, old, new)| old != new).map(|(name, old, new)| (name.clone(), is_tighter(old, new))).collect()
}

/// Returns true if something that `old` allows is refused by `new`.
fn is_tighter(old: &Limits, new: &Limits) -> bool {
    old.bounds().into_iter().zip(new.bounds()).any(|((name, old), (_, new))| match name.starts_with("min") {
        // `None` is less than every number.
        true => new > old,
        false => new.is_some_and(|new| old.is_none_or(|old| new < old)),
    })
}

/// To the SDK every status from 200 to 299 is a success, declared or not.
fn success(old: &BTreeSet<u16>, new: &BTreeSet<u16>) -> Verdict {
    if old == new {
        return Verdict::Docs;
    }
    let was_an_error = |status: &u16| !(200..300).contains(status);
    if !old.is_subset(new) || new.difference(old).any(was_an_error) {
        return Verdict::BreakingBehaviour;
    }
    Verdict::Addition
}

/// Returns the effects on Rust items, except those that the message about the cause mentions.
fn words(deltas: &[Delta]) -> Vec<String> {
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

/// Returns true if a field is still there, but can no longer be set after `new`.
fn has_lost_only_a_setter(deltas: &[Delta]) -> bool {
    let loses_field = deltas.iter().any(|delta| delta.key.contains('.') && delta.new.is_none());
    let loses_setter = deltas.iter().any(|delta| is_setter(&delta.old) && delta.new.is_none());
    let loses_type = deltas.iter().any(|delta| delta.old.as_deref() == Some("struct"));
    loses_setter && !loses_field && !loses_type
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_tighter_if_anything_allowed_is_refused() {
        let range = |minimum, maximum| Limits { minimum, maximum, ..Limits::default() };
        for (old, new, expected) in [
            (range(None, None), range(Some(0), None), true),
            (range(Some(0), None), range(None, None), false),
            (range(None, None), range(None, Some(9)), true),
            (range(None, Some(9)), range(None, Some(8)), true),
            (range(None, Some(9)), range(None, Some(10)), false),
            (range(Some(1), Some(9)), range(Some(0), Some(8)), true),
            (range(Some(1), Some(9)), range(Some(0), None), false),
        ] {
            assert_eq!(is_tighter(&old, &new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_status_that_is_no_longer_announced_or_no_longer_an_error_is_behaviour() {
        let verdict =
            |old: &[u16], new: &[u16]| success(&old.iter().copied().collect(), &new.iter().copied().collect());
        assert_eq!(verdict(&[200], &[200]), Verdict::Docs);
        assert_eq!(verdict(&[200], &[200, 206]), Verdict::Addition);
        assert_eq!(verdict(&[200], &[201]), Verdict::BreakingBehaviour);
        assert_eq!(verdict(&[200], &[200, 304]), Verdict::BreakingBehaviour);
        assert_eq!(verdict(&[200, 304], &[200]), Verdict::BreakingBehaviour);
    }

    fn delta(key: &str, old: Option<&str>, new: Option<&str>) -> Delta {
        Delta { key: key.to_owned(), old: old.map(str::to_owned), new: new.map(str::to_owned) }
    }

    #[test]
    fn mentions_the_new_type_of_a_field_once() {
        let deltas = [
            delta("AInput.limit", Some("Option<u32>"), Some("u32")),
            delta("AInput: Default", Some(""), None),
            delta("AInput::limit", Some("fn(self, u32) -> Self"), None),
            delta("AInput::new", Some("fn()"), Some("fn(u32)")),
        ];
        let expected =
            ["`Option<u32>` → `u32`", "`new()` → `new(u32)`", "`AInput` is no longer `Default`", "its setter is gone"];
        assert_eq!(words(&deltas), expected);
    }

    #[test]
    fn a_type_that_is_gone_takes_its_traits_along() {
        let deltas = [delta("A", Some("struct"), None), delta("A: Clone", Some(""), None)];
        assert_eq!(words(&deltas), ["`A` is gone"]);
    }
}
