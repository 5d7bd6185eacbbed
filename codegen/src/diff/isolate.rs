//! Judges each difference by its effect if it were the only one.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Change, DESCRIPTION, Side, Verdict};
use crate::model::{Limits, Origin};
use crate::rust::surface::Surface;

/// Collects the changes of one operation or type.
///
/// `T` is the part of the model that is edited, such as an operation or the fields of a structure.
pub(super) struct Isolation<'a, T> {
    old: &'a T,
    /// Place of the operation or type in the new specification.
    origin: Origin,
    surface_of: Box<dyn Fn(&T) -> Surface + 'a>,
    old_surface: Surface,
    /// Effects of all differences together that none of the changes has on its own.
    unexplained: Vec<Effect>,
    changes: Vec<Change>,
}

impl<'a, T: Clone> Isolation<'a, T> {
    pub(super) fn new(old: &'a T, new: &T, origin: Origin, surface_of: impl Fn(&T) -> Surface + 'a) -> Self {
        let old_surface = surface_of(old);
        let unexplained = effects(&old_surface, &surface_of(new));
        Self { old, origin, surface_of: Box::new(surface_of), old_surface, unexplained, changes: Vec::new() }
    }

    /// Adds a difference, which `edit` applies to the old model.
    pub(super) fn add(&mut self, mut change: Change, edit: impl FnOnce(&mut T)) {
        let mut edited = self.old.clone();
        edit(&mut edited);
        let effects = effects(&self.old_surface, &(self.surface_of)(&edited));
        self.unexplained.retain(|effect| !effects.iter().any(|other| effect.entry == other.entry));
        change.set_effects(&effects);
        if effects.is_empty() {
            change.message.push_str("; no effect on the SDK");
        }
        self.changes.push(change);
    }

    /// Adds a difference of the documentation.
    pub(super) fn add_documentation(&mut self, part: &str, message: &str, origin: Origin) {
        self.changes.push(Change::new(part, message, origin));
    }

    pub(super) fn add_description(&mut self, part: &str, origin: Origin) {
        self.add_documentation(part, DESCRIPTION, origin);
    }

    /// Returns the changes, and one more for the effects that only several of them have together.
    pub(super) fn finish(mut self) -> Vec<Change> {
        if !self.unexplained.is_empty() {
            let mut change = Change::new("", "the changes have a further effect in combination", self.origin);
            change.set_effects(&self.unexplained);
            self.changes.push(change);
        }
        self.changes
    }
}

impl Change {
    /// Sets the verdict, and adds the effects to the message.
    fn set_effects(&mut self, effects: &[Effect]) {
        self.verdict = effects.iter().map(|effect| effect.verdict).max().unwrap_or(Verdict::Docs);
        let items = changed_items(effects, self.side == Side::Old);
        if !items.is_empty() {
            self.message.push_str(&format!(": {items}"));
        }
        if self.verdict == Verdict::BreakingBehaviour {
            self.message.push_str("; programs still compile, but behave differently");
        }
    }
}

/// An entry of the surface that differs.
#[derive(Debug, Clone)]
struct Effect {
    verdict: Verdict,
    entry: Entry,
    /// Declaration of the Rust item in the old surface. `None` if the item is new, and for entries other than
    /// [`Entry::Rust`].
    old: Option<String>,
    /// Declaration in the new surface. `None` if the item is removed, and for other entries.
    new: Option<String>,
}

/// An entry of the surface: a part of it and, if the part is a map or a set, the key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Rust(String),
    Wire(String),
    Limits(String),
    Success,
    Guarantee(String),
    Requirement(String),
}

fn effects(old: &Surface, new: &Surface) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (key, old, new) in differences(&old.rust, &new.rust) {
        let verdict = if old.is_some() { Verdict::Breaking } else { Verdict::Addition };
        effects.push(Effect { verdict, entry: Entry::Rust(key.clone()), old: old.cloned(), new: new.cloned() });
    }
    let mut add = |verdict, entry| effects.push(Effect { verdict, entry, old: None, new: None });
    for (key, ..) in differences(&old.wire, &new.wire).into_iter().filter(|(_, old, _)| old.is_some()) {
        add(Verdict::BreakingBehaviour, Entry::Wire(key.clone()));
    }
    for (key, old, new) in differences(&old.limits, &new.limits) {
        if let (Some(old), Some(new)) = (old, new) {
            let verdict = if is_tighter(old, new) { Verdict::BreakingBehaviour } else { Verdict::Addition };
            add(verdict, Entry::Limits(key.clone()));
        }
    }
    if old.success != new.success {
        add(success(&old.success, &new.success, new.only_reads), Entry::Success);
    }
    for guarantee in old.guarantees.symmetric_difference(&new.guarantees) {
        let is_lost = old.guarantees.contains(guarantee);
        let verdict = if is_lost { Verdict::BreakingBehaviour } else { Verdict::Fix };
        add(verdict, Entry::Guarantee(guarantee.clone()));
    }
    for requirement in new.requirements.difference(&old.requirements) {
        add(Verdict::BreakingBehaviour, Entry::Requirement(requirement.clone()));
    }
    effects
}

/// Returns the keys whose values differ, with both values.
fn differences<'a, T: PartialEq>(
    old: &'a BTreeMap<String, T>,
    new: &'a BTreeMap<String, T>,
) -> Vec<(&'a String, Option<&'a T>, Option<&'a T>)> {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let values = keys.into_iter().map(|key| (key, old.get(key), new.get(key)));
    values.filter(|(_, old, new)| old != new).collect()
}

/// Returns true if `new` refuses a value that `old` allows.
fn is_tighter(old: &Limits, new: &Limits) -> bool {
    old.bounds().into_iter().zip(new.bounds()).any(|((name, old), (_, new))| match name.starts_with("min") {
        // `None` is less than every number.
        true => new > old,
        false => new.is_some_and(|new| old.is_none_or(|old| new < old)),
    })
}

/// Judges a change of the declared success statuses. Unless the operation only reads, the SDK accepts every status from
/// 200 to 299 as a success, even if it is not declared.
fn success(old: &BTreeSet<u16>, new: &BTreeSet<u16>, only_reads: bool) -> Verdict {
    let was_an_error = |status: &u16| only_reads || !(200..300).contains(status);
    if !old.is_subset(new) || new.difference(old).any(was_an_error) {
        return Verdict::BreakingBehaviour;
    }
    Verdict::Addition
}

/// Returns the Rust items that are changed, removed or added. For a removed part of the model (`is_removal`), the
/// removed items are obvious and omitted.
fn changed_items(effects: &[Effect], is_removal: bool) -> String {
    let (mut changed, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for effect in effects.iter().filter(|effect| !belongs_to_another(effect, effects)) {
        let Entry::Rust(key) = &effect.entry else { continue };
        match (&effect.old, &effect.new) {
            (Some(old), Some(new)) if key.ends_with("::new") => {
                changed.push(format!("`new{}` → `new{}`", old.trim_start_matches("fn"), new.trim_start_matches("fn")));
            }
            // The setter changes with its field.
            (Some(old), Some(_)) if old.starts_with("fn(self") => {}
            (Some(old), Some(new)) => changed.push(format!("`{old}` → `{new}`")),
            (Some(_), None) if !is_removal => removed.push(format!("`{key}`")),
            (None, Some(new)) if new.starts_with("async fn") => added.push(format!("`{key}`")),
            _ => {}
        }
    }
    let lists = [("", changed), ("removes ", removed), ("adds ", added)].into_iter();
    let lists = lists.filter(|(_, items)| !items.is_empty()).map(|(verb, items)| format!("{verb}{}", items.join(", ")));
    lists.collect::<Vec<_>>().join("; ")
}

/// Returns true if the effect is a field, method or trait of a type that is added or removed as a whole.
fn belongs_to_another(effect: &Effect, effects: &[Effect]) -> bool {
    let Entry::Rust(key) = &effect.entry else { return false };
    let split = key.split_once(": ").or_else(|| key.split_once('.')).or_else(|| key.rsplit_once("::"));
    let owner = split.map(|(owner, _)| Entry::Rust(owner.to_owned()));
    let is_whole = |other: &Effect| other.old.is_none() || other.new.is_none();
    effects.iter().any(|other| owner.as_ref() == Some(&other.entry) && is_whole(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(items: &[(&str, &str)]) -> Surface {
        let rust = items.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Surface { rust, ..Surface::default() }
    }

    #[test]
    fn reports_an_effect_that_no_single_change_explains() {
        let (old, new) = (surface(&[("A.a", "u32"), ("A.b", "u32")]), surface(&[("A.a", "u64"), ("A.b", "u64")]));
        let mut isolation = Isolation::new(&old, &new, Origin::default(), Surface::clone);
        isolation.add(Change::new("field a", "changes its type", Origin::default()), |surface| {
            surface.rust.insert("A.a".to_owned(), "u64".to_owned());
        });
        let changes = isolation.finish();
        let messages: Vec<(Verdict, &str, &str)> =
            changes.iter().map(|change| (change.verdict, change.part.as_str(), change.message.as_str())).collect();
        assert_eq!(
            messages,
            [
                (Verdict::Breaking, "field a", "changes its type: `u32` → `u64`"),
                (Verdict::Breaking, "", "the changes have a further effect in combination: `u32` → `u64`"),
            ]
        );
    }

    #[test]
    fn limits_are_tighter_if_an_allowed_value_is_refused() {
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
    fn a_lost_success_status_or_one_that_was_an_error_changes_behaviour() {
        for (old, new, only_reads, expected) in [
            (&[200][..], &[200, 206][..], false, Verdict::Addition),
            (&[200], &[200, 206], true, Verdict::BreakingBehaviour),
            (&[200], &[201], false, Verdict::BreakingBehaviour),
            (&[200], &[200, 304], false, Verdict::BreakingBehaviour),
            (&[200, 304], &[200], false, Verdict::BreakingBehaviour),
        ] {
            let verdict = success(&old.iter().copied().collect(), &new.iter().copied().collect(), only_reads);
            assert_eq!(verdict, expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn lists_changed_and_removed_items() {
        let old = surface(&[
            ("AInput", "struct"),
            ("AInput.limit", "Option<u32>"),
            ("AInput: Default", ""),
            ("AInput::limit", "fn(self, u32) -> Self"),
            ("AInput::new", "fn()"),
        ]);
        let new = surface(&[("AInput", "struct"), ("AInput.limit", "u32"), ("AInput::new", "fn(u32)")]);
        let expected = "`Option<u32>` → `u32`, `new()` → `new(u32)`; removes `AInput: Default`, `AInput::limit`";
        assert_eq!(changed_items(&effects(&old, &new), false), expected);
    }

    #[test]
    fn does_not_list_the_items_of_a_removed_type() {
        let old = surface(&[("types::A", "struct"), ("types::A: Clone", ""), ("types::A.id", "u32")]);
        assert_eq!(changed_items(&effects(&old, &surface(&[])), false), "removes `types::A`");
    }
}
