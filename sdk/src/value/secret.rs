//! Text that must not be shown.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that no `Debug` output, log line or error of this crate shows: a secret access key, an encryption key.
///
/// It has no `Display` and cannot be serialized; [`expose`](Secret::expose) is the only way to the text, so that every
/// place that reads a secret can be found by that name.
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
    /// The text itself. Keep it out of anything that is printed, logged or stored.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even the length: it would tell a test key from a real one, and an empty one from a missing one.
        f.write_str("<redacted>")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Writes a secret into the JSON of a request. `Secret` itself cannot be written, so that no log gets it by accident.
#[allow(dead_code, reason = "the specification decides what of this is used")]
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

/// For `serialize_with` of fields.
#[allow(dead_code, reason = "the specification decides what of this is used")]
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
    fn debug_output_tells_nothing() {
        for text in ["", "short", "a much longer secret"] {
            assert_eq!(format!("{:?}", Secret::from(text)), "<redacted>");
            assert_eq!(format!("{:?}", Some(Secret::from(text))), "Some(<redacted>)");
        }
    }

    #[test]
    fn every_way_in_keeps_the_text() {
        let owned = "text".to_owned();
        assert_eq!(Secret::from(&owned), Secret::from("text"));
        assert_eq!(Secret::from(owned).expose(), "text");
        assert_ne!(Secret::from("text"), Secret::from("Text"));
    }
}
