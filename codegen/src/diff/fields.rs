//! Fields of inputs, outputs and structures.

use super::judge::{Candidate, Cause, hint};
use super::report::DESCRIPTION;
use crate::model::api::{Field, Limits, Shape, Treatment};
use crate::rust::surface::{carrier, is_argument, label, value_type};

/// Each difference between two lists of fields, with the list that there would be if it were the only one. `word` says
/// what the fields belong to: `input`.
pub(super) fn causes(old: &[Field], new: &[Field], word: &str) -> Vec<Cause<Vec<Field>>> {
    let mut causes = Vec::new();
    for (index, field) in old.iter().enumerate() {
        match find(new, field) {
            Some(now) => causes.extend(changed(field, now, word).into_iter().map(|cause| {
                cause.within(|alone| {
                    let mut fields = old.to_vec();
                    fields.splice(index..=index, [alone]);
                    fields
                })
            })),
            None => causes.push(gone(old, new, index, word)),
        }
    }
    for (index, field) in new.iter().enumerate().filter(|(_, field)| find(old, field).is_none()) {
        let mut alone = old.to_vec();
        alone.insert(index.min(old.len()), field.clone());
        let kind = if field.required { "is new and required" } else { "is new" };
        causes.push(Cause::new(part(word, field), kind, field.origin, alone));
    }
    causes.extend(order(old, new, word));
    causes
}

fn find<'f>(fields: &'f [Field], wanted: &Field) -> Option<&'f Field> {
    let name = label(wanted);
    fields.iter().find(|field| label(field) == name)
}

fn part(word: &str, field: &Field) -> String {
    format!("{word} {}", label(field))
}

fn gone(old: &[Field], new: &[Field], index: usize, word: &str) -> Cause<Vec<Field>> {
    let mut alone = old.to_vec();
    let field = alone.remove(index);
    let added: Vec<&Field> = new.iter().filter(|field| find(old, field).is_none()).collect();
    let names: Vec<String> = added.iter().map(|field| label(field)).collect();
    let is_alike = |other: &Field| {
        (&other.shape, &other.location, other.required) == (&field.shape, &field.location, field.required)
            && other.treatment == field.treatment
    };
    let candidates = added.iter().zip(&names).map(|(other, name)| Candidate { name, is_alike: is_alike(other) });
    let hint = hint(&label(&field), &candidates.collect::<Vec<_>>());
    Cause::new(part(word, &field), "is gone", field.origin, alone).gone(hint)
}

/// Each difference between two fields of one name.
fn changed(old: &Field, new: &Field, word: &str) -> Vec<Cause<Field>> {
    let mut causes = Vec::new();
    let mut add = |message: String, change: &dyn Fn(&mut Field)| {
        let mut alone = old.clone();
        change(&mut alone);
        causes.push(Cause::new(part(word, old), message, new.origin, alone));
    };
    if old.required != new.required {
        let message = if new.required { "becomes required" } else { "becomes optional" };
        add(message.to_owned(), &|alone| alone.required = new.required);
    }
    // What type a secret has is a difference of its own, and so is what a named type consists of.
    if value_type(&old.shape) != value_type(&new.shape) {
        // The type of an integer follows from its limits, so they change together.
        let limits = limits_in_words(&old.limits, &new.limits);
        let why = if limits.is_empty() { String::new() } else { format!(" ({limits})") };
        add(format!("is of another type{why}"), &|alone| {
            alone.shape = new.shape.clone();
            alone.limits = new.limits.clone();
        });
    } else if old.limits != new.limits {
        add(limits_in_words(&old.limits, &new.limits), &|alone| alone.limits = new.limits.clone());
    }
    if let (Shape::DateTime, Shape::HttpDate) | (Shape::HttpDate, Shape::DateTime) = (&old.shape, &new.shape) {
        let message = "has another format of dates";
        add(message.to_owned(), &|alone| alone.shape = new.shape.clone());
    }
    if old.sensitive != new.sensitive {
        let message = if new.sensitive { "becomes a secret" } else { "is no longer a secret" };
        add(message.to_owned(), &|alone| alone.sensitive = new.sensitive);
    }
    if carrier(old) != carrier(new) && label(old) == label(new) {
        add(format!("moves from {} to {}", carrier(old), carrier(new)), &|alone| {
            alone.name.clone_from(&new.name);
            alone.location = new.location.clone();
        });
    } else if old.name != new.name {
        add(format!("is spelled `{}`", new.name), &|alone| alone.name.clone_from(&new.name));
    }
    if old.treatment != new.treatment {
        let message = format!("is {} instead of {}", treated(new.treatment), treated(old.treatment));
        add(message, &|alone| alone.treatment = new.treatment);
    }
    if old.breaks_idempotency != new.breaks_idempotency {
        let message = if new.breaks_idempotency { "forbids that the SDK repeats" } else { "lets the SDK repeat" };
        add(format!("{message} a request in which it is set"), &|alone| {
            alone.breaks_idempotency = new.breaks_idempotency
        });
    }
    if old.accepts_single != new.accepts_single {
        let message = if new.accepts_single { "may be received as" } else { "can no longer be received as" };
        add(format!("{message} one text in place of a list"), &|alone| alone.accepts_single = new.accepts_single);
    }
    if old.default != new.default {
        let message =
            format!("the service's default, which the SDK does not send: {}", arrow(&old.default, &new.default));
        let alone = Field { default: new.default.clone(), ..old.clone() };
        causes.push(Cause::new(part(word, old), message, new.origin, alone).documentation());
    }
    if old.description != new.description {
        let alone = Field { description: new.description.clone(), ..old.clone() };
        causes.push(Cause::new(part(word, old), DESCRIPTION, new.origin, alone).documentation());
    }
    causes
}

/// The order of what `new` takes, as far as both take it.
fn order(old: &[Field], new: &[Field], word: &str) -> Option<Cause<Vec<Field>>> {
    let taken = |fields: &[Field], others: &[Field]| -> Vec<String> {
        let both = |field: &&Field| is_argument(field) && find(others, field).is_some_and(is_argument);
        fields.iter().filter(both).map(label).collect()
    };
    let (before, after) = (taken(old, new), taken(new, old));
    if before == after || word == "output" {
        return None;
    }
    let mut moved = after.iter().filter_map(|name| old.iter().find(|field| label(field) == *name));
    let mut alone = Vec::with_capacity(old.len());
    for field in old {
        let takes_its_place = before.contains(&label(field)).then(|| moved.next()).flatten();
        alone.push(takes_its_place.unwrap_or(field).clone());
    }
    let first = after.iter().zip(&before).find(|(now, then)| now != then);
    let origin = first.and_then(|(now, _)| new.iter().find(|field| label(field) == *now)).map(|field| field.origin);
    let message = format!("takes `{}`; took `{}`", after.join(", "), before.join(", "));
    Some(Cause::new("new", message, origin.unwrap_or_default(), alone))
}

fn treated(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Plain => "sent as it is",
        Treatment::ContentMd5 => "computed if it is left out",
        Treatment::AccessKeyId | Treatment::FormPolicy | Treatment::FormSignature => {
            "made from the access key pair if it is left out"
        }
        Treatment::PathEncoded => "percent-encoded",
        Treatment::ContentLength => "compared with the body",
    }
}

fn limits_in_words(old: &Limits, new: &Limits) -> String {
    let pairs = old.bounds().into_iter().zip(new.bounds());
    let changed = pairs.filter(|(old, new)| old != new);
    let words = changed.map(|((name, old), (_, new))| format!("{name} {}", arrow(&old, &new)));
    words.collect::<Vec<_>>().join(", ")
}

fn arrow<T: std::fmt::Display>(old: &Option<T>, new: &Option<T>) -> String {
    let word = |value: &Option<T>| value.as_ref().map_or_else(|| "none".to_owned(), T::to_string);
    format!("{} → {}", word(old), word(new))
}
