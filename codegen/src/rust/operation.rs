//! The Rust code of an operation: its input, its output, how they are encoded and decoded, and its method.

use serde::Serialize;

use super::docs;
use super::encode;
use super::markdown;
use super::pagination::{self, PaginationView};
use super::sample::Sampler;
use super::structure::{self, FieldView, Serde, StructView};
use crate::model::api::{Api, Method, Operation, RequestBody, ResponseBody, Scope};
use crate::naming::{operation_type, plain, snake_case};

/// An operation.
#[derive(Debug, Clone, Serialize)]
pub struct OperationView {
    /// File of the specification that describes the operation.
    pub source: String,
    /// `operationId`, as a Rust string literal.
    pub id_literal: String,
    /// Name of the operation's file, without `.rs`.
    pub module: String,
    /// Method that calls the operation.
    pub method: MethodView,
    /// Scope type: `ObjectScope`.
    pub scope: &'static str,
    /// HTTP method: `Method::PUT`.
    pub http_method: String,
    /// Sub-resources, as Rust string literals.
    pub sub_resources: Vec<String>,
    /// Statuses that are a success in addition to 200 and, unless the operation reads, 201 to 299.
    pub also_success: Vec<u16>,
    /// True if the operation is idempotent.
    pub idempotent: bool,
    /// Kind of the response body: `Empty`, `Json`, `Streamed` or `Resumable`.
    pub response_kind: &'static str,
    /// Method that reads a JSON body: `setting` if an unusable value must be an error, and otherwise `json`.
    pub reader: &'static str,
    /// Input structure.
    pub input: StructView,
    /// Output structure.
    pub output: StructView,
    /// Statements of `encode`.
    pub encode: Vec<String>,
    /// Output fields that are not decoded from JSON, with their expressions.
    pub decode: Vec<(String, String)>,
    /// Implementation of `Paginated`, if the operation returns pages of a list.
    pub pagination: Option<PaginationView>,
}

/// The method that calls an operation.
#[derive(Debug, Clone, Serialize)]
pub struct MethodView {
    /// Name of the method.
    pub name: String,
    /// Lines of its documentation comment.
    pub docs: Vec<String>,
    /// Type that has the method: `Bucket` or `QingStor`.
    pub owner: &'static str,
    /// Name of the group that the method belongs to.
    #[serde(skip)]
    pub group: Option<String>,
    /// True if the method takes an object key.
    pub has_key: bool,
    /// True if the method is marked as deprecated.
    pub is_deprecated: bool,
    /// Name of the input type.
    pub input: String,
    /// Name of the output type.
    pub output: String,
}

pub(super) fn view(api: &Api, operation: &Operation) -> OperationView {
    let name = snake_case(&operation.id);
    let input = input(operation);
    let output = output(operation);
    OperationView {
        source: operation.source.clone(),
        id_literal: format!("{:?}", operation.id),
        module: plain(&name).to_owned(),
        method: MethodView {
            docs: docs::comment(&method_docs(Sampler(api), operation)),
            owner: owner(operation),
            group: operation.tag.clone(),
            has_key: operation.scope == Scope::Object,
            is_deprecated: operation.deprecated,
            input: input.name.clone(),
            output: output.name.clone(),
            name,
        },
        scope: match operation.scope {
            Scope::Service => "ServiceScope",
            Scope::Bucket => "BucketScope",
            Scope::Object => "ObjectScope",
        },
        http_method: format!("Method::{}", operation.method.http_name()),
        sub_resources: operation.sub_resources.iter().map(|name| format!("{name:?}")).collect(),
        also_success: also_success(operation),
        idempotent: operation.idempotent,
        response_kind: match operation.response_body {
            ResponseBody::None => "Empty",
            ResponseBody::Json => "Json",
            ResponseBody::Binary if operation.resumable => "Resumable",
            ResponseBody::Binary => "Streamed",
        },
        reader: if is_setting(api, operation) { "setting" } else { "json" },
        input,
        output,
        encode: encode::encode(operation),
        decode: encode::decoded(operation),
        pagination: pagination::view(api, operation),
    }
}

/// Returns the declared success statuses that the SDK does not accept anyway.
fn also_success(operation: &Operation) -> Vec<u16> {
    let always = if operation.method.only_reads() { 200..201 } else { 200..300 };
    operation.success.iter().copied().filter(|status| !always.contains(status)).collect()
}

/// Returns the type that has the operation's method.
pub(super) fn owner(operation: &Operation) -> &'static str {
    if operation.scope == Scope::Service { "QingStor" } else { "Bucket" }
}

/// Returns true if the operation reads a document that another operation writes. If a value of the document were lost,
/// a caller that changes the document and writes it back would delete the value.
fn is_setting(api: &Api, operation: &Operation) -> bool {
    api.operations.iter().any(|other| {
        other.method == Method::Put
            && other.request_body == RequestBody::Json
            && (other.scope, &other.sub_resources) == (operation.scope, &operation.sub_resources)
    })
}

fn input(operation: &Operation) -> StructView {
    let mut fields: Vec<FieldView> =
        operation.inputs.iter().map(|field| structure::field(field, Serde::Never)).collect();
    if operation.request_body == RequestBody::Binary {
        let docs = or(&operation.request_body_description, "Body of the request. If unset, the body is empty.");
        fields.push(structure::body("Body", docs));
    }
    // A stream cannot be cloned.
    let derives = if operation.is_streamed() { "Debug" } else { "Clone, Debug" };
    StructView::new(operation_type(&operation.id, "input"), &link("Input", operation), derives, fields)
}

fn output(operation: &Operation) -> StructView {
    let serde = if operation.response_body == ResponseBody::Json { Serde::Read } else { Serde::Never };
    let mut fields: Vec<FieldView> =
        operation.outputs.iter().map(|field| structure::received_field(field, serde)).collect();
    if operation.response_body == ResponseBody::Binary {
        let docs = or(&operation.response_body_description, "Body of the response, as a stream.");
        fields.push(structure::body("ResponseBody", docs));
    }
    fields.push(structure::response_info(serde));
    let derives = match operation.response_body {
        ResponseBody::Binary => "Debug",
        ResponseBody::None => "Clone, Debug",
        ResponseBody::Json => "Clone, Debug, Deserialize",
    };
    StructView::new(operation_type(&operation.id, "output"), &link("Output", operation), derives, fields)
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.trim().is_empty() { default } else { text }
}

/// Returns the documentation of an input or output: a link to the method.
fn link(what: &str, operation: &Operation) -> String {
    let (owner, method) = (owner(operation), snake_case(&operation.id));
    format!("{what} of [`{owner}::{method}`](crate::{owner}::{method}).")
}

/// Heading in a description, after which the errors of the operation follow.
const ERRORS: &str = "Errors";

/// Returns the documentation of a method. The example stands before the errors, as in the standard library.
fn method_docs(sampler: Sampler<'_>, operation: &Operation) -> String {
    let mut paragraphs = Vec::new();
    paragraphs.push(match operation.summary.as_str() {
        "" => format!("{}.", markdown::code(&operation.id)),
        summary => markdown::lines(summary).join("\n"),
    });
    // Written again, so that unclosed code ends with the description.
    let description = markdown::lines(&operation.description).join("\n");
    let (description, errors) = markdown::split_at_heading(&description, ERRORS).unwrap_or((description.as_str(), ""));
    if description.trim() != paragraphs[0] {
        paragraphs.push(description.to_owned());
    }
    if !markdown::has_rust_code(description) {
        paragraphs.push(example(sampler, operation));
    }
    paragraphs.push(format!("# {ERRORS}"));
    paragraphs.push(errors.to_owned());
    paragraphs.push("See [`ErrorKind`](crate::ErrorKind) for errors that all operations have in common.".to_owned());
    if let Some(url) = &operation.docs_url {
        paragraphs.push(format!("Official documentation: {}", markdown::text(url)));
    }
    paragraphs.join("\n\n")
}

/// Returns an example that calls the operation, or lists all pages if it returns pages of a list.
fn example(sampler: Sampler<'_>, operation: &Operation) -> String {
    let (owner, receiver) = match operation.scope {
        Scope::Service => ("QingStor", "qingstor"),
        Scope::Bucket | Scope::Object => ("Bucket", "bucket"),
    };
    let (method, key) = (snake_case(&operation.id), if operation.scope == Scope::Object { "\"key\", " } else { "" });
    let input = sampler.minimal(operation);
    let import = import(operation);
    let (introduction, call) = if operation.pagination.is_some() {
        let paginate = if operation.scope == Scope::Object { "paginate_object" } else { "paginate" };
        (
            format!("Use [`{owner}::{paginate}`](crate::{owner}::{paginate}) to list all pages:\n\n"),
            format!(
                "let input = {input};\n\
                 let mut items = {receiver}.{paginate}({key}input).items();\n\
                 while let Some(item) = items.next().await {{\n    println!(\"{{:?}}\", item?);\n}}"
            ),
        )
    } else {
        let body = if operation.request_body == RequestBody::Binary { ".body(\"content\")" } else { "" };
        let print = match operation.response_body {
            ResponseBody::Binary => "println!(\"{} bytes\", output.body.bytes().await?.len());",
            ResponseBody::None | ResponseBody::Json => "println!(\"{output:?}\");",
        };
        (
            String::new(),
            format!(
                "let input = {input}{body};\n\
                 let output = {receiver}.{method}({key}input).await?;\n{print}"
            ),
        )
    };
    format!(
        "{introduction}```no_run\n\
         # async fn run({receiver}: qingstor_sdk::{owner}) -> qingstor_sdk::Result<()> {{\n\
         use qingstor_sdk::{import};\n\n{call}\n# Ok(())\n# }}\n```"
    )
}

/// Returns the path that an example imports to create an input.
fn import(operation: &Operation) -> String {
    let input = operation_type(&operation.id, "input");
    let uses_types = operation.inputs.iter().any(|field| field.required && field.shape.type_name().is_some());
    if uses_types { format!("{{operations::{input}, types}}") } else { format!("operations::{input}") }
}
