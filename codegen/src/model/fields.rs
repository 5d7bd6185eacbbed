//! Fields: a value with its name, its place and its bounds.

use super::api::{Field, Limits, Location, Shape, Treatment};
use super::types::Types;
use crate::diagnostic::codes;
use crate::spec::limits::Limits as Written;
use crate::spec::problems::{Problems, Span, Spanned};
use crate::spec::schema::{Format, Property, Schema};

/// The fields that an object's properties are, each with the place of its name. `owner` names types written in place.
pub(super) fn properties<'d>(
    properties: &'d [Property],
    owner: &str,
    types: &mut Types<'d>,
    problems: &mut Problems,
) -> Vec<(Field, Span)> {
    let mut fields = Vec::new();
    for property in properties {
        let name = &property.name.value;
        let type_name = format!("{owner}_{name}");
        let Some(shape) = types.shape(&property.schema, &type_name, problems) else { continue };
        let Some((schema, _)) = types.resolve(&property.schema) else { continue };
        let mut field = field(&property.name, Location::Json, shape, schema);
        field.required = property.required;
        field.accepts_single = accepts_single(&field, schema, problems);
        if let Some(description) = &property.schema.description {
            field.description.clone_from(description);
        }
        fields.push((field, property.name.span));
    }
    fields
}

/// A field of this shape, as far as its schema says.
pub(super) fn field(name: &Spanned<String>, location: Location, shape: Shape, schema: &Schema) -> Field {
    let hidden = schema.format.as_ref().is_some_and(|format| format.value == Format::Password);
    Field {
        name: name.value.clone(),
        origin: name.span.into(),
        description: schema.description.clone(),
        location,
        required: false,
        shape,
        limits: limits(&schema.limits),
        default: schema.default.as_ref().map(|default| default.value.to_string()),
        sensitive: schema.sensitive || hidden,
        accepts_single: false,
        breaks_idempotency: false,
        treatment: Treatment::Plain,
    }
}

/// Only text, for the one of another list could not be told from the list.
fn accepts_single(field: &Field, schema: &Schema, problems: &mut Problems) -> bool {
    // What is no list has been reported.
    let (Some(span), Shape::List(item)) = (schema.accepts_single, &field.shape) else { return false };
    let is_plain_text = matches!(**item, Shape::String | Shape::Enum(_)) && !field.sensitive;
    if !is_plain_text {
        let message = format!("`x-accept-single` of the property `{}` is for lists of plain text only", field.name);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it");
    }
    is_plain_text
}

fn limits(written: &Written) -> Limits {
    Limits {
        minimum: written.minimum.as_ref().map(|limit| limit.value),
        maximum: written.maximum.as_ref().map(|limit| limit.value),
        min_length: written.min_length.as_ref().map(|limit| limit.value),
        max_length: written.max_length.as_ref().map(|limit| limit.value),
        min_items: written.min_items.as_ref().map(|limit| limit.value),
        max_items: written.max_items.as_ref().map(|limit| limit.value),
    }
}

/// Whether a query, a header or a field of a form can carry the value as text.
pub(super) fn is_flat(shape: &Shape) -> bool {
    !matches!(shape, Shape::List(_) | Shape::Struct(_) | Shape::Map(_) | Shape::Json | Shape::Binary)
}
