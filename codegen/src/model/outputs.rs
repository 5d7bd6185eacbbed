//! What an operation receives when it succeeds: all its responses below 400 taken together.

use std::collections::BTreeSet;

use super::api::{Field, Location, ResponseBody};
use super::context::Context;
use super::inputs::{Carrier, flat_field, is_binary, report_body};
use super::types::{Types, is_structure, properties};
use crate::diagnostic::codes;
use crate::spec::document::{Document, Operation, Response, Target};
use crate::spec::problems::{Problems, Span};

/// What an operation receives.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub(super) fields: Vec<Field>,
    /// `None` where no response describes one.
    pub(super) body: Option<ResponseBody>,
    pub(super) success: Vec<u16>,
}

/// Headers and the properties of a JSON body, in that order.
pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d, '_>) -> Outputs {
    let Some(written) = &context.written.responses else { return Outputs::default() };
    let mut responses: Vec<&Response> = written.value.iter().filter(|it| it.status.value < 400).collect();
    responses.sort_by_key(|response| response.status.value);
    if responses.is_empty() {
        let message = format!("operation `{}` has no response for success", context.name);
        let help = "add a response with a status below 400, such as `\"200\": {description: OK}`";
        types.problems.error(codes::NO_SUCCESS_RESPONSE, written.span, message, help);
    }
    let mut merged = Merged::default();
    for response in &responses {
        merged.headers(context, response, types);
    }
    let mut body: Option<(ResponseBody, Span)> = None;
    for response in &responses {
        let before = merged.fields.len();
        let Some(found) = merged.body(context, response, types) else { continue };
        if let Some((_, first)) = body.filter(|(body, _)| *body != found) {
            merged.fields.truncate(before);
            let message = format!("the body of operation `{}` is bytes in one response, JSON in another", context.name);
            let help = "describe the same kind of body in all responses below 400";
            types.problems.contradiction(codes::CONFLICTING_RESPONSES, response.status.span, first, message, help);
            continue;
        }
        body.get_or_insert((found, response.status.span));
    }
    merged.relax(&responses);
    let success = responses.iter().map(|response| response.status.value).collect();
    Outputs { fields: merged.fields, body: body.map(|(body, _)| body), success }
}

/// The names of all properties that a successful answer is described with, whatever is wrong with them.
pub(super) fn written_properties<'d>(document: &'d Document, operation: &'d Operation) -> BTreeSet<&'d str> {
    let responses = operation.responses.iter().flat_map(|responses| &responses.value);
    let schemas = responses.filter(|it| it.status.value < 400).filter_map(|it| match &it.schema.as_ref()?.target {
        Target::Inline(schema) => Some(schema.as_ref()),
        Target::Named(id) => document.schemas.get(id).map(|it| &it.schema),
        Target::Broken => None,
    });
    schemas.flat_map(|schema| &schema.properties).map(|property| property.name.value.as_str()).collect()
}

/// The fields of several responses.
#[derive(Debug, Default)]
struct Merged {
    fields: Vec<Field>,
    /// How many responses describe properties.
    bodies: usize,
}

impl Merged {
    fn headers<'d>(&mut self, context: &Context<'d>, response: &'d Response, types: &mut Types<'d, '_>) {
        for header in &response.headers {
            let what = format!("the response header `{}` of operation `{}`", header.name.value, context.name);
            let made = flat_field(context, &header.name, &header.schema, &header.hints, Carrier::Header, &what, types);
            if let Some(mut field) = made {
                field.required = header.required;
                self.add(field, context, types.problems);
            }
        }
    }

    fn body<'d>(
        &mut self,
        context: &Context<'d>,
        response: &'d Response,
        types: &mut Types<'d, '_>,
    ) -> Option<ResponseBody> {
        let (schema, definition) = types.resolve(response.schema.as_ref()?)?;
        if is_binary(schema) {
            return Some(ResponseBody::Binary);
        }
        if !is_structure(schema) {
            schema.kind?;
            report_body("response", context, schema, types.problems);
            return None;
        }
        let owner = definition.unwrap_or(&context.name);
        let fields = properties(&schema.properties, owner, types);
        if self.bodies > 0 {
            // A field that another body does not have is not always there.
            for field in self.fields.iter_mut().filter(|field| field.location == Location::Json) {
                field.required &= fields.iter().any(|other| other.name == field.name);
            }
        }
        for mut field in fields {
            field.required &= self.bodies == 0 || self.has(&field);
            self.add(field, context, types.problems);
        }
        self.bodies += 1;
        Some(ResponseBody::Json)
    }

    fn has(&self, field: &Field) -> bool {
        self.fields.iter().any(|other| same_field(other, field))
    }

    /// Adds a field, unless an earlier response has it.
    fn add(&mut self, field: Field, context: &Context<'_>, problems: &mut Problems) {
        let Some(known) = self.fields.iter_mut().find(|known| same_field(known, &field)) else {
            self.fields.push(field);
            return;
        };
        known.required &= field.required;
        if known.shape != field.shape {
            let message =
                format!("`{}` is of another type in another response of operation `{}`", field.name, context.name);
            let help = "give it the same type in all responses below 400";
            let (here, first) = (field.origin.span(), known.origin.span());
            problems.contradiction(codes::CONFLICTING_RESPONSES, here, first, message, help);
        }
    }

    /// What only some of the successful answers have is not always there.
    fn relax(&mut self, responses: &[&Response]) {
        let successes = responses.iter().filter(|response| (200..300).contains(&response.status.value)).count();
        if self.bodies > 0 && successes > self.bodies {
            for field in self.fields.iter_mut().filter(|field| field.location == Location::Json) {
                field.required = false;
            }
        }
    }
}

fn same_field(one: &Field, other: &Field) -> bool {
    let json = |field: &Field| field.location == Location::Json;
    match (json(one), json(other)) {
        (true, true) => one.name == other.name,
        (false, false) => one.name.eq_ignore_ascii_case(&other.name),
        _ => false,
    }
}
