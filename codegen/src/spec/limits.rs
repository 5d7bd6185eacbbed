//! `minimum`, `maxLength` and their like.

use super::problems::{Finding, Problems, Spanned};
use super::schema::{Format, Kind};
use super::table::Table;
use crate::diagnostic::codes;

/// The bounds of a value.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "they are called as in the specification")]
pub struct Limits {
    pub minimum: Option<Spanned<i64>>,
    pub maximum: Option<Spanned<i64>>,
    pub min_length: Option<Spanned<u64>>,
    pub max_length: Option<Spanned<u64>>,
    pub min_items: Option<Spanned<u64>>,
    pub max_items: Option<Spanned<u64>>,
}

impl Limits {
    pub(super) fn read(table: &Table, problems: &mut Problems) -> Self {
        Self {
            minimum: table.integer("minimum", problems),
            maximum: table.integer("maximum", problems),
            min_length: table.size("minLength", problems),
            max_length: table.size("maxLength", problems),
            min_items: table.size("minItems", problems),
            max_items: table.size("maxItems", problems),
        }
    }

    pub(super) fn check(&self, kind: Kind, format: Option<Format>, table: &Table, problems: &mut Problems) {
        crossed("minimum", &self.minimum, "maximum", &self.maximum, table, problems);
        crossed("minLength", &self.min_length, "maxLength", &self.max_length, table, problems);
        crossed("minItems", &self.min_items, "maxItems", &self.max_items, table, problems);
        let owners: [(&[&str], &[Kind]); 3] = [
            (&["minimum", "maximum"], &[Kind::Integer, Kind::Number]),
            (&["minLength", "maxLength"], &[Kind::String]),
            (&["minItems", "maxItems", "uniqueItems"], &[Kind::Array]),
        ];
        for (keys, kinds) in owners {
            for key in keys.iter().filter(|key| table.get(key).is_some() && !kinds.contains(&kind)) {
                let message = format!("`{key}` means nothing for `type: {}` in {}", kind.word(), table.what);
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("`type: {}`", kind.word())).collect();
                let help = format!("it limits {}; remove it, or correct the type", kinds.join(" and "));
                problems.error(codes::MISPLACED_KEY, table.key_span(key), message, help);
            }
        }
        if format == Some(Format::Int32) {
            self.check_int32(table, problems);
        }
    }

    fn check_int32(&self, table: &Table, problems: &mut Problems) {
        let unsigned = self.minimum.as_ref().is_some_and(|minimum| minimum.value >= 0);
        let fits = |value: i64| if unsigned { u32::try_from(value).is_ok() } else { i32::try_from(value).is_ok() };
        for (key, limit) in [("minimum", &self.minimum), ("maximum", &self.maximum)] {
            if let Some(limit) = limit.as_ref().filter(|limit| !fits(limit.value)) {
                let message = format!("`{key}: {}` of {} does not fit `format: int32`", limit.value, table.what);
                let finding = Finding::error(codes::IMPOSSIBLE_LIMIT, limit.span, message);
                problems.report(finding.help("write `format: int64`").label("more than 32 bits"));
            }
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
