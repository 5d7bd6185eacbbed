//! Rust structures: inputs, outputs and types, with their fields.

use serde::Serialize;

use super::docs;
use crate::model::api::{Field, Location, Shape, Treatment};
use crate::naming::{plain, snake_case, type_name};

/// A structure with a constructor and setters.
#[derive(Debug, Clone, Serialize)]
pub struct StructView {
    /// Name of the structure.
    pub name: String,
    /// Lines of its documentation comment.
    pub docs: Vec<String>,
    /// Text of the documentation comment of `new`.
    pub new_docs: &'static str,
    /// Derived traits, with `Default` if no field is required.
    pub derives: String,
    /// All fields.
    pub fields: Vec<FieldView>,
    /// Field initializers of `new`: `upload_id: upload_id.into()`.
    pub initializers: Vec<String>,
    /// Arguments of `new`: `upload_id: impl Into<String>`.
    pub arguments: Vec<String>,
    /// True if `new` takes no arguments, so that the structure derives `Default`.
    pub has_default: bool,
}

impl StructView {
    pub(super) fn new(name: String, docs: &str, derives: &str, fields: Vec<FieldView>) -> Self {
        let required = fields.iter().filter(|field| field.required);
        let arguments: Vec<String> = required.map(|field| format!("{}: {}", field.name, field.argument_type)).collect();
        let has_default = arguments.is_empty();
        let initializers = fields.iter().map(FieldView::initializer).collect();
        Self {
            name,
            docs: docs::comment(docs),
            new_docs: match (fields.is_empty(), has_default) {
                (true, _) => "Creates an instance.",
                (false, true) => "Creates an instance. All fields are optional and start unset.",
                (false, false) if fields.iter().all(|field| field.required) => {
                    "Creates an instance. All fields are required."
                }
                (false, false) => "Creates an instance with the required fields. Optional fields start unset.",
            },
            derives: if has_default { derives.replacen("Debug", "Debug, Default", 1) } else { derives.to_owned() },
            fields,
            initializers,
            arguments,
            has_default,
        }
    }
}

/// A field of a structure, with its setter.
#[derive(Debug, Clone, Serialize)]
pub struct FieldView {
    /// Name of the field.
    pub name: String,
    /// Lines of its documentation comment.
    pub docs: Vec<String>,
    /// Lines of the setter's documentation comment.
    pub setter_docs: Vec<String>,
    /// Type of the field.
    pub rust_type: String,
    /// Arguments of `#[serde(…)]`, or an empty string if the field has no such attribute.
    pub serde: String,
    /// True if the field is an argument of `new`.
    pub required: bool,
    /// Type of the argument of `new` or the setter: `impl Into<String>`.
    pub argument_type: String,
    /// Expression that converts the argument into a value: `upload_id.into()`.
    pub conversion: String,
    /// Name of the setter. It differs from `name` if every structure has a function of that name.
    pub setter: String,
    /// True if the setter adds an entry to a map.
    pub is_map: bool,
    /// True if the field is an `Option`.
    pub is_option: bool,
}

impl FieldView {
    /// Returns the initializer of the field in `new`.
    pub(super) fn initializer(&self) -> String {
        match &self.name {
            name if !self.required => format!("{name}: Default::default()"),
            name if self.conversion == *name => name.clone(),
            name => format!("{name}: {}", self.conversion),
        }
    }
}

/// The serde traits that a structure derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Serde {
    /// None: an input, or an output without JSON.
    Never,
    /// `Deserialize`: an output whose body is JSON.
    Read,
    /// `Serialize` and `Deserialize`: a type.
    Both,
}

/// Returns a field that can be sent.
pub(super) fn field(field: &Field, serde: Serde) -> FieldView {
    documented(field, serde, &docs::sent_field(field))
}

/// Returns a field that is only received.
pub(super) fn received_field(field: &Field, serde: Serde) -> FieldView {
    documented(field, serde, &docs::received_field(field))
}

fn documented(field: &Field, serde: Serde, docs: &str) -> FieldView {
    let name = snake_case(&field.name);
    let value_type = value_type(field);
    let is_map = matches!(field.shape, Shape::Map(_));
    // serde skips fields that are decoded from headers. A skipped field needs a default value.
    let skipped = serde == Serde::Read && field.location != Location::Json;
    let is_option = !field.shape.is_collection() && (!field.required || skipped);
    FieldView {
        docs: docs::comment(docs),
        setter_docs: setter_docs(docs, is_map.then(|| label(field))),
        rust_type: if is_option { format!("Option<{value_type}>") } else { value_type },
        serde: serde_arguments(field, &name, serde, is_option),
        required: is_argument(field),
        argument_type: argument_type(field),
        conversion: conversion(field, &name),
        setter: setter_name(&name),
        is_map,
        is_option,
        name,
    }
}

/// Returns the documentation of a setter. `map` is the name of the field if its setter adds an entry.
fn setter_docs(docs: &str, map: Option<String>) -> Vec<String> {
    let docs = map.map_or_else(|| docs.to_owned(), |name| docs::prepend(&format!("Adds an entry to `{name}`."), docs));
    docs::comment(&docs)
}

/// Returns the name of a field in documentation and error messages, which do not have `r#`.
pub(crate) fn label(field: &Field) -> String {
    plain(&snake_case(&field.name)).to_owned()
}

/// Returns true if the field is an argument of `new`. Maps are not, because their setters add single entries.
pub(crate) fn is_argument(field: &Field) -> bool {
    field.required && !matches!(field.shape, Shape::Map(_))
}

/// Returns the name of a field's setter. Every structure already has the functions `new` and `default`.
pub(super) fn setter_name(field: &str) -> String {
    if matches!(field, "new" | "default") { format!("{field}_") } else { field.to_owned() }
}

/// Returns the field for a body of bytes: `Body` in inputs, `ResponseBody` in outputs.
pub(super) fn body(rust_type: &str, docs: &str) -> FieldView {
    FieldView {
        name: "body".to_owned(),
        docs: docs::comment(docs),
        setter_docs: setter_docs(docs, None),
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

/// Returns the field that every output has for the status of the response.
pub(super) fn response_info(serde: Serde) -> FieldView {
    FieldView {
        name: "response".to_owned(),
        serde: if serde == Serde::Read { "skip".to_owned() } else { String::new() },
        ..body("ResponseInfo", "Status, request id and number of attempts.")
    }
}

/// Returns the Rust type of a value, without `Option`.
pub(super) fn rust_type(shape: &Shape, sensitive: bool) -> String {
    match shape {
        Shape::Boolean => "bool".to_owned(),
        Shape::Integer { bits, signed } => format!("{}{bits}", if *signed { "i" } else { "u" }),
        Shape::Number => "f64".to_owned(),
        Shape::String if sensitive => "Secret".to_owned(),
        Shape::String => "String".to_owned(),
        Shape::DateTime | Shape::HttpDate | Shape::UnixTime => "Timestamp".to_owned(),
        Shape::ByteRange { .. } => "ByteRange".to_owned(),
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
        Shape::DateTime | Shape::HttpDate | Shape::UnixTime => "impl Into<Timestamp>".to_owned(),
        Shape::ByteRange { .. } => "impl Into<ByteRange>".to_owned(),
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
        Shape::String
        | Shape::DateTime
        | Shape::HttpDate
        | Shape::UnixTime
        | Shape::ByteRange { .. }
        | Shape::Binary => {
            format!("{name}.into()")
        }
        Shape::List(item) if is_converted(item) => format!("{name}.into_iter().map(Into::into).collect()"),
        Shape::List(_) => format!("{name}.into_iter().collect()"),
        _ => name.to_owned(),
    }
}

/// Returns true if the items of a list argument are `impl Into<…>`, so that callers can pass `&str`.
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
    if field.shape == Shape::UnixTime {
        arguments.push("with = \"unix_time\"".to_owned());
        if is_option {
            // serde does not treat a missing field as `None` if it has a function to deserialize it.
            arguments.push("default".to_owned());
        }
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
