//! Differences between structures and between enums.

use std::collections::BTreeSet;

use super::fields;
use super::isolate::Isolation;
use super::pair::{Pair, pairs};
use super::report::{Change, DESCRIPTION, Group, Verdict};
use crate::model::api::{Api, EnumValue, Field, TypeDef, TypeKind};
use crate::naming::variant_name;
use crate::rust::surface::{self, type_name};

/// Returns a group for each type, changed or not: the old types sorted by name, then the added ones.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Group> {
    let pairs = pairs(&old.types, &new.types, type_name, |one, other| one.kind == other.kind);
    let groups = pairs.into_iter().map(|(_, pair)| {
        let (definition, changes) = match pair {
            Pair::Kept(before, after) => (before, changes(before, after, is_sent(old, before))),
            Pair::Removed(definition, hint) => (definition, vec![Change::removed("", definition.origin, hint)]),
            Pair::Added(definition) => {
                let change = Change::new("", "is new", definition.origin);
                (definition, vec![Change { verdict: Verdict::Addition, ..change }])
            }
        };
        Group { kind: "type", name: definition.name.clone(), rust: type_name(definition), changes }
    });
    groups.collect()
}

/// Returns true if a request can contain a value of the type, directly or inside another type.
fn is_sent(api: &Api, wanted: &TypeDef) -> bool {
    let mut reached = BTreeSet::new();
    let mut pending: Vec<&Field> = api.operations.iter().flat_map(|operation| &operation.inputs).collect();
    while let Some(field) = pending.pop() {
        let Some(name) = field.shape.type_name().filter(|name| reached.insert(*name)) else { continue };
        if let Some(TypeKind::Struct(fields)) = api.type_named(name).map(|definition| &definition.kind) {
            pending.extend(fields);
        }
    }
    reached.contains(wanted.name.as_str())
}

fn changes(old: &TypeDef, new: &TypeDef, is_sent: bool) -> Vec<Change> {
    let surface_of_kind = |kind: TypeKind| surface::of_type(&TypeDef { kind, ..old.clone() }, is_sent);
    let mut changes = match (&old.kind, &new.kind) {
        (TypeKind::Struct(before), TypeKind::Struct(after)) => {
            let surface_of = |fields: &Vec<Field>| surface_of_kind(TypeKind::Struct(fields.clone()));
            let mut isolation = Isolation::new(before, after, new.origin, surface_of);
            fields::compare(&mut isolation, (before, after), "field", |fields| fields);
            isolation.finish()
        }
        (TypeKind::Enum(before), TypeKind::Enum(after)) => {
            let surface_of = |values: &Vec<EnumValue>| surface_of_kind(TypeKind::Enum(values.clone()));
            let mut isolation = Isolation::new(before, after, new.origin, surface_of);
            compare_values(&mut isolation, before, after);
            isolation.finish()
        }
        (_, after) => {
            let message = match after {
                TypeKind::Struct(_) => "changes from an enum to a structure",
                TypeKind::Enum(_) => "changes from a structure to an enum",
            };
            let surface_of = |kind: &TypeKind| surface_of_kind(kind.clone());
            let mut isolation = Isolation::new(&old.kind, after, new.origin, surface_of);
            isolation.add(Change::new("", message, new.origin), |edited| edited.clone_from(after));
            isolation.finish()
        }
    };
    if old.description != new.description {
        changes.push(Change::new("", DESCRIPTION, new.origin));
    }
    changes
}

fn compare_values(isolation: &mut Isolation<'_, Vec<EnumValue>>, old: &[EnumValue], new: &[EnumValue]) {
    for (index, pair) in pairs(old, new, |value| variant_name(&value.value), |_, _| false) {
        let part = |value: &EnumValue| format!("value {}", variant_name(&value.value));
        match pair {
            Pair::Kept(before, after) if before.value == after.value => {}
            Pair::Kept(before, after) => {
                let message = format!("`{}` → `{}` in requests and responses", before.value, after.value);
                let edit = |values: &mut Vec<EnumValue>| values.splice(index..=index, [after.clone()]).for_each(drop);
                isolation.add(Change::new(part(before), message, after.origin), edit);
            }
            Pair::Removed(value, hint) => {
                let mut change = Change::removed(part(value), value.origin, hint);
                change.message.push_str(&format!("; the SDK returns `Unknown` for `{}`", value.value));
                isolation.add(change, |values| drop(values.remove(index)));
            }
            Pair::Added(value) => {
                let message = format!("is new; the SDK returned `Unknown` for `{}`", value.value);
                isolation.add(Change::new(part(value), message, value.origin), |values| values.push(value.clone()));
            }
        }
    }
}
