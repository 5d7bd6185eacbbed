//! One operation.

use super::api::{Field, Method, Operation, RequestBody, ResponseBody};
use super::collisions::{not_reserved, one_of_each};
use super::context::{Context, same_parameter};
use super::inputs::{self, Inputs};
use super::outputs::{self, Outputs};
use super::types::Types;
use crate::diagnostic::codes;
use crate::naming::snake_case;
use crate::spec::document::{Parameter, ParameterIn};
use crate::spec::problems::{Finding, Problems, Spanned};

pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d, '_>) -> Operation {
    let (path, written) = (context.path, context.written);
    check_path_parameters(context, types.problems);
    check_parameters_twice(&context.item.parameters, types.problems);
    check_parameters_twice(&written.parameters, types.problems);
    let Inputs { fields: inputs, body: request_body } = inputs::build(context, types);
    let Outputs { fields: outputs, body, success } = outputs::build(context, types);
    let response_body = body.unwrap_or(ResponseBody::None);
    check_names("the parameters", &inputs, types.problems);
    check_names("the response's fields", &outputs, types.problems);
    check_reserved(context, &inputs, request_body, &outputs, response_body, types.problems);
    let queries: Vec<&str> = context
        .parameters
        .iter()
        .filter(|parameter| parameter.place == ParameterIn::Query)
        .map(|parameter| parameter.name.value.as_str())
        .collect();
    let sub_resources = path.sub_resources.iter().filter(|name| !queries.contains(&name.as_str()));
    Operation {
        id: context.name.clone(),
        origin: written.method.span.into(),
        source: context.document.file_names.get(&written.method.span.file).cloned().unwrap_or_default(),
        summary: written.summary.split_whitespace().collect::<Vec<_>>().join(" "),
        description: written.description.trim().to_owned(),
        docs_url: written.docs_url.clone(),
        scope: path.scope,
        method: written.method.value,
        sub_resources: sub_resources.cloned().collect(),
        inputs,
        request_body,
        success,
        outputs,
        response_body,
        idempotent: written.idempotent.unwrap_or(written.method.value != Method::Post),
        // Looked up when all types are there.
        pagination: None,
    }
}

/// Each placeholder needs its parameter, and each path parameter its placeholder.
fn check_path_parameters(context: &Context<'_>, problems: &mut Problems) {
    let (path, key) = (context.path, &context.item.path);
    if path.is_faulty || context.document.lacks_parameters {
        // What is missing would only be what has been reported.
        return;
    }
    let declared: Vec<&Parameter> =
        context.parameters.iter().copied().filter(|it| it.place == ParameterIn::Path).collect();
    for name in &path.placeholders {
        if !declared.iter().any(|parameter| parameter.name.value == *name) {
            let message = format!(
                "the path `{}` has the placeholder `{{{name}}}`, but operation `{}` has no such parameter",
                key.value, context.name
            );
            let help = format!("add the parameter `{name}` with `in: path`, such as `$ref: \"#/parameters/{name}\"`");
            let finding = Finding::error(codes::MISSING_PATH_PARAMETER, key.span, message).help(help);
            problems.report(finding.related(context.written.method.span, "the operation without it"));
        }
    }
    for parameter in declared {
        let name = &parameter.name.value;
        if !path.placeholders.contains(name) {
            let message = format!("the path parameter `{name}` has no placeholder in the path `{}`", key.value);
            let help = format!("add `{{{name}}}` to the path, or remove the parameter");
            problems.error(codes::UNUSED_PATH_PARAMETER, parameter.span, message, help);
        }
    }
}

fn check_parameters_twice(parameters: &[Parameter], problems: &mut Problems) {
    for (index, parameter) in parameters.iter().enumerate() {
        let before = parameters.get(..index).unwrap_or_default();
        let (name, place) = (&parameter.name.value, parameter.place.word());
        let body = before.iter().find(|other| other.place == ParameterIn::Body && parameter.place == other.place);
        if let Some(first) = before.iter().find(|other| same_parameter(other, parameter)) {
            let message = format!("the parameter `{name}` with `in: {place}` stands here a second time");
            let finding = Finding::error(codes::DUPLICATE_PARAMETER, parameter.span, message);
            problems.report(finding.help("keep one of them").related(first.span, "the first is here"));
        } else if let Some(first) = body {
            let message = format!("the parameter `{name}` is a second body");
            let help = "a request has one body: make them one, an object with both";
            let finding = Finding::error(codes::DUPLICATE_BODY, parameter.span, message).help(help);
            problems.report(finding.related(first.span, "the first is here"));
        }
    }
}

fn check_names(owners: &str, fields: &[Field], problems: &mut Problems) {
    let names = fields.iter().map(name);
    one_of_each(owners, names, snake_case, problems);
}

/// Inputs have a `body` beside the fields, if there is one, and outputs a `body` and a `response`.
fn check_reserved(
    context: &Context<'_>,
    inputs: &[Field],
    request_body: RequestBody,
    outputs: &[Field],
    response_body: ResponseBody,
    problems: &mut Problems,
) {
    let owner = format!("in operation `{}`, the parameter", context.name);
    for field in inputs.iter().filter(|field| snake_case(&field.name) == "body") {
        if request_body == RequestBody::Binary {
            not_reserved(&owner, &name(field), "body", "is what the caller sends", "a field", problems);
        }
    }
    let owner = format!("in operation `{}`, the response's field", context.name);
    for field in outputs {
        let name = name(field);
        match snake_case(&field.name).as_str() {
            "response" => not_reserved(&owner, &name, "response", "holds status and request id", "a field", problems),
            "body" if response_body == ResponseBody::Binary => {
                not_reserved(&owner, &name, "body", "is what the caller receives", "a field", problems);
            }
            _ => {}
        }
    }
}

fn name(field: &Field) -> Spanned<&str> {
    Spanned { value: &field.name, span: field.origin.span() }
}
