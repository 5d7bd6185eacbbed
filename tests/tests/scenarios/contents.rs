//! What is put into objects, and under which keys.

/// QingStor's limit for keys, in bytes.
const MAX_KEY_LENGTH: usize = 1023;

/// Bytes that differ from key to key, so that a mix-up shows.
pub(crate) fn content(key: &str, length: usize) -> Vec<u8> {
    let mut bytes = key.as_bytes().repeat(length / key.len() + 1);
    bytes.truncate(length);
    bytes
}

/// The key with something at its end, shortened before if it would be too long.
pub(crate) fn with_suffix(key: &str, suffix: &str) -> String {
    let mut key = key.to_owned();
    while key.len() + suffix.len() > MAX_KEY_LENGTH {
        key.pop();
    }
    key + suffix
}
