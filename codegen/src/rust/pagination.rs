//! Implementations of `Paginated` for the inputs of operations that return pages of a list.

use serde::Serialize;

use super::structure::rust_type;
use crate::model::api::{Api, Field, MarkerSource, Operation, PageMarker, Shape, TypeKind};
use crate::naming::snake_case;

/// The implementation of `Paginated` for an input.
#[derive(Debug, Clone, Serialize)]
pub struct PaginationView {
    /// Type of an item.
    pub item: String,
    /// Field of the output that is the list.
    pub items: String,
    /// Statements of `advance`.
    pub advance: Vec<String>,
}

pub(super) fn view(api: &Api, operation: &Operation) -> Option<PaginationView> {
    let pagination = operation.pagination.as_ref()?;
    let items = operation.outputs.iter().find(|field| field.name == pagination.items)?;
    let Shape::List(item) = &items.shape else { return None };
    let has_more = pagination.has_more.as_ref().and_then(|name| output(operation, name));
    let has_more = has_more.map(|field| format!("cursor.has_more({});", value(field, "page.", "")));
    let markers = pagination.markers.iter().filter_map(|marker| set_marker(api, operation, items, item, marker));
    Some(PaginationView {
        item: rust_type(item, items.sensitive),
        items: snake_case(&items.name),
        advance: has_more.into_iter().chain(markers).collect(),
    })
}

/// Returns the statement that sets a marker for the next page.
fn set_marker(api: &Api, operation: &Operation, items: &Field, item: &Shape, marker: &PageMarker) -> Option<String> {
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

/// Returns an expression of type `Option` for a field.
fn value(field: &Field, owner: &str, suffix: &str) -> String {
    let name = snake_case(&field.name);
    if field.required { format!("Some({owner}{name}{suffix})") } else { format!("{owner}{name}{suffix}") }
}
