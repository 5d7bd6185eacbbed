//! Types that contain themselves.
//!
//! A type may contain itself in an array or a map. Otherwise no value of the type would ever end.

use std::collections::BTreeMap;

use super::api::{Shape, TypeDef, TypeKind};
use crate::diagnostic::codes;
use crate::spec::problems::{Problems, Span};

/// For each type, the structures that are part of it, with the place of the property.
type Parts<'t> = BTreeMap<&'t str, Vec<(&'t str, Span)>>;

/// Reports one property of every circle.
pub(super) fn check(types: &[TypeDef], problems: &mut Problems) {
    let parts = parts(types);
    let mut state: BTreeMap<&str, State> = BTreeMap::new();
    for start in parts.keys() {
        if state.contains_key(start) {
            continue;
        }
        // A walk in depth with a stack of its own: a specification may nest deeper than the program's.
        let mut stack: Vec<(&str, usize)> = vec![(start, 0)];
        state.insert(start, State::Open);
        while let Some((name, next)) = stack.pop() {
            let Some((part, span)) = parts.get(name).and_then(|parts| parts.get(next)) else {
                state.insert(name, State::Done);
                continue;
            };
            stack.push((name, next + 1));
            match state.get(part) {
                None => {
                    state.insert(part, State::Open);
                    stack.push((part, 0));
                }
                Some(State::Open) => report(part, &stack, *span, problems),
                Some(State::Done) => {}
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    Open,
    Done,
}

fn parts(types: &[TypeDef]) -> Parts<'_> {
    let mut parts = Parts::new();
    for definition in types {
        let TypeKind::Struct(fields) = &definition.kind else { continue };
        let inner = fields.iter().filter_map(|field| match &field.shape {
            Shape::Struct(name) => Some((name.as_str(), field.origin.span())),
            _ => None,
        });
        parts.insert(&definition.name, inner.collect());
    }
    parts
}

fn report(part: &str, stack: &[(&str, usize)], span: Span, problems: &mut Problems) {
    let circle = stack.iter().map(|(name, _)| *name).skip_while(|name| *name != part);
    let circle: Vec<&str> = circle.chain([part]).collect();
    let message = format!("the type `{part}` contains itself: {}", circle.join(" → "));
    problems.error(codes::RECURSIVE_TYPE, span, message, "put an array or a map between");
}
