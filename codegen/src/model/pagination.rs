//! How a list continues on its next page: every name that `x-pagination` says is looked up and has to fit.

use std::collections::BTreeSet;

use super::api::{Field, Location, MarkerSource, Operation, PageMarker, Pagination, Shape, TypeDef, TypeKind};
use crate::diagnostic::codes;
use crate::spec::document::{Marker, MarkerSource as WrittenSource, Pagination as Written};
use crate::spec::problems::{Problems, Spanned};
use crate::spec::suggest::instead_of;

/// The names that `written` says, looked up. `None` if one does not fit, which is reported.
pub(super) fn build(
    written: &Written,
    operation: &Operation,
    types: &[TypeDef],
    answer: &BTreeSet<&str>,
    problems: &mut Problems,
) -> Option<Pagination> {
    let mut check = Check { operation, types, answer, problems };
    if operation.is_streamed() {
        let message = format!("operation `{}` sends a stream, which cannot be sent for each page", operation.id);
        check.problems.error(codes::BAD_PAGINATION, written.span, message, "remove `x-pagination`");
        return None;
    }
    let items = check.items(written.items.as_ref()?);
    let has_more = written.has_more.as_ref().map(|name| check.has_more(name));
    let made = written.markers.iter().map(|marker| check.marker(marker, items));
    // All of them, so that all that is wrong is reported.
    let markers: Vec<Option<PageMarker>> = made.collect();
    check.alone(&written.markers);
    Some(Pagination {
        items: items?.name.clone(),
        has_more: has_more.map_or(Some(None), |name| name.map(Some))?,
        markers: markers.into_iter().collect::<Option<_>>()?,
    })
}

struct Check<'a> {
    operation: &'a Operation,
    types: &'a [TypeDef],
    /// The properties of the answer, those included that are faulty.
    answer: &'a BTreeSet<&'a str>,
    problems: &'a mut Problems,
}

impl<'a> Check<'a> {
    fn items(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let field = self.property(name)?;
        match &field.shape {
            Shape::List(_) => Some(field),
            _ => self.misfit(name, "is no list", "name the property of the answer that is `type: array`"),
        }
    }

    fn has_more(&mut self, name: &Spanned<String>) -> Option<String> {
        let field = self.property(name)?;
        match field.shape {
            Shape::Boolean => Some(field.name.clone()),
            _ => self.misfit(name, "is no boolean", "name a property of the answer that is `type: boolean`"),
        }
    }

    fn marker(&mut self, marker: &Marker, items: Option<&'a Field>) -> Option<PageMarker> {
        let parameter = self.parameter(&marker.parameter);
        let source = match &marker.source {
            WrittenSource::Next(name) => {
                let next = self.property(name)?;
                if next.shape != parameter?.shape {
                    let problem = format!("is not of the type of the parameter `{}`", marker.parameter.value);
                    return self.misfit(name, &problem, "give both the same type");
                }
                MarkerSource::Next(next.name.clone())
            }
            WrittenSource::Last(name) => {
                let last = self.item_property(items?, name)?;
                if last.shape != parameter?.shape || !matches!(last.shape, Shape::Integer { .. }) {
                    let problem = format!("is no number of the type of the parameter `{}`", marker.parameter.value);
                    return self.misfit(name, &problem, "give both the same integer type, limits included");
                }
                MarkerSource::Last(last.name.clone())
            }
            WrittenSource::Count => {
                if !matches!(parameter?.shape, Shape::Integer { .. }) {
                    return self.misfit(&marker.parameter, "is no number", "only an integer can count items");
                }
                MarkerSource::Count
            }
        };
        Some(PageMarker { input: parameter?.name.clone(), source })
    }

    /// A parameter that can be left out, as it is on the first page.
    fn parameter(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let inputs = self.operation.inputs.iter().filter(|field| field.location == Location::Query);
        let field = self.find(name, "query parameter of the operation", inputs.collect())?;
        if field.required {
            return self.misfit(name, "is required", "the first page is asked for without a marker");
        }
        Some(field)
    }

    fn property(&mut self, name: &Spanned<String>) -> Option<&'a Field> {
        let outputs = self.operation.outputs.iter().filter(|field| field.location == Location::Json);
        let outputs: Vec<&Field> = outputs.collect();
        let is_faulty = self.answer.contains(name.value.as_str()) && outputs.iter().all(|it| it.name != name.value);
        // What is wrong with it has been reported.
        if is_faulty { None } else { self.find(name, "property of the answer", outputs) }
    }

    fn item_property(&mut self, items: &'a Field, name: &Spanned<String>) -> Option<&'a Field> {
        let Shape::List(item) = &items.shape else { return None };
        let kind = self.types.iter().find(|made| matches!(&**item, Shape::Struct(it) if *it == made.name));
        match kind.map(|made| &made.kind) {
            Some(TypeKind::Struct(fields)) => self.find(name, "property of the items", fields.iter().collect()),
            _ => self.misfit(name, "cannot be a property of the items, which are no objects", "use `next` or `count`"),
        }
    }

    fn find(&mut self, name: &Spanned<String>, what: &str, fields: Vec<&'a Field>) -> Option<&'a Field> {
        let found = fields.iter().find(|field| field.name == name.value);
        if found.is_none() {
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let message =
                format!("`{}` of `x-pagination` of operation `{}` is no {what}", name.value, self.operation.id);
            let help = instead_of(&name.value, &known, "there are");
            self.problems.error(codes::UNKNOWN_PAGE_FIELD, name.span, message, help);
        }
        found.copied()
    }

    fn misfit<T>(&mut self, name: &Spanned<String>, problem: &str, help: &str) -> Option<T> {
        let message = format!("`{}` of `x-pagination` of operation `{}` {problem}", name.value, self.operation.id);
        self.problems.error(codes::PAGE_FIELD_TYPE, name.span, message, help);
        None
    }

    /// What is found among the items decides by itself where the next page begins.
    fn alone(&mut self, markers: &[Marker]) {
        let counting = markers.iter().filter(|marker| !matches!(marker.source, WrittenSource::Next(_)));
        for marker in counting.filter(|_| markers.len() > 1) {
            let name = &marker.parameter;
            let message = format!("the marker `{}` is not the only one", name.value);
            let help = "only markers with `next` go together; those with `last` or `count` stand alone";
            self.problems.error(codes::BAD_PAGINATION, name.span, message, help);
        }
    }
}
