//! What an operation sends.

use super::api::{Field, Location, RequestBody, Shape, Treatment};
use super::fields::{field, is_flat, properties};
use super::forms;
use super::operation::{Context, Placed};
use super::types::{Types, is_structure};
use crate::diagnostic::codes;
use crate::spec::document::{Computed, Hints, Parameter, ParameterIn};
use crate::spec::problems::{Problems, Spanned};
use crate::spec::schema::{Format, Kind, Schema, Target};

/// What an operation sends.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) fields: Vec<Placed<Field>>,
    pub(super) body: RequestBody,
}

/// Query parameters, headers and what the body is made of, in that order.
pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d>, problems: &mut Problems) -> Inputs {
    let mut fields = Vec::new();
    for place in [ParameterIn::Query, ParameterIn::Header] {
        for parameter in context.parameters.iter().filter(|it| it.place == place && !is_zone(it)) {
            if let Some(field) = from_parameter(context, parameter, types, problems) {
                fields.push((field, parameter.name.span));
            }
        }
    }
    let form = forms::build(context, types, &mut fields, problems);
    let body = context.parameters.iter().find(|it| it.place == ParameterIn::Body);
    let body =
        body.filter(|_| form.is_none()).and_then(|parameter| body_of(context, parameter, types, &mut fields, problems));
    Inputs { fields, body: form.or(body).unwrap_or(RequestBody::None) }
}

/// The zone is part of the address: it goes into the name of the host, not into the query.
fn is_zone(parameter: &Parameter) -> bool {
    parameter.shared_as.as_deref() == Some("zone")
        && parameter.name.value == "zone"
        && parameter.place == ParameterIn::Query
}

pub(super) fn from_parameter<'d>(
    context: &Context<'d>,
    parameter: &'d Parameter,
    types: &mut Types<'d>,
    problems: &mut Problems,
) -> Option<Field> {
    let name = &parameter.name.value;
    // What a parameter is stands in the parameter itself: a `$ref` may lead to all of it, but not to its schema.
    let Target::Inline(schema) = &parameter.schema.target else { return None };
    let what = format!("the parameter `{name}` of operation `{}`", context.name);
    let carrier = match parameter.place {
        ParameterIn::Header => Carrier::Header,
        ParameterIn::FormData => Carrier::Form,
        ParameterIn::Query | ParameterIn::Path | ParameterIn::Body => Carrier::Query,
    };
    let mut field = flat_field(context, &parameter.name, schema, &parameter.hints, carrier, &what, types, problems)?;
    field.breaks_idempotency = parameter.hints.breaks_idempotency;
    field.treatment = treatment(&field, parameter, &what, problems);
    field.required = parameter.required && !field.treatment.is_computed();
    Some(field)
}

/// What carries a value as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Query,
    /// In either direction.
    Header,
    Form,
}

/// A value that is carried as text.
#[expect(clippy::too_many_arguments, reason = "they are what parameters and response headers have in common")]
pub(super) fn flat_field<'d>(
    context: &Context<'d>,
    name: &Spanned<String>,
    schema: &'d Schema,
    hints: &Hints,
    carrier: Carrier,
    what: &str,
    types: &mut Types<'d>,
    problems: &mut Problems,
) -> Option<Field> {
    let type_name = types.enum_names.of(&context.name, &name.value);
    let shape = types.of_schema(schema, &type_name, problems)?;
    let is_text_map = matches!(&shape, Shape::Map(values) if **values == Shape::String);
    let location = match carrier {
        Carrier::Header if is_text_map => Location::HeaderPrefix(prefix(&name.value, hints)),
        Carrier::Form if is_text_map => Location::FormPrefix(prefix(&name.value, hints)),
        Carrier::Header => Location::Header,
        Carrier::Form => Location::Form,
        Carrier::Query => Location::Query,
    };
    if !is_flat(&shape) && !matches!(location, Location::HeaderPrefix(_) | Location::FormPrefix(_)) {
        let (carrier, help) = match carrier {
            Carrier::Header => ("a header", "use a plain type, or `type: map` for all headers with one prefix"),
            Carrier::Form => ("a form", "use a plain type, or `type: map` for all fields with one prefix"),
            Carrier::Query => ("the query", "use a plain type: string, integer, number or boolean"),
        };
        let message = format!("{what} is of a type that {carrier} cannot carry");
        problems.error(codes::UNSUPPORTED, schema.span, message, help);
        return None;
    }
    Some(field(name, location, shape, schema))
}

/// The beginning of the headers, or the fields of a form, that a `type: map` stands for: `X-QS-MetaData` is `X-QS-Meta-…`.
fn prefix(name: &str, hints: &Hints) -> String {
    match &hints.header_prefix {
        Some(prefix) => prefix.value.clone(),
        None => format!("{}-", name.strip_suffix("Data").unwrap_or(name)),
    }
}

fn treatment(field: &Field, parameter: &Parameter, what: &str, problems: &mut Problems) -> Treatment {
    let is_text = field.shape == Shape::String;
    let is = |name: &str| field.location == Location::Header && field.name.eq_ignore_ascii_case(name);
    if let Some(computed) = &parameter.hints.computed {
        let in_form = field.location == Location::Form && is_text;
        let (fits, treatment) = match computed.value {
            Computed::ContentMd5 => (is("Content-MD5") && is_text, Treatment::ContentMd5),
            Computed::AccessKeyId => (in_form, Treatment::AccessKeyId),
            Computed::FormPolicy => (in_form, Treatment::FormPolicy),
            Computed::FormSignature => (in_form, Treatment::FormSignature),
        };
        if fits {
            return treatment;
        }
        let whose = match computed.value {
            Computed::ContentMd5 => "the header `Content-MD5`",
            Computed::AccessKeyId | Computed::FormPolicy | Computed::FormSignature => "text in a form (`in: formData`)",
        };
        let message = format!("`x-computed: {}` of {what} is for {whose} only", computed.value.word());
        problems.error(codes::MISPLACED_KEY, computed.span, message, "remove it");
    }
    if let Some(span) = parameter.hints.path_encoded {
        if is_text {
            return Treatment::PathEncoded;
        }
        let message = format!("`x-encoding: path` of {what} is for text only");
        problems.error(codes::MISPLACED_KEY, span, message, "remove it, or write `type: string`");
    }
    match &field.shape {
        Shape::Integer { .. } if is("Content-Length") => Treatment::ContentLength,
        _ => Treatment::Plain,
    }
}

/// The body; the properties of an object join the fields.
fn body_of<'d>(
    context: &Context<'d>,
    parameter: &'d Parameter,
    types: &mut Types<'d>,
    fields: &mut Vec<Placed<Field>>,
    problems: &mut Problems,
) -> Option<RequestBody> {
    let (schema, definition) = types.resolve(&parameter.schema)?;
    if is_binary(schema) {
        return Some(RequestBody::Binary);
    }
    if is_structure(schema) {
        let owner = definition.unwrap_or(&context.name);
        fields.extend(properties(&schema.properties, owner, types, problems));
        return Some(RequestBody::Json);
    }
    schema.kind?;
    report_body("request", context, schema, problems);
    None
}

pub(super) fn is_binary(schema: &Schema) -> bool {
    let format = schema.format.as_ref().map(|format| format.value);
    schema.kind == Some(Kind::String) && format == Some(Format::Binary)
}

/// Reports a body that is neither bytes nor an object with properties.
pub(super) fn report_body(which: &str, context: &Context<'_>, schema: &Schema, problems: &mut Problems) {
    let message = format!("the {which} body of operation `{}` is neither bytes nor an object", context.name);
    let help = "write `type: string` with `format: binary`, or `type: object` with `properties`";
    problems.error(codes::UNSUPPORTED, schema.span, message, help);
}
