//! Encryption with a customer's key.
//!
//! The emulator does not encrypt data. It stores the digest of the key, and requires the same key for reading. A client
//! cannot see the difference.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};

use crate::error::Error;

/// Length of a key, in bytes.
const KEY_BYTES: usize = 32;

const ALGORITHM: &str = "AES256";
const ALGORITHM_HEADER: &str = "x-qs-encryption-customer-algorithm";

/// Prefix of the headers with the key of the object that the request reads or writes.
pub(crate) const OWN: &str = "x-qs-encryption-customer";
/// Prefix of the headers with the key of a copy's source.
pub(crate) const COPY_SOURCE: &str = "x-qs-copy-source-encryption-customer";

/// Checks the three headers that start with `prefix`. Returns the digest of the key in base64, or `None` if the request
/// has none of the headers.
pub(crate) fn key_digest(headers: &HeaderMap, prefix: &str) -> Result<Option<String>, Error> {
    let header =
        |name: &str| headers.get(format!("{prefix}-{name}")).map(|value| value.to_str().unwrap_or_default().trim());
    let (algorithm, key, digest) = match (header("algorithm"), header("key"), header("key-md5")) {
        (None, None, None) => return Ok(None),
        (Some(algorithm), Some(key), Some(digest)) => (algorithm, key, digest),
        _ => {
            return Err(refused(prefix, "algorithm, key and key-md5 must be sent together"));
        }
    };
    if algorithm != ALGORITHM {
        return Err(refused(prefix, "the algorithm must be AES256"));
    }
    let key = STANDARD
        .decode(key)
        .ok()
        .filter(|key| key.len() == KEY_BYTES)
        .ok_or_else(|| refused(prefix, "the key must be 32 bytes in base64"))?;
    let expected = STANDARD.encode(Md5::digest(&key));
    if digest != expected {
        return Err(refused(prefix, "key-md5 is not the MD5 of the key"));
    }
    Ok(Some(expected))
}

/// Refuses a request that lacks the key with the digest `stored`. If `stored` is `None`, no key is required.
pub(crate) fn require_key(stored: Option<&str>, headers: &HeaderMap, prefix: &str) -> Result<(), Error> {
    let sent = key_digest(headers, prefix)?;
    match (stored, sent) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(refused(prefix, "the data is encrypted with a customer's key, which is required")),
        (Some(stored), Some(sent)) if stored == sent => Ok(()),
        (Some(_), Some(_)) => Err(refused(prefix, "the data was written with another key")),
    }
}

/// Adds `x-qs-encryption-customer-algorithm` to a response, if the data is encrypted.
pub(crate) fn set_algorithm(stored: Option<&str>, headers: &mut HeaderMap) {
    if stored.is_some() {
        headers.insert(ALGORITHM_HEADER, HeaderValue::from_static(ALGORITHM));
    }
}

fn refused(prefix: &str, reason: &str) -> Error {
    Error::invalid_argument(format!("{prefix}-*: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(algorithm: &'static str, key: &[u8], digest_of: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut set = |name: &str, value: String| {
            let name: http::HeaderName = format!("{OWN}-{name}").parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        };
        set("algorithm", algorithm.to_owned());
        set("key", STANDARD.encode(key));
        set("key-md5", STANDARD.encode(Md5::digest(digest_of)));
        headers
    }

    #[test]
    fn accepts_a_valid_key() {
        let digest = key_digest(&headers("AES256", &[b'x'; 32], &[b'x'; 32]), OWN).unwrap();
        assert_eq!(digest.as_deref(), Some("3I/h1kl+vSP1l12NKhxegQ=="));
        assert_eq!(key_digest(&HeaderMap::new(), OWN).unwrap(), None);
    }

    #[test]
    fn rejects_invalid_keys() {
        for bad in [
            headers("AES128", &[1; 32], &[1; 32]),
            headers("AES256", &[1; 31], &[1; 31]),
            headers("AES256", &[1; 32], &[2; 32]),
        ] {
            assert!(key_digest(&bad, OWN).is_err());
        }
        let mut incomplete = headers("AES256", &[1; 32], &[1; 32]);
        incomplete.remove("x-qs-encryption-customer-key-md5");
        assert!(key_digest(&incomplete, OWN).is_err());
    }

    #[test]
    fn requires_the_same_key() {
        let first = headers("AES256", &[1; 32], &[1; 32]);
        let second = headers("AES256", &[2; 32], &[2; 32]);
        let stored = key_digest(&first, OWN).unwrap();
        assert!(require_key(stored.as_deref(), &first, OWN).is_ok());
        assert!(require_key(stored.as_deref(), &second, OWN).is_err());
        assert!(require_key(stored.as_deref(), &HeaderMap::new(), OWN).is_err());
        assert!(require_key(None, &HeaderMap::new(), OWN).is_ok());
    }
}
