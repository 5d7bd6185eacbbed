//! Percent-encoding (RFC 3986), in the one form this crate puts on the wire.
//!
//! Everything but the unreserved characters is encoded, with upper-case hex digits. Signatures are made over what is
//! sent, so any form would do as long as nothing rewrites it on the way; this one gives proxies and URL libraries
//! nothing to normalize.

use std::borrow::Cow;

/// Encodes an object key for the path: `/` separates and stays, all else but the unreserved characters is encoded.
pub(crate) fn encode_path(text: &str) -> String {
    encode(text, |byte| byte == b'/')
}

/// Encodes a key or a value of the query. A space becomes `%20`, which every parser understands, unlike `+`.
pub(crate) fn encode_query(text: &str) -> String {
    encode(text, |_| false)
}

/// Decodes once. A `%` that two hex digits do not follow stands for itself, and what is no UTF-8 is kept as it is.
pub(crate) fn decode(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    let Some(first) = bytes.iter().position(|&byte| byte == b'%') else {
        return Cow::Borrowed(bytes);
    };
    let (plain, mut rest) = bytes.split_at(first);
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(plain);
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, after @ ..]) => match (hex_value(*high), hex_value(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    after
                }
                _ => {
                    decoded.push(b'%');
                    tail
                }
            },
            _ => {
                decoded.push(*byte);
                tail
            }
        };
    }
    Cow::Owned(decoded)
}

fn encode(text: &str, also_plain: fn(u8) -> bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) || also_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 0xF)]));
        }
    }
    encoded
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex_value(digit: u8) -> Option<u8> {
    // At most 15, so nothing is cut off.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_keep_slashes_and_unreserved_characters_only() {
        assert_eq!(encode_path("a/b//c-d.e_f~g"), "a/b//c-d.e_f~g");
        assert_eq!(
            encode_path("a b+c=d*!'()@:$&,;?#%[]\\\"<>^`{|}"),
            "a%20b%2Bc%3Dd%2A%21%27%28%29%40%3A%24%26%2C%3B%3F%23%25%5B%5D%5C%22%3C%3E%5E%60%7B%7C%7D"
        );
        assert_eq!(encode_path("中文/é\u{7f}\n"), "%E4%B8%AD%E6%96%87/%C3%A9%7F%0A");
    }

    #[test]
    fn queries_encode_slashes_too() {
        assert_eq!(encode_query("a/b c+d=e&f"), "a%2Fb%20c%2Bd%3De%26f");
        assert_eq!(encode_query(""), "");
    }

    #[test]
    fn decoding_is_done_once_and_keeps_what_is_malformed() {
        assert_eq!(decode("plain+text").as_ref(), b"plain+text");
        assert_eq!(decode("a%2fb%2Fc%252F").as_ref(), b"a/b/c%2F");
        assert_eq!(decode("100%, %4, %zz, %").as_ref(), b"100%, %4, %zz, %");
        assert_eq!(decode("%%41%").as_ref(), b"%A%");
        assert_eq!(decode("%FF%00").as_ref(), [0xFF, 0]);
        // The digits must be ASCII digits, not what Rust's integer parser would take.
        assert_eq!(decode("%+1").as_ref(), b"%+1");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            for encoded in [encode_path(&text), encode_query(&text)] {
                let decoded = decode(&encoded);
                prop_assert_eq!(decoded.as_ref(), text.as_bytes());
            }
        }

        #[test]
        fn what_is_encoded_needs_no_more_encoding(text in any::<String>()) {
            let safe = |byte: u8| is_unreserved(byte) || byte == b'%';
            prop_assert!(encode_query(&text).bytes().all(safe));
            prop_assert!(encode_path(&text).bytes().all(|byte| safe(byte) || byte == b'/'));
        }
    }
}
