//! The rules for object keys.

/// Maximum number of bytes of a key in UTF-8.
///
/// Source: <https://docs.qingcloud.com/qingstor/api/object/put.html>
const MAX_KEY_BYTES: usize = 1023;

/// Returns an error if a key cannot be sent. The error continues a sentence that starts with "key".
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("must not be empty, because the request would address the bucket".to_owned());
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(format!("is {} bytes long in UTF-8, but may have at most {MAX_KEY_BYTES}", key.len()));
    }
    // Percent-encoding the dots would not help, because URL libraries treat "%2e" as a dot.
    match key.split('/').find(|segment| matches!(*segment, "." | "..")) {
        Some(segment) => Err(format!(
            "has the path segment {segment:?}, which URL libraries and proxies resolve, so the request would address \
             another key"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_any_text_of_up_to_1023_bytes() {
        for key in
            ["a", "/", "//", "/leading", "trailing/", "a//b", "...", "a/.../b", "..a/.b/c.", "中文 %2e%2e?#", "\0"]
        {
            assert_eq!(check_key(key), Ok(()), "{key:?}");
        }
        assert_eq!(check_key(&"k".repeat(1023)), Ok(()));
        assert_eq!(check_key(&"中".repeat(341)), Ok(()));
    }

    #[test]
    fn rejects_empty_and_long_keys() {
        let error = check_key(&"中".repeat(342)).unwrap_err();
        assert!(error.starts_with("is 1026 bytes long"), "{error}");
        assert!(check_key(&"k".repeat(1024)).is_err());
        assert!(check_key("").unwrap_err().contains("empty"));
    }

    #[test]
    fn rejects_dot_segments() {
        for key in [".", "..", "./a", "a/..", "a/../b", "/.", "a/./b", "../"] {
            let error = check_key(key).unwrap_err();
            assert!(error.contains("another key"), "{key}: {error}");
        }
    }
}
