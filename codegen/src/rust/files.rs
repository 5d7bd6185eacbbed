//! Files: which there are and what stands in each.

use serde::Serialize;

use super::docs;
use super::operation::{self, OperationView};
use super::structure::{self, Serde, StructView};
use crate::model::api::{Api, EnumValue, TypeDef, TypeKind};
use crate::naming::{plain, snake_case, type_name, variant_name};

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
    /// Its exports: one name, or several in braces.
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
    /// Its kind.
    pub kind: TypeView,
}

/// Kind of a type.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeView {
    /// A structure.
    Struct(StructView),
    /// An enumeration.
    Enum(EnumView),
}

/// An enumeration.
#[derive(Debug, Clone, Serialize)]
pub struct EnumView {
    /// Its values.
    pub variants: Vec<VariantView>,
}

/// A value that is known.
#[derive(Debug, Clone, Serialize)]
pub struct VariantView {
    /// Its name in Rust.
    pub name: String,
    /// Itself, as a Rust string literal.
    pub literal: String,
    /// Lines of its doc comment.
    pub docs: Vec<String>,
}

/// Decides everything that is written.
pub fn view(api: &Api) -> ApiView {
    let mut operations: Vec<OperationView> =
        api.operations.iter().map(|operation| operation::view(api, operation)).collect();
    operations.sort_by(|a, b| a.module.cmp(&b.module));
    let mut types: Vec<TypeFile> = api.types.iter().map(type_file).collect();
    types.sort_by(|a, b| a.module.cmp(&b.module));
    ApiView {
        source: api.source.clone(),
        title: format!("{} {}", api.title, api.version).trim().to_owned(),
        operation_modules: operations.iter().map(operation_module).collect(),
        type_modules: types.iter().map(type_module).collect(),
        operations,
        types,
    }
}

fn operation_module(operation: &OperationView) -> ModuleView {
    let exports = format!("{{{}, {}}}", operation.input.name, operation.output.name);
    ModuleView { name: operation.method.clone(), exports }
}

fn type_module(file: &TypeFile) -> ModuleView {
    ModuleView { name: snake_case(&file.name), exports: file.name.clone() }
}

pub(super) fn type_file(definition: &TypeDef) -> TypeFile {
    let name = type_name(&definition.name);
    let mut docs = docs::lines(&definition.description);
    if docs.is_empty() {
        docs.push(format!("`{}`.", definition.name));
    }
    let mut docs = docs::comment(docs);
    let kind = match &definition.kind {
        TypeKind::Enum(values) => TypeView::Enum(EnumView { variants: values.iter().map(variant).collect() }),
        TypeKind::Struct(fields) => {
            let fields = fields.iter().map(|field| structure::field(field, Serde::Both)).collect();
            let derives = "Clone, Debug, PartialEq, Serialize, Deserialize";
            let mut structure = StructView::new(name.clone(), String::new(), derives, fields);
            structure.docs = std::mem::take(&mut docs);
            TypeView::Struct(structure)
        }
    };
    TypeFile { source: definition.source.clone(), module: plain(&snake_case(&name)).to_owned(), docs, name, kind }
}

fn variant(EnumValue { value, .. }: &EnumValue) -> VariantView {
    VariantView { name: variant_name(value), literal: format!("{value:?}"), docs: vec![format!("/// `{value}`")] }
}
