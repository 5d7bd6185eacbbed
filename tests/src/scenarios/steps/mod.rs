//! The implementations of the steps in `tests/features`, one module for each subject.

mod acl;
mod append;
mod bucket;
mod conditions;
mod cors;
mod encryption;
mod form;
mod image;
mod multipart;
mod object;
mod object_sources;
mod parts;
mod results;
mod rules;
mod service;
mod statistics;
mod targets;
mod versions;

use cucumber::gherkin::Step;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::scenarios::scenario_bucket::MAX_KEY_LENGTH;

/// Returns content that depends on the key, so that a test notices if objects are mixed up.
fn content(key: &str, length: usize) -> Vec<u8> {
    let mut bytes = key.as_bytes().repeat(length / key.len() + 1);
    bytes.truncate(length);
    bytes
}

/// Appends `suffix` to a key. A key that would become too long is shortened first.
fn with_suffix(key: &str, suffix: &str) -> String {
    let mut key = key.to_owned();
    while key.len() + suffix.len() > MAX_KEY_LENGTH {
        key.pop();
    }
    key + suffix
}

/// Returns a property of the JSON document that follows a step.
fn document<T: DeserializeOwned>(step: &Step, property: &str) -> T {
    let text = step.docstring.as_deref().expect("the step needs a JSON document");
    let mut document: Value = serde_json::from_str(text).expect("the document of the step is not JSON");
    serde_json::from_value(document[property].take()).expect("the property has the wrong type")
}

/// Asserts that `actual` is equal to a property of the JSON document that follows a step.
fn assert_matches_document(actual: &impl Serialize, step: &Step, property: &str) {
    let expected: Value = document(step, property);
    assert_eq!(serde_json::to_value(actual).unwrap(), expected);
}
