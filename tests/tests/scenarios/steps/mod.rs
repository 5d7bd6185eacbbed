//! What the words of the features do, by what they are about.

mod acl;
mod append;
mod bucket;
mod conditions;
mod cors;
mod encryption;
mod form;
mod image;
mod judge;
mod multipart;
mod object;
mod object_sources;
mod parts;
mod rules;
mod service;
mod statistics;
mod targets;
mod versions;

use cucumber::gherkin::Step;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A property of the JSON document below a step.
pub(crate) fn document<T: DeserializeOwned>(step: &Step, property: &str) -> T {
    let text = step.docstring.as_deref().expect("a document below the step");
    let mut document: Value = serde_json::from_str(text).expect("JSON");
    serde_json::from_value(document[property].take()).expect("what the SDK takes for it")
}

/// Compares what was received with a property of the document below the step, field by field.
fn assert_same(received: &impl Serialize, step: &Step, property: &str) {
    let expected: Value = document(step, property);
    assert_eq!(serde_json::to_value(received).expect("JSON"), expected);
}
