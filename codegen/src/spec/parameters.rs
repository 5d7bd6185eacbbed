//! Reads parameters, and the `x-…` keys of parameters and headers.

use super::document::{Computed, Hints, Parameter, ParameterIn, SchemaUse, Target};
use super::problems::Spanned;
use super::reader::Reader;
use super::schema::Role;
use super::signed;
use super::table::Table;
use super::yaml::{Node, Value};
use crate::diagnostic::codes;

/// Maximum number of parameters in a list.
///
/// Checks compare each parameter with every other one, which takes quadratic time. In the official specification, an
/// operation has at most 24.
const MAX_PARAMETERS: usize = 500;

const BODY_KEYS: [&str; 5] = ["name", "in", "description", "required", "schema"];

impl Reader {
    /// Reads `parameters` of a path or an operation.
    pub(super) fn parameters(&mut self, owner: &Table) -> Vec<Parameter> {
        let items = owner.list("parameters", &mut self.problems).unwrap_or_default();
        if let Some(first_beyond) = items.get(MAX_PARAMETERS) {
            let message = format!("{} has more than {MAX_PARAMETERS} parameters", owner.what);
            self.problems.error(codes::TOO_LARGE, first_beyond.span, message, "remove some parameters");
        }
        let parameters: Vec<Parameter> =
            items.iter().take(MAX_PARAMETERS).filter_map(|node| self.parameter(node)).collect();
        self.document.lacks_parameters |= parameters.len() < items.len();
        self.document.used_parameters.extend(parameters.iter().filter_map(|parameter| parameter.shared_as.clone()));
        parameters
    }

    pub(super) fn parameter(&mut self, node: &Node) -> Option<Parameter> {
        if !self.count_part() {
            return None;
        }
        let followed = self.follow(node)?;
        let what = match followed.node.get("name").map(|name| &name.value) {
            Some(Value::Text(name)) => format!("parameter `{name}`"),
            _ => "a parameter".to_owned(),
        };
        let table = Table::open(&followed.node, what, &mut self.problems)?;
        // If name or place are faulty, the rest is read nevertheless, to report its problems too.
        let name = table.required_text("name", &mut self.problems);
        table.require("in", &mut self.problems);
        let place = table.word("in", ParameterIn::WORDS, &mut self.problems).map(|place| place.value);
        let required = table.is_set("required", &mut self.problems);
        // If the place is unknown, `schema` shows that it should be the body.
        let is_body = place.map_or(table.get("schema").is_some(), |place| place == ParameterIn::Body);
        let schema = if is_body { self.body_schema(&table) } else { self.parameter_schema(&table) };
        let mut hints = self.hints(&table, place);
        hints.signed = signed::read(&table, name.as_ref().map(|name| name.value.as_str()), place, &mut self.problems);
        if let (Some(name), Some(ParameterIn::Header)) = (&name, place) {
            self.check_header_name(name, "header parameter");
        }
        let shared_as = followed.key_in("parameters");
        Some(Parameter { span: node.span, shared_as, name: name?, place: place?, required, schema, hints })
    }

    fn body_schema(&mut self, table: &Table) -> SchemaUse {
        table.allow_only(&BODY_KEYS, &mut self.problems);
        let description = table.text("description", &mut self.problems).map(|text| text.value);
        table.require("schema", &mut self.problems);
        match table.get("schema") {
            Some(node) => SchemaUse { description, ..self.schema_use(node, &format!("the body of {}", table.what)) },
            None => SchemaUse { span: table.span, description: None, target: Target::Broken },
        }
    }

    fn parameter_schema(&mut self, table: &Table) -> SchemaUse {
        let schema = self.schema(table, Role::Parameter);
        if table.get("schema").is_some() {
            let message = format!("`schema` of {} is only allowed with `in: body`", table.what);
            let help = "write `type` and the other keys beside `name`";
            self.problems.error(codes::MISPLACED_KEY, table.key_span("schema"), message, help);
        }
        SchemaUse { span: table.span, description: None, target: Target::Inline(Box::new(schema)) }
    }

    /// Reads the `x-…` keys of a parameter or a header, except for `x-signed`.
    pub(super) fn hints(&mut self, table: &Table, place: Option<ParameterIn>) -> Hints {
        let problems = &mut self.problems;
        let computed = table.word("x-computed", Computed::WORDS, problems);
        let path_encoded = table.word("x-encoding", &[("path", ())], problems).map(|word| word.span);
        let breaks_idempotency = table.flag("x-idempotent", problems).is_some_and(|flag| !flag.value);
        let header_prefix = table.text("x-header-prefix", problems);
        let _ignored = table.word("collectionFormat", &[("csv", ())], problems);
        for (key, is_for_forms) in [("x-computed", true), ("x-encoding", false), ("x-header-prefix", true)] {
            let fits = |place| place == ParameterIn::Header || is_for_forms && place == ParameterIn::FormData;
            if table.get(key).is_some() && !place.is_none_or(fits) {
                let places = if is_for_forms { "headers and form fields" } else { "headers" };
                let message = format!("`{key}` of {} is only allowed for {places}", table.what);
                problems.error(codes::MISPLACED_KEY, table.key_span(key), message, "remove it");
            }
        }
        Hints { computed, path_encoded, header_prefix, breaks_idempotency, signed: false }
    }

    /// Reports a header name that is not a `token` of RFC 9110.
    pub(super) fn check_header_name(&mut self, name: &Spanned<String>, what: &str) {
        const MARKS: &[u8] = b"!#$%&'*+-.^_`|~";
        let is_token = name.value.bytes().all(|b| b.is_ascii_alphanumeric() || MARKS.contains(&b));
        if !is_token || name.value.is_empty() {
            let message = format!("the name of the {what} `{}` is not valid in HTTP", name.value);
            self.problems.error(codes::BAD_HEADER_NAME, name.span, message, "use letters, digits and hyphens");
        }
    }
}
