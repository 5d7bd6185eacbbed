//! Warnings about legal specifications. They are looked for only if there is no error: a broken reference, for example,
//! would make a type unused.

use std::collections::BTreeSet;

use crate::diagnostic::codes;
use crate::spec::document::{
    Document, Kind, Operation, Parameter, ParameterIn, Response, Schema, SchemaId, SchemaUse, Target,
};
use crate::spec::problems::{Finding, Problems, Span};
use crate::spec::signed::is_signed;

/// Reports all warnings.
pub(crate) fn check(document: &Document, problems: &mut Problems) {
    described(document, problems);
    signed(document, problems);
    used(document, problems);
}

/// Descriptions become documentation. Reports each part without one.
fn described(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        parameters(&item.parameters, problems);
        for operation in &item.operations {
            summary(operation, problems);
            parameters(&operation.parameters, problems);
            let responses = operation.responses.iter().flat_map(|responses| &responses.value);
            // Error responses are the same for all operations, and have no fields.
            for response in responses.filter(|response| response.status.value < 400) {
                self::response(response, operation, problems);
            }
        }
    }
    for named in document.schemas.values() {
        let what = format!("definition `{}`", named.name);
        if is_type(&named.schema) && is_blank(&named.schema.description) {
            undescribed(&what, named.schema.span, problems);
        }
        described_parts(&named.schema, &what, problems);
    }
}

fn summary(operation: &Operation, problems: &mut Problems) {
    if is_blank(&operation.summary) {
        let message = format!("{} has no summary", name(operation));
        let help = "add `summary: …`, one line that says what it does";
        problems.report(Finding::warning(codes::MISSING_SUMMARY, operation.method.span, message).help(help));
    }
}

fn name(operation: &Operation) -> String {
    match &operation.id {
        Some(id) => format!("operation `{}`", id.value),
        None => format!("an operation `{}`", operation.method.value.http_name()),
    }
}

fn parameters(parameters: &[Parameter], problems: &mut Problems) {
    for parameter in parameters {
        let what = format!("parameter `{}`", parameter.name.value);
        match (&parameter.schema.target, parameter.place) {
            // It is described by its schema, or else called `body`, which is described already.
            (Target::Inline(schema), ParameterIn::Body) => {
                described_parts(schema, &format!("the body of {what}"), problems)
            }
            (Target::Inline(schema), _) if is_blank(&schema.description) => {
                undescribed(&what, parameter.name.span, problems);
            }
            _ => {}
        }
    }
}

fn response(response: &Response, operation: &Operation, problems: &mut Problems) {
    let owner = format!("response `{}` of {}", response.status.value, name(operation));
    for header in response.headers.iter().filter(|header| is_blank(&header.schema.description)) {
        undescribed(&format!("header `{}` of {owner}", header.name.value), header.name.span, problems);
    }
    if let Some(Target::Inline(schema)) = response.schema.as_ref().map(|schema| &schema.target) {
        described_parts(schema, &format!("the body of {owner}"), problems);
    }
}

/// Looks at what a schema consists of. Those that have a name are looked at by themselves.
fn described_parts(schema: &Schema, owner: &str, problems: &mut Problems) {
    for property in &schema.properties {
        let what = format!("property `{}` of {owner}", property.name.value);
        let is_described = match (&property.schema.description, &property.schema.target) {
            (Some(description), _) => !is_blank(description),
            (None, Target::Inline(schema)) => !is_blank(&schema.description),
            (None, Target::Named(_) | Target::Broken) => true,
        };
        if !is_described {
            undescribed(&what, property.name.span, problems);
        }
        inner(&property.schema, &what, true, problems);
    }
    for part in [&schema.items, &schema.additional].into_iter().flatten() {
        inner(part, &format!("the items of {owner}"), false, problems);
    }
}

/// `has_owner`: whether a type written here takes the description of the property that it belongs to.
fn inner(part: &SchemaUse, what: &str, has_owner: bool, problems: &mut Problems) {
    let Target::Inline(schema) = &part.target else { return };
    if !has_owner && is_type(schema) && is_blank(&schema.description) {
        undescribed(&format!("the type of {what}"), schema.span, problems);
    }
    described_parts(schema, what, problems);
}

/// Returns true if a type of its own is generated for it.
fn is_type(schema: &Schema) -> bool {
    let is_structure = schema.kind == Some(Kind::Object) && !schema.properties.is_empty();
    is_structure || schema.values.is_some()
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn undescribed(what: &str, span: Span, problems: &mut Problems) {
    let finding = Finding::warning(codes::UNDESCRIBED, span, format!("{what} has no description"));
    problems.report(finding.help("add `description: …`; the documentation is made of it"));
}

/// Reports query parameters that are signed because of their name.
fn signed(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        let in_path = item.path.value.split_once('?').map_or("", |(_, names)| names);
        let own = item.operations.iter().flat_map(|operation| &operation.parameters);
        for parameter in item.parameters.iter().chain(own) {
            let name = parameter.name.value.as_str();
            let is_said = parameter.hints.signed || in_path.split('&').any(|known| known == name);
            if parameter.place == ParameterIn::Query && is_signed(name) && !is_said {
                let message = format!("the query parameter `{name}` has the name of a sub-resource, and is signed");
                let help = format!(
                    "if that is meant, say so: write `x-signed: true` beside it, or name it in the path, as `?{name}`"
                );
                problems.report(Finding::warning(codes::SIGNED_PARAMETER, parameter.name.span, message).help(help));
            }
        }
    }
}

/// Reports definitions and shared parameters that nothing uses.
fn used(document: &Document, problems: &mut Problems) {
    let used = reached(document);
    for (name, id) in document.definitions.iter().filter(|(_, id)| !used.contains(id)) {
        let message = format!("the definition `{}` is never used", name.value);
        let mut finding = Finding::warning(codes::UNUSED_TYPE, name.span, message);
        if let Some(named) = document.schemas.get(id).filter(|named| named.schema.span.file != name.span.file) {
            finding = finding.related(named.schema.span, "its description");
        }
        problems.report(finding.help("refer to it, or remove it"));
    }
    for (name, span) in document.shared_parameters.iter().filter(|(name, _)| !document.used_parameters.contains(name)) {
        let message = format!("the shared parameter `{name}` is never used");
        problems.report(Finding::warning(codes::UNUSED_PARAMETER, *span, message).help("list it, or remove it"));
    }
}

/// The definitions that operations reach, directly or through others.
fn reached(document: &Document) -> BTreeSet<SchemaId> {
    let mut reached = BTreeSet::new();
    // A stack of its own: definitions may refer to each other in chains longer than the program's.
    let mut rest: Vec<&SchemaUse> = Vec::new();
    for item in &document.paths {
        rest.extend(item.parameters.iter().map(|parameter| &parameter.schema));
        for operation in &item.operations {
            rest.extend(operation.parameters.iter().map(|parameter| &parameter.schema));
            for response in operation.responses.iter().flat_map(|responses| &responses.value) {
                rest.extend(&response.schema);
                rest.extend(response.headers.iter().flat_map(|header| parts(&header.schema)));
            }
        }
    }
    while let Some(next) = rest.pop() {
        match &next.target {
            Target::Inline(schema) => rest.extend(parts(schema)),
            Target::Named(id) if reached.insert(*id) => {
                rest.extend(document.schemas.get(id).into_iter().flat_map(|named| parts(&named.schema)));
            }
            Target::Named(_) | Target::Broken => {}
        }
    }
    reached
}

fn parts(schema: &Schema) -> impl Iterator<Item = &SchemaUse> {
    let properties = schema.properties.iter().map(|property| &property.schema);
    properties.chain(schema.items.as_deref()).chain(schema.additional.as_deref())
}
