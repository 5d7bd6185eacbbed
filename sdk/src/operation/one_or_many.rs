//! Lists that servers also write as one text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, SeqAccess, Visitor};

/// `"a"` is `["a"]`, and `null` an empty list.
#[allow(dead_code, reason = "the specification decides what of this is used")]
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(|item| vec![item])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, serde_json::Error> {
        one_or_many(&mut serde_json::Deserializer::from_str(json))
    }

    #[test]
    fn one_text_is_a_list_of_one() {
        assert_eq!(read(r#""a""#).unwrap(), ["a"]);
        assert_eq!(read(r#""""#).unwrap(), [""]);
        assert_eq!(read(r#"["a","b\n"]"#).unwrap(), ["a", "b\n"]);
    }

    #[test]
    fn nothing_is_an_empty_list() {
        assert!(read("null").unwrap().is_empty());
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn anything_else_is_refused() {
        for json in ["1", "true", "{}", "[1]", "[null]", r#"[["a"]]"#] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("invalid type"), "{json}: {error}");
        }
        assert!(read("1").unwrap_err().to_string().contains("a text or a list of texts"));
    }
}
