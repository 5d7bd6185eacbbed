//! The source object of a copy or move.

use std::borrow::Cow;
use std::fmt;

use super::{WireValue, encode_path, encode_query};

/// The source object of a copy or move: a bucket, a key and, for a copy, an optional version.
///
/// It can be created from text of the form `/bucket/key`. The key must not be encoded: a `?` or `%` is part of the key,
/// and the client percent-encodes it. A request with an empty bucket or key fails before it is sent.
///
/// `Display` formats the value of the header: percent-encoded, with `?version_id=…` if there is a version.
///
/// ```
/// use qingstor_sdk::operations::PutObjectInput;
/// use qingstor_sdk::ObjectSource;
///
/// let copy = PutObjectInput::new().copy_source("/bucket/a key");
/// assert_eq!(copy.copy_source, Some(ObjectSource::new("bucket", "a key")));
/// let version = ObjectSource::new("bucket", "a key").version_id("NjkwOTgw");
/// assert_eq!(version.to_string(), "/bucket/a%20key?version_id=NjkwOTgw");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ObjectSource {
    /// Name of the bucket. It must be in the same zone as the target bucket.
    pub bucket: String,
    /// Key of the object, not encoded.
    pub key: String,
    /// Id of the version. If unset, the current version is used.
    pub version_id: Option<String>,
}

impl ObjectSource {
    /// Creates a source with the current version of an object. Its bucket must be in the same zone as the target
    /// bucket.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), version_id: None }
    }

    /// Sets the id of the version, which `ListObjectVersions` and the request that created the version return. To
    /// restore a version, copy it to its own key. QingStor documents versions for copies only, not for moves.
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.version_id = Some(version_id.into());
        self
    }

    /// Returns the reason for which the source cannot be sent, if there is one.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { bucket, key, version_id } = self;
        if bucket.is_empty() || key.is_empty() {
            return Some(format!("has the bucket {bucket:?} and the key {key:?}, but needs both, as in `/bucket/key`"));
        }
        if bucket.contains('/') {
            // The server would treat only the text before the slash as the bucket.
            return Some(format!("has the bucket {bucket:?}, but a slash can only be in the key"));
        }
        let is_empty = version_id.as_ref().is_some_and(String::is_empty);
        is_empty.then(|| "has an empty version id: unset it for the current version".to_owned())
    }
}

impl fmt::Display for ObjectSource {
    /// Formats the header value. Only the question mark before the version is not encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", encode_path(&self.bucket), encode_path(&self.key))?;
        match &self.version_id {
            Some(id) => write!(f, "?version_id={}", encode_query(id)),
            None => Ok(()),
        }
    }
}

impl<T: AsRef<str>> From<T> for ObjectSource {
    /// Converts `/bucket/key`. Text without a slash at the start becomes a key without a bucket, which cannot be sent.
    fn from(path: T) -> Self {
        let path = path.as_ref();
        let Some(path) = path.strip_prefix('/') else { return Self::new("", path) };
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Self::new(bucket, key)
    }
}

impl WireValue for ObjectSource {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_encodes_question_marks_of_the_key() {
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
            assert_eq!(source.to_string(), encoded);
            assert_eq!(source, ObjectSource::from(format!("/bucket/{key}")), "from text");
            assert_eq!(source.version_id("id").to_string(), format!("{encoded}?version_id=id"));
        }
    }

    #[test]
    fn display_encodes_the_version() {
        let encoded = ObjectSource::new("bucket", "key").version_id("a+b/c=?&").to_string();
        assert_eq!(encoded, "/bucket/key?version_id=a%2Bb%2Fc%3D%3F%26");
    }

    #[test]
    fn from_text_splits_bucket_and_key() {
        let source = ObjectSource::from("/bucket/a/b?version_id=c");
        assert_eq!((source.bucket.as_str(), source.key.as_str()), ("bucket", "a/b?version_id=c"));
        assert_eq!(source.version_id, None);
        assert_eq!(ObjectSource::from("/bucket//a"), ObjectSource::new("bucket", "/a"));
    }

    #[test]
    fn fault_reports_missing_parts() {
        for path in ["", "/", "key", "bucket/key", "/bucket", "/bucket/", "//key"] {
            let fault = ObjectSource::from(path).fault().unwrap();
            assert!(fault.contains("/bucket/key"), "{path}: {fault}");
        }
        assert!(ObjectSource::new("bucket", "").fault().is_some());
        assert!(ObjectSource::new("", "key").fault().is_some());
        for bucket in ["bucket/dir", "/bucket", "bucket/"] {
            let fault = ObjectSource::new(bucket, "key").fault().unwrap();
            assert!(fault.contains(&format!("{bucket:?}")) && fault.contains("slash"), "{fault}");
        }
        assert!(ObjectSource::new("bucket", "key").version_id("").fault().unwrap().contains("version"));
        assert_eq!(ObjectSource::new("bucket", "/").version_id("1").fault(), None);
    }
}
