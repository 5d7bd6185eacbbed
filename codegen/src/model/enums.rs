//! Names and values of enum types. The names of their variants are in `naming.rs`.
//!
//! An enum without `x-enum-name` in a parameter or response header is named after that, so that `X-QS-Storage-Class` is one
//! type in all operations. Only if the name stands for different values somewhere is it prefixed with the operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::codes;
use crate::naming::{type_key, without_vendor_prefix};
use crate::spec::document::{Document, ParameterIn, Schema, SchemaUse, Target};
use crate::spec::problems::{Problems, Span};

/// The names that stand for more than one set of values.
#[derive(Debug, Default)]
pub(super) struct EnumNames {
    ambiguous: BTreeSet<String>,
}

/// Without order: which values an enum has, not how they are listed.
type Values<'d> = BTreeSet<&'d str>;

impl EnumNames {
    pub(super) fn collect(document: &Document) -> Self {
        let mut meanings: BTreeMap<String, BTreeSet<Option<Values<'_>>>> = BTreeMap::new();
        for named in document.schemas.values() {
            // A definition has its name first, whether it is an enum or not.
            meanings.entry(type_key(&named.name)).or_default().insert(values(&named.schema));
        }
        for item in &document.paths {
            let own = item.operations.iter().flat_map(|operation| &operation.parameters);
            for parameter in item.parameters.iter().chain(own) {
                if matches!(parameter.place, ParameterIn::Query | ParameterIn::Header | ParameterIn::FormData) {
                    note(&mut meanings, &parameter.name.value, enum_of(document, &parameter.schema));
                }
            }
            let responses = item.operations.iter().filter_map(|operation| operation.responses.as_ref());
            let responses = responses.flat_map(|responses| &responses.value);
            for header in responses.filter(|response| response.status.value < 400).flat_map(|it| &it.headers) {
                note(&mut meanings, &header.name.value, values_of(document, &header.schema));
            }
        }
        let ambiguous = meanings.into_iter().filter(|(_, meanings)| meanings.len() > 1).map(|(name, _)| name);
        Self { ambiguous: ambiguous.collect() }
    }

    /// The name of the enum that `field`, a parameter or header of `operation`, would have.
    pub(super) fn of(&self, operation: &str, field: &str) -> String {
        let name = without_vendor_prefix(field);
        if self.ambiguous.contains(&type_key(name)) { format!("{operation}_{name}") } else { name.to_owned() }
    }
}

fn note<'d>(meanings: &mut BTreeMap<String, BTreeSet<Option<Values<'d>>>>, name: &str, values: Option<Values<'d>>) {
    if values.is_some() {
        meanings.entry(type_key(without_vendor_prefix(name))).or_default().insert(values);
    }
}

/// The values of an enum that takes its parameter's name: written in place, and not named by `x-enum-name`.
fn enum_of<'d>(document: &'d Document, place: &'d SchemaUse) -> Option<Values<'d>> {
    match &place.target {
        Target::Inline(schema) => values_of(document, schema),
        Target::Named(_) | Target::Broken => None,
    }
}

fn values_of<'d>(document: &'d Document, schema: &'d Schema) -> Option<Values<'d>> {
    match &schema.items {
        Some(items) => enum_of(document, items),
        None if schema.enum_name.is_some() => None,
        None => values(schema),
    }
}

fn values(schema: &Schema) -> Option<Values<'_>> {
    let values = schema.values.as_ref()?;
    Some(values.value.iter().map(|value| value.value.as_str()).collect())
}

/// All places where enums are written, by the name of the enum.
#[derive(Debug, Default)]
pub(super) struct EnumUses<'d>(BTreeMap<String, Vec<EnumUse<'d>>>);

#[derive(Debug)]
struct EnumUse<'d> {
    schema: &'d Schema,
    values: Values<'d>,
    /// Place of a mismatch: `x-enum-name`, or else the values.
    span: Span,
}

impl<'d> EnumUses<'d> {
    /// Notes a place; one that several operations share counts once.
    pub(super) fn note(&mut self, name: &str, schema: &'d Schema) {
        let Some(values) = &schema.values else { return };
        let uses = self.0.entry(name.to_owned()).or_default();
        if !uses.iter().any(|known| known.schema.span == schema.span) {
            let span = schema.enum_name.as_ref().map_or(values.span, |name| name.span);
            let values = values.value.iter().map(|value| value.value.as_str()).collect();
            uses.push(EnumUse { schema, values, span });
        }
    }

    /// Reports those that are not as most of their name are; of two that are as frequent, the later one.
    pub(super) fn check(self, problems: &mut Problems) {
        for (name, uses) in self.0 {
            let count = |it: &EnumUse<'_>| uses.iter().filter(|other| other.values == it.values).count();
            // `max_by_key` takes the last of several, so the first is the last from behind.
            let Some(usual) = uses.iter().rev().max_by_key(|it| count(it)) else { continue };
            for odd in uses.iter().filter(|it| it.values != usual.values) {
                let message =
                    format!("the enum `{name}` has the values {} here, and {} elsewhere", listed(odd), listed(usual));
                let help = "give both the same values, or one of them another `x-enum-name`";
                problems.contradiction(codes::ENUM_MISMATCH, odd.span, usual.schema.span, message, help);
            }
        }
    }
}

/// The values in the order in which they are written.
fn listed(it: &EnumUse<'_>) -> String {
    let values = it.schema.values.iter().flat_map(|values| &values.value);
    values.map(|value| value.value.as_str()).collect::<Vec<_>>().join(", ")
}
