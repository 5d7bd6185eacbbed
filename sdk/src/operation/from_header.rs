//! Values of headers.

use std::borrow::Cow;

use http::HeaderValue;

use crate::Timestamp;

/// What a header's text is made into. The error says what the text would have had to be.
pub(crate) trait FromHeader: Sized {
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Option<Self>;
}

impl FromHeader for String {
    const EXPECTED: &'static str = "text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromHeader for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

impl FromHeader for Timestamp {
    const EXPECTED: &'static str = "a date such as `Wed, 10 Dec 2014 17:20:31 GMT`";

    fn from_text(text: &str) -> Option<Self> {
        Timestamp::parse_http_date(text).ok()
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl FromHeader for $integer {
            const EXPECTED: &'static str = "an integer";

            fn from_text(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }
        }
    )*};
}

integers!(i32, i64, u32, u64);

/// Header values are bytes: most are ASCII, some servers send UTF-8, and neither is thrown away.
pub(crate) fn text_of(value: &HeaderValue) -> Cow<'_, str> {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}
