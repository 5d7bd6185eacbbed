//! Shapes of values, and the named types that they need.

use std::collections::{BTreeMap, VecDeque};

use super::api::{EnumValue, Shape, TypeDef, TypeKind};
use super::collisions::one_of_each;
use super::enum_uses::EnumUses;
use super::enums::EnumNames;
use super::fields::properties;
use crate::diagnostic::codes;
use crate::rust::names::{pascal_case, snake_case};
use crate::rust::variant_name;
use crate::spec::document::Document;
use crate::spec::problems::{Problems, Span, Spanned};
use crate::spec::schema::{Format, Kind, Schema, SchemaId, SchemaUse, Target};

/// What is the same for two names that would be one type, or one file, in Rust.
pub(super) fn type_key(name: &str) -> String {
    snake_case(&pascal_case(name))
}

/// A type, and where it and its fields are written.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) definition: TypeDef,
    pub(super) span: Span,
    /// In the order of the fields.
    pub(super) field_spans: Vec<Span>,
}

/// The named types that operations need.
#[derive(Debug)]
pub(super) struct Types<'d> {
    document: &'d Document,
    pub(super) enum_names: EnumNames,
    enum_uses: EnumUses<'d>,
    made: BTreeMap<String, Made>,
    /// Structures that have a name and no fields yet.
    pending: VecDeque<(String, &'d Schema)>,
    /// The definitions of arrays, maps and scalars that are being looked into, to notice those that contain
    /// themselves.
    within: Vec<SchemaId>,
}

/// Definitions of arrays may nest this deep.
const DEEPEST: usize = 32;

impl<'d> Types<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self {
            document,
            enum_names: EnumNames::collect(document),
            enum_uses: EnumUses::default(),
            made: BTreeMap::new(),
            pending: VecDeque::new(),
            within: Vec::new(),
        }
    }

    /// The schema that is meant, and its name if it has one.
    pub(super) fn resolve<'u>(&self, place: &'u SchemaUse) -> Option<(&'u Schema, Option<&'d str>)>
    where
        'd: 'u,
    {
        match &place.target {
            Target::Inline(schema) => Some((schema, None)),
            Target::Named(id) => self.document.schemas.get(id).map(|it| (&it.schema, Some(it.name.as_str()))),
            Target::Broken => None,
        }
    }

    /// What a value is. `name` is what a type that is written in place will be called.
    pub(super) fn shape(&mut self, place: &'d SchemaUse, name: &str, problems: &mut Problems) -> Option<Shape> {
        let (schema, definition) = self.resolve(place)?;
        let Target::Named(id) = &place.target else { return self.of_schema(schema, name, problems) };
        let name = definition.unwrap_or(name);
        if is_structure(schema) {
            return self.of_schema(schema, name, problems);
        }
        if self.within.contains(id) || self.within.len() == DEEPEST {
            let message = format!("the definition `{name}` contains itself, or nests too deeply");
            problems.error(
                codes::RECURSIVE_TYPE,
                place.span,
                message,
                "only an object may contain itself, in an array",
            );
            return None;
        }
        self.within.push(*id);
        let shape = self.of_schema(schema, name, problems);
        self.within.pop();
        shape
    }

    /// What a value is that this schema describes.
    pub(super) fn of_schema(&mut self, schema: &'d Schema, name: &str, problems: &mut Problems) -> Option<Shape> {
        match schema.kind? {
            Kind::String => self.of_string(schema, name, problems),
            Kind::Boolean => Some(Shape::Boolean),
            Kind::Integer => Some(integer(schema)),
            Kind::Number => Some(Shape::Number),
            Kind::Array => {
                let item = self.shape(schema.items.as_deref()?, name, problems)?;
                Some(Shape::List(Box::new(item)))
            }
            Kind::Object if is_structure(schema) => self.structure(schema, name, problems),
            Kind::Object | Kind::Map => match schema.additional.as_deref() {
                Some(values) => Some(Shape::Map(Box::new(self.shape(values, name, problems)?))),
                None if schema.kind == Some(Kind::Map) => Some(Shape::Map(Box::new(Shape::String))),
                None => Some(Shape::Json),
            },
            Kind::File => {
                let help = "`type: file` is for `in: formData` only; write `type: string` and `format: binary`";
                problems.error(codes::UNKNOWN_TYPE, schema.span, "`type: file` has no meaning here", help);
                None
            }
        }
    }

    fn of_string(&mut self, schema: &'d Schema, name: &str, problems: &mut Problems) -> Option<Shape> {
        if schema.values.as_ref().is_some_and(|values| !values.value.is_empty()) {
            return self.enumeration(schema, name, problems);
        }
        Some(match schema.format.as_ref().map(|format| format.value) {
            Some(Format::DateTime) => Shape::DateTime,
            Some(Format::DateTimeRfc822) => Shape::HttpDate,
            Some(Format::Binary) => {
                let message = "`format: binary` is for whole bodies only";
                let help = "write `format: byte` for bytes in base64, or remove the format";
                problems.error(codes::UNSUPPORTED, schema.span, message, help);
                return None;
            }
            _ => Shape::String,
        })
    }

    fn enumeration(&mut self, schema: &'d Schema, name: &str, problems: &mut Problems) -> Option<Shape> {
        let name = schema.enum_name.as_ref().map_or(name, |name| name.value.as_str());
        let values = schema.values.as_ref()?;
        let written: Vec<EnumValue> = values
            .value
            .iter()
            .map(|value| EnumValue { value: value.value.clone(), origin: value.span.into() })
            .collect();
        if let Some(known) = self.made.get(&type_key(name)) {
            let TypeKind::Enum(_) = &known.definition.kind else {
                self.clash(name, schema.span, known.span, problems);
                return None;
            };
            let name = known.definition.name.clone();
            self.enum_uses.note(&name, schema);
            return Some(Shape::Enum(name));
        }
        let variants = values.value.iter().map(|value| Spanned { value: value.value.as_str(), span: value.span });
        let owners = format!("the values of the enum `{name}`,");
        let mut distinct = std::collections::BTreeSet::new();
        let variants = variants.filter(|variant| distinct.insert(variant.value));
        one_of_each(&owners, variants, variant_name, problems);
        self.enum_uses.note(name, schema);
        self.make(schema, name, TypeKind::Enum(written));
        Some(Shape::Enum(name.to_owned()))
    }

    fn structure(&mut self, schema: &'d Schema, name: &str, problems: &mut Problems) -> Option<Shape> {
        match self.made.get(&type_key(name)) {
            Some(known) if known.span == schema.span => Some(Shape::Struct(known.definition.name.clone())),
            Some(known) => {
                self.clash(name, schema.span, known.span, problems);
                None
            }
            None => {
                self.make(schema, name, TypeKind::Struct(Vec::new()));
                self.pending.push_back((name.to_owned(), schema));
                Some(Shape::Struct(name.to_owned()))
            }
        }
    }

    fn make(&mut self, schema: &Schema, name: &str, kind: TypeKind) {
        let source = self.document.file_names.get(&schema.span.file).cloned().unwrap_or_default();
        let description = schema.description.clone();
        let definition = TypeDef { name: name.to_owned(), origin: schema.span.into(), source, description, kind };
        self.made.insert(type_key(name), Made { definition, span: schema.span, field_spans: Vec::new() });
    }

    fn clash(&self, name: &str, span: Span, other: Span, problems: &mut Problems) {
        let rust_name = pascal_case(name);
        let message = format!("the type `{name}` would be `{rust_name}` in Rust, like another type");
        let help = "rename one of the definitions; a type written in place gets a name of its own by moving it to \
                    `definitions`, an enum by `x-enum-name`";
        problems.contradiction(codes::NAME_COLLISION, span, other, message, help);
    }

    /// Gives every structure its fields. The types are sorted by name.
    pub(super) fn finish(mut self, problems: &mut Problems) -> Vec<Made> {
        while let Some((name, schema)) = self.pending.pop_front() {
            let owner = format!("the properties of `{name}`,");
            let (fields, field_spans) = properties(&schema.properties, &name, &mut self, problems).into_iter().unzip();
            let names = schema.properties.iter();
            let names = names.map(|it| Spanned { value: it.name.value.as_str(), span: it.name.span });
            one_of_each(&owner, names, snake_case, problems);
            if let Some(made) = self.made.get_mut(&type_key(&name)) {
                made.definition.kind = TypeKind::Struct(fields);
                made.field_spans = field_spans;
            }
        }
        self.enum_uses.check(problems);
        let mut made: Vec<Made> = self.made.into_values().collect();
        made.sort_by(|one, other| one.definition.name.cmp(&other.definition.name));
        made
    }
}

/// Whether this is an object whose properties are known.
pub(super) fn is_structure(schema: &Schema) -> bool {
    schema.kind == Some(Kind::Object) && !schema.properties.is_empty()
}

fn integer(schema: &Schema) -> Shape {
    let minimum = schema.limits.minimum.as_ref().map(|limit| limit.value);
    let maximum = schema.limits.maximum.as_ref().map(|limit| limit.value);
    let signed = minimum.is_none_or(|minimum| minimum < 0);
    let fits = |value: i64| if signed { i32::try_from(value).is_ok() } else { u32::try_from(value).is_ok() };
    let narrow = match schema.format.as_ref().map(|format| format.value) {
        Some(Format::Int32) => true,
        Some(_) => false,
        None => minimum.is_some_and(fits) && maximum.is_some_and(fits),
    };
    Shape::Integer { bits: if narrow { 32 } else { 64 }, signed }
}
