//! A flat list of all elements of a specification. It does not depend on the division into files and on the names of
//! definitions, so that two specifications can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use super::source::{Located, Source, plain};

/// Place of an element: an operation, then for example `query limit`, or `response 200`, `body` and properties.
pub(crate) type Place = Vec<String>;

/// A part of an operation.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) file: String,
    /// Attributes such as `type` and `required`.
    pub(crate) attributes: BTreeMap<&'static str, String>,
}

/// All elements of a specification.
#[derive(Debug, Default)]
pub(crate) struct Description(pub(crate) BTreeMap<Place, Element>);

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "head", "options", "patch"];

/// Maximum depth of a place, so that a recursive schema ends with an error.
const MAX_DEPTH: usize = 16;

const ATTRIBUTES: [&str; 10] = [
    "type",
    "format",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
];

impl Description {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut source = Source::open(root)?;
        let mut description = Self::default();
        let paths = source.root()?.get("paths").ok_or("there are no paths")?;
        for (path, item) in paths.entries() {
            let item = source.follow(item)?;
            for (method, operation) in item.entries().into_iter().filter(|(key, _)| METHODS.contains(&key.as_str())) {
                description.operation(&mut source, &path, &method, &item, &operation)?;
            }
        }
        Ok(description)
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.keys().filter(|place| place.len() == 1).count()
    }

    fn operation(
        &mut self,
        source: &mut Source,
        path: &str,
        method: &str,
        item: &Located,
        operation: &Located,
    ) -> Result<(), String> {
        let id = operation.text("operationId").ok_or(format!("{method} {path} has no operationId"))?;
        let attributes = BTreeMap::from([("method", method.to_uppercase()), ("path", path.to_owned())]);
        let docs = operation.get("externalDocs").and_then(|docs| docs.text("url"));
        let consumes: Vec<String> = operation.list("consumes").iter().map(|it| plain(&it.value)).collect();
        let consumes = (!consumes.is_empty()).then(|| consumes.join(", "));
        let optional = [("documentation", docs), ("consumes", consumes)];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let attributes = attributes.into_iter().chain(optional).collect();
        let place = vec![id];
        if self.0.insert(place.clone(), Element { file: operation.file.clone(), attributes }).is_some() {
            return Err(format!("two operations are called {}", place[0]));
        }
        for parameter in item.list("parameters").into_iter().chain(operation.list("parameters")) {
            let parameter = source.follow(parameter)?;
            self.parameter(source, &place, &parameter)?;
        }
        let responses = operation.get("responses").map(|responses| responses.entries()).unwrap_or_default();
        for (status, response) in responses {
            let response = source.follow(response)?;
            let place = below(&place, format!("response {status}"));
            self.add(place.clone(), &response, BTreeMap::new());
            let headers = response.get("headers").map(|headers| headers.entries()).unwrap_or_default();
            for (name, header) in headers {
                self.schema(source, below(&place, format!("header {name}")), header, None)?;
            }
            if let Some(schema) = response.get("schema") {
                self.schema(source, below(&place, "body".to_owned()), schema, None)?;
            }
        }
        Ok(())
    }

    fn parameter(&mut self, source: &mut Source, operation: &Place, parameter: &Located) -> Result<(), String> {
        let name = parameter.text("name").ok_or(format!("a parameter of {} has no name", operation[0]))?;
        match parameter.text("in").as_deref() {
            // The name of a body is not sent.
            Some("body") => {
                let schema = parameter.get("schema").ok_or(format!("the body of {} has no schema", operation[0]))?;
                let required = parameter.text("required").unwrap_or_else(|| "false".to_owned());
                self.schema(source, below(operation, "body".to_owned()), schema, Some(required))
            }
            Some(place) => self.schema(source, below(operation, format!("{place} {name}")), parameter.clone(), None),
            None => Err(format!("the parameter {name} of {} has no `in`", operation[0])),
        }
    }

    /// Adds a schema and its parts. If `required` is `None`, the schema itself has the attribute.
    fn schema(
        &mut self,
        source: &mut Source,
        place: Place,
        schema: Located,
        required: Option<String>,
    ) -> Result<(), String> {
        if place.len() > MAX_DEPTH {
            return Err(format!("{} is too deep", place.join(" > ")));
        }
        let schema = source.follow(schema)?;
        let mut attributes = BTreeMap::new();
        for name in ATTRIBUTES {
            attributes.extend(schema.text(name).map(|value| (name, value)));
        }
        // In an object, `required` is a list. Its names become attributes of the properties.
        let own = schema.value.get("required").filter(|value| value.is_bool()).map(plain);
        attributes.insert("required", required.or(own).unwrap_or_else(|| "false".to_owned()));
        self.add(place.clone(), &schema, attributes);

        let values = schema.list("enum");
        if !values.is_empty() {
            let place = below(&place, "enum".to_owned());
            self.add(place.clone(), &schema, BTreeMap::new());
            for value in values {
                self.add(below(&place, plain(&value.value)), &schema, BTreeMap::new());
            }
        }
        let required: Vec<String> = schema.list("required").iter().map(|name| plain(&name.value)).collect();
        let properties = schema.get("properties").map(|properties| properties.entries()).unwrap_or_default();
        for (name, property) in properties {
            let is_required = required.contains(&name).to_string();
            self.schema(source, below(&place, name), property, Some(is_required))?;
        }
        if let Some(items) = schema.get("items") {
            self.schema(source, below(&place, "[]".to_owned()), items, None)?;
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.value.is_mapping()) {
            self.schema(source, below(&place, "{}".to_owned()), values, None)?;
        }
        Ok(())
    }

    fn add(&mut self, place: Place, at: &Located, attributes: BTreeMap<&'static str, String>) {
        self.0.insert(place, Element { file: at.file.clone(), attributes });
    }
}

fn below(place: &Place, name: String) -> Place {
    let mut place = place.clone();
    place.push(name);
    place
}
