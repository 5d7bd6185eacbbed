//! An object that a request names beside the one it addresses.

use std::borrow::Cow;

use crate::percent::{encode_path, encode_query};
use crate::request::WireValue;

/// The object that another one is copied or moved from: bucket, key and, for a copy, possibly a version.
///
/// Made from text, it is `/bucket/key`, with the key as it is: the SDK percent-encodes it, so a `?` or `%` in it is part
/// of the key. That it has both a bucket and a key is checked before anything is sent.
///
/// ```
/// use qingstor_sdk::{ObjectSource, PutObjectInput};
///
/// let copy = PutObjectInput::new().copy_source("/bucket/a key");
/// assert_eq!(copy.copy_source, Some(ObjectSource::new("bucket", "a key")));
/// let restored = PutObjectInput::new().copy_source(ObjectSource::new("bucket", "a key").version_id("NjkwOTgw"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSource {
    path: String,
    version_id: Option<String>,
}

impl ObjectSource {
    /// The current version of an object. It has to be in the zone of the bucket that the request addresses.
    pub fn new(bucket: &str, key: &str) -> Self {
        Self { path: format!("/{bucket}/{key}"), version_id: None }
    }

    /// That version of the object, as `ListObjectVersions` or the answer that created it named it. Copying a version onto
    /// its own key restores it. Only copies are documented to take one.
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.version_id = Some(version_id.into());
        self
    }

    /// What keeps it from being sent.
    pub(crate) fn fault(&self) -> Option<String> {
        let parts = self.path.strip_prefix('/').and_then(|path| path.split_once('/'));
        if parts.is_none_or(|(bucket, key)| bucket.is_empty() || key.is_empty()) {
            return Some(format!("is {:?}, but must be a bucket and a key: `/bucket/key`", self.path));
        }
        let is_empty = self.version_id.as_ref().is_some_and(String::is_empty);
        is_empty.then(|| "has an empty version id; leave it out for the current version".to_owned())
    }

    /// As a header carries it. The question mark before the version is the only one that is not encoded.
    pub(crate) fn encoded(&self) -> String {
        let path = encode_path(&self.path);
        match &self.version_id {
            Some(id) => format!("{path}?version_id={}", encode_query(id)),
            None => path,
        }
    }
}

impl From<&str> for ObjectSource {
    fn from(path: &str) -> Self {
        Self::from(path.to_owned())
    }
}

impl From<&String> for ObjectSource {
    fn from(path: &String) -> Self {
        Self::from(path.clone())
    }
}

impl From<String> for ObjectSource {
    fn from(path: String) -> Self {
        Self { path, version_id: None }
    }
}

impl WireValue for ObjectSource {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.encoded()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_is_part_of_the_key_unless_a_version_follows() {
        for (key, encoded) in [
            ("a b", "/bucket/a%20b"),
            ("a+b", "/bucket/a%2Bb"),
            ("100%", "/bucket/100%25"),
            ("%20", "/bucket/%2520"),
            ("what?", "/bucket/what%3F"),
            ("a?version_id=b", "/bucket/a%3Fversion_id%3Db"),
            ("a#b/c//d", "/bucket/a%23b/c//d"),
            ("/leading", "/bucket//leading"),
            ("ü", "/bucket/%C3%BC"),
        ] {
            let source = ObjectSource::new("bucket", key);
            assert_eq!(source.encoded(), encoded);
            assert_eq!(source, ObjectSource::from(format!("/bucket/{key}")), "text is the same");
            assert_eq!(source.version_id("id").encoded(), format!("{encoded}?version_id=id"));
        }
    }

    #[test]
    fn a_version_is_encoded_on_its_own() {
        let encoded = ObjectSource::new("bucket", "key").version_id("a+b/c=?&").encoded();
        assert_eq!(encoded, "/bucket/key?version_id=a%2Bb%2Fc%3D%3F%26");
    }

    #[test]
    fn what_names_no_object_is_a_fault() {
        for path in ["", "/", "key", "bucket/key", "/bucket", "/bucket/", "//key"] {
            let fault = ObjectSource::from(path).fault().unwrap();
            assert!(fault.contains("/bucket/key"), "{path}: {fault}");
        }
        assert!(ObjectSource::new("bucket", "").fault().is_some());
        assert!(ObjectSource::new("bucket", "key").version_id("").fault().unwrap().contains("version"));
        assert_eq!(ObjectSource::new("bucket", "/").version_id("1").fault(), None);
    }
}
