//! Reading of settings from JSON, and checks and types that several settings share.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Rules;
use crate::error::{Code, Error};

/// Reads the body of a request. An empty body counts as an object without fields.
pub(crate) fn read<T: Rules + Serialize + DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let json = serde_json::from_slice(if body.is_empty() { b"{}" } else { body }).map_err(Error::invalid_json)?;
    let invalid = |message: String| Error::new(Code::InvalidRequest, message);
    let at = |path: &str, problem: &dyn fmt::Display| {
        invalid(format!("{}: {problem}", if matches!(path, "" | ".") { "the body" } else { path }))
    };
    let setting: T =
        serde_path_to_error::deserialize(&json).map_err(|error| at(&error.path().to_string(), error.inner()))?;
    let read = serde_json::to_value(&setting).map_err(std::io::Error::from)?;
    if let Some(path) = list_read_as_object(&json, &read, "") {
        return Err(at(&path, &"invalid type: sequence, expected an object"));
    }
    setting.check().map_err(invalid)?;
    Ok(setting)
}

/// Returns the path of the first list in `sent` that was read as an object. serde reads a list as the fields of a
/// structure, which is never valid in a setting.
fn list_read_as_object(sent: &Value, read: &Value, path: &str) -> Option<String> {
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(path.to_owned()),
        (Value::Array(sent), Value::Array(read)) => {
            (0..).zip(sent.iter().zip(read)).find_map(|(index, (sent, read))| {
                let path = format!("{path}[{index}]");
                list_read_as_object(sent, read, &path)
            })
        }
        (Value::Object(sent), Value::Object(read)) => read.iter().find_map(|(name, read)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            list_read_as_object(sent.get(name)?, read, &path)
        }),
        _ => None,
    }
}

/// A list. A single text is read as a list of one: `"a"` as `["a"]`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct OneOrMany<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor(PhantomData)).map(Self)
    }
}

struct OneOrManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(vec![T::deserialize(StrDeserializer::new(text))?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        std::iter::from_fn(|| list.next_element().transpose()).collect()
    }
}

/// A switch: `enabled` or `disabled`, in upper or lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(D::Error::unknown_variant(&text, &["enabled", "disabled"])),
        }
    }
}

/// Checks that ids are not empty, unique and at most `max_length` characters long.
pub(super) fn check_ids<'a>(
    list: &str,
    ids: impl Iterator<Item = &'a str>,
    max_length: Option<usize>,
) -> Result<(), String> {
    let mut seen = Vec::new();
    for (index, id) in ids.enumerate() {
        if id.is_empty() {
            return Err(format!("{list}[{index}].id: is empty"));
        }
        if let Some(max) = max_length.filter(|max| id.chars().count() > *max) {
            return Err(format!("{list}[{index}].id: has more than {max} characters"));
        }
        if seen.contains(&id) {
            return Err(format!("{list}[{index}].id: \"{id}\" is also the id of an earlier entry"));
        }
        seen.push(id);
    }
    Ok(())
}

pub(super) fn check_not_empty<T>(field: &str, list: &[T]) -> Result<(), String> {
    if list.is_empty() { Err(format!("{field}: is empty")) } else { Ok(()) }
}

pub(super) fn check_length(field: &str, length: usize, max: usize) -> Result<(), String> {
    if length > max { Err(format!("{field}: has {length} characters, more than {max}")) } else { Ok(()) }
}

pub(super) fn check_count<T>(field: &str, list: &[T], max: usize) -> Result<(), String> {
    if list.len() > max { Err(format!("{field}: has {} entries, more than {max}", list.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Outer {
        inner: Option<Inner>,
        list: Vec<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Inner {
        #[serde(default)]
        text: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    enum Kind {
        A,
    }

    impl Rules for Outer {
        fn check(&self) -> Result<(), String> {
            Ok(())
        }
    }

    fn read_outer(json: &str) -> Result<Outer, String> {
        read(json.as_bytes()).map_err(|error| error.message)
    }

    #[test]
    fn list_is_not_read_as_an_object() {
        let inner = Some(Inner { text: Some("x".to_owned()) });
        assert_eq!(
            read_outer(r#"{"inner":{"text":"x"},"list":["A"],"more":[{}]}"#),
            Ok(Outer { inner, list: vec![Kind::A] })
        );
        assert_eq!(read_outer(r#"{"inner":null,"list":[]}"#), Ok(Outer { inner: None, list: Vec::new() }));
        for (json, path) in [
            (r#"[null,[]]"#, "the body"),
            (r#"{"inner":["x"],"list":[]}"#, "inner"),
            (r#"{"inner":[],"list":[]}"#, "inner"),
        ] {
            let message = read_outer(json).unwrap_err();
            assert_eq!(message, format!("{path}: invalid type: sequence, expected an object"));
        }
        assert!(read_outer(r#"{"list":[1]}"#).is_err());
    }

    #[test]
    fn text_is_read_as_a_list_of_one() {
        let read =
            |json: &str| serde_json::from_str::<OneOrMany<String>>(json).map(|list| list.0).map_err(|e| e.to_string());
        assert_eq!(read("\"a\""), Ok(vec!["a".to_owned()]));
        assert_eq!(read("[\"a\",\"b\"]"), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert!(read("1").unwrap_err().contains("a string or a list of strings"));
        assert!(read("[1]").is_err());
    }

    #[test]
    fn switch_is_case_insensitive() {
        let switch: Switch = serde_json::from_str("\"EnAbled\"").unwrap();
        assert_eq!(serde_json::to_string(&switch).unwrap(), "\"enabled\"");
        assert!(serde_json::from_str::<Switch>("\"on\"").is_err());
    }

    #[test]
    fn ids_have_to_be_short_and_unique() {
        let check = |ids: &[&str]| check_ids("rule", ids.iter().copied(), Some(3));
        assert_eq!(check(&["a", "b", "äöü"]), Ok(()));
        assert!(check(&["a", ""]).unwrap_err().contains("rule[1].id"));
        assert!(check(&["abcd"]).unwrap_err().contains("3 characters"));
        assert!(check(&["a", "b", "a"]).unwrap_err().contains("rule[2].id"));
    }
}
