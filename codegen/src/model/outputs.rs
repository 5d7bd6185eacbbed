//! The result of an operation, merged from all its responses with a status below 400.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{Field, Location, ResponseBody};
use super::inputs::{is_binary, report_body, text_field};
use super::operation::Context;
use super::types::{Types, is_structure, properties};
use crate::diagnostic::codes;
use crate::spec::document::{Document, Operation, Response, Target};
use crate::spec::problems::{Problems, Span};

/// Returns the responses with a status below 400, sorted by status.
pub(super) fn successful(operation: &Operation) -> Vec<&Response> {
    let responses = operation.responses.iter().flat_map(|responses| &responses.value);
    let mut successful: Vec<&Response> = responses.filter(|response| response.status.value < 400).collect();
    successful.sort_by_key(|response| response.status.value);
    successful
}

/// Returns headers and then the properties of a JSON body, and the kind of the body.
pub(super) fn build<'d>(
    context: &Context<'d>,
    responses: &[&'d Response],
    types: &mut Types<'d, '_>,
) -> (Vec<Field>, ResponseBody) {
    if let (Some(written), []) = (&context.written.responses, responses) {
        let message = format!("operation `{}` has no response for success", context.name);
        let help = "add a response with a status below 400, such as `\"200\": {description: OK}`";
        types.problems.error(codes::NO_SUCCESS_RESPONSE, written.span, message, help);
    }
    let mut fields = headers(context, responses, types);
    let mut body: Option<(ResponseBody, Span)> = None;
    let mut json_bodies = 0;
    // For each property, the number of responses that require it.
    let mut required: BTreeMap<String, usize> = BTreeMap::new();
    for response in responses {
        let Some((schema, definition)) = response.schema.as_ref().and_then(|schema| types.resolve(schema)) else {
            continue;
        };
        let kind = match (is_binary(schema), is_structure(schema)) {
            (true, _) => ResponseBody::Binary,
            (_, true) => ResponseBody::Json,
            _ => {
                report_body("response", context, schema, types.problems);
                continue;
            }
        };
        let (first, first_span) = *body.get_or_insert((kind, response.status.span));
        let properties = properties(&schema.properties, definition.unwrap_or(&context.name), types);
        if kind != first {
            let message =
                format!("the body of operation `{}` is bytes in one response and JSON in another", context.name);
            let help = "describe the same kind of body in all responses below 400";
            let (code, span) = (codes::CONFLICTING_RESPONSES, response.status.span);
            types.problems.contradiction(code, span, first_span, message, help);
            continue;
        }
        json_bodies += usize::from(kind == ResponseBody::Json);
        for field in properties {
            *required.entry(field.name.clone()).or_default() += usize::from(field.required);
            merge(field, &mut fields, context, types.problems);
        }
    }
    // A property is required only if all JSON bodies require it and every 2xx response has one. Other responses, such as
    // 304, may have no body.
    let successes = responses.iter().filter(|response| (200..300).contains(&response.status.value)).count();
    for field in fields.iter_mut().filter(|field| field.location == Location::Json) {
        field.required = successes <= json_bodies && required.get(&field.name) == Some(&json_bodies);
    }
    (fields, body.map_or(ResponseBody::None, |(body, _)| body))
}

fn headers<'d>(context: &Context<'d>, responses: &[&'d Response], types: &mut Types<'d, '_>) -> Vec<Field> {
    let mut fields = Vec::new();
    for header in responses.iter().flat_map(|response| &response.headers) {
        let what = format!("the response header `{}` of operation `{}`", header.name.value, context.name);
        let location = Location::Header;
        if let Some(field) = text_field(context, &header.name, &header.schema, &header.hints, location, &what, types) {
            merge(Field { required: header.required, ..field }, &mut fields, context, types.problems);
        }
    }
    fields
}

/// Adds a field, or reports that the same field of an earlier response has another type.
fn merge(field: Field, fields: &mut Vec<Field>, context: &Context<'_>, problems: &mut Problems) {
    let is_same = |other: &&mut Field| match (&field.location, &other.location) {
        (Location::Json, Location::Json) => field.name == other.name,
        (Location::Json, _) | (_, Location::Json) => false,
        // Names of headers are case-insensitive.
        _ => field.name.eq_ignore_ascii_case(&other.name),
    };
    let Some(known) = fields.iter_mut().find(is_same) else {
        fields.push(field);
        return;
    };
    known.required &= field.required;
    if known.shape != field.shape {
        let message = format!("`{}` has another type in another response of operation `{}`", field.name, context.name);
        let help = "give it the same type in all responses below 400";
        let (here, first) = (field.origin.span(), known.origin.span());
        problems.contradiction(codes::CONFLICTING_RESPONSES, here, first, message, help);
    }
}

/// Returns the description of the first binary response body.
pub(super) fn body_description<'d>(responses: &[&'d Response], types: &Types<'d, '_>) -> Option<String> {
    let schemas = responses.iter().filter_map(|response| types.resolve(response.schema.as_ref()?));
    schemas.map(|(schema, _)| schema).find(|schema| is_binary(schema)).map(|schema| schema.description.clone())
}

/// Returns the names of all properties in the bodies of successful responses, including faulty properties.
pub(super) fn property_names<'d>(document: &'d Document, operation: &'d Operation) -> BTreeSet<&'d str> {
    let schemas = successful(operation).into_iter().filter_map(|response| match &response.schema.as_ref()?.target {
        Target::Inline(schema) => Some(schema.as_ref()),
        Target::Named(id) => document.schemas.get(id).map(|it| &it.schema),
        Target::Broken => None,
    });
    schemas.flat_map(|schema| &schema.properties).map(|property| property.name.value.as_str()).collect()
}
