//! Rules that hold within one schema.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Format, Kind, Limits, Property, Schema};
use super::node::Value;
use super::problems::{Finding, Problems, Span, Spanned};
use super::suggest::{Advice, instead_of};
use super::table::Table;
use crate::diagnostic::codes;

/// Keys that have a meaning only for certain types, and their relation to the type.
const ONLY_FOR: [(&[&str], &str, &[Kind]); 9] = [
    (&["minimum", "maximum"], "limits", &[Kind::Integer, Kind::Number]),
    (&["minLength", "maxLength"], "limits", &[Kind::String]),
    (&["minItems", "maxItems", "uniqueItems"], "limits", &[Kind::Array]),
    (&["items", "x-accept-single"], "belongs to", &[Kind::Array]),
    (&["properties"], "belongs to", &[Kind::Object]),
    (&["additionalProperties"], "belongs to", &[Kind::Object, Kind::Map]),
    (&["enum", "x-enum-name", "x-sensitive"], "belongs to", &[Kind::String]),
    (&["x-header-prefix"], "belongs to", &[Kind::Map]),
    (&["default"], "belongs to", &[Kind::String, Kind::Integer, Kind::Number, Kind::Boolean]),
];

/// Checks what can be said without looking elsewhere.
pub(super) fn check(schema: &Schema, table: &Table, problems: &mut Problems) {
    check_values(schema, table, problems);
    let Some(kind) = schema.kind else { return };
    let format = schema.format.as_ref().map(|format| format.value);
    check_limits(&schema.limits, format, table, problems);
    check_default(schema, kind, table, problems);
    if kind == Kind::Array {
        table.require("items", problems);
    }
    for (keys, verb, kinds) in ONLY_FOR {
        for key in keys.iter().filter(|key| table.get(key).is_some() && !kinds.contains(&kind)) {
            let message = format!("`{key}` means nothing for `type: {}` in {}", kind.word(), table.what);
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("`type: {}`", kind.word())).collect();
            let help = format!("it {verb} {}; remove it, or correct the type", kinds.join(" and "));
            problems.error(codes::MISPLACED_KEY, table.key_span(key), message, help);
        }
    }
    if schema.enum_name.is_some() && schema.values.is_none() {
        let message = format!("`x-enum-name` of {} names an enum, but there is no `enum`", table.what);
        problems.error(codes::MISPLACED_KEY, table.key_span("x-enum-name"), message, "add `enum: […]`, or remove it");
    }
}

/// Every required field has to be a property, once.
pub(super) fn check_required(
    properties: &[Property],
    required: &[Spanned<String>],
    table: &Table,
    problems: &mut Problems,
) {
    let names: Vec<&str> = properties.iter().map(|property| property.name.value.as_str()).collect();
    let known: BTreeSet<&str> = names.iter().copied().collect();
    for field in required.iter().filter(|field| !known.contains(field.value.as_str())) {
        let message = format!("the required field `{}` is not a property of {}", field.value, table.what);
        let help = instead_of(&field.value, &names, "the properties are");
        let help = help.or("add it to `properties`, or remove it from `required`");
        problems.error(codes::REQUIRED_NOT_PROPERTY, field.span, message, help);
    }
}

fn check_values(schema: &Schema, table: &Table, problems: &mut Problems) {
    let Some(values) = &schema.values else { return };
    let written = table.get("enum").is_some_and(|at| matches!(&at.node.value, Value::List(items) if !items.is_empty()));
    if !written {
        let message = format!("the `enum` of {} has no values", table.what);
        problems.error(codes::EMPTY_ENUM, values.span, message, "list its values, or remove it");
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for value in &values.value {
        if let Some(first) = seen.get(value.value.as_str()) {
            let message = format!("the value `{}` stands twice in the `enum` of {}", value.value, table.what);
            let finding = Finding::error(codes::DUPLICATE_ENUM_VALUE, value.span, message).help("keep one of them");
            problems.report(finding.related(*first, "the first is here"));
        } else {
            seen.insert(&value.value, value.span);
        }
    }
}

/// A default has to be a value that the field may have.
fn check_default(schema: &Schema, kind: Kind, table: &Table, problems: &mut Problems) {
    let Some(default) = &schema.default else { return };
    let fault = match (&default.value, kind) {
        (_, Kind::Array | Kind::Object | Kind::Map | Kind::File) => None,
        (Value::Text(text), Kind::String) => fault_of_text(schema, text),
        (Value::Integer(number), Kind::Integer | Kind::Number) => fault_of_number(schema, *number),
        (Value::Float(_), Kind::Number) | (Value::Bool(_), Kind::Boolean) => None,
        (value, kind) => Some((
            format!("is {}, but its type is `{}`", value.kind(), kind.word()),
            format!("write a value of `type: {}`", kind.word()).into(),
        )),
    };
    if let Some((fault, help)) = fault {
        let message = format!("`default: {}` of {} {fault}", default.value, table.what);
        problems.error(codes::BAD_DEFAULT, default.span, message, help);
    }
}

/// What is wrong with a default, and what would be right.
type Fault = (String, Advice);

fn beyond(limit: impl std::fmt::Display) -> Option<Fault> {
    Some((format!("is beyond its `{limit}`"), "correct the default or the limit".into()))
}

fn fault_of_text(schema: &Schema, text: &str) -> Option<Fault> {
    if let Some(values) = &schema.values {
        let known: Vec<&str> = values.value.iter().map(|value| value.value.as_str()).collect();
        if !known.contains(&text) {
            return Some(("is not a value of its `enum`".to_owned(), instead_of(text, &known, "its values are")));
        }
    }
    let length = text.len() as u64;
    match (&schema.limits.min_length, &schema.limits.max_length) {
        (Some(least), _) if length < least.value => beyond(format_args!("minLength: {}", least.value)),
        (_, Some(most)) if length > most.value => beyond(format_args!("maxLength: {}", most.value)),
        _ => None,
    }
}

fn fault_of_number(schema: &Schema, number: i128) -> Option<Fault> {
    let narrow = schema.format.as_ref().is_some_and(|format| format.value == Format::Int32);
    let most_bits = if narrow { i128::from(u32::MAX) } else { i128::from(i64::MAX) };
    match (&schema.limits.minimum, &schema.limits.maximum) {
        (Some(least), _) if number < least.value.into() => beyond(format_args!("minimum: {}", least.value)),
        (_, Some(most)) if number > most.value.into() => beyond(format_args!("maximum: {}", most.value)),
        _ if number > most_bits || number < -most_bits => {
            Some(("does not fit its type".to_owned(), "write a smaller number".into()))
        }
        _ => None,
    }
}

fn check_limits(limits: &Limits, format: Option<Format>, table: &Table, problems: &mut Problems) {
    crossed("minimum", &limits.minimum, "maximum", &limits.maximum, table, problems);
    crossed("minLength", &limits.min_length, "maxLength", &limits.max_length, table, problems);
    crossed("minItems", &limits.min_items, "maxItems", &limits.max_items, table, problems);
    if format == Some(Format::Int32) {
        check_int32(limits, table, problems);
    }
}

fn check_int32(limits: &Limits, table: &Table, problems: &mut Problems) {
    let unsigned = limits.minimum.as_ref().is_some_and(|minimum| minimum.value >= 0);
    let fits = |value: i64| if unsigned { u32::try_from(value).is_ok() } else { i32::try_from(value).is_ok() };
    for (key, limit) in [("minimum", &limits.minimum), ("maximum", &limits.maximum)] {
        if let Some(limit) = limit.as_ref().filter(|limit| !fits(limit.value)) {
            let message = format!("`{key}: {}` of {} does not fit `format: int32`", limit.value, table.what);
            let finding = Finding::error(codes::IMPOSSIBLE_LIMIT, limit.span, message);
            problems.report(finding.help("write `format: int64`").label("more than 32 bits"));
        }
    }
}

fn crossed<N: Ord + std::fmt::Display>(
    low_key: &str,
    low: &Option<Spanned<N>>,
    high_key: &str,
    high: &Option<Spanned<N>>,
    table: &Table,
    problems: &mut Problems,
) {
    let (Some(low), Some(high)) = (low, high) else { return };
    if low.value > high.value {
        let (low_value, high_value) = (&low.value, &high.value);
        let message =
            format!("`{low_key}: {low_value}` of {} is greater than its `{high_key}: {high_value}`", table.what);
        let help = "exchange them, or correct one of them";
        let finding = Finding::error(codes::IMPOSSIBLE_LIMIT, low.span, message).help(help);
        problems.report(finding.related(high.span, "the upper limit"));
    }
}
