//! Warnings. They are looked for only if there are no errors, because a broken reference makes other definitions look
//! unused.

use std::collections::BTreeSet;

use crate::diagnostic::codes;
use crate::spec::document::{
    Document, Kind, Operation, Parameter, ParameterIn, Response, Schema, SchemaId, SchemaUse, Target,
};
use crate::spec::problems::{Finding, Problems, Span};
use crate::spec::signed::is_signed;
use crate::spec::suggest::instead_of;

/// Reports all warnings.
pub(crate) fn check(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        check_parameters(&item.parameters, problems);
        for operation in &item.operations {
            check_operation(operation, problems);
        }
    }
    for named in document.schemas.values() {
        let what = format!("definition `{}`", named.name);
        if becomes_type(&named.schema) && is_blank(&named.schema.description) {
            report_undescribed(&what, named.schema.span, problems);
        }
        check_parts(&named.schema, &what, problems);
    }
    check_signed(document, problems);
    check_unused(document, problems);
    check_tags(document, problems);
}

fn check_operation(operation: &Operation, problems: &mut Problems) {
    let name = match &operation.id {
        Some(id) => format!("operation `{}`", id.value),
        None => format!("an operation `{}`", operation.method.value.http_name()),
    };
    if is_blank(&operation.summary) {
        let finding = Finding::warning(codes::MISSING_SUMMARY, operation.method.span, format!("{name} has no summary"));
        problems.report(finding.help("add `summary: …`, one line that describes what the operation does"));
    }
    check_parameters(&operation.parameters, problems);
    // Error responses are the same for all operations, and have no fields in the SDK.
    let responses = operation.responses.iter().flat_map(|responses| &responses.value);
    for response in responses.filter(|response| response.status.value < 400) {
        check_response(response, &format!("response `{}` of {name}", response.status.value), problems);
    }
}

fn check_parameters(parameters: &[Parameter], problems: &mut Problems) {
    for parameter in parameters {
        let what = format!("parameter `{}`", parameter.name.value);
        match (&parameter.schema.target, parameter.place) {
            // The generated field for a whole body has a fixed description.
            (Target::Inline(schema), ParameterIn::Body) => {
                check_parts(schema, &format!("the body of {what}"), problems);
            }
            (Target::Inline(schema), _) if is_blank(&schema.description) => {
                report_undescribed(&what, parameter.name.span, problems);
            }
            _ => {}
        }
    }
}

fn check_response(response: &Response, what: &str, problems: &mut Problems) {
    for header in response.headers.iter().filter(|header| is_blank(&header.schema.description)) {
        report_undescribed(&format!("header `{}` of {what}", header.name.value), header.name.span, problems);
    }
    if let Some(Target::Inline(schema)) = response.schema.as_ref().map(|schema| &schema.target) {
        check_parts(schema, &format!("the body of {what}"), problems);
    }
}

/// Checks the descriptions of properties, items and values of a map. Named schemas are checked separately.
fn check_parts(schema: &Schema, owner: &str, problems: &mut Problems) {
    for property in &schema.properties {
        let what = format!("property `{}` of {owner}", property.name.value);
        let description = match (&property.schema.description, &property.schema.target) {
            (Some(description), _) => Some(description),
            (None, Target::Inline(schema)) => Some(&schema.description),
            (None, Target::Named(_) | Target::Broken) => None,
        };
        if description.is_some_and(|description| is_blank(description)) {
            report_undescribed(&what, property.name.span, problems);
        }
        // A type that is declared in a property is documented by the description of the property.
        if let Target::Inline(schema) = &property.schema.target {
            check_parts(schema, &what, problems);
        }
    }
    for part in [&schema.items, &schema.additional].into_iter().flatten() {
        let what = format!("the items of {owner}");
        let Target::Inline(schema) = &part.target else { continue };
        if becomes_type(schema) && is_blank(&schema.description) {
            report_undescribed(&format!("the type of {what}"), schema.span, problems);
        }
        check_parts(schema, &what, problems);
    }
}

/// Returns true if a Rust type is generated for the schema.
fn becomes_type(schema: &Schema) -> bool {
    let is_struct = schema.kind == Some(Kind::Object) && !schema.properties.is_empty();
    is_struct || schema.values.is_some()
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn report_undescribed(what: &str, span: Span, problems: &mut Problems) {
    let finding = Finding::warning(codes::UNDESCRIBED, span, format!("{what} has no description"));
    problems.report(finding.help("add `description: …`, which becomes the documentation"));
}

/// Reports query parameters that are signed because of their name, unless the specification shows that it is intended.
fn check_signed(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        let in_path = item.path.value.split_once('?').map_or("", |(_, names)| names);
        let of_operations = item.operations.iter().flat_map(|operation| &operation.parameters);
        for parameter in item.parameters.iter().chain(of_operations) {
            let name = parameter.name.value.as_str();
            let is_intended = parameter.hints.signed || in_path.split('&').any(|sub_resource| sub_resource == name);
            if parameter.place == ParameterIn::Query && is_signed(name) && !is_intended {
                let message = format!("the query parameter `{name}` is signed, because a sub-resource has this name");
                let help = format!("if this is intended, add `x-signed: true`, or name it in the path, as `?{name}`");
                problems.report(Finding::warning(codes::SIGNED_PARAMETER, parameter.name.span, message).help(help));
            }
        }
    }
}

/// Reports definitions, shared parameters and files that are not used.
fn check_unused(document: &Document, problems: &mut Problems) {
    let used = used_schemas(document);
    for (name, id) in document.definitions.iter().filter(|(_, id)| !used.contains(id)) {
        let message = format!("the definition `{}` is not used", name.value);
        let mut finding = Finding::warning(codes::UNUSED_TYPE, name.span, message);
        if let Some(named) = document.schemas.get(id).filter(|named| named.schema.span.file != name.span.file) {
            finding = finding.related(named.schema.span, "the definition");
        }
        problems.report(finding.help("refer to it with `$ref`, or remove it"));
    }
    for (name, span) in document.shared_parameters.iter().filter(|(name, _)| !document.used_parameters.contains(name)) {
        let message = format!("the shared parameter `{name}` is not used");
        let finding = Finding::warning(codes::UNUSED_PARAMETER, *span, message);
        problems.report(finding.help("refer to it with `$ref`, or remove it"));
    }
    for (file, span) in document.unused_files.iter().zip(document.paths_key.iter().cycle()) {
        let finding = Finding::warning(codes::UNUSED_FILE, *span, format!("no `$ref` leads to the file `{file}`"));
        problems.report(finding.help(format!("name it in `paths`, as `$ref: \"./{file}\"`, or remove it")));
    }
}

/// Reports operations whose tag the root file does not have, if it has tags.
fn check_tags(document: &Document, problems: &mut Problems) {
    let known: Vec<&str> = document.tags.iter().map(|tag| tag.name.as_str()).collect();
    let used = document.paths.iter().flat_map(|item| &item.operations).filter_map(|operation| operation.tag.as_ref());
    for tag in used.filter(|tag| !known.is_empty() && !known.contains(&tag.value.as_str())) {
        let message = format!("the tag `{}` is not one of the root file's `tags`", tag.value);
        let help = instead_of(&tag.value, &known, "the tags are");
        problems.report(Finding::warning(codes::UNKNOWN_TAG, tag.span, message).help(help));
    }
}

/// Returns the named schemas that operations use, directly or through other schemas.
fn used_schemas(document: &Document) -> BTreeSet<SchemaId> {
    let mut used = BTreeSet::new();
    // Not recursive, because chains of definitions may be longer than the stack allows.
    let mut pending: Vec<&SchemaUse> = Vec::new();
    for item in &document.paths {
        pending.extend(item.parameters.iter().map(|parameter| &parameter.schema));
        for operation in &item.operations {
            pending.extend(operation.parameters.iter().map(|parameter| &parameter.schema));
            for response in operation.responses.iter().flat_map(|responses| &responses.value) {
                pending.extend(&response.schema);
                pending.extend(response.headers.iter().flat_map(|header| parts(&header.schema)));
            }
        }
    }
    while let Some(next) = pending.pop() {
        match &next.target {
            Target::Inline(schema) => pending.extend(parts(schema)),
            Target::Named(id) if used.insert(*id) => {
                pending.extend(document.schemas.get(id).into_iter().flat_map(|named| parts(&named.schema)));
            }
            Target::Named(_) | Target::Broken => {}
        }
    }
    used
}

fn parts(schema: &Schema) -> impl Iterator<Item = &SchemaUse> {
    let properties = schema.properties.iter().map(|property| &property.schema);
    properties.chain(schema.items.as_deref()).chain(schema.additional.as_deref())
}
