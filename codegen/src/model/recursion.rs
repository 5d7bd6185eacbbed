//! Types that contain themselves.
//!
//! A type can contain itself only inside an array or a map. A value of a type that contains itself directly would be
//! infinite.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{Shape, TypeDef, TypeKind};
use crate::diagnostic::codes;
use crate::spec::problems::{Problems, Span};

/// Reports one property of every cycle.
pub(super) fn check(types: &[TypeDef], problems: &mut Problems) {
    let parts: BTreeMap<&str, Vec<(&str, Span)>> = types.iter().map(|it| (it.name.as_str(), parts(it))).collect();
    let parts_of = |name: &str| parts.get(name).map(|parts| parts.iter()).unwrap_or_default();
    let mut finished: BTreeSet<&str> = BTreeSet::new();
    for start in parts.keys() {
        // A depth-first search without recursion, because types may nest deeper than the stack of the thread.
        let mut path = vec![(*start, parts_of(start))];
        while let Some((name, rest)) = path.last_mut() {
            match rest.next() {
                None => {
                    finished.insert(name);
                    path.pop();
                }
                Some((part, _)) if finished.contains(part) => {}
                Some((part, span)) => match path.iter().position(|(name, _)| name == part) {
                    None => path.push((part, parts_of(part))),
                    Some(index) => {
                        let cycle = path.iter().skip(index).map(|(name, _)| *name).chain([*part]);
                        let cycle = cycle.collect::<Vec<_>>().join(" → ");
                        let message = format!("the type `{part}` contains itself: {cycle}");
                        problems.error(codes::RECURSIVE_TYPE, *span, message, "put an array or a map in between");
                    }
                },
            }
        }
    }
}

/// Returns the structures that are properties of a type, with the places of the properties.
fn parts(definition: &TypeDef) -> Vec<(&str, Span)> {
    let TypeKind::Struct(fields) = &definition.kind else { return Vec::new() };
    let parts = fields.iter().filter_map(|field| match &field.shape {
        Shape::Struct(name) => Some((name.as_str(), field.origin.span())),
        _ => None,
    });
    parts.collect()
}
