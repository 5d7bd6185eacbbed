//! Structures and enumerations.

use std::collections::BTreeSet;

use super::fields;
use super::judge::{Candidate, Cause, hint, judge};
use super::report::{Change, DESCRIPTION, Group, Kind, Side, Verdict};
use crate::model::api::{Api, EnumValue, Field, Operation, TypeDef, TypeKind};
use crate::naming::variant_name;
use crate::rust::surface::{self, type_name};

/// The differences of all types, in the order of their names; then what is new.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Group> {
    let mut groups = Vec::new();
    for definition in &old.types {
        let changes = match find(new, definition) {
            Some(now) => changed(definition, now, is_sent(old, definition)),
            None => vec![gone(old, new, definition)],
        };
        groups.push(group(definition, changes));
    }
    for definition in new.types.iter().filter(|definition| find(old, definition).is_none()) {
        groups.push(group(definition, vec![whole(Verdict::Addition, "is new".to_owned(), definition)]));
    }
    groups.retain(|group| !group.changes.is_empty());
    groups
}

fn find<'a>(api: &'a Api, wanted: &TypeDef) -> Option<&'a TypeDef> {
    let name = type_name(wanted);
    api.types.iter().find(|definition| type_name(definition) == name)
}

fn group(definition: &TypeDef, changes: Vec<Change>) -> Group {
    Group { kind: Kind::Type, name: definition.name.clone(), rust: type_name(definition), changes }
}

fn whole(verdict: Verdict, message: String, definition: &TypeDef) -> Change {
    Change { verdict, ..Change::new("", message, definition.origin) }
}

fn gone(old: &Api, new: &Api, definition: &TypeDef) -> Change {
    let users: Vec<&str> =
        old.operations.iter().filter(|it| uses(old, it, definition)).map(|it| it.id.as_str()).collect();
    let are_gone = users.iter().all(|id| !new.has_operation(id));
    let message = match (are_gone, &users[..]) {
        (true, [only]) => format!("is gone with `{only}`, the only operation that used it"),
        (true, [_, ..]) => "is gone with the operations that used it".to_owned(),
        _ => "is gone".to_owned(),
    };
    let added: Vec<&TypeDef> = new.types.iter().filter(|now| find(old, now).is_none()).collect();
    let names: Vec<String> = added.iter().map(|now| type_name(now)).collect();
    let candidates =
        added.iter().zip(&names).map(|(now, name)| Candidate { name, is_alike: is_alike(now, definition) });
    let hint = hint(&type_name(definition), &candidates.collect::<Vec<_>>());
    Change { side: Side::Old, hint, ..whole(Verdict::Breaking, message, definition) }
}

/// Returns true if two types have the same fields, or the same values.
fn is_alike(one: &TypeDef, other: &TypeDef) -> bool {
    let parts = |definition: &TypeDef| -> BTreeSet<String> {
        match &definition.kind {
            TypeKind::Struct(fields) => fields.iter().map(surface::label).collect(),
            TypeKind::Enum(values) => values.iter().map(|value| value.value.clone()).collect(),
        }
    };
    matches!(one.kind, TypeKind::Enum(_)) == matches!(other.kind, TypeKind::Enum(_)) && parts(one) == parts(other)
}

/// Returns true if programs make values of a type for an operation.
fn is_sent(api: &Api, wanted: &TypeDef) -> bool {
    api.operations.iter().any(|operation| reaches(api, &operation.inputs, wanted))
}

fn uses(api: &Api, operation: &Operation, wanted: &TypeDef) -> bool {
    reaches(api, &operation.inputs, wanted) || reaches(api, &operation.outputs, wanted)
}

/// Returns true if fields lead to a type, directly or through others.
fn reaches(api: &Api, fields: &[Field], wanted: &TypeDef) -> bool {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&Field> = fields.iter().collect();
    while let Some(field) = waiting.pop() {
        let Some(name) = field.shape.type_name().filter(|name| reached.insert(*name)) else { continue };
        if name == wanted.name {
            return true;
        }
        if let Some(TypeKind::Struct(fields)) = api.type_named(name).map(|definition| &definition.kind) {
            waiting.extend(fields);
        }
    }
    false
}

fn changed(old: &TypeDef, new: &TypeDef, is_sent: bool) -> Vec<Change> {
    let with = |kind: TypeKind| TypeDef { kind, ..old.clone() };
    let mut causes: Vec<Cause<TypeDef>> = Vec::new();
    match (&old.kind, &new.kind) {
        (TypeKind::Struct(before), TypeKind::Struct(after)) => {
            let fields = fields::causes(before, after, "field");
            causes.extend(fields.into_iter().map(|cause| cause.within(|fields| with(TypeKind::Struct(fields)))));
        }
        (TypeKind::Enum(before), TypeKind::Enum(after)) => {
            let values = values(before, after);
            causes.extend(values.into_iter().map(|cause| cause.within(|values| with(TypeKind::Enum(values)))));
        }
        (TypeKind::Struct(_), TypeKind::Enum(_)) => {
            causes.push(Cause::new("", "is an enumeration, and was a structure", new.origin, with(new.kind.clone())));
        }
        (TypeKind::Enum(_), TypeKind::Struct(_)) => {
            causes.push(Cause::new("", "is a structure, and was an enumeration", new.origin, with(new.kind.clone())));
        }
    }
    if old.description != new.description {
        let alone = TypeDef { description: new.description.clone(), ..old.clone() };
        causes.push(Cause::new("", DESCRIPTION, new.origin, alone).documentation());
    }
    let surface = |definition: &TypeDef| surface::of_type(definition, is_sent);
    judge(causes, (&surface(old), &surface(new)), new.origin, surface)
}

/// The differences between the values of two enumerations.
fn values(old: &[EnumValue], new: &[EnumValue]) -> Vec<Cause<Vec<EnumValue>>> {
    let find = |values: &[EnumValue], wanted: &EnumValue| {
        values.iter().position(|value| variant_name(&value.value) == variant_name(&wanted.value))
    };
    let part = |value: &EnumValue| format!("value {}", variant_name(&value.value));
    let added = || new.iter().filter(|value| find(old, value).is_none());
    let mut causes = Vec::new();
    for (index, value) in old.iter().enumerate() {
        let mut alone = old.to_vec();
        match find(new, value).and_then(|index| new.get(index)) {
            None => {
                alone.remove(index);
                let names: Vec<String> = added().map(|value| variant_name(&value.value)).collect();
                let candidates: Vec<Candidate<'_>> =
                    names.iter().map(|name| Candidate { name, is_alike: false }).collect();
                let hint = hint(&variant_name(&value.value), &candidates);
                let message = format!("is gone: `{}` is received as `Unknown`", value.value);
                causes.push(Cause::new(part(value), message, value.origin, alone).gone(hint));
            }
            Some(now) if now.value != value.value => {
                alone.splice(index..=index, [now.clone()]);
                let message = format!("is `{}` on the wire, and was `{}`", now.value, value.value);
                causes.push(Cause::new(part(value), message, now.origin, alone));
            }
            Some(_) => {}
        }
    }
    for value in added() {
        let mut alone = old.to_vec();
        alone.push(value.clone());
        let message = format!("is new: `{}` was received as `Unknown`", value.value);
        causes.push(Cause::new(part(value), message, value.origin, alone));
    }
    causes
}
