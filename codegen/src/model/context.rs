//! Everything that the specification says about one operation.

use super::path::PathKey;
use crate::spec::document::{Document, Operation as Written, Parameter, ParameterIn, PathItem};

/// Everything that says something about an operation.
#[derive(Debug, Clone)]
pub(super) struct Context<'d> {
    pub(super) document: &'d Document,
    pub(super) path: &'d PathKey,
    pub(super) written: &'d Written,
    pub(super) item: &'d PathItem,
    /// Its name in messages and in the names of inline types: the id, or else method and path.
    pub(super) name: String,
    /// The parameters of the path and of the operation, each once; the operation's replace the path's.
    pub(super) parameters: Vec<&'d Parameter>,
}

impl<'d> Context<'d> {
    pub(super) fn new(document: &'d Document, path: &'d PathKey, item: &'d PathItem, written: &'d Written) -> Self {
        let id = written.id.as_ref().map(|id| id.value.clone());
        let name = id.unwrap_or_else(|| format!("{} {}", written.method.value.http_name(), item.path.value));
        let mut parameters: Vec<&Parameter> = Vec::new();
        for parameter in &written.parameters {
            if !parameters.iter().any(|other| same_parameter(other, parameter)) {
                parameters.push(parameter);
            }
        }
        for parameter in item.parameters.iter().rev() {
            if !parameters.iter().any(|other| same_parameter(other, parameter)) {
                parameters.insert(0, parameter);
            }
        }
        Self { document, path, written, item, name, parameters }
    }
}

/// Returns true if both have the same place and name.
pub(super) fn same_parameter(one: &Parameter, other: &Parameter) -> bool {
    // The names of headers do not distinguish capitals.
    let same_name = match one.place {
        ParameterIn::Header => one.name.value.eq_ignore_ascii_case(&other.name.value),
        _ => one.name.value == other.name.value,
    };
    one.place == other.place && same_name
}
