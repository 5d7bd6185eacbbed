//! Reads paths, operations, responses and `x-pagination`.

use super::document::{Header, Marker, MarkerSource, Method, Operation, Pagination, ParameterIn, PathItem, Response};
use super::problems::Spanned;
use super::reader::Reader;
use super::schema::Role;
use super::suggest::instead_of;
use super::table::Table;
use super::yaml::{Node, Value};
use crate::diagnostic::codes;

/// HTTP methods that the dialect does not have.
const OTHER_METHODS: [&str; 3] = ["patch", "trace", "connect"];

const OPERATION_KEYS: [&str; 13] = [
    "tags",
    "operationId",
    "summary",
    "description",
    "externalDocs",
    "consumes",
    "produces",
    "parameters",
    "responses",
    "deprecated",
    "x-idempotent",
    "x-pagination",
    "x-resumable",
];

const MARKER_SOURCES: [&str; 3] = ["next", "last", "count"];

impl Reader {
    pub(super) fn paths(&mut self, root: &Table) -> Vec<PathItem> {
        let Some(paths) = root.table("paths", &mut self.problems) else { return Vec::new() };
        let mut items = Vec::new();
        for (path, node) in paths.entries() {
            let Some(followed) = self.follow(node) else { continue };
            let what = format!("path `{}`", path.value);
            if let Some(table) = Table::open(&followed.node, what, &mut self.problems) {
                items.push(self.path_item(path, &table));
            }
        }
        items
    }

    fn path_item(&mut self, path: Spanned<String>, table: &Table) -> PathItem {
        let parameters = self.parameters(table);
        let mut operations = Vec::new();
        for (key, node) in table.entries().filter(|(key, _)| key.value != "parameters") {
            match Method::WORDS.iter().find(|(word, _)| *word == key.value) {
                Some((_, method)) => {
                    operations.extend(self.operation(Spanned::new(*method, key.span), node, &path.value));
                }
                None => self.unknown_method(&key, table),
            }
        }
        PathItem { path, parameters, operations }
    }

    fn unknown_method(&mut self, key: &Spanned<String>, path: &Table) {
        let mut known: Vec<&str> = Method::WORDS.iter().map(|(word, _)| *word).collect();
        let lower = key.value.to_lowercase();
        if OTHER_METHODS.contains(&lower.as_str()) || known.contains(&lower.as_str()) {
            let message = format!("unknown method `{}` in {}", key.value, path.what);
            let help = instead_of(&key.value, &known, "the known methods are");
            self.problems.error(codes::UNKNOWN_METHOD, key.span, message, help);
        } else {
            known.push("parameters");
            path.report_unknown(key, &known, &mut self.problems);
        }
    }

    fn operation(&mut self, method: Spanned<Method>, node: &Node, path: &str) -> Option<Operation> {
        let what = match node.get("operationId").map(|id| &id.value) {
            Some(Value::Text(id)) => format!("operation `{id}`"),
            _ => format!("operation `{} {path}`", method.value.http_name()),
        };
        let table = Table::open(node, what, &mut self.problems)?;
        table.allow_only(&OPERATION_KEYS, &mut self.problems);
        let tags = table.texts("tags", &mut self.problems).unwrap_or_default();
        let _ignored = table.texts("produces", &mut self.problems);
        let consumes = table.texts("consumes", &mut self.problems);
        Some(Operation {
            method,
            id: table.required_text("operationId", &mut self.problems),
            tag: tags.into_iter().next(),
            summary: table.text_or_empty("summary", &mut self.problems),
            description: table.text_or_empty("description", &mut self.problems),
            docs_url: self.docs_url(&table),
            parameters: self.parameters(&table),
            responses: self.responses(&table).map(|it| Spanned::new(it, table.key_span("responses"))),
            deprecated: table.is_set("deprecated", &mut self.problems),
            idempotent: table.flag("x-idempotent", &mut self.problems).map(|flag| flag.value),
            resumable: table.flag("x-resumable", &mut self.problems).filter(|flag| flag.value).map(|flag| flag.span),
            pagination: self.pagination(&table),
            consumes: match consumes {
                Some(consumes) => consumes.into_iter().map(|text| text.value).collect(),
                None => self.consumes.clone(),
            },
        })
    }

    fn docs_url(&mut self, operation: &Table) -> Option<String> {
        let docs = operation.table("externalDocs", &mut self.problems)?;
        docs.allow_only(&["url", "description"], &mut self.problems);
        let _ignored = docs.text("description", &mut self.problems);
        docs.required_text("url", &mut self.problems).map(|url| url.value)
    }

    fn responses(&mut self, operation: &Table) -> Option<Vec<Response>> {
        operation.require("responses", &mut self.problems);
        let table = operation.table("responses", &mut self.problems)?;
        let mut responses = Vec::new();
        for (key, node) in table.entries() {
            let what = format!("response `{}` of {}", key.value, operation.what);
            let status = self.status(&key, &what);
            // `default`, and a response with an invalid status, are checked but not used.
            let response = self.response(Spanned::new(status.unwrap_or(0), key.span), node, &what);
            responses.extend(response.filter(|_| status.is_some()));
        }
        Some(responses)
    }

    fn status(&mut self, key: &Spanned<String>, what: &str) -> Option<u16> {
        if key.value == "default" {
            return None;
        }
        let status = key.value.parse().ok().filter(|status| (100..=599).contains(status) && key.value.len() == 3);
        if status.is_none() {
            let help = "write a number from 100 to 599, or `default`";
            self.problems.error(codes::BAD_STATUS, key.span, format!("invalid status code of {what}"), help);
        }
        status
    }

    fn response(&mut self, status: Spanned<u16>, node: &Node, what: &str) -> Option<Response> {
        let followed = self.count_part().then(|| self.follow(node)).flatten()?;
        let table = Table::open(&followed.node, what, &mut self.problems)?;
        table.allow_only(&["description", "headers", "schema"], &mut self.problems);
        let _ignored = table.text("description", &mut self.problems);
        let schema = table.get("schema").map(|node| self.schema_use(node, &format!("the body of {what}")));
        Some(Response { status, headers: self.headers(&table), schema })
    }

    fn headers(&mut self, response: &Table) -> Vec<Header> {
        let Some(table) = response.table("headers", &mut self.problems) else { return Vec::new() };
        let mut headers = Vec::new();
        for (name, node) in table.entries() {
            let what = format!("header `{}` of {}", name.value, response.what);
            self.check_header_name(&name, "response header");
            if !self.count_part() {
                break;
            }
            let Some(table) = Table::open(node, what, &mut self.problems) else { continue };
            let required = table.is_set("required", &mut self.problems);
            let hints = self.hints(&table, Some(ParameterIn::Header));
            let schema = self.schema(&table, Role::Header);
            headers.push(Header { name, required, schema, hints });
        }
        headers
    }

    fn pagination(&mut self, operation: &Table) -> Option<Pagination> {
        let table = operation.table("x-pagination", &mut self.problems)?;
        table.allow_only(&["items", "has_more", "markers"], &mut self.problems);
        let items = table.required_text("items", &mut self.problems);
        let has_more = table.text("has_more", &mut self.problems);
        table.require("markers", &mut self.problems);
        let markers = self.markers(&table);
        Some(Pagination { span: operation.key_span("x-pagination"), items, has_more, markers })
    }

    fn markers(&mut self, pagination: &Table) -> Vec<Marker> {
        let Some(table) = pagination.table("markers", &mut self.problems) else { return Vec::new() };
        let mut markers = Vec::new();
        for (parameter, node) in table.entries() {
            let what = format!("marker `{}` of {}", parameter.value, pagination.what);
            let Some(table) = Table::open(node, what, &mut self.problems) else { continue };
            let source = self.marker_source(&table);
            markers.extend(source.map(|source| Marker { parameter, source }));
        }
        if table.entries().next().is_none() {
            let message = format!("{} must not be empty", table.what);
            let help = "name the query parameter that selects the next page, such as `marker: { next: next_marker }`";
            self.problems.error(codes::BAD_PAGINATION, table.span, message, help);
        }
        markers
    }

    fn marker_source(&mut self, table: &Table) -> Option<MarkerSource> {
        table.allow_only(&MARKER_SOURCES, &mut self.problems);
        let found: Vec<&str> = MARKER_SOURCES.into_iter().filter(|key| table.get(key).is_some()).collect();
        if found.is_empty() && table.entries().next().is_some() {
            // Most likely the unknown key, which has been reported, is a misspelled source.
            return None;
        }
        if found == ["next", "last"] {
            let next = table.required_text("next", &mut self.problems)?;
            return Some(MarkerSource::Next { next, last: table.required_text("last", &mut self.problems) });
        }
        let [key] = found[..] else {
            let message = format!("{} must have exactly one source of its next value", table.what);
            let help = "write `next: PROPERTY`, `last: PROPERTY`, both of them or `count: true`";
            self.problems.error(codes::BAD_PAGINATION, table.span, message, help);
            return None;
        };
        if key == "count" {
            let flag = table.flag(key, &mut self.problems)?;
            if !flag.value {
                let message = format!("`count: false` of {} has no effect", table.what);
                let help = "write `count: true`, `next: PROPERTY` or `last: PROPERTY`";
                self.problems.error(codes::BAD_PAGINATION, flag.span, message, help);
            }
            return flag.value.then_some(MarkerSource::Count);
        }
        let property = table.required_text(key, &mut self.problems)?;
        Some(if key == "next" {
            MarkerSource::Next { next: property, last: None }
        } else {
            MarkerSource::Last(property)
        })
    }
}
