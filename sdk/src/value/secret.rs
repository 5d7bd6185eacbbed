//! Text that must not be shown or logged.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A secret text, such as a secret access key or an encryption key. `Debug` output, logs and errors do not contain it.
///
/// It implements neither `Display` nor `Serialize`. [`expose`](Secret::expose) is the only way to read the text, so all
/// uses of a secret can be found by that name.
///
/// ```
/// use qingstor_sdk::Secret;
///
/// let secret = Secret::from("correct horse battery staple");
/// assert_eq!(format!("{secret:?}"), "<redacted>");
/// assert_eq!(secret.expose(), "correct horse battery staple");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the text. Do not print, log or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The length is not shown either, because it would distinguish a test key from a real one.
        f.write_str("<redacted>")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A secret to be written into the JSON of a request. `Secret` itself cannot be serialized, so that it is not logged by
/// accident.
#[allow(dead_code, reason = "generated code may not use it")]
pub(crate) struct Exposed<'a, T>(pub(crate) &'a T);

impl Serialize for Exposed<'_, Secret> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl Serialize for Exposed<'_, Option<Secret>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Secret::expose).serialize(serializer)
    }
}

/// Serializes a field with a secret. Generated code uses it as `serialize_with`.
#[allow(dead_code, reason = "generated code may not use it")]
pub(crate) fn exposed<'a, T, S>(secret: &'a T, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    Exposed<'a, T>: Serialize,
{
    Exposed(secret).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_reveals_nothing() {
        for text in ["", "short", "a much longer secret"] {
            assert_eq!(format!("{:?}", Secret::from(text)), "<redacted>");
            assert_eq!(format!("{:?}", Some(Secret::from(text))), "Some(<redacted>)");
        }
    }

    #[test]
    fn every_conversion_keeps_the_text() {
        let owned = "text".to_owned();
        assert_eq!(Secret::from(&owned), Secret::from("text"));
        assert_eq!(Secret::from(owned).expose(), "text");
        assert_ne!(Secret::from("text"), Secret::from("Text"));
    }
}
