//! Reads schemas.

use std::collections::BTreeSet;

use super::document::{Format, Kind, Limits, Property, Schema, SchemaUse, Target};
use super::problems::{Problems, Spanned};
use super::reader::Reader;
use super::schema_rules;
use super::suggest::instead_of;
use super::table::Table;
use super::yaml::{Node, Value};
use crate::diagnostic::codes;

/// The keys that every schema can have.
const COMMON_KEYS: [&str; 18] = [
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

/// The element that a schema describes. It determines which keys are allowed in addition to [`COMMON_KEYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A definition, or a part of a body.
    Schema,
    /// A parameter.
    Parameter,
    /// A header of a response.
    Header,
}

impl Role {
    fn keys(self) -> Vec<&'static str> {
        let keys: &[&str] = match self {
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
        [keys, &COMMON_KEYS].concat()
    }
}

impl Reader {
    /// Reads a schema, or the `$ref` to one.
    pub(super) fn schema_use(&mut self, node: &Node, what: &str) -> SchemaUse {
        let (mut description, mut target) = (None, Target::Broken);
        if !self.count_part() {
            // `count_part` has reported that there are too many parts.
        } else if node.get("$ref").is_none() {
            if let Some(table) = Table::open(node, what, &mut self.problems) {
                target = Target::Inline(Box::new(self.schema(&table, Role::Schema)));
            }
        } else if let Some(followed) = self.follow(node) {
            description = followed.description.clone();
            target = Target::Named(self.queue_schema(followed));
        }
        SchemaUse { span: node.span, description, target }
    }

    pub(super) fn schema(&mut self, table: &Table, role: Role) -> Schema {
        table.allow_only(&role.keys(), &mut self.problems);
        let kind = self.kind(table);
        let properties = self.properties(table, role);
        let _ignored = table.flag("uniqueItems", &mut self.problems);
        let values = table.texts("enum", &mut self.problems);
        // Generated structures ignore unknown properties in any case, so `true` and `false` have no effect.
        let has_additional = table.get("additionalProperties").is_some_and(|it| !matches!(it.value, Value::Bool(_)));
        let schema = Schema {
            span: table.span,
            description: table.text_or_empty("description", &mut self.problems),
            kind,
            format: self.format(table, kind),
            properties,
            items: self.part(table, "items"),
            additional: if has_additional { self.part(table, "additionalProperties") } else { None },
            values: values.map(|values| Spanned::new(values, table.key_span("enum"))),
            default: table.get("default").map(|node| Spanned::new(node.value.clone(), node.span)),
            limits: limits(table, &mut self.problems),
            sensitive: table.is_set("x-sensitive", &mut self.problems),
            enum_name: table.text("x-enum-name", &mut self.problems),
            accepts_single: table.flag("x-accept-single", &mut self.problems).filter(|it| it.value).map(|it| it.span),
        };
        schema_rules::check(&schema, table, &mut self.problems);
        schema
    }

    fn kind(&mut self, table: &Table) -> Option<Kind> {
        if table.get("type").is_none() {
            let keys = [("properties", Kind::Object), ("items", Kind::Array), ("additionalProperties", Kind::Map)];
            let implied = keys.into_iter().find(|(key, _)| table.get(key).is_some()).map(|(_, kind)| kind);
            // A parameter with `schema` is reported by `parameter_schema`.
            if implied.is_none() && table.get("schema").is_none() {
                table.require("type", &mut self.problems);
            }
            return implied;
        }
        let text = table.text("type", &mut self.problems)?;
        let known = Kind::WORDS.iter().find(|(word, _)| *word == text.value);
        if known.is_none() {
            let words: Vec<&str> = Kind::WORDS.iter().map(|(word, _)| *word).collect();
            let message = format!("unknown type `{}` in {}", text.value, table.what);
            let help = instead_of(&text.value, &words, "the known types are");
            self.problems.error(codes::UNKNOWN_TYPE, text.span, message, help);
        }
        known.map(|(_, kind)| *kind)
    }

    fn format(&mut self, table: &Table, kind: Option<Kind>) -> Option<Spanned<Format>> {
        let text = table.text("format", &mut self.problems)?;
        let kind = kind?;
        let formats = Format::words(kind);
        if let Some((_, format)) = formats.iter().find(|(word, _)| *word == text.value) {
            return Some(Spanned::new(*format, text.span));
        }
        let kind = kind.word();
        let message = format!("unknown format `{}` for `type: {kind}` in {}", text.value, table.what);
        let known: Vec<&str> = formats.iter().map(|(word, _)| *word).collect();
        let help = instead_of(&text.value, &known, "the known formats are");
        let help = help.or(&format!("remove it, because `type: {kind}` has no formats"));
        self.problems.error(codes::UNKNOWN_FORMAT, text.span, message, help);
        None
    }

    fn properties(&mut self, table: &Table, role: Role) -> Vec<Property> {
        if role != Role::Schema {
            // In a parameter or header, `required` is a boolean, and `properties` is an unknown key.
            return Vec::new();
        }
        let required = match table.get("required").map(|node| &node.value) {
            Some(Value::Bool(_)) => {
                let message = format!("`required` of {} is a boolean, which only parameters have", table.what);
                let help = "remove it; `required` of the object around the property is a list of names, such as \
                            `required: [key]`";
                self.problems.error(codes::MISPLACED_KEY, table.key_span("required"), message, help);
                Vec::new()
            }
            _ => table.texts("required", &mut self.problems).unwrap_or_default(),
        };
        let entries = table.table("properties", &mut self.problems);
        if entries.is_none() && table.get("properties").is_some() {
            return Vec::new();
        }
        let required_names: BTreeSet<&str> = required.iter().map(|name| name.value.as_str()).collect();
        let mut properties = Vec::new();
        for (name, node) in entries.iter().flat_map(Table::entries) {
            let schema = self.schema_use(node, &format!("property `{}` of {}", name.value, table.what));
            let required = required_names.contains(name.value.as_str());
            properties.push(Property { name, schema, required });
        }
        schema_rules::check_required(&properties, &required, table, &mut self.problems);
        properties
    }

    fn part(&mut self, table: &Table, key: &str) -> Option<Box<SchemaUse>> {
        let node = table.get(key)?;
        Some(Box::new(self.schema_use(node, &format!("`{key}` of {}", table.what))))
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
