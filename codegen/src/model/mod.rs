//! The API: operations and types, with all references resolved and all contradictions reported.
//!
//! [`build()`] derives the API from a [`Document`]. It converts names to [names in Rust](crate::naming) only to report
//! those that collide. Everything else about Rust is decided in [`rust`](crate::rust).

pub mod api;
mod collisions;
mod enums;
mod inputs;
mod operation;
mod outputs;
mod pagination;
mod path;
mod recursion;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::codes;
use crate::naming::{method_in_use, operation_type, pascal_case, snake_case};
use crate::spec::document::{Document, PathItem};
use crate::spec::problems::{Finding, Problems, Span, Spanned};
use crate::spec::suggest::Advice;
pub use api::*;
use collisions::{report_collisions, report_reserved};
use operation::Context;
use path::PathKey;
use types::Types;

/// Derives the API from a document. The result is incomplete if errors are reported.
///
/// `source` is the path of the root file, which generated files contain.
pub fn build(document: &Document, source: &str, problems: &mut Problems) -> Api {
    let paths: Vec<(PathKey, &PathItem)> =
        document.paths.iter().map(|item| (PathKey::read(&item.path, problems), item)).collect();
    check_paths(&paths, problems);
    check_ids(document, problems);
    let mut types = Types::new(document, problems);
    let mut operations = Vec::new();
    for (path, item) in &paths {
        for written in &item.operations {
            operations.push(operation::build(&Context::new(document, path, item, written), &mut types));
        }
    }
    let types = types.finish();
    recursion::check(&types, problems);
    // Pagination refers to fields of types, so it is resolved after all types are complete.
    for (operation, written) in operations.iter_mut().zip(document.paths.iter().flat_map(|item| &item.operations)) {
        if let Some(pagination) = &written.pagination {
            let properties = outputs::property_names(document, written);
            operation.pagination = pagination::build(pagination, operation, &types, &properties, problems);
        }
    }
    Api {
        source: source.to_owned(),
        title: document.title.clone(),
        version: document.version.clone(),
        tags: document.tags.clone(),
        operations,
        types,
    }
}

/// Reports paths that differ only in the order of their sub-resources.
fn check_paths(paths: &[(PathKey, &PathItem)], problems: &mut Problems) {
    let mut seen: BTreeMap<(&str, BTreeSet<&String>), &Spanned<String>> = BTreeMap::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.is_faulty) {
        let key = item.path.value.as_str();
        let before_query = key.split_once('?').map_or(key, |(before, _)| before);
        if let Some(first) = seen.insert((before_query, path.sub_resources.iter().collect()), &item.path) {
            let message = format!("the paths `{}` and `{key}` are the same", first.value);
            let finding = Finding::error(codes::DUPLICATE_PATH, item.path.span, message);
            let finding = finding.help("move the operations of both to one of them");
            problems.report(finding.related(first.span, "the first is here"));
        }
    }
}

/// Reports each `operationId` that is not a valid name, occurs twice, is reserved, or collides with another one in
/// Rust.
fn check_ids(document: &Document, problems: &mut Problems) {
    let mut by_id: BTreeMap<&str, Span> = BTreeMap::new();
    let mut distinct: Vec<Spanned<&str>> = Vec::new();
    for id in document.paths.iter().flat_map(|item| &item.operations).filter_map(|written| written.id.as_ref()) {
        let name = id.value.as_str();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) || !name.chars().all(is_allowed) {
            let message = format!("the operationId `{name}` is not a valid name");
            let help = "begin with a capital letter, then use letters, digits, `_` and `-`, such as `GetBucketACL`";
            let is_lower_case = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_allowed);
            let help = if is_lower_case { Advice::swap(help, name, pascal_case(name)) } else { help.into() };
            problems.error(codes::BAD_OPERATION_ID, id.span, message, help);
        } else if let Some(first) = by_id.get(name) {
            let message = format!("the operationId `{name}` is already used by another operation");
            let finding = Finding::error(codes::DUPLICATE_OPERATION_ID, id.span, message);
            let finding = finding.help("choose another operationId for one of the operations");
            problems.report(finding.related(*first, "the other operation"));
        } else {
            by_id.insert(name, id.span);
            distinct.push(Spanned { value: name, span: id.span });
        }
    }
    for id in &distinct {
        if let Some(reason) = method_in_use(&snake_case(id.value)) {
            report_reserved("the operation", id, &reason, problems);
        }
    }
    report_collisions("the operations", distinct.iter().cloned(), snake_case, problems);
    // Two operations can have different methods but the same types: `GetETag` and `Get-ETag`.
    let mut methods = BTreeSet::new();
    distinct.retain(|id| methods.insert(snake_case(id.value)));
    report_collisions("the operations", distinct.into_iter(), |id| operation_type(id, "input"), problems);
}
