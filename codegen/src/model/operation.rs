//! One operation.

use super::api::{Field, Location, Method, Operation, RequestBody, ResponseBody, Shape};
use super::collisions::{report_collisions, report_reserved};
use super::path::PathKey;
use super::types::Types;
use super::{inputs, outputs};
use crate::diagnostic::codes;
use crate::naming::snake_case;
use crate::spec::document::{Document, Operation as Written, Parameter, ParameterIn, PathItem};
use crate::spec::problems::{Finding, Problems, Span, Spanned};

/// All parts of the document that describe one operation.
#[derive(Debug, Clone)]
pub(super) struct Context<'d> {
    pub(super) document: &'d Document,
    path: &'d PathKey,
    item: &'d PathItem,
    pub(super) written: &'d Written,
    /// Name in messages and in the names of inline types: the operationId, or else method and path.
    pub(super) name: String,
    /// Parameters of the path and of the operation. A parameter of the operation replaces that of the path.
    pub(super) parameters: Vec<&'d Parameter>,
}

impl<'d> Context<'d> {
    pub(super) fn new(document: &'d Document, path: &'d PathKey, item: &'d PathItem, written: &'d Written) -> Self {
        let id = written.id.as_ref().map(|id| id.value.clone());
        let name = id.unwrap_or_else(|| format!("{} {}", written.method.value.http_name(), item.path.value));
        let is_replaced = |one: &Parameter| written.parameters.iter().any(|other| same_parameter(one, other));
        let inherited = item.parameters.iter().filter(|parameter| !is_replaced(parameter));
        let mut parameters: Vec<&Parameter> = Vec::new();
        for parameter in inherited.chain(&written.parameters) {
            if !parameters.iter().any(|other| same_parameter(other, parameter)) {
                parameters.push(parameter);
            }
        }
        Self { document, path, item, written, name, parameters }
    }

    pub(super) fn parameters_in(&self, place: ParameterIn) -> impl Iterator<Item = &'d Parameter> {
        self.parameters.iter().copied().filter(move |parameter| parameter.place == place)
    }
}

/// Returns true if both have the same place and name.
fn same_parameter(one: &Parameter, other: &Parameter) -> bool {
    let same_name = match one.place {
        // Names of headers are case-insensitive.
        ParameterIn::Header => one.name.value.eq_ignore_ascii_case(&other.name.value),
        _ => one.name.value == other.name.value,
    };
    one.place == other.place && same_name
}

/// Builds an operation. Its pagination is added later.
pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d, '_>) -> Operation {
    let (path, written) = (context.path, context.written);
    check_path_parameters(context, types.problems);
    check_duplicate_parameters(&context.item.parameters, types.problems);
    check_duplicate_parameters(&written.parameters, types.problems);
    let (inputs, request_body) = inputs::build(context, types);
    let responses = outputs::successful(written);
    let (outputs, response_body) = outputs::build(context, &responses, types);
    report_collisions("the parameters", inputs.iter().map(name), snake_case, types.problems);
    report_collisions("the response's fields", outputs.iter().map(name), snake_case, types.problems);
    let owner = format!("in operation `{}`, the parameter", context.name);
    if request_body == RequestBody::Binary {
        check_reserved(&owner, &inputs, ("body", "is the request body"), types.problems);
    }
    let owner = format!("in operation `{}`, the response's field", context.name);
    check_reserved(&owner, &outputs, ("response", "holds the status and request id"), types.problems);
    if response_body == ResponseBody::Binary {
        check_reserved(&owner, &outputs, ("body", "is the response body"), types.problems);
    }
    let resumable =
        written.resumable.is_some_and(|span| check_resumable(context, span, (&inputs, response_body), types.problems));
    let request_description = context.parameters_in(ParameterIn::Body).find_map(|body| body.schema.description.clone());
    let is_parameter = |key: &String| context.parameters_in(ParameterIn::Query).any(|it| it.name.value == *key);
    Operation {
        id: context.name.clone(),
        origin: written.method.span.into(),
        source: context.document.file_names.get(&written.method.span.file).cloned().unwrap_or_default(),
        tag: written.tag.as_ref().map(|tag| tag.value.clone()),
        summary: written.summary.split_whitespace().collect::<Vec<_>>().join(" "),
        description: written.description.trim().to_owned(),
        docs_url: written.docs_url.clone(),
        deprecated: written.deprecated,
        scope: path.scope,
        method: written.method.value,
        sub_resources: path.sub_resources.iter().filter(|key| !is_parameter(key)).cloned().collect(),
        inputs,
        request_body,
        request_body_description: request_description.unwrap_or_default(),
        success: responses.iter().map(|response| response.status.value).collect(),
        outputs,
        response_body,
        response_body_description: outputs::body_description(&responses, types).unwrap_or_default(),
        idempotent: written.idempotent.unwrap_or(written.method.value != Method::Post),
        resumable,
        pagination: None,
    }
}

/// Returns true if the operation has everything that the SDK needs to request the rest of a body. Otherwise reports
/// `x-resumable`.
fn check_resumable(
    context: &Context<'_>,
    span: Span,
    (inputs, response_body): (&[Field], ResponseBody),
    problems: &mut Problems,
) -> bool {
    let has = |name: &str, shape: Shape| {
        let is_same = |field: &Field| field.name.eq_ignore_ascii_case(name) && field.shape == shape;
        inputs.iter().any(|field| field.location == Location::Header && is_same(field))
    };
    let has_parameters = has("Range", Shape::ByteRange { is_closed: false }) && has("If-Match", Shape::String);
    let is_resumable =
        context.written.method.value == Method::Get && response_body == ResponseBody::Binary && has_parameters;
    if !is_resumable {
        let message = format!(
            "`x-resumable` of operation `{}` is only for GET operations with a body of bytes and the headers `Range` \
             (`format: byte-range`) and `If-Match`",
            context.name
        );
        problems.error(codes::MISPLACED_KEY, span, message, "remove it, or add the headers");
    }
    is_resumable
}

/// Reports placeholders without a path parameter, and path parameters without a placeholder.
fn check_path_parameters(context: &Context<'_>, problems: &mut Problems) {
    let (path, key) = (context.path, &context.item.path);
    if path.is_faulty || context.document.lacks_parameters {
        // An error about the path or a parameter list has been reported, and would cause more errors here.
        return;
    }
    for name in &path.placeholders {
        if !context.parameters_in(ParameterIn::Path).any(|parameter| parameter.name.value == *name) {
            let message = format!(
                "the path `{}` has the placeholder `{{{name}}}`, but operation `{}` has no such parameter",
                key.value, context.name
            );
            let help = format!("add the parameter `{name}` with `in: path`, such as `$ref: \"#/parameters/{name}\"`");
            let finding = Finding::error(codes::MISSING_PATH_PARAMETER, key.span, message).help(help);
            problems.report(finding.related(context.written.method.span, "the operation without it"));
        }
    }
    for parameter in context.parameters_in(ParameterIn::Path) {
        let name = &parameter.name.value;
        if !path.placeholders.contains(name) {
            let message = format!("the path parameter `{name}` has no placeholder in the path `{}`", key.value);
            let help = format!("add `{{{name}}}` to the path, or remove the parameter");
            problems.error(codes::UNUSED_PATH_PARAMETER, parameter.span, message, help);
        }
    }
}

/// Reports parameters that are listed twice, and second bodies.
fn check_duplicate_parameters(parameters: &[Parameter], problems: &mut Problems) {
    for (index, parameter) in parameters.iter().enumerate() {
        let mut before = parameters.iter().take(index);
        let (name, place) = (&parameter.name.value, parameter.place.word());
        let (code, message, help, first) = if let Some(first) = before.clone().find(|it| same_parameter(it, parameter))
        {
            let message = format!("the parameter `{name}` with `in: {place}` is listed twice");
            (codes::DUPLICATE_PARAMETER, message, "keep one of them", first)
        } else if let Some(first) = before.find(|it| it.place == ParameterIn::Body && it.place == parameter.place) {
            let help = "a request has one body: merge both into one object";
            (codes::DUPLICATE_BODY, format!("the parameter `{name}` is a second body"), help, first)
        } else {
            continue;
        };
        let finding = Finding::error(code, parameter.span, message).help(help);
        problems.report(finding.related(first.span, "the first is here"));
    }
}

/// Reports fields with a name that the generated structure uses for another field.
fn check_reserved(owner: &str, fields: &[Field], (reserved, reason): (&str, &str), problems: &mut Problems) {
    for field in fields.iter().filter(|field| snake_case(&field.name) == reserved) {
        report_reserved(owner, &name(field), reason, problems);
    }
}

fn name(field: &Field) -> Spanned<&str> {
    Spanned { value: &field.name, span: field.origin.span() }
}
