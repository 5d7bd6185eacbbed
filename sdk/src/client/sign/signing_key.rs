//! A secret as the hash takes it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::value::Secret;

/// HMAC-SHA256 that has read its key: that is two of the five blocks that are hashed for the signature of a short request.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Hmac::new(&hmac_key(secret.expose().as_bytes())))
    }

    /// In Base64 with padding.
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

/// Fits a secret to the block of the hash, as RFC 2104 has it. The constructor that takes a key of any length does the
/// same, but returns a `Result` for the sake of MACs that are choosier.
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
    fn one_key_signs_any_number_of_texts_each_as_if_it_were_the_only_one() {
        for secret in ["", "the secret", &"longer than a block of the hash ".repeat(3)] {
            let key = SigningKey::new(&secret.into());
            for text in ["", "one", "another that is longer than one block of the hash, which is sixty-four bytes"] {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
                mac.update(text.as_bytes());
                assert_eq!(key.sign(text.as_bytes()), STANDARD.encode(mac.finalize().into_bytes()), "{secret} {text}");
            }
        }
    }

    #[test]
    fn debug_output_tells_nothing() {
        assert_eq!(format!("{:?}", SigningKey::new(&"the secret".into())), "<redacted>");
    }
}
