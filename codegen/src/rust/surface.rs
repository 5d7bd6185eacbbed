//! The public API and the wire format of generated code, as data that can be compared.
//!
//! It is derived from the views that the templates print. Properties that rustc checks are kept apart from those that
//! it does not check. If one of the latter changes, a program still compiles but behaves differently, which its author
//! may not notice.

use std::collections::{BTreeMap, BTreeSet};

use super::encode;
use super::files::{EnumView, TypeView, VariantView, type_file};
use super::operation::{self, OperationView, owner};
use super::structure::{FieldView, StructView, rust_type};
pub(crate) use super::structure::{is_argument, label};
use crate::model::api::{
    Api, Field, FormEncoding, Limits, Location, Operation, RequestBody, ResponseBody, Scope, Shape, Treatment, TypeDef,
    TypeKind,
};
use crate::naming::{self, snake_case};

/// Properties of an operation or a type on which users rely.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Surface {
    /// Items of the public API with their types: `ListObjectsInput.limit` and `Option<u32>`.
    pub(crate) rust: BTreeMap<String, String>,
    /// Properties that rustc does not check: locations of values, the request line, the order of arguments.
    pub(crate) wire: BTreeMap<String, String>,
    /// Limits that are checked before a request is sent, by field.
    pub(crate) limits: BTreeMap<String, Limits>,
    /// Statuses that are a success.
    pub(crate) success: BTreeSet<u16>,
    /// True if undeclared statuses from 201 to 299 are not a success.
    pub(crate) only_reads: bool,
    /// Behaviour of the SDK on which users rely, such as retries and computed values. To lose one is a breaking change.
    pub(crate) guarantees: BTreeSet<String>,
    /// Values whose absence is an error at run time: required maps of an input, which are not arguments of `new`, and
    /// required values of a response.
    pub(crate) requirements: BTreeSet<String>,
}

/// Returns the surface of an operation of `api`.
pub(crate) fn of_operation(api: &Api, operation: &Operation) -> Surface {
    let view = operation::view(api, operation);
    let mut surface = Surface::default();
    surface.add_rust_of_operation(&view);
    surface.add_wire_of_operation(operation, &view.input.name);
    surface
}

/// Returns the surface of a type. A type that is only received has no requirements, because a missing map is read as an
/// empty one.
pub(crate) fn of_type(definition: &TypeDef, is_sent: bool) -> Surface {
    let file = type_file(definition);
    let name = format!("types::{}", file.name);
    let mut surface = Surface::default();
    match &file.kind {
        TypeView::Struct(view) => surface.add_structure(&name, view, true),
        TypeView::Enum(view) => surface.add_enum(&name, view),
    }
    if let TypeKind::Struct(fields) = &definition.kind {
        surface.add_argument_order(&name, fields);
        for field in fields {
            surface.add_accepted_forms(field);
            if is_sent {
                surface.add_requirement(field);
            }
            surface.wire.insert(label(field), json_location(field));
        }
    }
    surface
}

/// Returns the name of a type: `types::StorageClass`.
pub(crate) fn type_name(definition: &TypeDef) -> String {
    format!("types::{}", naming::type_name(&definition.name))
}

/// Returns the type of a value that is not secret, without `Option`: `Vec<types::Owner>`.
pub(crate) fn value_type(shape: &Shape) -> String {
    rust_type(shape, false)
}

/// Returns the method of an operation: `Bucket::list_objects`.
pub(crate) fn method_name(operation: &Operation) -> String {
    format!("{}::{}", owner(operation), snake_case(&operation.id))
}

/// Returns the request line: `GET /{bucketName}?acl`.
pub(crate) fn request_line(operation: &Operation) -> String {
    let path = match operation.scope {
        Scope::Service => "/",
        Scope::Bucket => "/{bucketName}",
        Scope::Object => "/{bucketName}/{objectKey}",
    };
    let mut keys = operation.sub_resources.clone();
    // The order of query keys has no meaning.
    keys.sort();
    let query = if keys.is_empty() { String::new() } else { format!("?{}", keys.join("&")) };
    format!("{} {path}{query}", operation.method.http_name())
}

/// Returns the kind of a request body in words.
pub(crate) fn request_body(body: RequestBody) -> &'static str {
    match body {
        RequestBody::None => "nothing",
        RequestBody::Binary => "bytes",
        RequestBody::Json => "JSON",
        RequestBody::Form(FormEncoding::Multipart) => "a multipart form",
        RequestBody::Form(FormEncoding::UrlEncoded) => "a URL-encoded form",
    }
}

/// Returns the kind of a response body in words.
pub(crate) fn response_body(body: ResponseBody) -> &'static str {
    match body {
        ResponseBody::None => "nothing",
        ResponseBody::Binary => "a stream of bytes",
        ResponseBody::Json => "JSON",
    }
}

/// Returns the location of a value in words: ``the query parameter `limit` ``.
pub(crate) fn location_text(field: &Field) -> String {
    let name = &field.name;
    match &field.location {
        Location::Query => format!("the query parameter `{name}`"),
        // Names of headers are case-insensitive.
        Location::Header => format!("the header `{}`", name.to_ascii_lowercase()),
        Location::HeaderPrefix(prefix) => format!("the headers `{}…`", prefix.to_ascii_lowercase()),
        Location::Json => format!("the JSON property `{name}`"),
        Location::Form => format!("the form field `{name}`"),
        Location::FormPrefix(prefix) => format!("the form fields `{prefix}…`"),
    }
}

impl Surface {
    fn add_rust_of_operation(&mut self, view: &OperationView) {
        let method = &view.method;
        let key = if method.has_key { "key: &str, " } else { "" };
        let (input, output) = (&view.input.name, &view.output.name);
        self.rust.insert(
            format!("{}::{}", method.owner, method.name),
            format!("async fn(&self, {key}{input}) -> Result<{output}>"),
        );
        self.rust.insert(format!("{input}: Operation"), view.scope.to_owned());
        if let Some(pagination) = &view.pagination {
            self.rust.insert(format!("{input}: Paginated"), format!("Item = {}", pagination.item));
            // Two lists can have items of the same type.
            self.wire
                .insert("pagination".to_owned(), format!("{}: {}", pagination.items, pagination.advance.join(" ")));
        }
        self.add_structure(input, &view.input, true);
        self.add_structure(output, &view.output, false);
    }

    fn add_structure(&mut self, name: &str, view: &StructView, is_made_by_users: bool) {
        self.rust.insert(name.to_owned(), "struct".to_owned());
        for derive in view.derives.split(", ") {
            self.rust.insert(format!("{name}: {derive}"), String::new());
        }
        for field in &view.fields {
            self.rust.insert(format!("{name}.{}", field.name), field.rust_type.clone());
        }
        if !is_made_by_users {
            return;
        }
        let required = || view.fields.iter().filter(|field| field.required);
        let types: Vec<&str> = required().map(|field| field.argument_type.as_str()).collect();
        self.rust.insert(format!("{name}::new"), format!("fn({})", types.join(", ")));
        for field in view.fields.iter().filter(|field| !field.required) {
            self.rust.insert(format!("{name}::{}", field.setter), setter(field));
        }
    }

    fn add_enum(&mut self, name: &str, view: &EnumView) {
        self.rust.insert(name.to_owned(), "enum".to_owned());
        for of_trait in ["Clone", "Debug", "Deserialize", "Display", "Eq", "Hash", "PartialEq", "Serialize"] {
            self.rust.insert(format!("{name}: {of_trait}"), String::new());
        }
        for VariantView { name: variant, literal, .. } in &view.variants {
            self.rust.insert(format!("{name}::{variant}"), String::new());
            self.wire.insert(variant.clone(), literal.clone());
        }
    }

    /// Adds the order of the arguments of `new`. rustc does not notice if two arguments of the same type change places.
    fn add_argument_order(&mut self, name: &str, fields: &[Field]) {
        let required = fields.iter().filter(|field| is_argument(field));
        let names: Vec<String> = required.map(label).collect();
        self.wire.insert(format!("{name}::new"), names.join(", "));
    }

    fn add_wire_of_operation(&mut self, operation: &Operation, input: &str) {
        self.add_argument_order(input, &operation.inputs);
        self.wire.insert("request".to_owned(), request_line(operation));
        self.wire.insert("request body".to_owned(), request_body(operation.request_body).to_owned());
        self.wire.insert("response body".to_owned(), response_body(operation.response_body).to_owned());
        self.success.extend(&operation.success);
        self.only_reads = operation.method.only_reads();
        if operation.idempotent {
            self.guarantees.insert("the SDK retries it".to_owned());
        }
        if operation.resumable {
            self.guarantees.insert("the SDK continues the body of its response after the connection broke".to_owned());
        }
        for field in &operation.inputs {
            self.add_input(field);
        }
        for field in &operation.outputs {
            self.add_accepted_forms(field);
            // If the body is JSON, a missing header is `None`. A missing collection is empty.
            let is_beside_json = operation.response_body == ResponseBody::Json && field.location != Location::Json;
            if field.required && !is_beside_json && !field.shape.is_collection() {
                self.requirements.insert(format!("output {}", label(field)));
            }
            self.wire.insert(format!("output {}", label(field)), location_text(field));
        }
    }

    fn add_accepted_forms(&mut self, field: &Field) {
        if field.accepts_single {
            self.guarantees
                .insert(format!("`{}` of a response may be a single string instead of a list", label(field)));
        }
    }

    fn add_requirement(&mut self, field: &Field) {
        if field.required && matches!(field.shape, Shape::Map(_)) {
            self.requirements.insert(label(field));
        }
    }

    fn add_input(&mut self, field: &Field) {
        let name = label(field);
        let location = match (field.treatment, &field.location) {
            (Treatment::PathEncoded, _) => format!("{}, percent-encoded", location_text(field)),
            (Treatment::ContentLength, _) => format!("{}, taken from the body", location_text(field)),
            (_, Location::Json) => json_location(field),
            _ => location_text(field),
        };
        self.wire.insert(format!("input {name}"), location);
        self.add_requirement(field);
        if !field.breaks_idempotency {
            self.guarantees.insert(format!("the SDK retries a request with `{name}`"));
        }
        if field.shape == (Shape::ByteRange { is_closed: false }) {
            self.guarantees.insert(format!("`{name}` can be a range without one of its ends"));
        }
        let is_computed =
            !matches!(field.treatment, Treatment::Plain | Treatment::PathEncoded | Treatment::ContentLength);
        if is_computed {
            self.guarantees.insert(format!("the SDK computes `{name}`"));
        }
        self.limits.insert(name, encode::checked(field));
    }
}

/// Returns the location of a JSON property, with details of how it is sent.
fn json_location(field: &Field) -> String {
    let detail = match field.shape {
        Shape::List(_) | Shape::Map(_) if !field.required => ", omitted if empty",
        Shape::UnixTime => ", in seconds",
        _ => "",
    };
    format!("{}{detail}", location_text(field))
}

fn setter(field: &FieldView) -> String {
    if field.is_map {
        format!("fn(self, impl Into<String>, impl Into<{}>) -> Self", field.argument_type)
    } else {
        format!("fn(self, {}) -> Self", field.argument_type)
    }
}
