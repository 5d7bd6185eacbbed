//! Encryption under a customer's key, as far as a client can see it.
//!
//! Nothing is encrypted: the emulator remembers the digest of the key and demands the same key again. That is all a
//! client can observe, and it keeps the test data readable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};

use crate::error::Error;

const KEY_BYTES: usize = 32;

/// The algorithm's name and the header it is answered in.
const ALGORITHM: &str = "AES256";
const ALGORITHM_HEADER: &str = "x-qs-encryption-customer-algorithm";

/// The key of the object a request reads or writes.
pub(crate) const OWN: &str = "x-qs-encryption-customer";
/// The key of the object a copy reads.
pub(crate) const COPY_SOURCE: &str = "x-qs-copy-source-encryption-customer";

/// Reads and checks the three headers starting with `prefix`; the answer is the key's digest in base64.
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
        return Err(refused(prefix, "the key-md5 is not the digest of the key"));
    }
    Ok(Some(expected))
}

/// Refuses unless the request brought the key that `stored` was written with.
pub(crate) fn demand(stored: Option<&str>, headers: &HeaderMap, prefix: &str) -> Result<(), Error> {
    let sent = key_digest(headers, prefix)?;
    match (stored, sent) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(refused(prefix, "the data is encrypted and needs its key")),
        (Some(stored), Some(sent)) if stored == sent => Ok(()),
        (Some(_), Some(_)) => Err(refused(prefix, "the key is not the one the data was written with")),
    }
}

/// Says in an answer that the data is encrypted.
pub(crate) fn announce(stored: Option<&str>, headers: &mut HeaderMap) {
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
    fn a_right_key() {
        let digest = key_digest(&headers("AES256", &[b'x'; 32], &[b'x'; 32]), OWN).unwrap();
        assert_eq!(digest.as_deref(), Some("3I/h1kl+vSP1l12NKhxegQ=="));
        assert_eq!(key_digest(&HeaderMap::new(), OWN).unwrap(), None);
    }

    #[test]
    fn wrong_keys() {
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
    fn the_same_key_is_demanded() {
        let first = headers("AES256", &[1; 32], &[1; 32]);
        let second = headers("AES256", &[2; 32], &[2; 32]);
        let stored = key_digest(&first, OWN).unwrap();
        assert!(demand(stored.as_deref(), &first, OWN).is_ok());
        assert!(demand(stored.as_deref(), &second, OWN).is_err());
        assert!(demand(stored.as_deref(), &HeaderMap::new(), OWN).is_err());
        assert!(demand(None, &HeaderMap::new(), OWN).is_ok());
    }
}
