//! Files: which there are and what stands in each.

use serde::Serialize;

use super::docs;
use super::enumeration::{self, EnumView};
use super::field::{self, FieldView, Serde};
use super::names::{plain, snake_case};
use super::operation::{self, OperationView};
use super::sample::Sampler;
use super::type_names::{NameClash, TypeNames, UniqueNames};
use crate::model::api::{Api, TypeDef, TypeKind};

/// Methods that the handwritten part of the SDK has on the types that operations are methods of. Private ones clash too.
pub const OWN_METHODS: [&str; 23] = [
    "abort_stale_uploads",
    "address",
    "bucket",
    "call",
    "copy",
    "download",
    "endpoint",
    "listed",
    "name",
    "neighbour",
    "new",
    "outgoing",
    "paginate",
    "paginate_object",
    "presign",
    "presign_object",
    "retry",
    "send",
    "send_object",
    "server_time",
    "upload",
    "zone",
    "zone_in_use",
];

/// Whether the SDK has a method of this name, so that no operation can be called so.
pub(crate) fn is_own_method(name: &str) -> bool {
    OWN_METHODS.contains(&name)
}

/// Everything that is written.
#[derive(Debug, Clone, Serialize)]
pub struct ApiView {
    /// The specification's root file.
    pub source: String,
    /// `QingStor 2016-01-06`
    pub title: String,
    /// One file each.
    pub operations: Vec<OperationView>,
    /// One file each.
    pub types: Vec<TypeFile>,
    /// Modules of the operations.
    pub operation_modules: Vec<ModuleView>,
    /// Modules of the types.
    pub type_modules: Vec<ModuleView>,
}

/// A module that exports something.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleView {
    /// The module's name.
    pub name: String,
    /// What it exports: one name, or several in braces.
    pub exports: String,
}

/// A file with one type.
#[derive(Debug, Clone, Serialize)]
pub struct TypeFile {
    /// The specification's file.
    pub source: String,
    /// The file's name without `.rs`.
    pub module: String,
    /// Lines of the type's doc comment.
    pub docs: Vec<String>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TypeView,
}

/// What a type is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeView {
    /// A structure.
    Struct(StructView),
    /// An enumeration.
    Enum(EnumView),
}

/// A structure with a constructor and setters.
#[derive(Debug, Clone, Serialize)]
pub struct StructView {
    /// Its name.
    pub name: String,
    /// Lines of its doc comment.
    pub docs: Vec<String>,
    /// What it derives, `Default` included where nothing is required.
    pub derives: String,
    /// All fields.
    pub fields: Vec<FieldView>,
    /// What `new` sets them to: `upload_id: upload_id.into()`
    pub initializers: Vec<String>,
    /// Arguments of `new`: `upload_id: impl Into<String>`
    pub arguments: Vec<String>,
    /// Whether `new` takes nothing, so that `Default` says it all.
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

/// Decides everything that is to be written.
pub fn view(api: &Api) -> Result<ApiView, NameClash> {
    let names = TypeNames::new(api)?;
    let sampler = Sampler { api, names: &names };
    let mut methods = UniqueNames::new("operations");
    for own in OWN_METHODS {
        methods.insert(&format!("the SDK's own {own}"), own)?;
    }
    for operation in &api.operations {
        methods.insert(&operation.id, &snake_case(&operation.id))?;
    }
    let mut operations: Vec<OperationView> =
        api.operations.iter().map(|operation| operation::view(&sampler, operation)).collect();
    operations.sort_by(|a, b| a.module.cmp(&b.module));
    let mut types = api.types.iter().map(|definition| type_file(&names, definition)).collect::<Result<Vec<_>, _>>()?;
    types.sort_by(|a, b| a.module.cmp(&b.module));
    Ok(ApiView {
        source: api.source.clone(),
        title: format!("{} {}", api.title, api.version).trim().to_owned(),
        operation_modules: operations.iter().map(operation_module).collect(),
        type_modules: types.iter().map(type_module).collect(),
        operations,
        types,
    })
}

fn operation_module(operation: &OperationView) -> ModuleView {
    let exports = format!("{{{}, {}}}", operation.input.name, operation.output.name);
    ModuleView { name: operation.method.clone(), exports }
}

fn type_module(file: &TypeFile) -> ModuleView {
    ModuleView { name: snake_case(&file.name), exports: file.name.clone() }
}

pub(super) fn type_file(names: &TypeNames, definition: &TypeDef) -> Result<TypeFile, NameClash> {
    let name = names.of(&definition.name);
    let mut docs = docs::lines(&definition.description);
    if docs.is_empty() {
        docs.push(format!("`{}`.", definition.name));
    }
    let mut docs = docs::comment(docs);
    let kind = match &definition.kind {
        TypeKind::Enum(values) => TypeView::Enum(enumeration::view(values)?),
        TypeKind::Struct(fields) => {
            let fields = fields.iter().map(|field| field::view(names, field, Serde::Both)).collect();
            let derives = "Clone, Debug, PartialEq, Serialize, Deserialize";
            let mut structure = StructView::new(name.clone(), String::new(), derives, fields);
            structure.docs = std::mem::take(&mut docs);
            TypeView::Struct(structure)
        }
    };
    Ok(TypeFile { source: definition.source.clone(), module: plain(&snake_case(&name)).to_owned(), docs, name, kind })
}
