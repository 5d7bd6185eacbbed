//! ETags in headers.

/// Returns the value of an ETag, without quotes and without the `W/` of a weak one. Proxies add or remove them.
pub(crate) fn etag_value(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"')
}

/// Returns the value of `If-Match` for an ETag: the ETag in quotes, in which QingStor compares it (PROTOCOL.md C4). Returns
/// `None` for a weak one, because `If-Match` with a weak ETag is never met (RFC 9110, section 13.1.1), and for an empty one,
/// which does not distinguish versions.
pub(crate) fn if_match(etag: &str) -> Option<String> {
    let value = etag_value(etag);
    (!etag.starts_with("W/") && !value.is_empty()).then(|| format!("\"{value}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etag_value_has_no_quotes_and_no_mark_of_a_weak_etag() {
        for etag in ["\"a\"", "a", "W/\"a\""] {
            assert_eq!(etag_value(etag), "a", "{etag}");
        }
    }

    #[test]
    fn if_match_is_the_strong_etag_in_quotes() {
        for (etag, expected) in
            [("a", Some("\"a\"")), ("\"a\"", Some("\"a\"")), ("W/\"a\"", None), ("", None), ("\"\"", None)]
        {
            assert_eq!(if_match(etag).as_deref(), expected, "{etag}");
        }
    }
}
