//! Parameters.

use super::document::{Computed, Hints, Parameter, ParameterIn, SchemaUse, Target};
use super::problems::Spanned;
use super::reader::Reader;
use super::schema::Role;
use super::signed;
use super::table::{Located, Table};
use crate::diagnostic::codes;

/// Each parameter is compared with each, and one operation of the official specification has 24.
const MAX_PARAMETERS: usize = 500;

const BODY_KEYS: [&str; 5] = ["name", "in", "description", "required", "schema"];

impl Reader {
    /// The list `parameters` of a path or an operation.
    pub(super) fn parameters(&mut self, owner: &Table) -> Vec<Parameter> {
        let items = owner.list("parameters", &mut self.problems).unwrap_or_default();
        if let Some(beyond) = items.get(MAX_PARAMETERS) {
            let message = format!("{} has more than {MAX_PARAMETERS} parameters", owner.what);
            self.problems.error(codes::TOO_LARGE, beyond.span(), message, "no request has that many; remove some");
        }
        let listed = items.len();
        let parameters: Vec<Parameter> =
            items.into_iter().take(MAX_PARAMETERS).filter_map(|at| self.parameter(at)).collect();
        self.lacks_parameters |= parameters.len() < listed;
        self.used_parameters.extend(parameters.iter().filter_map(|parameter| parameter.shared_as.clone()));
        parameters
    }

    pub(super) fn parameter(&mut self, at: Located) -> Option<Parameter> {
        if !self.next_part() {
            return None;
        }
        let span = at.span();
        let followed = self.follow(at)?;
        let shared_as = followed.root_key.filter(|(section, _)| section == "parameters").map(|(_, key)| key);
        let what = match followed.at.get("name").map(|name| name.node.value) {
            Some(super::node::Value::Text(name)) => format!("parameter `{name}`"),
            _ => "a parameter".to_owned(),
        };
        let table = Table::open(&followed.at, what, &mut self.problems)?;
        let name = table.required_text("name", &mut self.problems);
        table.require("in", &mut self.problems);
        let place = table.word("in", ParameterIn::WORDS, &mut self.problems);
        let required = table.flag("required", &mut self.problems).is_some_and(|flag| flag.value);
        // Read even if name or place are faulty, for the sake of further problems.
        let in_body = place.as_ref().is_some_and(|place| place.value == ParameterIn::Body);
        let schema = if in_body { self.body_schema(&table) } else { self.own_schema(&table) };
        let mut hints = self.hints(&table, place.as_ref().map(|place| place.value));
        let (own_name, own_place) = (name.as_ref().map(|it| it.value.as_str()), place.as_ref().map(|it| it.value));
        hints.signed = signed::read(&table, own_name, own_place, &mut self.problems);
        if let (Some(name), Some(ParameterIn::Header)) = (&name, place.as_ref().map(|place| place.value)) {
            self.check_header_name(name, "header parameter");
        }
        let (name, place) = (name?, place?.value);
        Some(Parameter { span, shared_as, name, place, required, schema, hints })
    }

    fn body_schema(&mut self, table: &Table) -> SchemaUse {
        table.only(&BODY_KEYS, &mut self.problems);
        let _ignored = table.text("description", &mut self.problems);
        if !table.require("schema", &mut self.problems) {
            return SchemaUse { span: table.span, description: None, target: Target::Broken };
        }
        let what = format!("the body of {}", table.what);
        match table.get("schema") {
            Some(at) => self.schema_use(at, &what),
            None => SchemaUse { span: table.span, description: None, target: Target::Broken },
        }
    }

    fn own_schema(&mut self, table: &Table) -> SchemaUse {
        let schema = self.schema(table, Role::Parameter);
        if table.get("schema").is_some() {
            let message = format!("`schema` of {} is for `in: body` only", table.what);
            let help = "write `type` and the rest beside `name`";
            self.problems.error(codes::MISPLACED_KEY, table.key_span("schema"), message, help);
        }
        SchemaUse { span: table.span, description: None, target: Target::Inline(Box::new(schema)) }
    }

    /// What the `x-…` keys of a parameter or a header say.
    pub(super) fn hints(&mut self, table: &Table, place: Option<ParameterIn>) -> Hints {
        let problems = &mut self.problems;
        let computed = table.word("x-computed", Computed::WORDS, problems);
        let path_encoded = table.word("x-encoding", &[("path", ())], problems).map(|word| word.span);
        let breaks_idempotency = table.flag("x-idempotent", problems).is_some_and(|flag| !flag.value);
        let header_prefix = table.text("x-header-prefix", problems);
        let _ignored = table.word("collectionFormat", &[("csv", ())], problems);
        for (key, also_in_forms) in [("x-computed", true), ("x-encoding", false), ("x-header-prefix", true)] {
            let fits = |place| place == ParameterIn::Header || also_in_forms && place == ParameterIn::FormData;
            if table.get(key).is_some() && !place.is_none_or(fits) {
                let whose = if also_in_forms { "headers and the fields of forms" } else { "headers" };
                let message = format!("`{key}` of {} is for {whose} only", table.what);
                problems.error(codes::MISPLACED_KEY, table.key_span(key), message, "remove it");
            }
        }
        Hints { computed, path_encoded, header_prefix, breaks_idempotency, signed: false }
    }
}

/// A name that HTTP allows for a header.
pub(super) fn is_token(name: &str) -> bool {
    const MARKS: &[u8] = b"!#$%&'*+-.^_`|~";
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || MARKS.contains(&b))
}

impl Reader {
    /// Reports a header whose name HTTP does not allow.
    pub(super) fn check_header_name(&mut self, name: &Spanned<String>, what: &str) {
        if !is_token(&name.value) {
            let message = format!("{what} `{}` is not a name that HTTP allows for a header", name.value);
            let help = "use letters, digits and dashes";
            self.problems.error(codes::BAD_HEADER_NAME, name.span, message, help);
        }
    }
}
