//! Responses and their headers.

use super::document::{Header, ParameterIn, Response};
use super::problems::Spanned;
use super::reader::Reader;
use super::schema::Role;
use super::table::{Located, Table};
use crate::diagnostic::codes;

impl Reader {
    pub(super) fn responses(&mut self, operation: &Table) -> Option<Vec<Response>> {
        operation.require("responses", &mut self.problems);
        let at = operation.get("responses")?;
        let what = format!("`responses` of {}", operation.what);
        let table = Table::open(&at, what, &mut self.problems)?;
        let mut responses = Vec::new();
        for (key, at) in table.entries() {
            let what = format!("response `{}` of {}", key.value, operation.what);
            let status = self.status(&key, &what);
            // `default` is described like any other, and then ignored.
            let response = self.response(Spanned::new(status.unwrap_or(0), key.span), at, &what);
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
            let message = format!("{what} has no valid status");
            let help = "a status is a number from 100 to 599, or `default`";
            self.problems.error(codes::BAD_STATUS, key.span, message, help);
        }
        status
    }

    fn response(&mut self, status: Spanned<u16>, at: Located, what: &str) -> Option<Response> {
        let followed = self.next_part().then(|| self.follow(at)).flatten()?;
        let table = Table::open(&followed.at, what, &mut self.problems)?;
        table.only(&["description", "headers", "schema"], &mut self.problems);
        let _ignored = table.text("description", &mut self.problems);
        let schema = table.get("schema").map(|at| self.schema_use(at, &format!("the body of {what}")));
        Some(Response { status, headers: self.headers(&table), schema })
    }

    fn headers(&mut self, response: &Table) -> Vec<Header> {
        let Some(at) = response.get("headers") else { return Vec::new() };
        let what = format!("`headers` of {}", response.what);
        let Some(table) = Table::open(&at, what, &mut self.problems) else { return Vec::new() };
        let mut headers = Vec::new();
        for (name, at) in table.entries() {
            let what = format!("header `{}` of {}", name.value, response.what);
            self.check_header_name(&name, "response header");
            let table = self.next_part().then(|| Table::open(&at, what, &mut self.problems));
            let Some(table) = table.flatten() else { continue };
            let required = table.flag("required", &mut self.problems).is_some_and(|flag| flag.value);
            let hints = self.hints(&table, Some(ParameterIn::Header));
            let schema = self.schema(&table, Role::Header);
            headers.push(Header { name, required, schema, hints });
        }
        headers
    }
}
