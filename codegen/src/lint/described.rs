//! Descriptions become documentation: what has none is documented by nothing.

use crate::diagnostic::codes;
use crate::spec::document::{Document, Operation, Parameter, ParameterIn, Response};
use crate::spec::problems::{Finding, Problems, Span};
use crate::spec::schema::{Kind, Schema, SchemaUse, Target};

pub(super) fn check(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        parameters(&item.parameters, problems);
        for operation in &item.operations {
            summary(operation, problems);
            parameters(&operation.parameters, problems);
            let responses = operation.responses.iter().flat_map(|responses| &responses.value);
            // What comes with an error is the same for all operations, and no field of theirs.
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
        parts(&named.schema, &what, problems);
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
        None => format!("an operation `{}`", operation.method.value.word()),
    }
}

fn parameters(parameters: &[Parameter], problems: &mut Problems) {
    for parameter in parameters {
        let what = format!("parameter `{}`", parameter.name.value);
        match (&parameter.schema.target, parameter.place) {
            // It is described by its schema, or else called `body`, which is described already.
            (Target::Inline(schema), ParameterIn::Body) => parts(schema, &format!("the body of {what}"), problems),
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
        parts(schema, &format!("the body of {owner}"), problems);
    }
}

/// Looks at what a schema consists of. Those that have a name are looked at by themselves.
fn parts(schema: &Schema, owner: &str, problems: &mut Problems) {
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
    parts(schema, what, problems);
}

/// Whether a type of its own is generated for it.
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
