//! From the document to the API.

use std::collections::{BTreeMap, BTreeSet};

use super::api::Api;
use super::collisions::{not_reserved, one_of_each};
use super::context::Context;
use super::path::PathKey;
use super::types::Types;
use super::{operation, outputs, pagination, recursion};
use crate::diagnostic::codes;
use crate::naming::{is_own_method, operation_type, snake_case};
use crate::spec::document::{Document, PathItem};
use crate::spec::problems::{Finding, Problems, Span, Spanned};

/// Concludes what the API is. What is wrong is reported; the result is of use only if nothing was.
///
/// `source` is the root file's name for generated files.
pub fn build(document: &Document, source: &str, problems: &mut Problems) -> Api {
    let paths: Vec<(PathKey, &PathItem)> =
        document.paths.iter().map(|item| (PathKey::read(&item.path, problems), item)).collect();
    check_paths(&paths, problems);
    check_ids(document, problems);
    let mut types = Types::new(document, problems);
    let mut operations = Vec::new();
    for (path, item) in &paths {
        for written in &item.operations {
            let context = Context::new(document, path, item, written);
            operations.push(operation::build(&context, &mut types));
        }
    }
    let types = types.finish();
    recursion::check(&types, problems);
    let written = paths.iter().flat_map(|(_, item)| &item.operations);
    for (operation, written) in operations.iter_mut().zip(written) {
        let pagination = written.pagination.as_ref();
        operation.pagination = pagination.and_then(|it| {
            let answer = outputs::written_properties(document, written);
            pagination::build(it, operation, &types, &answer, problems)
        });
    }
    Api {
        source: source.to_owned(),
        title: document.title.clone(),
        version: document.version.clone(),
        operations,
        types,
    }
}

/// Two path keys that differ in the order of their sub-resources only are one.
fn check_paths(paths: &[(PathKey, &PathItem)], problems: &mut Problems) {
    let mut seen: BTreeMap<(&str, Vec<&String>), &Spanned<String>> = BTreeMap::new();
    for (path, item) in paths.iter().filter(|(path, _)| !path.is_faulty) {
        let key = item.path.value.as_str();
        let mut sub_resources: Vec<&String> = path.sub_resources.iter().collect();
        sub_resources.sort();
        let before_query = key.split_once('?').map_or(key, |(before, _)| before);
        if let Some(first) = seen.insert((before_query, sub_resources), &item.path) {
            let message = format!("the paths `{}` and `{key}` are one", first.value);
            let finding = Finding::error(codes::DUPLICATE_PATH, item.path.span, message);
            let finding = finding.help("join their operations under one of them");
            problems.report(finding.related(first.span, "the first is here"));
        }
    }
}

/// An operation's id names a method and two types, in Rust and everywhere else.
fn check_ids(document: &Document, problems: &mut Problems) {
    let mut by_id: BTreeMap<&str, Span> = BTreeMap::new();
    let mut distinct: Vec<Spanned<&str>> = Vec::new();
    for written in document.paths.iter().flat_map(|item| &item.operations) {
        let Some(id) = &written.id else { continue };
        let name = id.value.as_str();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(allowed) {
            let message = format!("the operationId `{name}` is not a name");
            let help = "begin with a letter, then use letters, digits, `_` and `-`, such as `GetBucketACL`";
            problems.error(codes::BAD_OPERATION_ID, id.span, message, help);
        } else if let Some(first) = by_id.get(name) {
            let message = format!("the operationId `{name}` belongs to another operation already");
            let finding = Finding::error(codes::DUPLICATE_OPERATION_ID, id.span, message);
            let finding = finding.help("give this operation a name of its own");
            problems.report(finding.related(*first, "the other operation"));
        } else {
            by_id.insert(name, id.span);
            distinct.push(Spanned { value: name, span: id.span });
        }
    }
    for id in &distinct {
        let rust_name = snake_case(id.value);
        if is_own_method(&rust_name) {
            let why = "is a method of the SDK itself";
            not_reserved("the operation", id, &rust_name, why, "an operation", problems);
        }
    }
    one_of_each("the operations", distinct.iter().cloned(), snake_case, problems);
    // Names that differ as methods can still be one as types: `GetETag` and `Get-ETag`.
    let of_types = |id: &str| operation_type(id, "input");
    let mut methods = BTreeSet::new();
    let distinct = distinct.into_iter().filter(|id| methods.insert(snake_case(id.value)));
    one_of_each("the operations", distinct, of_types, problems);
}
