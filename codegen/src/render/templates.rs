//! The templates, compiled into the command.

use std::collections::BTreeSet;

use tera::{Context, Tera};

use super::{Files, GenerateError, HEADER, layout};
use crate::rust::ApiView;

const TEMPLATES: [(&str, &str); 6] = [
    ("mod.rs.tera", include_str!("../../templates/mod.rs.tera")),
    ("modules.rs.tera", include_str!("../../templates/modules.rs.tera")),
    ("operation.rs.tera", include_str!("../../templates/operation.rs.tera")),
    ("setters.rs.tera", include_str!("../../templates/setters.rs.tera")),
    ("structure.rs.tera", include_str!("../../templates/structure.rs.tera")),
    ("type.rs.tera", include_str!("../../templates/type.rs.tera")),
];

/// One file after the other.
pub(super) fn render(api: &ApiView) -> Result<Files, GenerateError> {
    let mut tera = Tera::default();
    // What ends a file is no part of what is included from it.
    let templates = TEMPLATES.map(|(name, text)| (name, text.trim_end()));
    tera.add_raw_templates(templates).map_err(GenerateError::Template)?;
    let mut files = Files::new();
    let mut taken = BTreeSet::new();
    let mut write = |path: String, source: &str, template: &str, context: &Context| -> Result<(), GenerateError> {
        let text = tera.render(template, context).map_err(GenerateError::Template)?;
        let text = layout::broken(&text);
        // Some file systems do not distinguish capitals, and nowhere may a file silently take the place of another.
        if !taken.insert(path.to_lowercase()) {
            return Err(GenerateError::SameFile(path));
        }
        files.insert(path, format!("{HEADER}{source}. Do not edit.\n\n{text}"));
        Ok(())
    };

    let mut context = Context::new();
    context.insert("title", &api.title);
    write("mod.rs".to_owned(), &api.source, "mod.rs.tera", &context)?;
    let folders = [
        ("operations", "Inputs and outputs, and the methods that take and return them.", &api.operation_modules),
        ("types", "Structures and enumerations that inputs and outputs are made of.", &api.type_modules),
    ];
    for (folder, summary, modules) in folders {
        let mut context = Context::new();
        context.insert("summary", summary);
        context.insert("modules", modules);
        write(format!("{folder}/mod.rs"), &api.source, "modules.rs.tera", &context)?;
    }
    for operation in &api.operations {
        let mut context = Context::new();
        context.insert("operation", operation);
        write(format!("operations/{}.rs", operation.module), &operation.source, "operation.rs.tera", &context)?;
    }
    for file in &api.types {
        let mut context = Context::new();
        context.insert("file", file);
        write(format!("types/{}.rs", file.module), &file.source, "type.rs.tera", &context)?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;
    use crate::model::api::{Api, TypeDef, TypeKind};
    use crate::rust::view;

    #[test]
    fn no_file_takes_the_place_of_another() {
        let definition = |name: &str| TypeDef {
            name: name.to_owned(),
            origin: Origin::default(),
            source: "api.yaml".to_owned(),
            description: String::new(),
            kind: TypeKind::Struct(Vec::new()),
        };
        let api = Api {
            source: "api.yaml".to_owned(),
            title: "T".to_owned(),
            version: "1".to_owned(),
            operations: Vec::new(),
            types: vec![definition("mod")],
        };
        let mut api = view(&api).unwrap();
        assert!(render(&api).unwrap().contains_key("types/mod_.rs"));
        api.types[0].module = "Mod".to_owned();
        let error = render(&api).unwrap_err().to_string();
        assert_eq!(error, "two files would both be types/Mod.rs, which is a fault of the generator");
    }
}
