//! Headers of objects: metadata and attributes, times and ranges.

use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{Attributes, Error, GetRange, ObjectMeta};
use qingstor_sdk::{ByteRange, ContentRange, Timestamp};

use crate::error::generic;

/// Headers that the responses to GET and HEAD have in common.
pub(crate) struct ObjectHeaders {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<Timestamp>,
    pub(crate) version_id: Option<String>,
    pub(crate) attributes: Attributes,
}

/// Creates [`ObjectHeaders`] from the output of GET or HEAD.
macro_rules! headers_of {
    ($output:ident) => {{
        use object_store::{Attribute, Attributes};
        let mut attributes = Attributes::new();
        for (attribute, value) in [
            (Attribute::CacheControl, $output.cache_control),
            (Attribute::ContentDisposition, $output.content_disposition),
            (Attribute::ContentEncoding, $output.content_encoding),
            (Attribute::ContentLanguage, $output.content_language),
            (Attribute::ContentType, $output.content_type),
            (Attribute::StorageClass, $output.storage_class.map(|class| class.to_string())),
        ] {
            if let Some(value) = value {
                attributes.insert(attribute, value.into());
            }
        }
        for (name, value) in $output.metadata {
            attributes.insert(Attribute::Metadata(name.into()), value.into());
        }
        $crate::object::ObjectHeaders {
            etag: $output.etag,
            last_modified: $output.last_modified,
            version_id: $output.version_id,
            attributes,
        }
    }};
}
pub(crate) use headers_of;

impl ObjectHeaders {
    /// Returns the metadata of the object, and its attributes.
    pub(crate) fn into_meta(self, location: &Path, size: u64) -> Result<(ObjectMeta, Attributes), Error> {
        let last_modified = self.last_modified.ok_or_else(|| {
            generic(format!("the server returned no modification date of {location:?}, which object_store requires"))
        })?;
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: to_chrono(last_modified),
            size,
            e_tag: self.etag,
            version: self.version_id,
        };
        Ok((meta, self.attributes))
    }
}

/// Sets the fields of an input that store `attributes`. `$operation` names the method for errors.
macro_rules! set_attributes {
    ($input:ident, $attributes:expr, $operation:expr, $store:expr) => {
        for (attribute, value) in &$attributes {
            use object_store::Attribute;
            let value = value.to_string();
            match attribute {
                Attribute::CacheControl => $input.cache_control = Some(value),
                Attribute::ContentDisposition => $input.content_disposition = Some(value),
                Attribute::ContentEncoding => $input.content_encoding = Some(value),
                Attribute::ContentType => $input.content_type = Some(value),
                Attribute::StorageClass => $input.storage_class = Some(value.into()),
                Attribute::Metadata(name) => {
                    $input.metadata.insert(name.to_string(), value);
                }
                // QingStor does not store Content-Language.
                other => {
                    return Err($store.not_implemented(&format!(
                        "`{}` with the attribute {other:?}, which QingStor does not store",
                        $operation
                    )));
                }
            }
        }
    };
}
pub(crate) use set_attributes;

pub(crate) fn to_chrono(timestamp: Timestamp) -> DateTime<Utc> {
    SystemTime::from(timestamp).into()
}

pub(crate) fn from_chrono(time: DateTime<Utc>) -> Timestamp {
    SystemTime::from(time).into()
}

/// Converts a range. The client refuses an empty or reversed one before it sends the request.
pub(crate) fn byte_range(range: &GetRange) -> ByteRange {
    match range {
        GetRange::Bounded(bytes) => bytes.clone().into(),
        GetRange::Offset(start) => (*start..).into(),
        GetRange::Suffix(length) => ByteRange::last(*length),
    }
}

/// Returns the bytes that a response to GET contains, and the size of the object, from the headers `Content-Range` and
/// `Content-Length`.
///
/// # Errors
///
/// If the response does not contain exactly the requested range. The caller would otherwise read other bytes of the object.
pub(crate) fn returned_range(
    location: &Path,
    requested: Option<&GetRange>,
    content_range: Option<&str>,
    content_length: Option<u64>,
) -> Result<(Range<u64>, u64), Error> {
    let Some(requested) = requested else {
        let size = content_length
            .ok_or_else(|| generic(format!("GetObject of {location:?}: the response has no Content-Length")))?;
        return Ok((0..size, size));
    };
    let Some(text) = content_range else {
        let source = format!("GetObject of {location:?}: the server ignored the range and returned the whole object");
        return Err(Error::NotSupported { source: source.into() });
    };
    let parsed = ContentRange::parse(text).and_then(|range| Some((range.bytes, range.size?)));
    let (bytes, size) = parsed.ok_or_else(|| {
        generic(format!("GetObject of {location:?}: the Content-Range {text:?} must contain the range and the size"))
    })?;
    let expected = requested.as_range(size).map_err(generic)?;
    let length = expected.end - expected.start;
    if bytes != expected || content_length.is_some_and(|found| found != length) {
        return Err(generic(format!(
            "GetObject of {location:?}: the response has the Content-Range {text:?} and the Content-Length {content_length:?}, \
             but {length} bytes from byte {} on were requested",
            expected.start
        )));
    }
    Ok((bytes, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_must_contain_the_requested_range() {
        let bounded = |range| Some(GetRange::Bounded(range));
        for (requested, content_range, length, expected) in [
            (None, None, Some(10), Ok((0..10, 10))),
            (None, None, None, Err("no Content-Length")),
            (bounded(2..5), Some("bytes 2-4/10"), Some(3), Ok((2..5, 10))),
            (bounded(8..99), Some("bytes 8-9/10"), None, Ok((8..10, 10))),
            (Some(GetRange::Offset(7)), Some("bytes 7-9/10"), Some(3), Ok((7..10, 10))),
            (Some(GetRange::Suffix(99)), Some("bytes 0-9/10"), Some(10), Ok((0..10, 10))),
            (bounded(2..5), None, Some(10), Err("ignored the range")),
            (bounded(2..5), Some("bytes 0-2/10"), Some(3), Err("3 bytes from byte 2 on were requested")),
            (bounded(2..5), Some("bytes 2-3/10"), Some(2), Err("3 bytes from byte 2 on were requested")),
            (bounded(2..5), Some("bytes 2-4/10"), Some(2), Err("Content-Length Some(2)")),
            (Some(GetRange::Suffix(3)), Some("bytes 0-2/10"), Some(3), Err("3 bytes from byte 7 on were requested")),
            (bounded(2..5), Some("bytes 2-4/*"), Some(3), Err("must contain the range and the size")),
            (bounded(2..5), Some("bytes */10"), Some(3), Err("must contain the range and the size")),
        ] {
            let found = returned_range(&Path::from("object"), requested.as_ref(), content_range, length);
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(*found, expected),
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                (_, expected) => panic!("{requested:?} {content_range:?}: {found:?} instead of {expected:?}"),
            }
        }
    }
}
