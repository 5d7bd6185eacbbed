//! The request of an operation: query, headers, and a body or a form.

use super::api::{Field, FormEncoding, Location, RequestBody, Shape, Treatment};
use super::context::Context;
use super::types::{Types, field, is_flat, is_structure, properties};
use crate::diagnostic::codes;
use crate::spec::document::{Computed, Format, Hints, Kind, Parameter, ParameterIn, Schema, Target};
use crate::spec::problems::{Problems, Spanned};

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// What an operation sends.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) fields: Vec<Field>,
    pub(super) body: RequestBody,
}

/// Query parameters, headers and what the body is made of, in that order.
pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d, '_>) -> Inputs {
    let mut fields = Vec::new();
    for place in [ParameterIn::Query, ParameterIn::Header] {
        for parameter in context.parameters.iter().filter(|it| it.place == place && !is_zone(it)) {
            fields.extend(from_parameter(context, parameter, types));
        }
    }
    let form = form(context, types, &mut fields);
    let body = context.parameters.iter().find(|it| it.place == ParameterIn::Body);
    let body = body.filter(|_| form.is_none()).and_then(|parameter| body_of(context, parameter, types, &mut fields));
    Inputs { fields, body: form.or(body).unwrap_or(RequestBody::None) }
}

/// The zone is part of the address: it goes into the name of the host, not into the query.
fn is_zone(parameter: &Parameter) -> bool {
    parameter.shared_as.as_deref() == Some("zone")
        && parameter.name.value == "zone"
        && parameter.place == ParameterIn::Query
}

fn from_parameter<'d>(context: &Context<'d>, parameter: &'d Parameter, types: &mut Types<'d, '_>) -> Option<Field> {
    let name = &parameter.name.value;
    // What a parameter is stands in the parameter itself: a `$ref` may lead to all of it, but not to its schema.
    let Target::Inline(schema) = &parameter.schema.target else { return None };
    let what = format!("the parameter `{name}` of operation `{}`", context.name);
    let carrier = match parameter.place {
        ParameterIn::Header => Carrier::Header,
        ParameterIn::FormData => Carrier::Form,
        ParameterIn::Query | ParameterIn::Path | ParameterIn::Body => Carrier::Query,
    };
    let mut field = flat_field(context, &parameter.name, schema, &parameter.hints, carrier, &what, types)?;
    field.breaks_idempotency = parameter.hints.breaks_idempotency;
    field.treatment = treatment(&field, parameter, &what, types.problems);
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
pub(super) fn flat_field<'d>(
    context: &Context<'d>,
    name: &Spanned<String>,
    schema: &'d Schema,
    hints: &Hints,
    carrier: Carrier,
    what: &str,
    types: &mut Types<'d, '_>,
) -> Option<Field> {
    let type_name = types.enum_names.of(&context.name, &name.value);
    let shape = types.of_schema(schema, &type_name)?;
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
        types.problems.error(codes::UNSUPPORTED, schema.span, message, help);
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
    types: &mut Types<'d, '_>,
    fields: &mut Vec<Field>,
) -> Option<RequestBody> {
    let (schema, definition) = types.resolve(&parameter.schema)?;
    if is_binary(schema) {
        return Some(RequestBody::Binary);
    }
    if is_structure(schema) {
        let owner = definition.unwrap_or(&context.name);
        fields.extend(properties(&schema.properties, owner, types));
        return Some(RequestBody::Json);
    }
    schema.kind?;
    report_body("request", context, schema, types.problems);
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

/// The fields of the operation's form, if it has one, and how they are sent.
fn form<'d>(context: &Context<'d>, types: &mut Types<'d, '_>, fields: &mut Vec<Field>) -> Option<RequestBody> {
    let parameters = context.parameters.iter().copied().filter(|it| it.place == ParameterIn::FormData);
    let parameters: Vec<&'d Parameter> = parameters.collect();
    if parameters.is_empty() {
        return None;
    }
    check_rest(context, types.problems);
    let mut file: Option<&Parameter> = None;
    let mut made = Vec::new();
    for parameter in parameters {
        let Target::Inline(schema) = &parameter.schema.target else { continue };
        if !is_file(schema) {
            made.extend(from_parameter(context, parameter, types));
            continue;
        }
        if let Some(first) = file {
            let message = format!("the parameter `{}` is a second file in one form", parameter.name.value);
            let help = format!("a form carries one file, here `{}`: remove one of them", first.name.value);
            types.problems.error(codes::DUPLICATE_BODY, parameter.span, message, help);
        }
        file = Some(parameter);
        if parameter.hints.breaks_idempotency {
            let message = format!("`x-idempotent: false` of the file `{}` says nothing", parameter.name.value);
            let help = "say it of the operation: a form is hardly ever sent without its file";
            types.problems.error(codes::MISPLACED_KEY, parameter.span, message, help);
        }
        if let Some(computed) = &parameter.hints.computed {
            let message = format!("`x-computed` of the file `{}` is for text only", parameter.name.value);
            types.problems.error(codes::MISPLACED_KEY, computed.span, message, "remove it");
        }
        let mut field = field(&parameter.name, Location::Form, Shape::Binary, schema);
        field.required = parameter.required;
        made.push(field);
    }
    check_signature(context, &made, types.problems);
    fields.extend(made);
    // The official specification declares this encoding for a form with a file, which it cannot carry.
    let url_encoded = file.is_none() && context.written.consumes.iter().any(|kind| kind == URL_ENCODED);
    Some(RequestBody::Form(if url_encoded { FormEncoding::UrlEncoded } else { FormEncoding::Multipart }))
}

fn is_file(schema: &Schema) -> bool {
    schema.kind == Some(Kind::File) || is_binary(schema)
}

/// A form is the whole body, and the SDK alone knows what it looks like.
fn check_rest(context: &Context<'_>, problems: &mut Problems) {
    for parameter in &context.parameters {
        let name = &parameter.name.value;
        let (what, help) = match parameter.place {
            ParameterIn::Body => ("a body", "write `in: formData` for all of it, or for none of it"),
            ParameterIn::Header if is_made_of_the_body(name) => {
                ("this header", "remove it: the SDK makes the form and what describes it")
            }
            _ => continue,
        };
        let message = format!("operation `{}` has a form, which leaves no room for {what}: `{name}`", context.name);
        problems.error(codes::MIXED_BODY, parameter.span, message, help);
    }
}

fn is_made_of_the_body(header: &str) -> bool {
    ["Content-Length", "Content-MD5", "Content-Type"].iter().any(|name| name.eq_ignore_ascii_case(header))
}

/// A signature is made over a policy; of all three computed fields a form has at most one.
fn check_signature(context: &Context<'_>, fields: &[Field], problems: &mut Problems) {
    let computed = [
        (Treatment::AccessKeyId, "access-key-id"),
        (Treatment::FormPolicy, "form-policy"),
        (Treatment::FormSignature, "form-signature"),
    ];
    for (treatment, word) in computed {
        let mut with = fields.iter().filter(|field| field.treatment == treatment);
        let first = with.next();
        for field in with {
            let message = format!("`{}` is a second field with `x-computed: {word}`", field.name);
            problems.error(codes::MISPLACED_KEY, field.origin.span(), message, "keep one of them");
        }
        let needs_policy = treatment == Treatment::FormSignature;
        let has_policy = fields.iter().any(|field| field.treatment == Treatment::FormPolicy);
        if let (Some(field), true, false) = (first, needs_policy, has_policy) {
            let message = format!("the form of operation `{}` has a signature, but no policy to sign", context.name);
            let help = "add the field with `x-computed: form-policy`";
            problems.error(codes::MISSING_KEY, field.origin.span(), message, help);
        }
    }
}
