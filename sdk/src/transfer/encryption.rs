//! Encryption with a key of the customer's own (SSE-C).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::checksum::content_md5;
use crate::Secret;

pub(crate) const ALGORITHM: &str = "AES256";

/// A key of the customer's own, with which the server encrypts an object, and which it does not keep.
///
/// Whoever reads the object has to send the same key. Without it the object is lost.
///
/// ```
/// use qingstor_sdk::CustomerKey;
///
/// let key = CustomerKey::aes256([7; 32]);
/// assert!(!format!("{key:?}").contains('7'));
/// ```
///
/// Official documentation: <https://docs.qingcloud.com/qingstor/api/common/encryption.html>
#[derive(Clone)]
pub struct CustomerKey {
    key: Secret,
    md5: String,
}

impl CustomerKey {
    /// A key of 256 bits for AES, the one algorithm that QingStor has.
    pub fn aes256(key: [u8; 32]) -> Self {
        Self { key: STANDARD.encode(key).into(), md5: content_md5(&Md5::digest(key).into()) }
    }

    pub(crate) fn key(&self) -> Secret {
        self.key.clone()
    }

    pub(crate) fn md5(&self) -> String {
        self.md5.clone()
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerKey").finish_non_exhaustive()
    }
}
