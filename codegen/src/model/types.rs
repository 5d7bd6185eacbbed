//! Shapes of values, and the named types that they refer to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::api::{EnumValue, Field, Limits, Location, Shape, Treatment, TypeDef, TypeKind};
use super::collisions::report_collisions;
use super::enums::{EnumNames, EnumUses};
use crate::diagnostic::codes;
use crate::naming::{snake_case, type_key, type_name, variant_name};
use crate::spec::document::{self, Document, Format, Kind, Property, Schema, SchemaId, SchemaUse, Target};
use crate::spec::problems::{Problems, Span, Spanned};

/// Collects the named types that operations use.
#[derive(Debug)]
pub(super) struct Types<'d, 'p> {
    document: &'d Document,
    pub(super) problems: &'p mut Problems,
    pub(super) enum_names: EnumNames,
    enum_uses: EnumUses<'d>,
    /// Types by [`type_key`].
    types: BTreeMap<String, TypeDef>,
    /// Structures whose fields are not built yet.
    pending: VecDeque<(String, &'d Schema)>,
    /// Definitions of arrays, maps and scalars around the current schema, to detect those that contain themselves.
    within: Vec<SchemaId>,
}

/// Maximum nesting of definitions of arrays and maps.
const MAX_DEPTH: usize = 32;

impl<'d, 'p> Types<'d, 'p> {
    pub(super) fn new(document: &'d Document, problems: &'p mut Problems) -> Self {
        Self {
            document,
            problems,
            enum_names: EnumNames::collect(document),
            enum_uses: EnumUses::default(),
            types: BTreeMap::new(),
            pending: VecDeque::new(),
            within: Vec::new(),
        }
    }

    /// Returns the schema, and its name if it is a definition.
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

    /// Returns the shape of a value. `name` is the name of an inline type.
    pub(super) fn shape(&mut self, place: &'d SchemaUse, name: &str) -> Option<Shape> {
        let (schema, definition) = self.resolve(place)?;
        let Target::Named(id) = &place.target else { return self.of_schema(schema, name) };
        let name = definition.unwrap_or(name);
        if is_structure(schema) {
            return self.of_schema(schema, name);
        }
        if self.within.contains(id) || self.within.len() == MAX_DEPTH {
            let message = format!("the definition `{name}` contains itself, or nests too deeply");
            self.problems.error(
                codes::RECURSIVE_TYPE,
                place.span,
                message,
                "only an object can contain itself, in an array or a map",
            );
            return None;
        }
        self.within.push(*id);
        let shape = self.of_schema(schema, name);
        self.within.pop();
        shape
    }

    /// Returns the shape of a value that this schema describes.
    pub(super) fn of_schema(&mut self, schema: &'d Schema, name: &str) -> Option<Shape> {
        match schema.kind? {
            Kind::String => self.of_string(schema, name),
            Kind::Boolean => Some(Shape::Boolean),
            Kind::Integer if is_unix_time(schema) => Some(Shape::UnixTime),
            Kind::Integer => Some(integer(schema)),
            Kind::Number => Some(Shape::Number),
            Kind::Array => {
                let item = self.item(schema.items.as_deref()?, name)?;
                Some(Shape::List(Box::new(item)))
            }
            Kind::Object if is_structure(schema) => self.structure(schema, name),
            Kind::Object | Kind::Map => match schema.additional.as_deref() {
                Some(values) => Some(Shape::Map(Box::new(self.item(values, name)?))),
                None if schema.kind == Some(Kind::Map) => Some(Shape::Map(Box::new(Shape::String))),
                None => Some(Shape::Json),
            },
            Kind::File => {
                let help = "it is for `in: formData` only; write `type: string` and `format: binary`";
                self.problems.error(codes::UNKNOWN_TYPE, schema.span, "`type: file` is not allowed here", help);
                None
            }
        }
    }

    /// Returns the shape of the items of a list or map.
    fn item(&mut self, place: &'d SchemaUse, name: &str) -> Option<Shape> {
        let shape = self.shape(place, name)?;
        if shape == Shape::UnixTime {
            let message = "`format: unix-time` is not supported in lists and maps";
            let help = "remove the format, so that the items are integers";
            self.problems.error(codes::UNSUPPORTED, place.span, message, help);
            return None;
        }
        Some(shape)
    }

    fn of_string(&mut self, schema: &'d Schema, name: &str) -> Option<Shape> {
        if schema.values.as_ref().is_some_and(|values| !values.value.is_empty()) {
            return self.enumeration(schema, name);
        }
        Some(match schema.format.as_ref().map(|format| format.value) {
            Some(Format::DateTime) => Shape::DateTime,
            Some(Format::DateTimeRfc822) => Shape::HttpDate,
            Some(Format::ByteRange | Format::ClosedByteRange) => {
                let message = "a range of bytes is for headers of requests only";
                let help = "remove the format, so that the value is text";
                self.problems.error(codes::UNSUPPORTED, schema.span, message, help);
                return None;
            }
            Some(Format::Binary) => {
                let message = "`format: binary` is for whole bodies only";
                let help = "write `format: byte` for bytes in base64, or remove the format";
                self.problems.error(codes::UNSUPPORTED, schema.span, message, help);
                return None;
            }
            _ => Shape::String,
        })
    }

    fn enumeration(&mut self, schema: &'d Schema, name: &str) -> Option<Shape> {
        let name = schema.enum_name.as_ref().map_or(name, |name| name.value.as_str());
        let values = &schema.values.as_ref()?.value;
        let name = match self.types.get(&type_key(name)) {
            Some(TypeDef { kind: TypeKind::Enum(_), name, .. }) => name.clone(),
            Some(other) => return self.report_clash(name, schema.span, other.origin.span()),
            None => {
                let mut distinct = BTreeSet::new();
                let variants = values.iter().map(|value| Spanned { value: value.value.as_str(), span: value.span });
                let variants = variants.filter(|variant| distinct.insert(variant.value));
                let owners = format!("the values of the enum `{name}`,");
                report_collisions(&owners, variants, variant_name, self.problems);
                let values = values.iter().map(|it| EnumValue { value: it.value.clone(), origin: it.span.into() });
                self.add_type(schema, name, TypeKind::Enum(values.collect()));
                name.to_owned()
            }
        };
        self.enum_uses.add(&name, schema);
        Some(Shape::Enum(name))
    }

    fn structure(&mut self, schema: &'d Schema, name: &str) -> Option<Shape> {
        match self.types.get(&type_key(name)) {
            Some(known) if known.origin.span() == schema.span => Some(Shape::Struct(known.name.clone())),
            Some(other) => self.report_clash(name, schema.span, other.origin.span()),
            None => {
                self.add_type(schema, name, TypeKind::Struct(Vec::new()));
                self.pending.push_back((name.to_owned(), schema));
                Some(Shape::Struct(name.to_owned()))
            }
        }
    }

    fn add_type(&mut self, schema: &Schema, name: &str, kind: TypeKind) {
        let source = self.document.file_names.get(&schema.span.file).cloned().unwrap_or_default();
        let description = schema.description.clone();
        let definition = TypeDef { name: name.to_owned(), origin: schema.span.into(), source, description, kind };
        self.types.insert(type_key(name), definition);
    }

    /// Reports that another type has the same name in Rust.
    fn report_clash(&mut self, name: &str, span: Span, other: Span) -> Option<Shape> {
        let rust_name = type_name(name);
        let message = format!("the type `{name}` would be `{rust_name}` in Rust, which is the name of another type");
        let help = "rename one of the definitions; move an inline type to `definitions` to choose its name, or write \
                    `x-enum-name` for an enum";
        self.problems.contradiction(codes::NAME_COLLISION, span, other, message, help);
        None
    }

    /// Builds the fields of all structures, and returns the types sorted by name.
    pub(super) fn finish(mut self) -> Vec<TypeDef> {
        while let Some((name, schema)) = self.pending.pop_front() {
            let owner = format!("the properties of `{name}`,");
            let fields = properties(&schema.properties, &name, &mut self);
            let names = schema.properties.iter();
            let names = names.map(|it| Spanned { value: it.name.value.as_str(), span: it.name.span });
            report_collisions(&owner, names, snake_case, self.problems);
            if let Some(definition) = self.types.get_mut(&type_key(&name)) {
                definition.kind = TypeKind::Struct(fields);
            }
        }
        self.enum_uses.check(self.problems);
        let mut types: Vec<TypeDef> = self.types.into_values().collect();
        types.sort_by(|one, other| one.name.cmp(&other.name));
        types
    }
}

/// Returns true for an object with properties.
pub(super) fn is_structure(schema: &Schema) -> bool {
    schema.kind == Some(Kind::Object) && !schema.properties.is_empty()
}

fn is_unix_time(schema: &Schema) -> bool {
    schema.format.as_ref().is_some_and(|format| format.value == Format::UnixTime)
}

fn integer(schema: &Schema) -> Shape {
    let Limits { minimum, maximum, .. } = limits(&schema.limits);
    let signed = minimum.is_none_or(|minimum| minimum < 0);
    let fits = |value: i64| if signed { i32::try_from(value).is_ok() } else { u32::try_from(value).is_ok() };
    let narrow = match schema.format.as_ref().map(|format| format.value) {
        Some(Format::Int32) => true,
        Some(_) => false,
        None => minimum.is_some_and(fits) && maximum.is_some_and(fits),
    };
    Shape::Integer { bits: if narrow { 32 } else { 64 }, signed }
}

/// Returns the properties of an object as fields. The names of inline types begin with `owner`.
pub(super) fn properties<'d>(properties: &'d [Property], owner: &str, types: &mut Types<'d, '_>) -> Vec<Field> {
    let mut fields = Vec::new();
    for property in properties {
        let name = &property.name.value;
        let type_name = format!("{owner}_{name}");
        let Some(shape) = types.shape(&property.schema, &type_name) else { continue };
        let Some((schema, _)) = types.resolve(&property.schema) else { continue };
        let mut field = field(&property.name, Location::Json, shape, schema);
        field.required = property.required;
        field.accepts_single = accepts_single(&field, schema, types.problems);
        if let Some(description) = &property.schema.description {
            field.description.clone_from(description);
        }
        fields.push(field);
    }
    fields
}

/// Creates an optional field from a schema.
pub(super) fn field(name: &Spanned<String>, location: Location, shape: Shape, schema: &Schema) -> Field {
    let is_password = schema.format.as_ref().is_some_and(|format| format.value == Format::Password);
    Field {
        name: name.value.clone(),
        origin: name.span.into(),
        description: schema.description.clone(),
        location,
        required: false,
        shape,
        limits: limits(&schema.limits),
        default: schema.default.as_ref().map(|default| default.value.to_string()),
        sensitive: schema.sensitive || is_password,
        accepts_single: false,
        breaks_idempotency: false,
        treatment: Treatment::Plain,
    }
}

/// Returns true for `x-accept-single`, which is allowed for lists of text only: a single value of another type could
/// not be distinguished from a list.
fn accepts_single(field: &Field, schema: &Schema, problems: &mut Problems) -> bool {
    // An error about a value that is not a list has been reported.
    let (Some(span), Shape::List(item)) = (schema.accepts_single, &field.shape) else { return false };
    let is_plain_text = matches!(**item, Shape::String | Shape::Enum(_)) && !field.sensitive;
    if !is_plain_text {
        let message = format!("`x-accept-single` of the property `{}` is for lists of plain text only", field.name);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it");
    }
    is_plain_text
}

fn limits(written: &document::Limits) -> Limits {
    Limits {
        minimum: written.minimum.as_ref().map(|limit| limit.value),
        maximum: written.maximum.as_ref().map(|limit| limit.value),
        min_length: written.min_length.as_ref().map(|limit| limit.value),
        max_length: written.max_length.as_ref().map(|limit| limit.value),
        min_items: written.min_items.as_ref().map(|limit| limit.value),
        max_items: written.max_items.as_ref().map(|limit| limit.value),
    }
}

/// Returns true if the value can be sent as text in a query, a header or a form field.
pub(super) fn is_flat(shape: &Shape) -> bool {
    !matches!(shape, Shape::List(_) | Shape::Struct(_) | Shape::Map(_) | Shape::Json | Shape::UnixTime | Shape::Binary)
}
