//! Forms: `in: formData`.

use super::api::{Field, FormEncoding, Location, RequestBody, Shape, Treatment};
use super::fields::field;
use super::inputs::{from_parameter, is_binary};
use super::operation::{Context, Placed};
use super::types::Types;
use crate::diagnostic::codes;
use crate::spec::document::{Parameter, ParameterIn};
use crate::spec::problems::Problems;
use crate::spec::schema::{Kind, Schema, Target};

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// The fields of the operation's form, if it has one, and how they are sent.
pub(super) fn build<'d>(
    context: &Context<'d>,
    types: &mut Types<'d>,
    fields: &mut Vec<Placed<Field>>,
    problems: &mut Problems,
) -> Option<RequestBody> {
    let parameters = context.parameters.iter().copied().filter(|it| it.place == ParameterIn::FormData);
    let parameters: Vec<&'d Parameter> = parameters.collect();
    if parameters.is_empty() {
        return None;
    }
    check_rest(context, problems);
    let mut file: Option<&Parameter> = None;
    let mut made = Vec::new();
    for parameter in parameters {
        let Target::Inline(schema) = &parameter.schema.target else { continue };
        if !is_file(schema) {
            let field = from_parameter(context, parameter, types, problems);
            made.extend(field.map(|field| (field, parameter.name.span)));
            continue;
        }
        if let Some(first) = file {
            let message = format!("the parameter `{}` is a second file in one form", parameter.name.value);
            let help = format!("a form carries one file, here `{}`: remove one of them", first.name.value);
            problems.error(codes::DUPLICATE_BODY, parameter.span, message, help);
        }
        file = Some(parameter);
        if parameter.hints.breaks_idempotency {
            let message = format!("`x-idempotent: false` of the file `{}` says nothing", parameter.name.value);
            let help = "say it of the operation: a form is hardly ever sent without its file";
            problems.error(codes::MISPLACED_KEY, parameter.span, message, help);
        }
        if let Some(computed) = &parameter.hints.computed {
            let message = format!("`x-computed` of the file `{}` is for text only", parameter.name.value);
            problems.error(codes::MISPLACED_KEY, computed.span, message, "remove it");
        }
        let mut field = field(&parameter.name, Location::Form, Shape::Binary, schema);
        field.required = parameter.required;
        made.push((field, parameter.name.span));
    }
    check_signature(context, &made, problems);
    fields.extend(made);
    // What the official file says of its only form, which has a file, cannot be: this encoding carries text only.
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
fn check_signature(context: &Context<'_>, fields: &[Placed<Field>], problems: &mut Problems) {
    let computed = [
        (Treatment::AccessKeyId, "access-key-id"),
        (Treatment::FormPolicy, "form-policy"),
        (Treatment::FormSignature, "form-signature"),
    ];
    for (treatment, word) in computed {
        let mut with = fields.iter().filter(|(field, _)| field.treatment == treatment);
        let first = with.next();
        for (field, span) in with {
            let message = format!("`{}` is a second field with `x-computed: {word}`", field.name);
            problems.error(codes::MISPLACED_KEY, *span, message, "keep one of them");
        }
        let needs_policy = treatment == Treatment::FormSignature;
        let has_policy = fields.iter().any(|(field, _)| field.treatment == Treatment::FormPolicy);
        if let (Some((_, span)), true, false) = (first, needs_policy, has_policy) {
            let message = format!("the form of operation `{}` has a signature, but no policy to sign", context.name);
            let help = "add the field with `x-computed: form-policy`";
            problems.error(codes::MISSING_KEY, *span, message, help);
        }
    }
}
