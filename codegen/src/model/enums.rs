//! Names of enum types, and a check that enums with one name have the same values.
//!
//! An enum in a parameter or response header is named by `x-enum-name`, or else after the parameter or header. So
//! `X-QS-Storage-Class` is one type in all operations. If enums with different values would have the same name, each
//! name begins with the operation instead: `ListObjects_kind`.

use std::collections::{BTreeMap, BTreeSet};

use super::outputs::successful;
use crate::diagnostic::codes;
use crate::naming::{type_key, without_vendor_prefix};
use crate::spec::document::{Document, ParameterIn, Schema, SchemaUse, Target};
use crate::spec::problems::Problems;

/// Names that would belong to enums with different values.
#[derive(Debug, Default)]
pub(super) struct EnumNames {
    ambiguous: BTreeSet<String>,
}

/// Values of an enum. Their order in the specification does not matter.
type Values<'d> = BTreeSet<&'d str>;

impl EnumNames {
    pub(super) fn collect(document: &Document) -> Self {
        let mut meanings: BTreeMap<String, BTreeSet<Option<Values<'_>>>> = BTreeMap::new();
        for named in document.schemas.values() {
            // The name of a definition is taken, even if the definition is not an enum.
            meanings.entry(type_key(&named.name)).or_default().insert(values(&named.schema));
        }
        for item in &document.paths {
            let own = item.operations.iter().flat_map(|operation| &operation.parameters);
            for parameter in item.parameters.iter().chain(own) {
                if matches!(parameter.place, ParameterIn::Query | ParameterIn::Header | ParameterIn::FormData) {
                    add(&mut meanings, &parameter.name.value, inline_values(document, &parameter.schema));
                }
            }
            for header in item.operations.iter().flat_map(successful).flat_map(|response| &response.headers) {
                add(&mut meanings, &header.name.value, values_of(document, &header.schema));
            }
        }
        let ambiguous = meanings.into_iter().filter(|(_, meanings)| meanings.len() > 1).map(|(name, _)| name);
        Self { ambiguous: ambiguous.collect() }
    }

    /// Returns the name of an inline enum in a parameter or header of an operation.
    pub(super) fn of(&self, operation: &str, field: &str) -> String {
        let name = without_vendor_prefix(field);
        if self.ambiguous.contains(&type_key(name)) { format!("{operation}_{name}") } else { name.to_owned() }
    }
}

fn add<'d>(meanings: &mut BTreeMap<String, BTreeSet<Option<Values<'d>>>>, name: &str, values: Option<Values<'d>>) {
    if values.is_some() {
        meanings.entry(type_key(without_vendor_prefix(name))).or_default().insert(values);
    }
}

/// Returns the values of an inline enum without `x-enum-name`.
fn inline_values<'d>(document: &'d Document, place: &'d SchemaUse) -> Option<Values<'d>> {
    match &place.target {
        Target::Inline(schema) => values_of(document, schema),
        Target::Named(_) | Target::Broken => None,
    }
}

fn values_of<'d>(document: &'d Document, schema: &'d Schema) -> Option<Values<'d>> {
    match &schema.items {
        Some(items) => inline_values(document, items),
        None if schema.enum_name.is_some() => None,
        None => values(schema),
    }
}

fn values(schema: &Schema) -> Option<Values<'_>> {
    let values = schema.values.as_ref()?;
    Some(values.value.iter().map(|value| value.value.as_str()).collect())
}

/// All schemas of enums, by the name of the enum.
#[derive(Debug, Default)]
pub(super) struct EnumUses<'d>(BTreeMap<String, Vec<&'d Schema>>);

impl<'d> EnumUses<'d> {
    /// Adds a schema. A schema that several operations share is added once.
    pub(super) fn add(&mut self, name: &str, schema: &'d Schema) {
        let uses = self.0.entry(name.to_owned()).or_default();
        if !uses.iter().any(|known| known.span == schema.span) {
            uses.push(schema);
        }
    }

    /// Reports schemas with other values than most schemas of the same name. If two sets of values are equally
    /// frequent, the first one is taken as correct.
    pub(super) fn check(self, problems: &mut Problems) {
        for (name, uses) in self.0 {
            let count = |it: &Schema| uses.iter().filter(|other| values(other) == values(it)).count();
            // `max_by_key` returns the last maximum. The order is reversed, so that this is the first one of `uses`.
            let Some(usual) = uses.iter().rev().max_by_key(|it| count(it)) else { continue };
            for odd in uses.iter().filter(|it| values(it) != values(usual)) {
                let message =
                    format!("the enum `{name}` has the values {} here, and {} elsewhere", listed(odd), listed(usual));
                let help = "give both the same values, or one of them another `x-enum-name`";
                let of_name = odd.enum_name.as_ref().map(|name| name.span);
                let span = of_name.or(odd.values.as_ref().map(|values| values.span)).unwrap_or(odd.span);
                problems.contradiction(codes::ENUM_MISMATCH, span, usual.span, message, help);
            }
        }
    }
}

/// Returns the values in the order of the specification.
fn listed(schema: &Schema) -> String {
    let values = schema.values.iter().flat_map(|values| &values.value);
    values.map(|value| value.value.as_str()).collect::<Vec<_>>().join(", ")
}
