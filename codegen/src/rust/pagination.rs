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
    let has_more = has_more.map(|field| format!("cursor.has_more({:?}, {});", field.name, value(field, "page.", "")));
    let markers = pagination.markers.iter().filter_map(|marker| set_marker(api, operation, items, item, marker));
    Some(PaginationView {
        item: rust_type(item, items.sensitive),
        items: snake_case(&items.name),
        advance: [format!("cursor.start(&page.response, {:?});", items.name)]
            .into_iter()
            .chain(has_more)
            .chain(markers)
            .collect(),
    })
}

/// Returns the statement that sets a marker for the next page.
fn set_marker(api: &Api, operation: &Operation, items: &Field, item: &Shape, marker: &PageMarker) -> Option<String> {
    let (input, list) = (snake_case(&marker.input), snake_case(&items.name));
    Some(match &marker.source {
        MarkerSource::Next { next, last } => {
            let next = output(operation, next)?;
            let last = last.as_ref().and_then(|name| item_field(api, item, name));
            let last = last.map(|last| match (last.required, snake_case(&last.name)) {
                (true, name) => format!("page.{list}.last().map(|item| &item.{name})"),
                (false, name) => format!("page.{list}.last().and_then(|item| item.{name}.as_ref())"),
            });
            let last = last.as_deref().unwrap_or("None");
            let reference = if next.required { value(next, "&page.", "") } else { value(next, "page.", ".as_ref()") };
            format!("cursor.next({:?}, &mut self.{input}, {reference}, {last});", next.name)
        }
        MarkerSource::Last(name) => {
            let number = value(item_field(api, item, name)?, "item.", "");
            format!("cursor.last(&mut self.{input}, &mut page.{list}, |item| {number});")
        }
        MarkerSource::Count => format!("cursor.count(&mut self.{input}, &page.{list});"),
    })
}

fn item_field<'a>(api: &'a Api, item: &Shape, name: &str) -> Option<&'a Field> {
    let Shape::Struct(item) = item else { return None };
    let TypeKind::Struct(fields) = &api.type_named(item)?.kind else { return None };
    fields.iter().find(|field| field.name == name)
}

fn output<'o>(operation: &'o Operation, name: &str) -> Option<&'o Field> {
    operation.outputs.iter().find(|field| field.name == name)
}

/// Returns an expression of type `Option` for a field.
fn value(field: &Field, owner: &str, suffix: &str) -> String {
    let name = snake_case(&field.name);
    if field.required { format!("Some({owner}{name}{suffix})") } else { format!("{owner}{name}{suffix}") }
}
