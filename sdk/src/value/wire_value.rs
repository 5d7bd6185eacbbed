//! Values of query parameters, headers and form fields, and the text in which they are sent.

use std::borrow::Cow;

use super::{Secret, Timestamp};

/// A value of a query parameter, header or form field.
pub(crate) trait WireValue {
    /// Returns the text that is sent, or `None` if the value is unset.
    fn text(&self) -> Option<Cow<'_, str>>;

    /// Returns true if the text must not be logged.
    fn is_sensitive(&self) -> bool {
        false
    }

    /// Returns the values in the specification if this is a value of an enumeration and not one of them.
    fn allowed_if_unknown(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Returns the problem of a value of an enumeration that is not in the specification.
    fn problem_if_unknown(&self) -> Option<String> {
        let allowed = self.allowed_if_unknown()?.join(", ");
        Some(format!("is {:?}, but must be one of {allowed}", self.text().unwrap_or_default()))
    }
}

impl<T: WireValue> WireValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::text)
    }

    fn is_sensitive(&self) -> bool {
        self.as_ref().is_some_and(T::is_sensitive)
    }

    fn allowed_if_unknown(&self) -> Option<&'static [&'static str]> {
        self.as_ref().and_then(T::allowed_if_unknown)
    }
}

impl WireValue for String {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl WireValue for Secret {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.expose()))
    }

    fn is_sensitive(&self) -> bool {
        true
    }
}

impl WireValue for Timestamp {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_http_date()))
    }
}

macro_rules! by_display {
    ($($value:ty),*) => {$(
        impl WireValue for $value {
            fn text(&self) -> Option<Cow<'_, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        }
    )*};
}

by_display!(bool, i32, i64, u32, u64, f64);
