//! The source object of a copy or a move.

use std::borrow::Cow;
use std::fmt;

use super::{WireValue, encode_path, encode_query};

/// The source of a copy or a move: bucket, key and, for a copy, optionally a version.
///
/// It can be converted from text of the form `/bucket/key`. The SDK percent-encodes the key, so a `?` or `%` in it is part
/// of the key. A request without a bucket or a key is refused before it is sent.
///
/// `Display` shows the value that is sent: percent-encoded, and with `?version_id=…` if there is a version. This is not
/// the text that it is converted from.
///
/// ```
/// use qingstor_sdk::operations::PutObjectInput;
/// use qingstor_sdk::ObjectSource;
///
/// let copy = PutObjectInput::new().copy_source("/bucket/a key");
/// assert_eq!(copy.copy_source, Some(ObjectSource::new("bucket", "a key")));
/// let restored = PutObjectInput::new().copy_source(ObjectSource::new("bucket", "a key").version_id("NjkwOTgw"));
/// assert_eq!(restored.copy_source.unwrap().to_string(), "/bucket/a%20key?version_id=NjkwOTgw");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ObjectSource {
    /// Name of the bucket, which has to be in the zone of the target bucket.
    pub bucket: String,
    /// Key of the object, not encoded.
    pub key: String,
    /// Version of the object. If unset, the current one.
    pub version_id: Option<String>,
}

impl ObjectSource {
    /// Creates a source from the current version of an object, which has to be in the zone of the target bucket.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), version_id: None }
    }

    /// Sets the version, as returned by `ListObjectVersions` or by the request that created it. Copying a version onto its
    /// own key restores it. Moves are not documented to support versions.
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.version_id = Some(version_id.into());
        self
    }

    /// Returns the reason if the source cannot be sent.
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { bucket, key, version_id } = self;
        if bucket.is_empty() || key.is_empty() {
            return Some(format!("has the bucket {bucket:?} and the key {key:?}, but needs both, as in `/bucket/key`"));
        }
        if bucket.contains('/') {
            // The server would take the text before the slash for the bucket.
            return Some(format!("has the bucket {bucket:?}, but a slash can only be in the key"));
        }
        let is_empty = version_id.as_ref().is_some_and(String::is_empty);
        is_empty.then(|| "has an empty version id; leave it out for the current version".to_owned())
    }
}

impl fmt::Display for ObjectSource {
    /// Formats the header value. The question mark before the version is the only one that is not encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", encode_path(&self.bucket), encode_path(&self.key))?;
        match &self.version_id {
            Some(id) => write!(f, "?version_id={}", encode_query(id)),
            None => Ok(()),
        }
    }
}

impl From<&str> for ObjectSource {
    /// Takes text without a leading slash for a key without a bucket, which is refused before it is sent.
    fn from(path: &str) -> Self {
        let Some(path) = path.strip_prefix('/') else { return Self::new("", path) };
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Self::new(bucket, key)
    }
}

impl From<&String> for ObjectSource {
    fn from(path: &String) -> Self {
        Self::from(path.as_str())
    }
}

impl From<String> for ObjectSource {
    fn from(path: String) -> Self {
        Self::from(path.as_str())
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
            assert_eq!(source, ObjectSource::from(format!("/bucket/{key}")), "text is the same");
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
