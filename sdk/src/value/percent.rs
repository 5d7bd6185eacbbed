//! Percent-encoding (RFC 3986) of paths and queries.
//!
//! All characters except the unreserved ones are encoded. Otherwise, a proxy or URL library could normalize them, and
//! the server would receive other bytes than those that were signed.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Encodes an object key for a path. Slashes are not encoded.
pub(crate) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Encodes a name or value of a query. A space becomes `%20`, because some parsers do not decode `+` to a space.
pub(crate) fn encode_query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Decodes `text` once. A `%` that is not followed by two hexadecimal digits is not changed.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    percent_decode_str(text).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encode_path_keeps_slashes_and_unreserved_characters() {
        assert_eq!(encode_path("a/b//c-d.e_f~g"), "a/b//c-d.e_f~g");
        assert_eq!(
            encode_path("a b+c=d*!'()@:$&,;?#%[]\\\"<>^`{|}"),
            "a%20b%2Bc%3Dd%2A%21%27%28%29%40%3A%24%26%2C%3B%3F%23%25%5B%5D%5C%22%3C%3E%5E%60%7B%7C%7D"
        );
        assert_eq!(encode_path("中文/é\u{7f}\n"), "%E4%B8%AD%E6%96%87/%C3%A9%7F%0A");
    }

    #[test]
    fn encode_query_encodes_slashes() {
        assert_eq!(encode_query("a/b c+d=e&f"), "a%2Fb%20c%2Bd%3De%26f");
        assert_eq!(encode_query(""), "");
    }

    #[test]
    fn decode_keeps_malformed_sequences() {
        assert_eq!(decode("plain+text").as_ref(), b"plain+text");
        assert_eq!(decode("a%2fb%2Fc%252F").as_ref(), b"a/b/c%2F");
        assert_eq!(decode("100%, %4, %zz, %").as_ref(), b"100%, %4, %zz, %");
        assert_eq!(decode("%%41%").as_ref(), b"%A%");
        assert_eq!(decode("%FF%00").as_ref(), [0xFF, 0]);
        assert_eq!(decode("%+1").as_ref(), b"%+1");
    }

    proptest! {
        #[test]
        fn decode_reverses_encoding(text in any::<String>()) {
            for encoded in [encode_path(&text), encode_query(&text)] {
                let decoded = decode(&encoded);
                prop_assert_eq!(decoded.as_ref(), text.as_bytes());
            }
        }

        #[test]
        fn encoded_text_consists_of_unreserved_characters(text in any::<String>()) {
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
            prop_assert!(encode_query(&text).bytes().all(safe));
            prop_assert!(encode_path(&text).bytes().all(|byte| safe(byte) || byte == b'/'));
        }
    }
}
