//! Names of types: one Rust name for each, none that generated code needs for itself.

use std::collections::BTreeMap;
use std::fmt;

use super::names::{pascal_case, snake_case};
use crate::model::api::{Api, Shape};

/// Names that mean something else in the files in which generated types stand.
const TAKEN: [&str; 21] = [
    "BTreeMap",
    "Box",
    "Debug",
    "Default",
    "Deserialize",
    "Err",
    "From",
    "Into",
    "IntoIterator",
    "None",
    "ObjectSource",
    "Ok",
    "Option",
    "Result",
    "Secret",
    "Serialize",
    "Some",
    "String",
    "Timestamp",
    "ToString",
    "Vec",
];

/// Two things of the specification that become one thing in Rust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameClash {
    /// What they are: types, operations, values of an enumeration.
    pub what: String,
    /// The first, as the specification spells it.
    pub first: String,
    /// The second.
    pub second: String,
    /// What both become.
    pub rust_name: String,
}

impl fmt::Display for NameClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, first, second, rust_name } = self;
        write!(f, "the {what} `{first}` and `{second}` would both be `{rust_name}` in Rust; rename one of them")
    }
}

impl std::error::Error for NameClash {}

/// From the specification's names of types to Rust's.
#[derive(Debug, Default)]
pub(super) struct TypeNames(BTreeMap<String, String>);

impl TypeNames {
    pub(super) fn new(api: &Api) -> Result<Self, NameClash> {
        let mut modules = UniqueNames::new("types");
        let mut names = BTreeMap::new();
        for definition in &api.types {
            let name = rust_type_name(&definition.name);
            // Each type has a file, and file names must differ too.
            modules.insert(&definition.name, &snake_case(&name))?;
            names.insert(definition.name.clone(), name);
        }
        Ok(Self(names))
    }

    pub(super) fn of(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| rust_type_name(name))
    }

    /// The type of a value that is there.
    pub(super) fn rust_type(&self, shape: &Shape, sensitive: bool) -> String {
        match shape {
            Shape::Boolean => "bool".to_owned(),
            Shape::Integer { bits, signed } => format!("{}{bits}", if *signed { "i" } else { "u" }),
            Shape::Number => "f64".to_owned(),
            Shape::String if sensitive => "Secret".to_owned(),
            Shape::String => "String".to_owned(),
            Shape::DateTime | Shape::HttpDate => "Timestamp".to_owned(),
            Shape::Enum(name) | Shape::Struct(name) => format!("types::{}", self.of(name)),
            Shape::List(item) => format!("Vec<{}>", self.rust_type(item, sensitive)),
            Shape::Map(item) => format!("BTreeMap<String, {}>", self.rust_type(item, sensitive)),
            Shape::Json => "serde_json::Value".to_owned(),
            Shape::Binary => "Body".to_owned(),
        }
    }
}

fn rust_type_name(name: &str) -> String {
    let name = pascal_case(name);
    if TAKEN.contains(&name.as_str()) { format!("{name}Type") } else { name }
}

/// Notices when two names become one.
pub(super) struct UniqueNames {
    what: &'static str,
    taken: BTreeMap<String, String>,
}

impl UniqueNames {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, taken: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, name: &str, rust_name: &str) -> Result<(), NameClash> {
        match self.taken.insert(rust_name.to_owned(), name.to_owned()) {
            None => Ok(()),
            Some(first) => Err(NameClash {
                what: self.what.to_owned(),
                first,
                second: name.to_owned(),
                rust_name: rust_name.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_prelude_needs_get_a_suffix() {
        assert_eq!(rust_type_name("option"), "OptionType");
        assert_eq!(rust_type_name("Result"), "ResultType");
        assert_eq!(rust_type_name("cors_rule"), "CorsRule");
    }

    #[test]
    fn a_clash_names_both() {
        let mut names = UniqueNames::new("types");
        names.insert("a_b", "AB").unwrap();
        let clash = names.insert("aB", "AB").unwrap_err().to_string();
        assert_eq!(clash, "the types `a_b` and `aB` would both be `AB` in Rust; rename one of them");
    }
}
