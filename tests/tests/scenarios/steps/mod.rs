//! What the words of the features do, by what they are about.

mod bucket;
mod conditions;
mod encryption;
mod judge;
mod multipart;
mod object;
mod object_sources;
mod parts;
mod service;

use cucumber::gherkin::Step;
use serde::de::DeserializeOwned;

/// A property of the JSON document below a step.
pub(crate) fn document<T: DeserializeOwned>(step: &Step, property: &str) -> T {
    let text = step.docstring.as_deref().expect("a document below the step");
    let mut document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    serde_json::from_value(document[property].take()).expect("what the SDK takes for it")
}
