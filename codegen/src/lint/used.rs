//! Definitions and shared parameters that nothing uses.

use std::collections::BTreeSet;

use crate::diagnostic::codes;
use crate::spec::document::Document;
use crate::spec::problems::{Finding, Problems};
use crate::spec::schema::{Schema, SchemaId, SchemaUse, Target};

pub(super) fn check(document: &Document, problems: &mut Problems) {
    let used = reached(document);
    for (name, id) in document.definitions.iter().filter(|(_, id)| !used.contains(id)) {
        let message = format!("the definition `{}` is never used", name.value);
        let mut finding = Finding::warning(codes::UNUSED_TYPE, name.span, message);
        if let Some(named) = document.schemas.get(id).filter(|named| named.schema.span.file != name.span.file) {
            finding = finding.related(named.schema.span, "its description");
        }
        problems.report(finding.help("refer to it, or remove it"));
    }
    for (name, span) in document.shared_parameters.iter().filter(|(name, _)| !document.used_parameters.contains(name)) {
        let message = format!("the shared parameter `{name}` is never used");
        problems.report(Finding::warning(codes::UNUSED_PARAMETER, *span, message).help("list it, or remove it"));
    }
}

/// The definitions that operations reach, directly or through others.
fn reached(document: &Document) -> BTreeSet<SchemaId> {
    let mut reached = BTreeSet::new();
    // A stack of its own: definitions may refer to each other in chains longer than the program's.
    let mut rest: Vec<&SchemaUse> = Vec::new();
    for item in &document.paths {
        rest.extend(item.parameters.iter().map(|parameter| &parameter.schema));
        for operation in &item.operations {
            rest.extend(operation.parameters.iter().map(|parameter| &parameter.schema));
            for response in operation.responses.iter().flat_map(|responses| &responses.value) {
                rest.extend(&response.schema);
                rest.extend(response.headers.iter().flat_map(|header| parts(&header.schema)));
            }
        }
    }
    while let Some(next) = rest.pop() {
        match &next.target {
            Target::Inline(schema) => rest.extend(parts(schema)),
            Target::Named(id) if reached.insert(*id) => {
                rest.extend(document.schemas.get(id).into_iter().flat_map(|named| parts(&named.schema)));
            }
            Target::Named(_) | Target::Broken => {}
        }
    }
    reached
}

fn parts(schema: &Schema) -> impl Iterator<Item = &SchemaUse> {
    let properties = schema.properties.iter().map(|property| &property.schema);
    properties.chain(schema.items.as_deref()).chain(schema.additional.as_deref())
}
