//! Structures: inputs, outputs and types, with their fields.

use serde::Serialize;

use super::docs;
use crate::model::api::{Field, Location, Shape, Treatment};
use crate::naming::{plain, snake_case, type_name};

/// A structure with a constructor and setters.
#[derive(Debug, Clone, Serialize)]
pub struct StructView {
    /// Its name.
    pub name: String,
    /// Lines of its doc comment.
    pub docs: Vec<String>,
    /// Derived traits, with `Default` if no field is required.
    pub derives: String,
    /// All fields.
    pub fields: Vec<FieldView>,
    /// Field initializers of `new`: `upload_id: upload_id.into()`
    pub initializers: Vec<String>,
    /// Arguments of `new`: `upload_id: impl Into<String>`
    pub arguments: Vec<String>,
    /// True if `new` takes nothing, so that `Default` says it all.
    pub has_default: bool,
}

impl StructView {
    pub(super) fn new(name: String, docs: String, derives: &str, fields: Vec<FieldView>) -> Self {
        let required = fields.iter().filter(|field| field.required);
        let arguments: Vec<String> = required.map(|field| format!("{}: {}", field.name, field.argument_type)).collect();
        let has_default = arguments.is_empty();
        let initializers = fields.iter().map(FieldView::initializer).collect();
        Self {
            name,
            docs: docs::comment(docs::lines(&docs)),
            derives: if has_default { derives.replacen("Debug", "Debug, Default", 1) } else { derives.to_owned() },
            fields,
            initializers,
            arguments,
            has_default,
        }
    }
}

/// A field as it is declared, constructed and set.
#[derive(Debug, Clone, Serialize)]
pub struct FieldView {
    /// Its name in Rust.
    pub name: String,
    /// Its name in documentation: without `r#`, which a link there cannot have.
    pub label: String,
    /// Lines of its doc comment.
    pub docs: Vec<String>,
    /// Its type.
    pub rust_type: String,
    /// Arguments of `#[serde(…)]`, without the brackets; empty if there are none.
    pub serde: String,
    /// True if `new` asks for it.
    pub required: bool,
    /// The argument that `new` or the setter takes: `impl Into<String>`.
    pub argument_type: String,
    /// How the argument becomes a value: `upload_id.into()`.
    pub conversion: String,
    /// The setter's name; differs from the field's where that would be a function that every structure has.
    pub setter: String,
    /// True if the setter adds an entry to a map.
    pub is_map: bool,
    /// True if the field is an `Option`.
    pub is_option: bool,
}

impl FieldView {
    /// What `new` sets it to.
    pub(super) fn initializer(&self) -> String {
        match &self.name {
            name if !self.required => format!("{name}: Default::default()"),
            name if self.conversion == *name => name.clone(),
            name => format!("{name}: {}", self.conversion),
        }
    }
}

/// How a field is serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serde {
    /// Not at all: an input.
    Never,
    /// Only read: an output whose body is JSON.
    Read,
    /// Written and read: a type.
    Both,
}

/// The view of a field.
pub(super) fn field(field: &Field, serde: Serde) -> FieldView {
    let name = snake_case(&field.name);
    let value_type = value_type(field);
    // serde skips what comes from headers, and what it skips must have a default.
    let skipped = serde == Serde::Read && field.location != Location::Json;
    let is_option = !field.shape.is_collection() && (!field.required || skipped);
    FieldView {
        docs: docs::comment(docs::field(field, serde == Serde::Never)),
        rust_type: if is_option { format!("Option<{value_type}>") } else { value_type },
        serde: serde_arguments(field, &name, serde, is_option),
        required: is_argument(field),
        argument_type: argument_type(field),
        conversion: conversion(field, &name),
        setter: setter_name(&name),
        is_map: matches!(field.shape, Shape::Map(_)),
        is_option,
        label: label(field),
        name,
    }
}

/// What Rust calls a field, as documentation and messages spell it.
pub(crate) fn label(field: &Field) -> String {
    plain(&snake_case(&field.name)).to_owned()
}

/// Returns true if `new` takes it. A map is filled entry by entry.
pub(crate) fn is_argument(field: &Field) -> bool {
    field.required && !matches!(field.shape, Shape::Map(_))
}

/// `new` is the constructor, and calls `Self::default`.
pub(super) fn setter_name(field: &str) -> String {
    if matches!(field, "new" | "default") { format!("{field}_") } else { field.to_owned() }
}

/// The field that carries bytes: `Body` in inputs, `ResponseBody` in outputs.
pub(super) fn body(rust_type: &str, docs: &str) -> FieldView {
    FieldView {
        name: "body".to_owned(),
        label: "body".to_owned(),
        docs: docs::comment(docs::lines(docs)),
        rust_type: rust_type.to_owned(),
        serde: String::new(),
        required: false,
        argument_type: "impl Into<Body>".to_owned(),
        conversion: "body.into()".to_owned(),
        setter: "body".to_owned(),
        is_map: false,
        is_option: false,
    }
}

/// The field by which every output says what the answer was.
pub(super) fn response_info(serde: Serde) -> FieldView {
    FieldView {
        name: "response".to_owned(),
        label: "response".to_owned(),
        docs: docs::comment(docs::lines("Status, request id and number of attempts.")),
        serde: if serde == Serde::Read { "skip".to_owned() } else { String::new() },
        ..body("ResponseInfo", "")
    }
}

/// The type of a value that is there.
pub(super) fn rust_type(shape: &Shape, sensitive: bool) -> String {
    match shape {
        Shape::Boolean => "bool".to_owned(),
        Shape::Integer { bits, signed } => format!("{}{bits}", if *signed { "i" } else { "u" }),
        Shape::Number => "f64".to_owned(),
        Shape::String if sensitive => "Secret".to_owned(),
        Shape::String => "String".to_owned(),
        Shape::DateTime | Shape::HttpDate => "Timestamp".to_owned(),
        Shape::Enum(name) | Shape::Struct(name) => format!("types::{}", type_name(name)),
        Shape::List(item) => format!("Vec<{}>", rust_type(item, sensitive)),
        Shape::Map(item) => format!("BTreeMap<String, {}>", rust_type(item, sensitive)),
        Shape::Json => "serde_json::Value".to_owned(),
        Shape::Binary => "Body".to_owned(),
    }
}

fn value_type(field: &Field) -> String {
    match field.treatment {
        Treatment::PathEncoded => "ObjectSource".to_owned(),
        _ => rust_type(&field.shape, field.sensitive),
    }
}

fn argument_type(field: &Field) -> String {
    match &field.shape {
        Shape::String => format!("impl Into<{}>", value_type(field)),
        Shape::DateTime | Shape::HttpDate => "impl Into<Timestamp>".to_owned(),
        Shape::List(item) if is_converted(item) => {
            format!("impl IntoIterator<Item = impl Into<{}>>", rust_type(item, field.sensitive))
        }
        Shape::Binary => "impl Into<Body>".to_owned(),
        Shape::List(item) => format!("impl IntoIterator<Item = {}>", rust_type(item, field.sensitive)),
        Shape::Map(item) => rust_type(item, field.sensitive),
        _ => rust_type(&field.shape, field.sensitive),
    }
}

fn conversion(field: &Field, name: &str) -> String {
    match &field.shape {
        Shape::String | Shape::DateTime | Shape::HttpDate | Shape::Binary => format!("{name}.into()"),
        Shape::List(item) if is_converted(item) => format!("{name}.into_iter().map(Into::into).collect()"),
        Shape::List(_) => format!("{name}.into_iter().collect()"),
        _ => name.to_owned(),
    }
}

/// Returns true if a list takes its items as whatever becomes one, so that text need not be owned.
pub(super) fn is_converted(item: &Shape) -> bool {
    matches!(item, Shape::String | Shape::DateTime | Shape::HttpDate)
}

fn serde_arguments(field: &Field, name: &str, serde: Serde, is_option: bool) -> String {
    if serde == Serde::Never {
        return String::new();
    }
    if serde == Serde::Read && field.location != Location::Json {
        return "skip".to_owned();
    }
    let mut arguments = Vec::new();
    if plain(name) != field.name {
        arguments.push(format!("rename = {:?}", field.name));
    }
    if field.sensitive && serde == Serde::Both {
        arguments.push("serialize_with = \"exposed\"".to_owned());
    }
    match &field.shape {
        Shape::List(_) | Shape::Map(_) => {
            arguments.push("default".to_owned());
            let reader = if field.accepts_single { "one_or_many" } else { "null_as_default" };
            arguments.push(format!("deserialize_with = {reader:?}"));
            if serde == Serde::Both && !field.required {
                let collection = if matches!(field.shape, Shape::List(_)) { "Vec" } else { "BTreeMap" };
                arguments.push(format!("skip_serializing_if = \"{collection}::is_empty\""));
            }
        }
        _ if is_option && serde == Serde::Both => {
            arguments.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
        _ => {}
    }
    arguments.join(", ")
}
