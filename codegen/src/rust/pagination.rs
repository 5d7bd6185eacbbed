//! How the list of an operation goes on: what `Paginated` is implemented with.

use serde::Serialize;

use super::structure::rust_type;
use crate::model::api::{Api, Field, MarkerSource, Operation, PageMarker, Scope, Shape, TypeKind};
use crate::naming::snake_case;

/// The implementation of `Paginated` for an input.
#[derive(Debug, Clone, Serialize)]
pub struct PaginationView {
    /// The type of an item.
    pub item: String,
    /// The output's field that is the list.
    pub items: String,
    /// Statements of `turn`.
    pub turn: Vec<String>,
}

pub(super) fn view(api: &Api, operation: &Operation) -> Option<PaginationView> {
    let pagination = operation.pagination.as_ref()?;
    let items = operation.outputs.iter().find(|field| field.name == pagination.items)?;
    let Shape::List(item) = &items.shape else { return None };
    let has_more = pagination.has_more.as_ref().and_then(|name| output(operation, name));
    let has_more = has_more.map(|field| format!("cursor.has_more({});", value(field, "page.", "")));
    let markers = pagination.markers.iter();
    let markers = markers.filter_map(|marker| turned(api, operation, items, item, marker));
    Some(PaginationView {
        item: rust_type(item, items.sensitive),
        items: snake_case(&items.name),
        turn: has_more.into_iter().chain(markers).collect(),
    })
}

fn turned(api: &Api, operation: &Operation, items: &Field, item: &Shape, marker: &PageMarker) -> Option<String> {
    let (input, list) = (snake_case(&marker.input), snake_case(&items.name));
    Some(match &marker.source {
        MarkerSource::Next(name) => {
            let next = output(operation, name)?;
            let reference = if next.required { value(next, "&page.", "") } else { value(next, "page.", ".as_ref()") };
            format!("cursor.next(&mut self.{input}, {reference});")
        }
        MarkerSource::Last(name) => {
            let Shape::Struct(item) = item else { return None };
            let kind = api.type_named(item).map(|definition| &definition.kind);
            let Some(TypeKind::Struct(fields)) = kind else { return None };
            let number = value(fields.iter().find(|field| field.name == *name)?, "item.", "");
            format!("cursor.last(&mut self.{input}, &mut page.{list}, |item| {number});")
        }
        MarkerSource::Count => format!("cursor.count(&mut self.{input}, &page.{list});"),
    })
}

fn output<'o>(operation: &'o Operation, name: &str) -> Option<&'o Field> {
    operation.outputs.iter().find(|field| field.name == name)
}

/// An expression of the type `Option`.
fn value(field: &Field, owner: &str, suffix: &str) -> String {
    let name = snake_case(&field.name);
    if field.required { format!("Some({owner}{name}{suffix})") } else { format!("{owner}{name}{suffix}") }
}

/// Lines of the method's documentation.
pub(super) fn docs(operation: &Operation, import: &str, input: &str) -> Vec<String> {
    if operation.pagination.is_none() {
        return Vec::new();
    }
    let (owner, receiver, method, key) = match operation.scope {
        Scope::Service => ("QingStor", "qingstor", "paginate", ""),
        Scope::Bucket => ("Bucket", "bucket", "paginate", ""),
        Scope::Object => ("Bucket", "bucket", "paginate_object", "\"key\", "),
    };
    [
        format!("All pages, one after the other, are asked for by [`{owner}::{method}`](crate::{owner}::{method}):"),
        String::new(),
        "```no_run".to_owned(),
        format!("# async fn run({receiver}: qingstor_sdk::{owner}) -> qingstor_sdk::Result<()> {{"),
        format!("use qingstor_sdk::{import};"),
        String::new(),
        format!("let mut items = {receiver}.{method}({key}{input}).items();"),
        "while let Some(item) = items.next().await {".to_owned(),
        "    println!(\"{:?}\", item?);".to_owned(),
        "}".to_owned(),
        "# Ok(())".to_owned(),
        "# }".to_owned(),
        "```".to_owned(),
        String::new(),
    ]
    .into()
}
