//! Checks of a single schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::document::{Format, Kind, Property, Schema};
use super::problems::{Finding, Problems, Span, Spanned};
use super::suggest::{Advice, instead_of};
use super::table::Table;
use super::yaml::Value;
use crate::diagnostic::codes;

/// Keys that are allowed only for certain types.
const ALLOWED_FOR: [(&[&str], &[Kind]); 8] = [
    (&["minimum", "maximum"], &[Kind::Integer, Kind::Number]),
    (&["minLength", "maxLength"], &[Kind::String]),
    (&["minItems", "maxItems", "uniqueItems", "items", "x-accept-single"], &[Kind::Array]),
    (&["properties"], &[Kind::Object]),
    (&["additionalProperties"], &[Kind::Object, Kind::Map]),
    (&["enum", "x-enum-name", "x-sensitive"], &[Kind::String]),
    (&["x-header-prefix"], &[Kind::Map]),
    (&["default"], &[Kind::String, Kind::Integer, Kind::Number, Kind::Boolean]),
];

/// Reports contradictions within a schema.
pub(super) fn check(schema: &Schema, table: &Table, problems: &mut Problems) {
    check_enum(schema, table, problems);
    let Some(kind) = schema.kind else { return };
    check_limits(schema, table, problems);
    check_default(schema, kind, table, problems);
    if kind == Kind::Array {
        table.require("items", problems);
    }
    for (keys, kinds) in ALLOWED_FOR {
        for key in keys.iter().filter(|key| table.get(key).is_some() && !kinds.contains(&kind)) {
            let message = format!("`{key}` is not allowed for `type: {}` in {}", kind.word(), table.what);
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("`type: {}`", kind.word())).collect();
            let help = format!("remove it, or change the type: it is allowed for {}", kinds.join(", "));
            problems.error(codes::MISPLACED_KEY, table.key_span(key), message, help);
        }
    }
    if schema.enum_name.is_some() && schema.values.is_none() {
        let message = format!("`x-enum-name` without `enum` in {}", table.what);
        problems.error(codes::MISPLACED_KEY, table.key_span("x-enum-name"), message, "add `enum: […]`, or remove it");
    }
}

/// Reports required names that are not properties.
pub(super) fn check_required(
    properties: &[Property],
    required: &[Spanned<String>],
    table: &Table,
    problems: &mut Problems,
) {
    let names: Vec<&str> = properties.iter().map(|property| property.name.value.as_str()).collect();
    let known: BTreeSet<&str> = names.iter().copied().collect();
    for name in required.iter().filter(|name| !known.contains(name.value.as_str())) {
        let message = format!("`{}` is required, but is not a property of {}", name.value, table.what);
        let help = instead_of(&name.value, &names, "the properties are");
        let help = help.or("add it to `properties`, or remove it from `required`");
        problems.error(codes::REQUIRED_NOT_PROPERTY, name.span, message, help);
    }
}

fn check_enum(schema: &Schema, table: &Table, problems: &mut Problems) {
    let Some(values) = &schema.values else { return };
    let is_empty = matches!(table.get("enum").map(|node| &node.value), Some(Value::List(items)) if items.is_empty());
    if is_empty {
        let message = format!("the `enum` of {} has no values", table.what);
        problems.error(codes::EMPTY_ENUM, values.span, message, "add the values, or remove `enum`");
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for value in &values.value {
        if let Some(first) = seen.get(value.value.as_str()) {
            let message = format!("duplicate value `{}` in the `enum` of {}", value.value, table.what);
            let finding = Finding::error(codes::DUPLICATE_ENUM_VALUE, value.span, message).help("keep one of them");
            problems.report(finding.related(*first, "the first is here"));
        } else {
            seen.insert(&value.value, value.span);
        }
    }
}

/// Reports a default that the schema does not allow.
fn check_default(schema: &Schema, kind: Kind, table: &Table, problems: &mut Problems) {
    let Some(default) = &schema.default else { return };
    let fault = match (&default.value, kind) {
        (_, Kind::Array | Kind::Object | Kind::Map | Kind::File) => None,
        (Value::Text(text), Kind::String) => string_fault(schema, text),
        (Value::Integer(number), Kind::Integer | Kind::Number) => number_fault(schema, kind, *number),
        (Value::Float(_), Kind::Number) | (Value::Bool(_), Kind::Boolean) => None,
        (value, kind) => {
            let help = format!("write a value of `type: {}`", kind.word());
            Some((format!("is {}, but the type is `{}`", value.kind(), kind.word()), help.into()))
        }
    };
    if let Some((fault, help)) = fault {
        let message = format!("`default: {}` of {} {fault}", default.value, table.what);
        problems.error(codes::BAD_DEFAULT, default.span, message, help);
    }
}

/// The rest of the message about a default, and the advice.
type Fault = (String, Advice);

fn out_of_range(relation: &str, key: &str, limit: impl Display) -> Option<Fault> {
    Some((format!("is {relation} than `{key}: {limit}`"), "correct the default or the limit".into()))
}

fn string_fault(schema: &Schema, text: &str) -> Option<Fault> {
    if let Some(values) = &schema.values {
        let known: Vec<&str> = values.value.iter().map(|value| value.value.as_str()).collect();
        if !known.contains(&text) {
            return Some(("is not in the `enum`".to_owned(), instead_of(text, &known, "the values are")));
        }
    }
    let length = text.len() as u64;
    match (&schema.limits.min_length, &schema.limits.max_length) {
        (Some(min), _) if length < min.value => out_of_range("shorter", "minLength", min.value),
        (_, Some(max)) if length > max.value => out_of_range("longer", "maxLength", max.value),
        _ => None,
    }
}

fn number_fault(schema: &Schema, kind: Kind, number: i128) -> Option<Fault> {
    let fits = |number: i128| match (is_int32(schema), is_unsigned(schema)) {
        (true, true) => u32::try_from(number).is_ok(),
        (true, false) => i32::try_from(number).is_ok(),
        (false, true) => u64::try_from(number).is_ok(),
        (false, false) => i64::try_from(number).is_ok(),
    };
    match (&schema.limits.minimum, &schema.limits.maximum) {
        (Some(min), _) if number < min.value.into() => out_of_range("less", "minimum", min.value),
        (_, Some(max)) if number > max.value.into() => out_of_range("greater", "maximum", max.value),
        _ if kind == Kind::Integer && !fits(number) => {
            Some(("does not fit the type".to_owned(), "write a number that fits, or use a wider format".into()))
        }
        _ => None,
    }
}

fn check_limits(schema: &Schema, table: &Table, problems: &mut Problems) {
    let limits = &schema.limits;
    check_order("minimum", &limits.minimum, "maximum", &limits.maximum, table, problems);
    check_order("minLength", &limits.min_length, "maxLength", &limits.max_length, table, problems);
    check_order("minItems", &limits.min_items, "maxItems", &limits.max_items, table, problems);
    if !is_int32(schema) {
        return;
    }
    let fits =
        |value: i64| if is_unsigned(schema) { u32::try_from(value).is_ok() } else { i32::try_from(value).is_ok() };
    for (key, limit) in [("minimum", &limits.minimum), ("maximum", &limits.maximum)] {
        if let Some(limit) = limit.as_ref().filter(|limit| !fits(limit.value)) {
            let message = format!("`{key}: {}` of {} does not fit `format: int32`", limit.value, table.what);
            let finding = Finding::error(codes::IMPOSSIBLE_LIMIT, limit.span, message);
            problems.report(finding.help("write `format: int64`").label("more than 32 bits"));
        }
    }
}

fn is_int32(schema: &Schema) -> bool {
    schema.format.as_ref().is_some_and(|format| format.value == Format::Int32)
}

/// Returns true for an integer that cannot be negative, which has an unsigned type.
fn is_unsigned(schema: &Schema) -> bool {
    schema.limits.minimum.as_ref().is_some_and(|minimum| minimum.value >= 0)
}

fn check_order<N: Ord + Display>(
    min_key: &str,
    min: &Option<Spanned<N>>,
    max_key: &str,
    max: &Option<Spanned<N>>,
    table: &Table,
    problems: &mut Problems,
) {
    let (Some(min), Some(max)) = (min, max) else { return };
    if min.value > max.value {
        let what = &table.what;
        let message = format!("`{min_key}: {}` of {what} is greater than `{max_key}: {}`", min.value, max.value);
        let finding = Finding::error(codes::IMPOSSIBLE_LIMIT, min.span, message);
        problems.report(finding.help("exchange or correct the limits").related(max.span, "the upper limit"));
    }
}
