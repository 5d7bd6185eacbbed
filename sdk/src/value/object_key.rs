//! What an object's key may be.

const MAX_BYTES: usize = 1023;

/// Says what is wrong with a key that cannot be sent.
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("must not be empty: the request would be about the bucket".to_owned());
    }
    if key.len() > MAX_BYTES {
        return Err(format!("is {} bytes long in UTF-8, but may have at most {MAX_BYTES}", key.len()));
    }
    // Encoding the dots would not help: URL libraries take "%2e" for a dot.
    match key.split('/').find(|segment| matches!(*segment, "." | "..")) {
        Some(segment) => Err(format!(
            "has the path segment {segment:?}, which URL libraries and proxies resolve, so that another key would be \
             addressed"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_any_text_up_to_1023_bytes() {
        for key in
            ["a", "/", "//", "/leading", "trailing/", "a//b", "...", "a/.../b", "..a/.b/c.", "中文 %2e%2e?#", "\0"]
        {
            assert_eq!(check_key(key), Ok(()), "{key:?}");
        }
        assert_eq!(check_key(&"k".repeat(1023)), Ok(()));
        assert_eq!(check_key(&"中".repeat(341)), Ok(()));
    }

    #[test]
    fn the_limit_is_in_bytes() {
        let error = check_key(&"中".repeat(342)).unwrap_err();
        assert!(error.starts_with("is 1026 bytes long"), "{error}");
        assert!(check_key(&"k".repeat(1024)).is_err());
        assert!(check_key("").unwrap_err().contains("empty"));
    }

    #[test]
    fn dot_segments_are_refused() {
        for key in [".", "..", "./a", "a/..", "a/../b", "/.", "a/./b", "../"] {
            let error = check_key(key).unwrap_err();
            assert!(error.contains("another key"), "{key}: {error}");
        }
    }
}
