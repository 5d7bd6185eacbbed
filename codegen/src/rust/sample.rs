//! Sample values for examples in the documentation and for tests that send all operations.

use serde::Serialize;

use super::structure::{is_argument, is_converted, setter_name};
use crate::model::api::{Api, Field, Operation, RequestBody, Scope, Shape, Treatment, TypeKind};
use crate::naming::{operation_type, snake_case, type_name, variant_name};

/// Expressions that create inputs of an operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationSamples {
    /// `operationId`.
    pub id: String,
    /// Name of the method: `upload_multipart`.
    pub method: String,
    /// Scope of the operation.
    #[serde(skip)]
    pub scope: Scope,
    /// Name of the input type.
    pub input: String,
    /// Expression for an input with the required fields only.
    pub minimal: String,
    /// Expression for an input with all fields.
    pub full: String,
}

/// Returns samples of all operations, in order. Shared types are written with their module, such as `types::Owner`.
pub fn samples(api: &Api) -> Vec<OperationSamples> {
    api.operations.iter().map(|operation| Sampler(api).operation(operation)).collect()
}

/// The fields that a sample value sets, and the depth at which it is nested.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// True if optional fields are set.
    is_full: bool,
    /// Number of structures that contain the value.
    depth: usize,
}

impl Extent {
    const MINIMAL: Self = Self { is_full: false, depth: 0 };
    const FULL: Self = Self { is_full: true, depth: 0 };
    /// Maximum depth of structures in a sample. At this depth optional fields are unset, and lists of structures are
    /// empty. A type contains itself only through lists and maps, so every sample is finite.
    const MAX_DEPTH: usize = 4;

    fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn is_deepest(self) -> bool {
        self.depth >= Self::MAX_DEPTH
    }
}

/// Maximum length of a call that is written in one line. The statement that contains it then has at most 90 columns.
const MAX_LINE: usize = 60;

/// Creates samples for the operations of an API.
#[derive(Clone, Copy)]
pub(super) struct Sampler<'a>(pub(super) &'a Api);

impl Sampler<'_> {
    fn operation(&self, operation: &Operation) -> OperationSamples {
        let minimal = self.minimal(operation);
        let mut full = self.new_call(&operation_type(&operation.id, "input"), &operation.inputs, Extent::FULL);
        for field in operation.inputs.iter().filter(|field| !field.required && !is_credential(field)) {
            full.push_str(&self.setter(field, Extent::FULL));
        }
        if operation.request_body == RequestBody::Binary {
            full.push_str(".body(\"body\")");
        }
        OperationSamples {
            id: operation.id.clone(),
            method: snake_case(&operation.id),
            scope: operation.scope,
            input: operation_type(&operation.id, "input"),
            minimal,
            full,
        }
    }

    /// Returns an input with the required fields only, such as `UploadMultipartInput::new("upload_id", 0)`.
    pub(super) fn minimal(&self, operation: &Operation) -> String {
        self.new_call(&operation_type(&operation.id, "input"), &operation.inputs, Extent::MINIMAL)
    }

    /// Returns a call of `new` with the required fields.
    fn new_call(&self, name: &str, fields: &[Field], extent: Extent) -> String {
        let required = fields.iter().filter(|field| is_argument(field));
        let arguments: Vec<String> = required.map(|field| self.value(field, &field.shape, extent)).collect();
        enclose(&format!("{name}::new("), &arguments, ")")
    }

    fn setter(&self, field: &Field, extent: Extent) -> String {
        let name = setter_name(&snake_case(&field.name));
        let value = match field.treatment {
            // The length of the sample's body, which is `body`.
            Treatment::ContentLength => "4".to_owned(),
            _ => match &field.shape {
                Shape::Map(item) => format!("\"name\", {}", owned(self.value(field, item, extent), item)),
                shape => self.value(field, shape, extent),
            },
        };
        format!(".{name}({value})")
    }

    fn value(&self, field: &Field, shape: &Shape, extent: Extent) -> String {
        match shape {
            Shape::Boolean => "true".to_owned(),
            Shape::Integer { .. } => {
                let low = field.limits.minimum.unwrap_or(1);
                field.limits.maximum.map_or(low, |high| low.max(1).min(high)).to_string()
            }
            Shape::Number => "1.5".to_owned(),
            Shape::String if field.treatment == Treatment::PathEncoded => "\"/bucket/a key\"".to_owned(),
            Shape::String => format!("{:?}", field.name.to_lowercase()),
            Shape::DateTime | Shape::HttpDate | Shape::UnixTime => "std::time::SystemTime::UNIX_EPOCH".to_owned(),
            Shape::ByteRange { .. } => "0..1024".to_owned(),
            Shape::Json => "serde_json::Value::Null".to_owned(),
            Shape::Binary => "\"content\"".to_owned(),
            Shape::Map(_) => "Default::default()".to_owned(),
            Shape::List(item) if extent.is_deepest() && contains_structures(item) => "[]".to_owned(),
            Shape::List(item) if is_converted(item) => format!("[{}]", self.value(field, item, extent)),
            Shape::List(item) => format!("[{}]", owned(self.value(field, item, extent), item)),
            Shape::Enum(name) | Shape::Struct(name) => self.named(name, extent),
        }
    }

    fn named(&self, name: &str, extent: Extent) -> String {
        let rust_name = type_name(name);
        match self.0.type_named(name).map(|definition| &definition.kind) {
            Some(TypeKind::Enum(values)) => {
                let value = values.first().map(|value| variant_name(&value.value)).unwrap_or_default();
                format!("types::{rust_name}::{value}")
            }
            Some(TypeKind::Struct(fields)) => {
                let mut sample = self.new_call(&format!("types::{rust_name}"), fields, extent.deeper());
                let optional = fields.iter().filter(|field| !field.required);
                for field in optional.filter(|_| extent.is_full && !extent.is_deepest()) {
                    sample.push_str(&self.setter(field, extent.deeper()));
                }
                sample
            }
            None => format!("types::{rust_name}::new()"),
        }
    }
}

/// Joins a list in one line or, if that would be too long, writes each item in its own line.
fn enclose(open: &str, items: &[String], close: &str) -> String {
    let line = format!("{open}{}{close}", items.join(", "));
    if items.len() < 2 || (line.len() <= MAX_LINE && !line.contains('\n')) {
        return line;
    }
    let items: String = items.iter().map(|item| format!("    {},\n", item.replace('\n', "\n    "))).collect();
    format!("{open}\n{items}{close}")
}

fn contains_structures(shape: &Shape) -> bool {
    match shape {
        Shape::List(item) | Shape::Map(item) => contains_structures(item),
        Shape::Struct(_) => true,
        _ => false,
    }
}

/// Returns true if a valid value requires the access key, so that only the SDK can compute it.
fn is_credential(field: &Field) -> bool {
    matches!(field.treatment, Treatment::AccessKeyId | Treatment::FormPolicy | Treatment::FormSignature)
}

/// Converts a literal to the type of the items of a list or map, such as `&str` to `String`.
fn owned(value: String, shape: &Shape) -> String {
    match shape {
        Shape::String => format!("{value}.to_owned()"),
        Shape::DateTime | Shape::HttpDate => format!("{value}.into()"),
        _ => value,
    }
}
