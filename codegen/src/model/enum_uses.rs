//! Enums of one name with different values.

use std::collections::BTreeMap;

use super::enums::Values;
use crate::diagnostic::codes;
use crate::spec::problems::{Problems, Span};
use crate::spec::schema::Schema;

/// Every place where an enum is written, by what it is called.
#[derive(Debug, Default)]
pub(super) struct EnumUses<'d>(BTreeMap<String, Vec<EnumUse<'d>>>);

#[derive(Debug)]
struct EnumUse<'d> {
    schema: &'d Schema,
    values: Values<'d>,
    /// What is wrong if the values are: the name, or else the values themselves.
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
