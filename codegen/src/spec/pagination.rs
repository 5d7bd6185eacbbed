//! `x-pagination`: how a list continues on its next page.

use super::document::{Marker, MarkerSource, Pagination};
use super::reader::Reader;
use super::table::{Located, Table};
use crate::diagnostic::codes;

const SOURCES: [&str; 3] = ["next", "last", "count"];

impl Reader {
    pub(super) fn pagination(&mut self, operation: &Table) -> Option<Pagination> {
        let at = operation.get("x-pagination")?;
        let what = format!("`x-pagination` of {}", operation.what);
        let table = Table::open(&at, what, &mut self.problems)?;
        table.only(&["items", "has_more", "markers"], &mut self.problems);
        let items = table.required_text("items", &mut self.problems);
        let has_more = table.text("has_more", &mut self.problems);
        table.require("markers", &mut self.problems);
        let markers = table.get("markers").map(|at| self.markers(&at, &table)).unwrap_or_default();
        Some(Pagination { span: operation.key_span("x-pagination"), items, has_more, markers })
    }

    fn markers(&mut self, at: &Located, pagination: &Table) -> Vec<Marker> {
        let what = format!("`markers` of {}", pagination.what);
        let Some(table) = Table::open(at, what, &mut self.problems) else { return Vec::new() };
        let mut markers = Vec::new();
        for (parameter, at) in table.entries() {
            let what = format!("marker `{}` of {}", parameter.value, pagination.what);
            let Some(table) = Table::open(&at, what, &mut self.problems) else { continue };
            let source = self.marker_source(&table);
            markers.extend(source.map(|source| Marker { parameter, source }));
        }
        if markers.is_empty() && table.entries().next().is_none() {
            let message = format!("{} names no parameter", table.what);
            let help = "write the parameter that says where the next page begins: `marker: { next: next_marker }`";
            self.problems.error(codes::BAD_PAGINATION, table.span, message, help);
        }
        markers
    }

    fn marker_source(&mut self, table: &Table) -> Option<MarkerSource> {
        table.only(&SOURCES, &mut self.problems);
        let found: Vec<&str> = SOURCES.into_iter().filter(|key| table.get(key).is_some()).collect();
        // What is unknown was reported; most likely it is the one way, misspelled.
        if found.is_empty() && table.entries().next().is_some() {
            return None;
        }
        let [key] = found[..] else {
            let message = format!("{} has to say one way in which its next value is found", table.what);
            let help = "write `next: PROPERTY`, `last: PROPERTY` or `count: true`";
            self.problems.error(codes::BAD_PAGINATION, table.span, message, help);
            return None;
        };
        if key == "count" {
            let flag = table.flag(key, &mut self.problems)?;
            if flag.value {
                return Some(MarkerSource::Count);
            }
            let message = format!("`count: false` of {} says nothing", table.what);
            self.problems.error(codes::BAD_PAGINATION, flag.span, message, "write `count: true`, or another way");
            return None;
        }
        let property = table.required_text(key, &mut self.problems)?;
        Some(if key == "next" { MarkerSource::Next(property) } else { MarkerSource::Last(property) })
    }
}
