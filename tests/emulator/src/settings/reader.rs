//! Reads settings from JSON, and the checks and types that several settings share.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use serde_json::{Error as JsonError, Value};

use super::Rules;
use crate::error::{Code, Error};

/// Reads the body of a request. An empty body counts as an object without fields.
pub(crate) fn read<T: Rules + DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let json = serde_json::from_slice(if body.is_empty() { b"{}" } else { body }).map_err(Error::invalid_json)?;
    let invalid = |message: String| Error::new(Code::InvalidRequest, message);
    let setting: T = serde_path_to_error::deserialize(Strict(&json)).map_err(|error| {
        let path = error.path().to_string();
        invalid(format!("{}: {}", if path == "." { "the body" } else { path.as_str() }, error.inner()))
    })?;
    setting.check().map_err(invalid)?;
    Ok(setting)
}

/// Deserializes JSON so that only an object is read as a structure. serde also reads a list as the fields of a structure,
/// which is never valid here.
#[derive(Clone, Copy)]
struct Strict<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, JsonError> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Array(list) => visitor.visit_seq(SeqDeserializer::new(list.iter().map(Strict))),
            Value::Object(fields) => visitor
                .visit_map(MapDeserializer::new(fields.iter().map(|(name, value)| (name.as_str(), Strict(value))))),
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Array(_) => Err(JsonError::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// A list that may be written as a single text: `"a"` is read as `["a"]`.
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

/// `enabled` or `disabled`, in upper or lower case.
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

/// Checks that ids are present, unique and at most `max_length` characters long.
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
            return Err(format!("{list}[{index}].id: \"{id}\" is the id of an earlier entry"));
        }
        seen.push(id);
    }
    Ok(())
}

pub(super) fn check_not_empty<T>(field: &str, list: &[T]) -> Result<(), String> {
    if list.is_empty() { Err(format!("{field}: is empty")) } else { Ok(()) }
}

pub(super) fn check_length(field: &str, length: usize, longest: usize) -> Result<(), String> {
    if length > longest { Err(format!("{field}: has {length} characters, more than {longest}")) } else { Ok(()) }
}

pub(super) fn check_count<T>(field: &str, list: &[T], most: usize) -> Result<(), String> {
    if list.len() > most { Err(format!("{field}: has {} entries, more than {most}", list.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        inner: Option<Inner>,
        list: Vec<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        #[serde(default)]
        text: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    enum Kind {
        A,
    }

    fn read_outer(json: &str) -> Result<Outer, String> {
        let value: Value = serde_json::from_str(json).unwrap();
        Outer::deserialize(Strict(&value)).map_err(|error| error.to_string())
    }

    #[test]
    fn list_is_not_read_as_an_object() {
        let inner = Some(Inner { text: Some("x".to_owned()) });
        assert_eq!(
            read_outer(r#"{"inner":{"text":"x"},"list":["A"],"more":[{}]}"#),
            Ok(Outer { inner, list: vec![Kind::A] })
        );
        assert_eq!(read_outer(r#"{"inner":null,"list":[]}"#), Ok(Outer { inner: None, list: Vec::new() }));
        for json in [r#"[null,[]]"#, r#"{"inner":["x"],"list":[]}"#, r#"{"inner":[],"list":[]}"#] {
            let message = read_outer(json).unwrap_err();
            assert!(message.contains("invalid type: sequence, expected an object"), "{message}");
        }
        assert!(read_outer(r#"{"list":[1]}"#).is_err());
    }

    #[test]
    fn text_is_a_list_of_one() {
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
    fn ids_have_to_be_present_and_unique() {
        let check = |ids: &[&str]| check_ids("rule", ids.iter().copied(), Some(3));
        assert_eq!(check(&["a", "b", "äöü"]), Ok(()));
        assert!(check(&["a", ""]).unwrap_err().contains("rule[1].id"));
        assert!(check(&["abcd"]).unwrap_err().contains("3 characters"));
        assert!(check(&["a", "b", "a"]).unwrap_err().contains("rule[2].id"));
    }
}
