//! What an object is given besides its bytes, however many requests it takes.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::etag::content_md5;
use super::object_snapshot::ObjectRef;
use crate::types::StorageClass;
use crate::{
    Bucket, CompleteMultipartUploadInput, HeadObjectInput, HeadObjectOutput, InitiateMultipartUploadInput,
    PutObjectInput, Secret, UploadMultipartInput,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectProperties {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) encryption: Option<CustomerKey>,
}

/// Sets what an input says of a customer's key.
macro_rules! encrypt {
    ($input:ident, $encryption:expr) => {
        if let Some(customer) = $encryption {
            $input.encryption_customer_algorithm = Some($crate::transfer::object_properties::ALGORITHM.to_owned());
            $input.encryption_customer_key = Some(customer.key());
            $input.encryption_customer_key_md5 = Some(customer.md5());
        }
    };
}

/// Sets what an input says of the source of a copy: which one it is, how it is told from a later one, and the key that it
/// was encrypted with.
macro_rules! copy_from {
    ($input:ident, $source:expr, $pin:expr, $encryption:expr) => {
        $input.copy_source = Some($source.clone());
        $input.copy_source_if_match = $pin.etag.clone();
        $input.copy_source_if_unmodified_since = $pin.unmodified_since;
        if let Some(customer) = $encryption {
            $input.copy_source_encryption_customer_algorithm =
                Some($crate::transfer::object_properties::ALGORITHM.to_owned());
            $input.copy_source_encryption_customer_key = Some(customer.key());
            $input.copy_source_encryption_customer_key_md5 = Some(customer.md5());
        }
    };
}

pub(crate) use {copy_from, encrypt};

macro_rules! describe {
    ($input:ident, $headers:expr) => {
        let headers = $headers.clone();
        $input.content_type = headers.content_type;
        $input.cache_control = headers.cache_control;
        $input.content_disposition = headers.content_disposition;
        $input.content_encoding = headers.content_encoding;
        $input.expires = headers.expires;
        $input.storage_class = headers.storage_class;
        $input.metadata = headers.metadata;
        encrypt!($input, $headers.encryption.as_ref());
    };
}

impl ObjectProperties {
    pub(crate) fn put(&self) -> PutObjectInput {
        let mut input = PutObjectInput::new();
        describe!(input, self);
        input
    }

    pub(crate) fn initiate(&self) -> InitiateMultipartUploadInput {
        let mut input = InitiateMultipartUploadInput::new();
        describe!(input, self);
        input
    }

    pub(crate) fn part(&self, upload_id: &str, number: u32) -> UploadMultipartInput {
        let mut input = UploadMultipartInput::new(upload_id, number);
        encrypt!(input, self.encryption.as_ref());
        input
    }

    pub(crate) fn complete(&self, upload_id: &str) -> CompleteMultipartUploadInput {
        let mut input = CompleteMultipartUploadInput::new(upload_id, []);
        encrypt!(input, self.encryption.as_ref());
        input
    }

    pub(crate) fn head(&self) -> HeadObjectInput {
        let mut input = HeadObjectInput::new();
        encrypt!(input, self.encryption.as_ref());
        input
    }

    /// The object that has these, to be looked at.
    pub(crate) fn stored<'a>(&'a self, bucket: &'a Bucket, key: &'a str) -> ObjectRef<'a> {
        ObjectRef { bucket, key, version_id: None, encryption: self.encryption.as_ref() }
    }

    /// Whether an object has what it was to be given, as far as that was said.
    pub(crate) fn are_those_of(&self, object: &HeadObjectOutput) -> bool {
        let is_as_said = |said: &Option<String>, has: &Option<String>| said.is_none() || said == has;
        let has_pair = |(name, value): (&String, &String)| {
            object.metadata.iter().any(|(other, has)| other.eq_ignore_ascii_case(name) && has == value)
        };
        is_as_said(&self.content_type, &object.content_type)
            && is_as_said(&self.cache_control, &object.cache_control)
            && is_as_said(&self.content_disposition, &object.content_disposition)
            && is_as_said(&self.content_encoding, &object.content_encoding)
            && is_as_said(&self.expires, &object.expires)
            // The standard class need not be told.
            && (self.storage_class.is_none() || object.storage_class.is_none() || self.storage_class == object.storage_class)
            && self.metadata.len() == object.metadata.len()
            && self.metadata.iter().all(has_pair)
    }
}

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
