//! Pagination: the names in `x-pagination`, looked up and checked.

use std::collections::BTreeSet;

use super::api::{Field, Location, MarkerSource, Operation, PageMarker, Pagination, Shape, TypeDef, TypeKind};
use crate::diagnostic::codes;
use crate::spec::document::{Marker, MarkerSource as WrittenSource, Pagination as Written};
use crate::spec::problems::{Problems, Spanned};
use crate::spec::suggest::instead_of;

/// Looks up the names of `x-pagination`, and reports those that do not fit.
///
/// `response` has the names of all properties of the response, including faulty properties.
pub(super) fn build(
    written: &Written,
    operation: &Operation,
    types: &[TypeDef],
    response: &BTreeSet<&str>,
    problems: &mut Problems,
) -> Option<Pagination> {
    let mut lookup = Lookup { operation, types, response, problems };
    if operation.is_streamed() {
        let message = format!("operation `{}` sends a stream, which cannot be sent again for each page", operation.id);
        lookup.problems.error(codes::BAD_PAGINATION, written.span, message, "remove `x-pagination`");
        return None;
    }
    let items = lookup.items(written.items.as_ref()?);
    let has_more = written.has_more.as_ref().and_then(|name| lookup.has_more(name));
    let markers = written.markers.iter().filter_map(|marker| lookup.marker(marker, items)).collect();
    lookup.check_single_markers(&written.markers);
    Some(Pagination { items: items?.name.clone(), has_more, markers })
}

struct Lookup<'a> {
    operation: &'a Operation,
    types: &'a [TypeDef],
    response: &'a BTreeSet<&'a str>,
    problems: &'a mut Problems,
}

impl<'a> Lookup<'a> {
    fn items(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let field = self.property(name)?;
        match &field.shape {
            Shape::List(_) => Some(field),
            _ => self.misfit(name, "is not a list", "name a property of the response with `type: array`"),
        }
    }

    fn has_more(&mut self, name: &Spanned<String>) -> Option<String> {
        let field = self.property(name)?;
        match field.shape {
            Shape::Boolean => Some(field.name.clone()),
            _ => self.misfit(name, "is not a boolean", "name a property of the response with `type: boolean`"),
        }
    }

    fn marker(&mut self, marker: &Marker, items: Option<&'a Field>) -> Option<PageMarker> {
        let parameter = self.parameter(&marker.parameter);
        let source = match &marker.source {
            WrittenSource::Next { next: name, last } => {
                let next = self.property(name)?;
                let property = last.as_ref().and_then(|last| Some((last, self.item_property(items?, last)?)));
                for (name, field) in [(name, next)].into_iter().chain(property) {
                    if field.shape != parameter?.shape {
                        let problem = format!("does not have the type of the parameter `{}`", marker.parameter.value);
                        return self.misfit(name, &problem, "give both the same type");
                    }
                }
                MarkerSource::Next { next: next.name.clone(), last: property.map(|(_, last)| last.name.clone()) }
            }
            WrittenSource::Last(name) => {
                let last = self.item_property(items?, name)?;
                if last.shape != parameter?.shape || !matches!(last.shape, Shape::Integer { .. }) {
                    let problem =
                        format!("is not an integer of the type of the parameter `{}`", marker.parameter.value);
                    return self.misfit(name, &problem, "give both the same integer type, limits included");
                }
                MarkerSource::Last(last.name.clone())
            }
            WrittenSource::Count => {
                if !matches!(parameter?.shape, Shape::Integer { .. }) {
                    return self.misfit(&marker.parameter, "is not an integer", "only an integer can count items");
                }
                MarkerSource::Count
            }
        };
        Some(PageMarker { input: parameter?.name.clone(), source })
    }

    /// Finds an optional query parameter. The first page is requested without it.
    fn parameter(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let inputs = self.operation.inputs.iter().filter(|field| field.location == Location::Query);
        let field = self.find(name, "query parameter of the operation", inputs.collect())?;
        if field.required {
            return self.misfit(name, "is required", "make it optional: the first page is requested without a marker");
        }
        Some(field)
    }

    fn property(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let outputs = self.operation.outputs.iter().filter(|field| field.location == Location::Json);
        let outputs: Vec<&Field> = outputs.collect();
        let is_output = outputs.iter().any(|field| field.name == name.value);
        if !is_output && self.response.contains(name.value.as_str()) {
            // The property is faulty, which has been reported.
            return None;
        }
        self.find(name, "property of the response", outputs)
    }

    fn item_property(&mut self, items: &'a Field, name: &Spanned<String>) -> Option<&'a Field> {
        let Shape::List(item) = &items.shape else { return None };
        let definition = self.types.iter().find(|it| matches!(&**item, Shape::Struct(name) if *name == it.name));
        match definition.map(|it| &it.kind) {
            Some(TypeKind::Struct(fields)) => self.find(name, "property of the items", fields.iter().collect()),
            _ => self.misfit(name, "cannot be a property of the items, which are not objects", "use `next` or `count`"),
        }
    }

    fn find(&mut self, name: &Spanned<String>, what: &str, fields: Vec<&'a Field>) -> Option<&'a Field> {
        let found = fields.iter().find(|field| field.name == name.value);
        if found.is_none() {
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let message =
                format!("`{}` of `x-pagination` of operation `{}` is not a {what}", name.value, self.operation.id);
            let help = instead_of(&name.value, &known, "the names are");
            self.problems.error(codes::UNKNOWN_PAGE_FIELD, name.span, message, help);
        }
        found.copied()
    }

    fn misfit<T>(&mut self, name: &Spanned<String>, problem: &str, help: &str) -> Option<T> {
        let message = format!("`{}` of `x-pagination` of operation `{}` {problem}", name.value, self.operation.id);
        self.problems.error(codes::PAGE_FIELD_TYPE, name.span, message, help);
        None
    }

    /// Reports markers that must be the only marker but are not. A marker with `last` or `count` determines the next
    /// page completely.
    fn check_single_markers(&mut self, markers: &[Marker]) {
        let single = markers.iter().filter(|marker| !matches!(marker.source, WrittenSource::Next { .. }));
        for marker in single.filter(|_| markers.len() > 1) {
            let name = &marker.parameter;
            let message = format!("the marker `{}` cannot be combined with other markers", name.value);
            let help =
                "several markers are allowed only with `next`; a marker with `last` or `count` must be the only one";
            self.problems.error(codes::BAD_PAGINATION, name.span, message, help);
        }
    }
}
