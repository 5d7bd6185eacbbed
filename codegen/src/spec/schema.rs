//! Schemas.

use std::collections::BTreeSet;

use super::document::{Format, Kind, Limits, Property, Schema, SchemaUse, Target};
use super::node::Value;
use super::problems::{Problems, Span, Spanned};
use super::reader::Reader;
use super::schema_rules;
use super::suggest::instead_of;
use super::table::{Located, Table};
use crate::diagnostic::codes;

/// The keys that describe a value wherever it stands.
const VALUE_KEYS: [&str; 18] = [
    "description",
    "type",
    "format",
    "items",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "x-sensitive",
    "x-enum-name",
    "x-accept-single",
    "additionalProperties",
    "required",
];

/// Where a schema stands, which decides about the keys beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// In a body or a definition.
    Schema,
    /// It is a parameter.
    Parameter,
    /// It is a header of an answer.
    Header,
}

impl Role {
    fn keys(self) -> Vec<&'static str> {
        let more: &[&str] = match self {
            Self::Schema => &["properties", "example"],
            Self::Parameter => &[
                "name",
                "in",
                "collectionFormat",
                "schema",
                "x-idempotent",
                "x-computed",
                "x-encoding",
                "x-header-prefix",
                "x-signed",
            ],
            Self::Header => &["collectionFormat", "x-header-prefix"],
        };
        more.iter().chain(&VALUE_KEYS).copied().collect()
    }
}

impl Reader {
    /// A schema that may be a `$ref`.
    pub(super) fn schema_use(&mut self, at: Located, what: &str) -> SchemaUse {
        let span = at.span();
        if !self.next_part() {
            return SchemaUse { span, description: None, target: Target::Broken };
        }
        if at.get("$ref").is_none() {
            let schema = Table::open(&at, what, &mut self.problems).map(|table| self.schema(&table, Role::Schema));
            let target = schema.map_or(Target::Broken, |schema| Target::Inline(Box::new(schema)));
            return SchemaUse { span, description: None, target };
        }
        match self.follow(at) {
            Some(followed) => {
                let description = followed.description.clone();
                SchemaUse { span, description, target: Target::Named(self.name_schema(followed)) }
            }
            None => SchemaUse { span, description: None, target: Target::Broken },
        }
    }

    /// The schema that a map describes.
    pub(super) fn schema(&mut self, table: &Table, role: Role) -> Schema {
        table.only(&role.keys(), &mut self.problems);
        let kind = self.kind(table);
        let properties = self.properties(table, role);
        let default = table.get("default").map(|at| Spanned::new(at.node.value.clone(), at.span()));
        let _unique = table.flag("uniqueItems", &mut self.problems);
        let schema = Schema {
            span: table.span,
            description: table.text_or_empty("description", &mut self.problems),
            kind,
            format: self.format(table, kind),
            properties,
            items: self.part(table, "items"),
            additional: self.additional(table),
            values: self.values(table),
            default,
            limits: limits(table, &mut self.problems),
            sensitive: table.flag("x-sensitive", &mut self.problems).is_some_and(|flag| flag.value),
            enum_name: table.text("x-enum-name", &mut self.problems),
            accepts_single: self.accepts_single(table),
        };
        schema_rules::check(&schema, table, &mut self.problems);
        schema
    }

    fn kind(&mut self, table: &Table) -> Option<Kind> {
        if table.get("type").is_none() {
            // What a schema without `type` is shows in its other keys.
            for (key, kind) in
                [("properties", Kind::Object), ("items", Kind::Array), ("additionalProperties", Kind::Map)]
            {
                if table.get(key).is_some() {
                    return Some(kind);
                }
            }
            table.require("type", &mut self.problems);
            return None;
        }
        let text = table.text("type", &mut self.problems)?;
        let known = Kind::WORDS.iter().find(|(word, _)| *word == text.value);
        if known.is_none() {
            let words: Vec<&str> = Kind::WORDS.iter().map(|(word, _)| *word).collect();
            let message = format!("unknown type `{}` in {}", text.value, table.what);
            let help = instead_of(&text.value, &words, "the types are");
            self.problems.error(codes::UNKNOWN_TYPE, text.span, message, help);
        }
        known.map(|(_, kind)| *kind)
    }

    fn format(&mut self, table: &Table, kind: Option<Kind>) -> Option<Spanned<Format>> {
        let text = table.text("format", &mut self.problems)?;
        let words = Format::words(kind?);
        if let Some((_, format)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Spanned::new(*format, text.span));
        }
        let kind = kind.map_or("", Kind::word);
        let message = format!("unknown format `{}` for `type: {kind}` in {}", text.value, table.what);
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = if known.is_empty() {
            format!("`type: {kind}` has no formats").into()
        } else {
            instead_of(&text.value, &known, "its formats are")
        };
        self.problems.error(codes::UNKNOWN_FORMAT, text.span, message, help);
        None
    }

    fn properties(&mut self, table: &Table, role: Role) -> Vec<Property> {
        if role != Role::Schema {
            // There `required` is a flag of the parameter or header itself.
            return Vec::new();
        }
        let required = table.texts("required", &mut self.problems).unwrap_or_default();
        let Some(at) = table.get("properties") else {
            schema_rules::check_required(&[], &required, table, &mut self.problems);
            return Vec::new();
        };
        let what = format!("`properties` of {}", table.what);
        let Some(entries) = Table::open(&at, what, &mut self.problems) else { return Vec::new() };
        let required_names: BTreeSet<&str> = required.iter().map(|field| field.value.as_str()).collect();
        let mut properties = Vec::new();
        for (name, value) in entries.entries() {
            let what = format!("property `{}` of {}", name.value, table.what);
            let schema = self.schema_use(value, &what);
            let required = required_names.contains(name.value.as_str());
            properties.push(Property { name, schema, required });
        }
        schema_rules::check_required(&properties, &required, table, &mut self.problems);
        properties
    }

    fn part(&mut self, table: &Table, key: &str) -> Option<Box<SchemaUse>> {
        let at = table.get(key)?;
        Some(Box::new(self.schema_use(at, &format!("`{key}` of {}", table.what))))
    }

    fn additional(&mut self, table: &Table) -> Option<Box<SchemaUse>> {
        let at = table.get("additionalProperties")?;
        // `true` allows anything beside the properties, `false` nothing: neither is news to a decoder, which reads
        // what it knows and skips the rest.
        if matches!(at.node.value, Value::Bool(_)) {
            return None;
        }
        self.part(table, "additionalProperties")
    }

    fn accepts_single(&mut self, table: &Table) -> Option<Span> {
        let flag = table.flag("x-accept-single", &mut self.problems)?;
        flag.value.then_some(flag.span)
    }

    fn values(&mut self, table: &Table) -> Option<Spanned<Vec<Spanned<String>>>> {
        let values = table.texts("enum", &mut self.problems)?;
        Some(Spanned::new(values, table.key_span("enum")))
    }
}

fn limits(table: &Table, problems: &mut Problems) -> Limits {
    Limits {
        minimum: table.integer("minimum", problems),
        maximum: table.integer("maximum", problems),
        min_length: table.size("minLength", problems),
        max_length: table.size("maxLength", problems),
        min_items: table.size("minItems", problems),
        max_items: table.size("maxItems", problems),
    }
}
