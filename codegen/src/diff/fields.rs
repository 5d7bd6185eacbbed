//! Differences between the fields of inputs, outputs and structures.

use super::isolate::Isolation;
use super::pair::{Pair, pairs};
use super::report::Change;
use crate::model::api::{Field, Limits, Shape, Treatment};
use crate::rust::surface::{is_argument, label, location_text, value_type};

/// Adds the differences between two lists of fields.
///
/// `word` is the first word of the changed part, such as `input`. `list` returns the fields of the edited model.
pub(super) fn compare<T: Clone>(
    isolation: &mut Isolation<'_, T>,
    (old, new): (&[Field], &[Field]),
    word: &str,
    list: impl Fn(&mut T) -> &mut Vec<Field>,
) {
    let is_alike = |one: &Field, other: &Field| {
        (&one.shape, &one.location, one.required, one.treatment)
            == (&other.shape, &other.location, other.required, other.treatment)
    };
    for (index, pair) in pairs(old, new, label, is_alike) {
        match pair {
            Pair::Kept(before, after) => {
                let edit_field = |edited: &mut T, edit: &dyn Fn(&mut Field)| {
                    if let Some(field) = list(edited).get_mut(index) {
                        edit(field);
                    }
                };
                compare_field(isolation, before, after, &format!("{word} {}", label(before)), edit_field);
            }
            Pair::Removed(field, hint) => {
                let change = Change::removed(format!("{word} {}", label(field)), field.origin, hint);
                isolation.add(change, |edited| drop(list(edited).remove(index)));
            }
            Pair::Added(field) => {
                let message = if field.required { "is new and required" } else { "is new" };
                let change = Change::new(format!("{word} {}", label(field)), message, field.origin);
                isolation.add(change, |edited| list(edited).insert(index.min(old.len()), field.clone()));
            }
        }
    }
    if word != "output" {
        compare_order(isolation, old, new, list);
    }
}

fn compare_field<T: Clone>(
    isolation: &mut Isolation<'_, T>,
    old: &Field,
    new: &Field,
    part: &str,
    edit_field: impl Fn(&mut T, &dyn Fn(&mut Field)),
) {
    let mut add = |message: String, edit: &dyn Fn(&mut Field)| {
        isolation.add(Change::new(part, message, new.origin), |edited| edit_field(edited, edit));
    };
    if old.required != new.required {
        let message = if new.required { "becomes required" } else { "becomes optional" };
        add(message.to_owned(), &|edited| edited.required = new.required);
    }
    let limits = changed_limits(&old.limits, &new.limits);
    if value_type(&old.shape) != value_type(&new.shape) {
        // The type of an integer follows from its limits, so both change together.
        let reason = if limits.is_empty() { String::new() } else { format!(" ({limits})") };
        add(format!("changes its type{reason}"), &|edited| {
            edited.shape.clone_from(&new.shape);
            edited.limits.clone_from(&new.limits);
        });
    } else if !limits.is_empty() {
        add(limits, &|edited| edited.limits.clone_from(&new.limits));
    }
    let is_date = |field: &Field| matches!(field.shape, Shape::DateTime | Shape::HttpDate | Shape::UnixTime);
    if is_date(old) && is_date(new) && old.shape != new.shape {
        add("changes its date format".to_owned(), &|edited| edited.shape.clone_from(&new.shape));
    }
    if let (Shape::ByteRange { .. }, Shape::ByteRange { is_closed }) = (&old.shape, &new.shape)
        && old.shape != new.shape
    {
        let message =
            if *is_closed { "must be a range with both ends" } else { "can be a range without one of its ends" };
        add(message.to_owned(), &|edited| edited.shape.clone_from(&new.shape));
    }
    if old.sensitive != new.sensitive {
        let message = if new.sensitive { "becomes a secret" } else { "is no longer a secret" };
        add(message.to_owned(), &|edited| edited.sensitive = new.sensitive);
    }
    if location_text(old) != location_text(new) {
        add(format!("moves from {} to {}", location_text(old), location_text(new)), &|edited| {
            edited.name.clone_from(&new.name);
            edited.location.clone_from(&new.location);
        });
    } else if old.name != new.name {
        add(format!("changes its spelling to `{}`", new.name), &|edited| edited.name.clone_from(&new.name));
    }
    if old.treatment != new.treatment {
        let message = format!("was {}, is now {}", treatment(old), treatment(new));
        add(message, &|edited| edited.treatment = new.treatment);
    }
    if old.breaks_idempotency != new.breaks_idempotency {
        let verb = if new.breaks_idempotency { "no longer retries" } else { "retries" };
        let message = format!("the SDK {verb} a request in which this is set");
        add(message, &|edited| edited.breaks_idempotency = new.breaks_idempotency);
    }
    if old.accepts_single != new.accepts_single {
        let verb = if new.accepts_single { "accepts" } else { "no longer accepts" };
        let message = format!("the SDK {verb} a single string instead of a list");
        add(message, &|edited| edited.accepts_single = new.accepts_single);
    }
    if old.default != new.default {
        let message = format!("default of the server, not sent by the SDK: {}", arrow(&old.default, &new.default));
        isolation.add_documentation(part, &message, new.origin);
    }
    if old.description != new.description {
        isolation.add_description(part, new.origin);
    }
}

/// Adds a change if the arguments that the function `new` has in both specifications are in another order.
fn compare_order<T: Clone>(
    isolation: &mut Isolation<'_, T>,
    old: &[Field],
    new: &[Field],
    list: impl Fn(&mut T) -> &mut Vec<Field>,
) {
    let is_kept = |others: &[Field], field: &Field| {
        is_argument(field) && others.iter().any(|other| is_argument(other) && label(other) == label(field))
    };
    let before: Vec<&Field> = old.iter().filter(|field| is_kept(new, field)).collect();
    let after: Vec<&Field> = new.iter().filter(|field| is_kept(old, field)).collect();
    let Some((first, _)) = after.iter().zip(&before).find(|(now, then)| label(now) != label(then)) else { return };
    let names = |fields: &[&Field]| fields.iter().map(|field| label(field)).collect::<Vec<_>>().join(", ");
    let message = format!("argument order `{}` → `{}`", names(&before), names(&after));
    isolation.add(Change::new("new", message, first.origin), |edited| {
        let position = |field: &Field| new.iter().position(|other| label(other) == label(field));
        list(edited).sort_by_key(|field| position(field).unwrap_or(usize::MAX));
    });
}

fn treatment(field: &Field) -> &'static str {
    match field.treatment {
        Treatment::Plain => "sent unchanged",
        Treatment::ContentMd5 => "computed if unset",
        Treatment::AccessKeyId | Treatment::FormPolicy | Treatment::FormSignature => {
            "derived from the access key if unset"
        }
        Treatment::PathEncoded => "percent-encoded",
        Treatment::ContentLength => "compared with the length of the body",
    }
}

/// Returns the limits that differ, such as `maximum 1000 → 500`.
fn changed_limits(old: &Limits, new: &Limits) -> String {
    let pairs = old.bounds().into_iter().zip(new.bounds()).filter(|(old, new)| old != new);
    let changed = pairs.map(|((name, old), (_, new))| format!("{name} {}", arrow(&old, &new)));
    changed.collect::<Vec<_>>().join(", ")
}

fn arrow<T: std::fmt::Display>(old: &Option<T>, new: &Option<T>) -> String {
    let [old, new] = [old, new].map(|value| value.as_ref().map_or_else(|| "none".to_owned(), T::to_string));
    format!("{old} → {new}")
}
