//! Text that must not be shown.

use std::fmt;

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
