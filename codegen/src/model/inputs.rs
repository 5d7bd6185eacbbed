//! The request of an operation: query, headers, and a body or a form.

use super::api::{Field, FormEncoding, Location, RequestBody, Shape, Treatment};
use super::operation::Context;
use super::types::{Types, field, is_flat, is_structure, properties};
use crate::diagnostic::codes;
use crate::spec::document::{Computed, Format, Hints, Kind, Parameter, ParameterIn, Schema, Target};
use crate::spec::problems::{Problems, Spanned};

/// Returns query parameters, headers and the fields of the body, in this order, and the kind of the body.
pub(super) fn build<'d>(context: &Context<'d>, types: &mut Types<'d, '_>) -> (Vec<Field>, RequestBody) {
    let mut fields = Vec::new();
    for place in [ParameterIn::Query, ParameterIn::Header] {
        for parameter in context.parameters_in(place).filter(|parameter| !is_zone(parameter)) {
            fields.extend(from_parameter(context, parameter, types));
        }
    }
    let form: Vec<&Parameter> = context.parameters_in(ParameterIn::FormData).collect();
    let body = if !form.is_empty() {
        Some(form_body(context, &form, types, &mut fields))
    } else if let Some(parameter) = context.parameters_in(ParameterIn::Body).next() {
        parameter_body(context, parameter, types, &mut fields)
    } else {
        None
    };
    (fields, body.unwrap_or(RequestBody::None))
}

/// Returns true for the shared parameter `zone`, which becomes part of the host name and not of the query.
fn is_zone(parameter: &Parameter) -> bool {
    parameter.shared_as.as_deref() == Some("zone")
        && parameter.name.value == "zone"
        && parameter.place == ParameterIn::Query
}

fn from_parameter<'d>(context: &Context<'d>, parameter: &'d Parameter, types: &mut Types<'d, '_>) -> Option<Field> {
    let name = &parameter.name.value;
    // A `$ref` can stand for a whole parameter, but not for its schema, so the schema is always inline.
    let Target::Inline(schema) = &parameter.schema.target else { return None };
    let what = format!("the parameter `{name}` of operation `{}`", context.name);
    let location = match parameter.place {
        ParameterIn::Header => Location::Header,
        ParameterIn::FormData => Location::Form,
        ParameterIn::Query | ParameterIn::Path | ParameterIn::Body => Location::Query,
    };
    let range = if location == Location::Header { byte_range(schema) } else { None };
    let field = match range {
        Some(shape) => Some(field(&parameter.name, location, shape, schema)),
        None => text_field(context, &parameter.name, schema, &parameter.hints, location, &what, types),
    };
    let mut field = field?;
    field.breaks_idempotency = parameter.hints.breaks_idempotency;
    field.treatment = treatment(&field, parameter, &what, types.problems);
    field.required = parameter.required && !field.treatment.is_computed();
    Some(field)
}

/// Returns a field whose value is text in `location`: the query, a header or a form. In headers and forms, a map of
/// text stands for all headers or form fields with one prefix.
pub(super) fn text_field<'d>(
    context: &Context<'d>,
    name: &Spanned<String>,
    schema: &'d Schema,
    hints: &Hints,
    location: Location,
    what: &str,
    types: &mut Types<'d, '_>,
) -> Option<Field> {
    let type_name = types.enum_names.of(&context.name, &name.value);
    let shape = types.of_schema(schema, &type_name)?;
    let is_text_map = matches!(&shape, Shape::Map(values) if **values == Shape::String);
    let (carrier, help) = match location {
        Location::Header if is_text_map => {
            return Some(field(name, Location::HeaderPrefix(prefix(&name.value, hints)), shape, schema));
        }
        Location::Form if is_text_map => {
            return Some(field(name, Location::FormPrefix(prefix(&name.value, hints)), shape, schema));
        }
        Location::Header => ("a header", "use a plain type, or `type: map` for all headers with one prefix"),
        Location::Form => ("a form", "use a plain type, or `type: map` for all fields with one prefix"),
        _ => ("the query", "use a plain type: string, integer, number or boolean"),
    };
    if !is_flat(&shape) {
        let message = format!("{what} has a type that {carrier} cannot contain");
        types.problems.error(codes::UNSUPPORTED, schema.span, message, help);
        return None;
    }
    Some(field(name, location, shape, schema))
}

/// Returns the prefix of the headers or form fields that a map stands for. Without `x-header-prefix`, `X-QS-MetaData`
/// stands for `X-QS-Meta-…`.
fn prefix(name: &str, hints: &Hints) -> String {
    match &hints.header_prefix {
        Some(prefix) => prefix.value.clone(),
        None => format!("{}-", name.strip_suffix("Data").unwrap_or(name)),
    }
}

fn treatment(field: &Field, parameter: &Parameter, what: &str, problems: &mut Problems) -> Treatment {
    let is_text = field.shape == Shape::String;
    let is_header = |name: &str| field.location == Location::Header && field.name.eq_ignore_ascii_case(name);
    if let Some(computed) = &parameter.hints.computed {
        let is_form_text = is_text && field.location == Location::Form;
        let form_text = "text in a form (`in: formData`)";
        let (treatment, is_allowed, allowed) = match computed.value {
            Computed::ContentMd5 => {
                (Treatment::ContentMd5, is_text && is_header("Content-MD5"), "the header `Content-MD5`")
            }
            Computed::AccessKeyId => (Treatment::AccessKeyId, is_form_text, form_text),
            Computed::FormPolicy => (Treatment::FormPolicy, is_form_text, form_text),
            Computed::FormSignature => (Treatment::FormSignature, is_form_text, form_text),
        };
        if is_allowed {
            return treatment;
        }
        let message = format!("`x-computed: {}` of {what} is for {allowed} only", computed.value.word());
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
        Shape::Integer { .. } if is_header("Content-Length") => Treatment::ContentLength,
        _ => Treatment::Plain,
    }
}

/// Returns the kind of the body, and adds the properties of a JSON object to the fields.
fn parameter_body<'d>(
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
    report_body("request", context, schema, types.problems);
    None
}

/// Returns the shape of a range of bytes.
fn byte_range(schema: &Schema) -> Option<Shape> {
    let is_closed = match schema.format.as_ref()?.value {
        Format::ByteRange => false,
        Format::ClosedByteRange => true,
        _ => return None,
    };
    Some(Shape::ByteRange { is_closed })
}

pub(super) fn is_binary(schema: &Schema) -> bool {
    let format = schema.format.as_ref().map(|format| format.value);
    schema.kind == Some(Kind::String) && format == Some(Format::Binary)
}

/// Reports a body that is neither bytes nor an object with properties. A faulty `type` has been reported already.
pub(super) fn report_body(which: &str, context: &Context<'_>, schema: &Schema, problems: &mut Problems) {
    if schema.kind.is_some() {
        let message = format!("the {which} body of operation `{}` is neither bytes nor an object", context.name);
        let help = "write `type: string` with `format: binary`, or `type: object` with `properties`";
        problems.error(codes::UNSUPPORTED, schema.span, message, help);
    }
}

/// Returns the encoding of a form, and adds its fields.
fn form_body<'d>(
    context: &Context<'d>,
    form: &[&'d Parameter],
    types: &mut Types<'d, '_>,
    fields: &mut Vec<Field>,
) -> RequestBody {
    check_beside_form(context, types.problems);
    let first = fields.len();
    let mut file: Option<&Parameter> = None;
    for &parameter in form {
        let Target::Inline(schema) = &parameter.schema.target else { continue };
        if schema.kind != Some(Kind::File) && !is_binary(schema) {
            fields.extend(from_parameter(context, parameter, types));
            continue;
        }
        let name = &parameter.name.value;
        if let Some(first) = file {
            let message = format!("the parameter `{name}` is a second file in one form");
            let help = format!("a form has at most one file, here `{}`: remove one of them", first.name.value);
            types.problems.error(codes::DUPLICATE_BODY, parameter.span, message, help);
        }
        file = Some(parameter);
        if parameter.hints.breaks_idempotency {
            let message = format!("`x-idempotent: false` has no effect on the file `{name}`");
            let help = "write it at the operation, because nearly every request contains the file";
            types.problems.error(codes::MISPLACED_KEY, parameter.span, message, help);
        }
        if let Some(computed) = &parameter.hints.computed {
            let message = format!("`x-computed` of the file `{name}` is for text only");
            types.problems.error(codes::MISPLACED_KEY, computed.span, message, "remove it");
        }
        let field = field(&parameter.name, Location::Form, Shape::Binary, schema);
        fields.push(Field { required: parameter.required, ..field });
    }
    check_computed(context, fields.get(first..).unwrap_or_default(), types.problems);
    // The official specification declares this encoding for a form with a file, but URL encoding cannot contain one.
    let is_url_encoded = context.written.consumes.iter().any(|kind| kind == "application/x-www-form-urlencoded");
    RequestBody::Form(if is_url_encoded && file.is_none() { FormEncoding::UrlEncoded } else { FormEncoding::Multipart })
}

/// Reports a body, and headers that the SDK sets, beside a form.
fn check_beside_form(context: &Context<'_>, problems: &mut Problems) {
    let is_set_by_sdk = |header: &str| {
        ["Content-Length", "Content-MD5", "Content-Type"].iter().any(|name| name.eq_ignore_ascii_case(header))
    };
    for parameter in &context.parameters {
        let name = &parameter.name.value;
        let (what, help) = match parameter.place {
            ParameterIn::Body => ("a body", "write `in: formData` for all parameters of the body, or for none"),
            ParameterIn::Header if is_set_by_sdk(name) => ("this header", "remove it: the SDK sets it for every form"),
            _ => continue,
        };
        let message = format!("operation `{}` has a form, so it cannot have {what}: `{name}`", context.name);
        problems.error(codes::MIXED_BODY, parameter.span, message, help);
    }
}

/// Reports computed fields of a form that occur twice, and a signature without a policy.
fn check_computed(context: &Context<'_>, fields: &[Field], problems: &mut Problems) {
    let with = |treatment: Treatment| fields.iter().filter(move |field| field.treatment == treatment);
    for (treatment, word) in [
        (Treatment::AccessKeyId, "access-key-id"),
        (Treatment::FormPolicy, "form-policy"),
        (Treatment::FormSignature, "form-signature"),
    ] {
        for field in with(treatment).skip(1) {
            let message = format!("`{}` is a second field with `x-computed: {word}`", field.name);
            problems.error(codes::MISPLACED_KEY, field.origin.span(), message, "keep one of them");
        }
    }
    if let (Some(field), None) = (with(Treatment::FormSignature).next(), with(Treatment::FormPolicy).next()) {
        let message = format!("the form of operation `{}` has a signature, but no policy to sign", context.name);
        let help = "add the field with `x-computed: form-policy`";
        problems.error(codes::MISSING_KEY, field.origin.span(), message, help);
    }
}
