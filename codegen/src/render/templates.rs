//! The templates, compiled into the command.

use tera::{Context, Tera, TeraResult};

use super::{Files, HEADER};
use crate::rust::ApiView;

const TEMPLATES: [(&str, &str); 6] = [
    ("mod.rs.tera", include_str!("../../templates/mod.rs.tera")),
    ("modules.rs.tera", include_str!("../../templates/modules.rs.tera")),
    ("operation.rs.tera", include_str!("../../templates/operation.rs.tera")),
    ("setters.rs.tera", include_str!("../../templates/setters.rs.tera")),
    ("structure.rs.tera", include_str!("../../templates/structure.rs.tera")),
    ("type.rs.tera", include_str!("../../templates/type.rs.tera")),
];

/// One file after the other, not yet formatted.
pub(super) fn render(api: &ApiView) -> TeraResult<Files> {
    let mut tera = Tera::default();
    tera.add_raw_templates(TEMPLATES)?;
    let mut files = Files::new();
    let mut write = |path: String, source: &str, template: &str, context: &Context| -> TeraResult<()> {
        let text = tera.render(template, context)?;
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
