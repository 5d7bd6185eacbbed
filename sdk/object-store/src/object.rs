//! Headers of objects: metadata and attributes, times and ranges.

use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{Attribute, Attributes, Error, GetRange, ObjectMeta};
use qingstor_sdk::{ByteRange, Timestamp};

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
                other => return Err($crate::object::unsupported_attribute(other, $operation, $store)),
            }
        }
    };
}
pub(crate) use set_attributes;

pub(crate) fn unsupported_attribute(attribute: &Attribute, operation: &str, store: &impl ToString) -> Error {
    Error::NotImplemented {
        operation: format!("`{operation}` with the attribute {attribute:?}, which QingStor does not store"),
        implementer: store.to_string(),
    }
}

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

/// Parses the header `Content-Range`, such as `bytes 0-99/1000`. Returns the range and the size of the object.
pub(crate) fn parse_content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (start, end, size) = (first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?, size.parse().ok()?);
    (start < end && end <= size).then_some((start..end, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_has_a_range_inside_the_object() {
        assert_eq!(parse_content_range("bytes 0-99/1000"), Some((0..100, 1000)));
        assert_eq!(parse_content_range("bytes 999-999/1000"), Some((999..1000, 1000)));
        for text in
            ["bytes 5-4/10", "bytes 0-10/10", "bytes */10", "bytes 0-1/*", "0-1/10", "bytes 0-18446744073709551615/1"]
        {
            assert_eq!(parse_content_range(text), None, "{text}");
        }
    }
}
