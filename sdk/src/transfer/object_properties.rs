//! Properties that a transfer gives its object, and the customer key that encrypts the object.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::etag::content_md5;
use crate::Secret;
use crate::error::Result;
use crate::generated::operations::{
    CompleteMultipartUploadInput, HeadObjectOutput, InitiateMultipartUploadInput, PutObjectInput, UploadMultipartInput,
};
use crate::operation::spec::OperationSpec;
use crate::operation::{Operation, RequestEncoder, ResponseDecoder};
use crate::types::StorageClass;

/// Headers, metadata, storage class and encryption of a new object.
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
    /// True if the headers are those of another object.
    pub(crate) are_taken_over: bool,
}

/// Input with headers that were read from an existing object. They are sent unchanged.
pub(crate) struct TakenOver<I>(pub(crate) I);

impl<I: Operation> Operation for TakenOver<I> {
    type Output = I::Output;
    type Scope = I::Scope;
    const SPEC: OperationSpec = I::SPEC;

    fn encode(self, request: &mut RequestEncoder) {
        request.take_over_headers();
        self.0.encode(request);
    }

    fn decode(response: ResponseDecoder) -> Result<Self::Output> {
        I::decode(response)
    }
}

/// Sets the fields of an input that hold the customer key, if there is one.
macro_rules! set_customer_key {
    ($input:ident, $encryption:expr) => {
        if let Some(customer) = $encryption {
            $input.encryption_customer_algorithm = Some($crate::transfer::object_properties::ALGORITHM.to_owned());
            $input.encryption_customer_key = Some(customer.key());
            $input.encryption_customer_key_md5 = Some(customer.md5());
        }
    };
}

pub(crate) use set_customer_key;

/// Sets the fields of an input that hold the properties of the object.
macro_rules! set_properties {
    ($input:ident, $properties:expr) => {
        let properties = $properties.clone();
        $input.content_type = properties.content_type;
        $input.cache_control = properties.cache_control;
        $input.content_disposition = properties.content_disposition;
        $input.content_encoding = properties.content_encoding;
        $input.expires = properties.expires;
        $input.storage_class = properties.storage_class;
        $input.metadata = properties.metadata;
        set_customer_key!($input, $properties.encryption.as_ref());
    };
}

impl ObjectProperties {
    pub(crate) fn put_input(&self) -> PutObjectInput {
        let mut input = PutObjectInput::new();
        set_properties!(input, self);
        input
    }

    pub(crate) fn initiate_input(&self) -> InitiateMultipartUploadInput {
        let mut input = InitiateMultipartUploadInput::new();
        set_properties!(input, self);
        input
    }

    pub(crate) fn part_input(&self, upload_id: &str, number: u32) -> UploadMultipartInput {
        let mut input = UploadMultipartInput::new(upload_id, number);
        set_customer_key!(input, self.encryption.as_ref());
        input
    }

    pub(crate) fn complete_input(&self, upload_id: &str) -> CompleteMultipartUploadInput {
        let mut input = CompleteMultipartUploadInput::new(upload_id, []);
        set_customer_key!(input, self.encryption.as_ref());
        input
    }

    /// Returns true if an object has these properties. An unset property matches any value.
    pub(crate) fn are_those_of(&self, object: &HeadObjectOutput) -> bool {
        let matches = |expected: &Option<String>, found: &Option<String>| expected.is_none() || expected == found;
        let has_pair = |(name, value): (&String, &String)| {
            object.metadata.iter().any(|(other, has)| other.eq_ignore_ascii_case(name) && has == value)
        };
        matches(&self.content_type, &object.content_type)
            && matches(&self.cache_control, &object.cache_control)
            && matches(&self.content_disposition, &object.content_disposition)
            && matches(&self.content_encoding, &object.content_encoding)
            && matches(&self.expires, &object.expires)
            // The server may omit the storage class of a standard object.
            && (self.storage_class.is_none() || object.storage_class.is_none() || self.storage_class == object.storage_class)
            && self.metadata.len() == object.metadata.len()
            && self.metadata.iter().all(has_pair)
    }
}

/// Value of the header that names the encryption algorithm.
pub(crate) const ALGORITHM: &str = "AES256";

/// Customer key with which the server encrypts an object (SSE-C).
///
/// The server does not store the key. The object can only be read with the same key: if the key is lost, so is the object.
/// `Debug` does not print the key.
///
/// ```no_run
/// # use qingstor_sdk::{Bucket, Result};
/// # async fn run(bucket: Bucket, secret: [u8; 32]) -> Result<()> {
/// use qingstor_sdk::CustomerKey;
///
/// let key = CustomerKey::aes256(secret);
/// bucket.upload("db.tar").file("db.tar").encryption(key.clone()).send().await?;
/// bucket.download("db.tar").to_file("copy.tar").encryption(key).send().await?;
/// # Ok(())
/// # }
/// ```
///
/// Official documentation: <https://docs.qingcloud.com/qingstor/api/common/encryption.html>
#[derive(Clone)]
pub struct CustomerKey {
    key: Secret,
    md5: String,
}

impl CustomerKey {
    /// Creates a key for AES-256, the only algorithm that QingStor supports.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_print_the_customer_key() {
        let key = CustomerKey::aes256([7; 32]);
        let text = format!("{key:?}");
        assert!(!text.contains('7') && !text.contains(key.key().expose()), "{text}");
    }
}
