//! Access keys and signing with them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::value::Secret;

/// A pair of QingCloud access keys. They are created in the console under "API Keys".
///
/// ```
/// use qingstor_sdk::Credentials;
///
/// let credentials = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY");
/// assert_eq!(credentials.access_key_id(), "ACCESS_KEY_ID");
/// assert!(!format!("{credentials:?}").contains("SECRET_ACCESS_KEY"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Secret,
    signing_key: SigningKey,
}

impl Credentials {
    /// Creates a pair of keys without checking them. If the server does not know the pair, the first request fails.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        let secret_access_key = secret_access_key.into();
        let signing_key = SigningKey::new(&secret_access_key);
        Self { access_key_id: access_key_id.into(), secret_access_key, signing_key }
    }

    /// Returns the access key id. It is not a secret, because every signed request contains it.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub(crate) fn secret_access_key(&self) -> &Secret {
        &self.secret_access_key
    }

    /// Returns the [`signature`](crate::sign::signature) of `text` with the secret access key.
    pub(crate) fn sign(&self, text: impl AsRef<[u8]>) -> String {
        self.signing_key.sign(text.as_ref())
    }
}

/// An HMAC-SHA256 that has already processed its key. This saves hashing two of the five blocks that the signature of a
/// short request requires.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Hmac::new(&hmac_key(secret.expose().as_bytes())))
    }

    /// Returns the signature of `text` in Base64 with padding.
    pub(crate) fn sign(&self, text: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(text);
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Pads or hashes a secret to the block size, as RFC 2104 specifies.
///
/// `Hmac::new_from_slice` does the same, but returns a `Result` although HMAC accepts keys of any length.
fn hmac_key(secret: &[u8]) -> Key<Hmac<Sha256>> {
    let mut key = Key::<Hmac<Sha256>>::default();
    if secret.len() > key.len() {
        let digest = Sha256::digest(secret);
        key[..digest.len()].copy_from_slice(&digest);
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_only_the_access_key_id() {
        let credentials = Credentials::new("THE_ID", "the secret");
        let shown = format!("{credentials:?}");
        assert!(shown.contains("THE_ID"), "{shown}");
        assert!(!shown.contains("the secret"), "{shown}");
        assert_eq!(format!("{:?}", credentials.signing_key), "<redacted>");
        assert_eq!(credentials.secret_access_key().expose(), "the secret");
    }

    #[test]
    fn signs_each_text_independently() {
        for secret in ["", "the secret", &"longer than a block of the hash ".repeat(3)] {
            let key = SigningKey::new(&secret.into());
            for text in ["", "one", "another that is longer than one block of the hash, which is sixty-four bytes"] {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
                mac.update(text.as_bytes());
                assert_eq!(key.sign(text.as_bytes()), STANDARD.encode(mac.finalize().into_bytes()), "{secret} {text}");
            }
        }
    }
}
