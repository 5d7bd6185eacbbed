//! Trait implementations for generated enumerations.

/// Implements the traits of an enumeration of texts, based on its `as_str` and `From<&str>`.
macro_rules! string_enum {
    ($name:ident) => {
        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        impl $crate::value::WireValue for $name {
            fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
                Some(std::borrow::Cow::Borrowed(self.as_str()))
            }

            fn allowed_if_unknown(&self) -> Option<&'static [&'static str]> {
                matches!(self, Self::Unknown(value) if !Self::KNOWN.contains(&value.as_str())).then_some(Self::KNOWN)
            }
        }

        impl $crate::operation::FromHeader for $name {
            const EXPECTED: &'static str = "text";

            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }
        }
    };
}

pub(crate) use string_enum;
