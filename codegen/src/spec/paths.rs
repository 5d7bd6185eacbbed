//! `paths`: path items and operations.

use super::document::{Method, Operation, PathItem};
use super::problems::Spanned;
use super::reader::Reader;
use super::suggest::instead_of;
use super::table::{Located, Table, texts};
use crate::diagnostic::codes;

/// The methods that HTTP has beyond those.
const OTHER_METHODS: [&str; 3] = ["patch", "trace", "connect"];

const OPERATION_KEYS: [&str; 12] = [
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
];

impl Reader {
    pub(super) fn paths(&mut self, root: &Table) -> Vec<PathItem> {
        let Some(at) = root.get("paths") else { return Vec::new() };
        let Some(paths) = Table::open(&at, "`paths`", &mut self.problems) else { return Vec::new() };
        let mut items = Vec::new();
        for (path, at) in paths.entries() {
            // The file in which the operations stand is the one where the `$ref` ends.
            let Some(followed) = self.follow(at) else { continue };
            let what = format!("path `{}`", path.value);
            if let Some(table) = Table::open(&followed.at, what, &mut self.problems) {
                items.push(self.path_item(path, &table));
            }
        }
        items
    }

    fn path_item(&mut self, path: Spanned<String>, table: &Table) -> PathItem {
        let parameters = self.parameters(table);
        let mut operations = Vec::new();
        for (key, at) in table.entries() {
            if key.value == "parameters" {
                continue;
            }
            match Method::WORDS.iter().find(|(word, _)| *word == key.value) {
                Some((_, method)) => {
                    let what = format!("{} {}", method.http_name(), path.value);
                    let method = Spanned::new(*method, key.span);
                    operations.extend(self.operation(method, at, &what));
                }
                None => self.unknown_method(&key, table),
            }
        }
        PathItem { path, parameters, operations }
    }

    fn unknown_method(&mut self, key: &Spanned<String>, table: &Table) {
        let mut known: Vec<&str> = Method::WORDS.iter().map(|(word, _)| *word).collect();
        let lower = key.value.to_lowercase();
        let is_method = OTHER_METHODS.contains(&lower.as_str()) || known.contains(&lower.as_str());
        if is_method {
            let message = format!("unknown method `{}` in {}", key.value, table.what);
            let help = instead_of(&key.value, &known, "the methods are");
            self.problems.error(codes::UNKNOWN_METHOD, key.span, message, help);
            return;
        }
        known.push("parameters");
        let message = format!("unknown key `{}` in {}", key.value, table.what);
        let help = instead_of(&key.value, &known, "the keys here are");
        self.problems.error(codes::UNKNOWN_KEY, key.span, message, help);
    }

    fn operation(&mut self, method: Spanned<Method>, at: Located, what: &str) -> Option<Operation> {
        // Messages name an operation by its id, and by method and path only where it has none.
        let what = match at.get("operationId").map(|id| id.node.value) {
            Some(super::node::Value::Text(id)) => format!("operation `{id}`"),
            _ => format!("operation `{what}`"),
        };
        let table = Table::open(&at, what, &mut self.problems)?;
        table.only(&OPERATION_KEYS, &mut self.problems);
        for key in ["tags", "produces"] {
            let _ignored = table.texts(key, &mut self.problems);
        }
        let consumes = table.texts("consumes", &mut self.problems);
        let _ignored = table.flag("deprecated", &mut self.problems);
        Some(Operation {
            method,
            id: table.required_text("operationId", &mut self.problems),
            summary: table.text_or_empty("summary", &mut self.problems),
            description: table.text_or_empty("description", &mut self.problems),
            docs_url: self.docs_url(&table),
            parameters: self.parameters(&table),
            responses: self.responses(&table).map(|it| Spanned::new(it, table.key_span("responses"))),
            idempotent: table.flag("x-idempotent", &mut self.problems).map(|flag| flag.value),
            pagination: self.pagination(&table),
            consumes: consumes.map_or_else(|| self.consumes.clone(), texts),
        })
    }

    fn docs_url(&mut self, operation: &Table) -> Option<String> {
        let at = operation.get("externalDocs")?;
        let docs = Table::open(&at, format!("`externalDocs` of {}", operation.what), &mut self.problems)?;
        docs.only(&["url", "description"], &mut self.problems);
        let _ignored = docs.text("description", &mut self.problems);
        docs.required_text("url", &mut self.problems).map(|url| url.value)
    }
}
