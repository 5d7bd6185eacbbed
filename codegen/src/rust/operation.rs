//! Operations: input, output, how they are written and read, and the method.

use serde::Serialize;

use super::docs;
use super::encode;
use super::pagination::{self, PaginationView};
use super::sample::Sampler;
use super::structure::{self, FieldView, Serde, StructView};
use crate::model::api::{Api, Operation, RequestBody, ResponseBody, Scope};
use crate::naming::{operation_type, plain, snake_case};

/// An operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationView {
    /// The specification's file.
    pub source: String,
    /// `operationId`, as a Rust string literal.
    pub id_literal: String,
    /// The file's name without `.rs`.
    pub module: String,
    /// The method's name.
    pub method: String,
    /// Lines of the method's doc comment.
    pub docs: Vec<String>,
    /// `Bucket` or `QingStor`.
    pub owner: &'static str,
    /// `ObjectScope` and so on.
    pub scope: &'static str,
    /// True if the method takes a key.
    pub has_key: bool,
    /// `Method::PUT`
    pub http_method: String,
    /// `"uploads"`, and so on: elements of an array.
    pub sub_resources: Vec<String>,
    /// Successes outside 200..=299.
    pub also_success: Vec<u16>,
    /// True if the operation is idempotent.
    pub idempotent: bool,
    /// `Empty`, `Json` or `Streamed`.
    pub response_kind: &'static str,
    /// The input.
    pub input: StructView,
    /// The output.
    pub output: StructView,
    /// Statements of `encode`.
    pub encode: Vec<String>,
    /// Fields that are read from elsewhere than JSON.
    pub decode: Vec<(String, String)>,
    /// How its list goes on, if it comes in pages.
    pub pagination: Option<PaginationView>,
}

pub(super) fn view(api: &Api, operation: &Operation) -> OperationView {
    let method = snake_case(&operation.id);
    let owner = owner(operation);
    OperationView {
        source: operation.source.clone(),
        id_literal: format!("{:?}", operation.id),
        module: plain(&method).to_owned(),
        docs: docs::comment(method_docs(Sampler(api), operation, &method)),
        owner,
        scope: match operation.scope {
            Scope::Service => "ServiceScope",
            Scope::Bucket => "BucketScope",
            Scope::Object => "ObjectScope",
        },
        has_key: operation.scope == Scope::Object,
        http_method: format!("Method::{}", operation.method.http_name()),
        sub_resources: operation.sub_resources.iter().map(|name| format!("{name:?}")).collect(),
        also_success: operation.success.iter().copied().filter(|status| !(200..300).contains(status)).collect(),
        idempotent: operation.idempotent,
        response_kind: match operation.response_body {
            ResponseBody::None => "Empty",
            ResponseBody::Json => "Json",
            ResponseBody::Binary => "Streamed",
        },
        input: input(operation, owner, &method),
        output: output(operation, owner, &method),
        encode: encode::encode(operation),
        decode: encode::decoded(operation),
        pagination: pagination::view(api, operation),
        method,
    }
}

/// The type that has the operation's method.
pub(super) fn owner(operation: &Operation) -> &'static str {
    if operation.scope == Scope::Service { "QingStor" } else { "Bucket" }
}

fn input(operation: &Operation, owner: &str, method: &str) -> StructView {
    let mut fields: Vec<FieldView> =
        operation.inputs.iter().map(|field| structure::field(field, Serde::Never)).collect();
    if operation.request_body == RequestBody::Binary {
        fields.push(structure::body("Body", "What is sent; empty if left out."));
    }
    // A stream cannot be cloned.
    let derives = if operation.is_streamed() { "Debug" } else { "Clone, Debug" };
    let name = operation_type(&operation.id, "input");
    StructView::new(name, format!("Input of [`{owner}::{method}`](crate::{owner}::{method})."), derives, fields)
}

fn output(operation: &Operation, owner: &str, method: &str) -> StructView {
    let serde = if operation.response_body == ResponseBody::Json { Serde::Read } else { Serde::Never };
    let mut fields: Vec<FieldView> = operation.outputs.iter().map(|field| structure::field(field, serde)).collect();
    if operation.response_body == ResponseBody::Binary {
        fields.push(structure::body(
            "ResponseBody",
            "What is received, streamed. Empty if the status is not 200 or 206.",
        ));
    }
    fields.push(structure::response_info(serde));
    let derives = match operation.response_body {
        ResponseBody::Binary => "Debug",
        ResponseBody::None => "Clone, Debug",
        ResponseBody::Json => "Clone, Debug, Deserialize",
    };
    let name = operation_type(&operation.id, "output");
    StructView::new(name, format!("Output of [`{owner}::{method}`](crate::{owner}::{method})."), derives, fields)
}

fn method_docs(sampler: Sampler<'_>, operation: &Operation, method: &str) -> Vec<String> {
    let mut lines = docs::lines(&operation.summary);
    if lines.is_empty() {
        lines.push(format!("`{}`.", operation.id));
    }
    if !operation.description.is_empty() && operation.description.trim() != operation.summary.trim() {
        lines.push(String::new());
        lines.extend(docs::lines(&operation.description));
    }
    lines.push(String::new());
    lines.extend(example(sampler, operation, method));
    lines.push(String::new());
    lines.extend(pagination::docs(operation, &import(operation), &sampler.minimal(operation)));
    lines.push("# Errors".to_owned());
    lines.push(String::new());
    lines.extend(docs::lines(
        "An [`Error`](crate::Error) whose [`kind`](crate::Error::kind) says whether the input was refused before anything \
         was sent, the server answered with an error, or no answer came.",
    ));
    if let Some(url) = &operation.docs_url {
        lines.push(String::new());
        lines.push(format!("Official documentation: <{url}>"));
    }
    lines
}

fn example(sampler: Sampler<'_>, operation: &Operation, method: &str) -> Vec<String> {
    let mut input = sampler.minimal(operation);
    if operation.request_body == RequestBody::Binary {
        input.push_str(".body(\"content\")");
    }
    let owner = if operation.scope == Scope::Service {
        "qingstor: qingstor_sdk::QingStor"
    } else {
        "bucket: qingstor_sdk::Bucket"
    };
    let receiver = owner.split(':').next().unwrap_or_default();
    let key = if operation.scope == Scope::Object { "\"key\", " } else { "" };
    let import = import(operation);
    [
        "```no_run".to_owned(),
        format!("# async fn run({owner}) -> qingstor_sdk::Result<()> {{"),
        format!("use qingstor_sdk::{import};"),
        String::new(),
        format!("let input = {input};"),
        format!("let output = {receiver}.{method}({key}input).await?;"),
        match operation.response_body {
            ResponseBody::Binary => "println!(\"{} bytes\", output.body.bytes().await?.len());".to_owned(),
            ResponseBody::None | ResponseBody::Json => "println!(\"{output:?}\");".to_owned(),
        },
        "# Ok(())".to_owned(),
        "# }".to_owned(),
        "```".to_owned(),
    ]
    .into()
}

/// What an example has to import to make an input.
fn import(operation: &Operation) -> String {
    let import = operation_type(&operation.id, "input");
    if uses_types(operation) { format!("{{operations::{import}, types}}") } else { format!("operations::{import}") }
}

fn uses_types(operation: &Operation) -> bool {
    operation.inputs.iter().any(|field| field.required && field.shape.type_name().is_some())
}
