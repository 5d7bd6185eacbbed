//! The generated files and their contents.

use serde::Serialize;

use super::docs;
use super::markdown;
use super::operation::{self, MethodView, OperationView};
use super::structure::{self, Serde, StructView};
use crate::model::api::{Api, EnumValue, TypeDef, TypeKind};
use crate::naming::{plain, snake_case, type_name, variant_name};

/// The generated code of an API.
#[derive(Debug, Clone, Serialize)]
pub struct ApiView {
    /// Root file of the specification.
    pub source: String,
    /// Title and version, as Markdown: `QingStor 2016-01-06`.
    pub title: String,
    /// Types of the SDK that have methods for operations, one file each.
    pub owners: Vec<OwnerView>,
    /// Operations, one file each.
    pub operations: Vec<OperationView>,
    /// Types, one file each.
    pub types: Vec<TypeFile>,
    /// Modules of the operations.
    pub operation_modules: Vec<ModuleView>,
    /// Modules of the types.
    pub type_modules: Vec<ModuleView>,
}

/// A type of the SDK that has methods for operations.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerView {
    /// Name of the type: `Bucket` or `QingStor`.
    pub name: &'static str,
    /// Name of the file, without `.rs`.
    pub module: &'static str,
    /// Groups of methods, one `impl` block each.
    pub groups: Vec<GroupView>,
}

/// Methods of one group.
#[derive(Debug, Clone, Serialize)]
pub struct GroupView {
    /// Lines of the documentation comment of the `impl` block.
    pub docs: Vec<String>,
    /// Methods, in the order of the specification.
    pub methods: Vec<MethodView>,
}

/// A module and its exports.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleView {
    /// Name of the module.
    pub name: String,
    /// Exported name, or several names in braces.
    pub exports: String,
}

/// A file with one type.
#[derive(Debug, Clone, Serialize)]
pub struct TypeFile {
    /// File of the specification that describes the type.
    pub source: String,
    /// Name of the file, without `.rs`.
    pub module: String,
    /// Lines of the documentation comment of an enumeration. Empty for a structure, which has its own lines.
    pub docs: Vec<String>,
    /// Name of the type.
    pub name: String,
    /// Kind of the type.
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
    /// Known values.
    pub variants: Vec<VariantView>,
}

/// A known value of an enumeration.
#[derive(Debug, Clone, Serialize)]
pub struct VariantView {
    /// Name of the variant.
    pub name: String,
    /// The value, as a Rust string literal.
    pub literal: String,
    /// Lines of the variant's documentation comment.
    pub docs: Vec<String>,
}

/// Returns the generated code of an API.
pub fn view(api: &Api) -> ApiView {
    let mut operations: Vec<OperationView> =
        api.operations.iter().map(|operation| operation::view(api, operation)).collect();
    let owners = [("Bucket", "bucket"), ("QingStor", "qingstor")].map(|(name, module)| OwnerView {
        name,
        module,
        groups: groups(api, &operations, name),
    });
    operations.sort_by(|a, b| a.module.cmp(&b.module));
    let mut types: Vec<TypeFile> = api.types.iter().map(type_file).collect();
    types.sort_by(|a, b| a.module.cmp(&b.module));
    ApiView {
        source: api.source.clone(),
        title: markdown::text(&format!("{} {}", api.title, api.version)),
        owners: owners.into_iter().filter(|owner| !owner.groups.is_empty()).collect(),
        operation_modules: operations.iter().map(operation_module).collect(),
        type_modules: types.iter().map(type_module).collect(),
        operations,
        types,
    }
}

/// Groups the methods of `owner` by tag.
///
/// Groups are in the order of the root's `tags`. They are followed by groups that only operations name and by methods
/// without a tag.
fn groups(api: &Api, operations: &[OperationView], owner: &str) -> Vec<GroupView> {
    let methods: Vec<&MethodView> =
        operations.iter().map(|operation| &operation.method).filter(|method| method.owner == owner).collect();
    let declared = api.tags.iter().map(|tag| Some(&tag.name));
    let used = methods.iter().map(|method| method.group.as_ref());
    let mut names: Vec<Option<&String>> = Vec::new();
    for name in declared.chain(used.clone().filter(Option::is_some)).chain(used.filter(Option::is_none)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let groups = names.into_iter().map(|name| GroupView {
        docs: group_docs(api, name),
        methods: methods.iter().filter(|method| method.group.as_ref() == name).map(|&method| method.clone()).collect(),
    });
    groups.filter(|group| !group.methods.is_empty()).collect()
}

fn group_docs(api: &Api, name: Option<&String>) -> Vec<String> {
    let Some(name) = name else { return Vec::new() };
    let description = api.tags.iter().find(|tag| tag.name == *name).map_or("", |tag| tag.description.as_str());
    docs::comment(&format!("# {}\n\n{description}", markdown::text(name)))
}

fn operation_module(operation: &OperationView) -> ModuleView {
    let exports = format!("{{{}, {}}}", operation.input.name, operation.output.name);
    ModuleView { name: operation.method.name.clone(), exports }
}

fn type_module(file: &TypeFile) -> ModuleView {
    ModuleView { name: snake_case(&file.name), exports: file.name.clone() }
}

pub(super) fn type_file(definition: &TypeDef) -> TypeFile {
    let name = type_name(&definition.name);
    let mut docs = docs::comment(&definition.description);
    if docs.is_empty() {
        docs = docs::comment(&format!("{}.", markdown::code(&definition.name)));
    }
    let kind = match &definition.kind {
        TypeKind::Enum(values) => TypeView::Enum(EnumView { variants: values.iter().map(variant).collect() }),
        TypeKind::Struct(fields) => {
            let fields = fields.iter().map(|field| structure::field(field, Serde::Both)).collect();
            let derives = "Clone, Debug, PartialEq, Serialize, Deserialize";
            let mut structure = StructView::new(name.clone(), "", derives, fields);
            structure.docs = std::mem::take(&mut docs);
            TypeView::Struct(structure)
        }
    };
    TypeFile { source: definition.source.clone(), module: plain(&snake_case(&name)).to_owned(), docs, name, kind }
}

fn variant(EnumValue { value, .. }: &EnumValue) -> VariantView {
    let docs = if value.is_empty() { "The empty string.".to_owned() } else { markdown::code(value) };
    VariantView { name: variant_name(value), literal: format!("{value:?}"), docs: docs::comment(&docs) }
}
