//! What enums without `x-enum-name` are called.
//!
//! A parameter's or response header's enum takes the name of the parameter, so that `X-QS-Storage-Class` is one type
//! in all operations; only if that name stands for different values somewhere does the operation go in front.

use std::collections::{BTreeMap, BTreeSet};

use super::types::type_key;
use crate::rust::names::without_vendor_prefix;
use crate::spec::document::{Document, ParameterIn};
use crate::spec::schema::{Schema, SchemaUse, Target};

/// The names that stand for more than one set of values.
#[derive(Debug, Default)]
pub(super) struct EnumNames {
    ambiguous: BTreeSet<String>,
}

/// Without order: which values an enum has, not how they are listed.
pub(super) type Values<'d> = BTreeSet<&'d str>;

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
