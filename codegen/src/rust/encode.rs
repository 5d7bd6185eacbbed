//! Statements that encode an input as a request and decode a response as an output.

use super::structure::label;
use crate::model::api::{
    Field, FormEncoding, Limits, Location, Operation, RequestBody, ResponseBody, Shape, Treatment,
};
use crate::naming::snake_case;

/// Returns the statements of `encode`. The body comes before headers that are computed from it.
pub(super) fn encode(operation: &Operation) -> Vec<String> {
    let mut statements = Vec::new();
    for field in &operation.inputs {
        statements.extend(checks(field));
    }
    match operation.request_body {
        RequestBody::Json => statements.push("request.json();".to_owned()),
        RequestBody::Form(FormEncoding::Multipart) => statements.push("request.multipart_form();".to_owned()),
        RequestBody::Form(FormEncoding::UrlEncoded) => statements.push("request.url_encoded_form();".to_owned()),
        RequestBody::None | RequestBody::Binary => {}
    }
    for field in operation.inputs.iter().filter(|field| field.treatment != Treatment::ContentMd5) {
        statements.extend(write_field(field));
    }
    if operation.request_body == RequestBody::Binary {
        statements.push("request.body(self.body);".to_owned());
    }
    for field in &operation.inputs {
        let (name, text) = (snake_case(&field.name), label(field));
        match field.treatment {
            Treatment::ContentLength => {
                statements.push(format!("request.content_length({text:?}, &self.{name});"));
            }
            Treatment::ContentMd5 => {
                statements.push(format!("request.content_md5({text:?}, {:?}, &self.{name});", field.name));
            }
            _ => {}
        }
        if field.breaks_idempotency {
            statements.push(format!("request.not_idempotent_with(&self.{name});"));
        }
    }
    // The file is moved out of the input, so it comes last.
    for field in operation.inputs.iter().filter(|field| field.shape == Shape::Binary) {
        statements.push(format!("request.form_file({:?}, self.{});", field.name, snake_case(&field.name)));
    }
    statements
}

fn write_field(field: &Field) -> Option<String> {
    let (name, text, wire) = (snake_case(&field.name), label(field), &field.name);
    Some(match (&field.location, field.treatment) {
        (_, Treatment::ContentLength) => return None,
        (Location::Form, _) if field.shape == Shape::Binary => return None,
        (Location::Form, Treatment::AccessKeyId) => format!("request.form_access_key_id({wire:?}, &self.{name});"),
        (Location::Form, Treatment::FormPolicy) => format!("request.form_policy({wire:?}, &self.{name});"),
        (Location::Form, Treatment::FormSignature) => format!("request.form_signature({wire:?}, &self.{name});"),
        (Location::Form, _) => format!("request.form_field({wire:?}, &self.{name});"),
        (Location::FormPrefix(prefix), _) => format!("request.form_map({text:?}, {prefix:?}, &self.{name});"),
        (Location::Query, _) => format!("request.query({wire:?}, &self.{name});"),
        (Location::Header, Treatment::PathEncoded) => {
            format!("request.path_header({text:?}, {wire:?}, &self.{name});")
        }
        (Location::Header, _) => match field.shape {
            Shape::ByteRange { is_closed } => {
                format!("request.range_header({text:?}, {wire:?}, &self.{name}, {is_closed});")
            }
            _ => format!("request.header({text:?}, {wire:?}, &self.{name});"),
        },
        (Location::HeaderPrefix(prefix), _) => format!("request.header_map({text:?}, {prefix:?}, &self.{name});"),
        (Location::Json, _) if matches!(field.shape, Shape::List(_)) && !field.required => {
            format!("request.json_list({text:?}, {wire:?}, &self.{name});")
        }
        (Location::Json, _) if field.sensitive => {
            format!("request.json_field({text:?}, {wire:?}, &Exposed(&self.{name}));")
        }
        (Location::Json, _) if field.shape == Shape::UnixTime => {
            format!("request.json_field({text:?}, {wire:?}, &UnixTime(&self.{name}));")
        }
        (Location::Json, _) => format!("request.json_field({text:?}, {wire:?}, &self.{name});"),
    })
}

fn checks(field: &Field) -> Vec<String> {
    let (name, text, limits) = (snake_case(&field.name), label(field), checked(field));
    let mut statements = Vec::new();
    let is_text =
        field.shape == Shape::String && matches!(field.location, Location::Query | Location::Header | Location::Form);
    if is_text && field.required {
        statements.push(format!("request.require({text:?}, &self.{name});"));
    }
    if matches!(field.shape, Shape::Enum(_)) {
        statements.push(format!("request.check_known({text:?}, &self.{name});"));
    }
    if let Shape::Integer { bits, signed } = field.shape {
        let suffix = format!("{}{bits}", if signed { 'i' } else { 'u' });
        if limits.minimum.is_some() || limits.maximum.is_some() {
            let (low, high) = (option(limits.minimum, &suffix), option(limits.maximum, &suffix));
            statements.push(format!("request.check_range({text:?}, self.{name}, {low}, {high});"));
        }
    }
    if limits.min_length.is_some() || limits.max_length.is_some() {
        let (low, high) = (option(limits.min_length, ""), option(limits.max_length, ""));
        statements.push(format!("request.check_length({text:?}, &self.{name}, {low}, {high});"));
    }
    if limits.min_items.is_some() || limits.max_items.is_some() {
        let (low, high) = (option(limits.min_items, ""), option(limits.max_items, ""));
        statements.push(format!("request.check_items({text:?}, self.{name}.len(), {low}, {high});"));
    }
    statements
}

/// Returns the limits that `encode` checks.
pub(super) fn checked(field: &Field) -> Limits {
    let mut limits = field.limits.clone();
    match field.shape {
        // An unsigned type cannot be less than 0.
        Shape::Integer { signed, .. } => limits.minimum = limits.minimum.filter(|minimum| signed || *minimum > 0),
        _ => (limits.minimum, limits.maximum) = (None, None),
    }
    limits
}

fn option<T: std::fmt::Display>(bound: Option<T>, suffix: &str) -> String {
    match bound {
        Some(bound) if suffix.is_empty() => format!("Some({bound})"),
        Some(bound) => format!("Some({bound}_{suffix})"),
        None => "None".to_owned(),
    }
}

/// Returns the output fields that are not decoded from JSON, with their expressions.
pub(super) fn decoded(operation: &Operation) -> Vec<(String, String)> {
    let is_json = operation.response_body == ResponseBody::Json;
    let mut fields = Vec::new();
    for field in operation.outputs.iter().filter(|field| field.location != Location::Json) {
        let expression = match &field.location {
            Location::HeaderPrefix(prefix) => format!("response.header_map({prefix:?})"),
            _ if field.required && !is_json => format!("response.required_header({:?})?", field.name),
            _ => format!("response.header({:?})?", field.name),
        };
        fields.push((snake_case(&field.name), expression));
    }
    if operation.response_body == ResponseBody::Binary {
        fields.push(("body".to_owned(), "response.body()".to_owned()));
    }
    fields.push(("response".to_owned(), "response.info()".to_owned()));
    fields
}
