//! Reading one state of an object, so that a later one is never mixed with it.

use http::StatusCode;

use super::object_properties::{CustomerKey, encrypt};
use crate::error::{Error, Result};
use crate::generated::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput};
use crate::{Bucket, Timestamp};

/// State of an object that a transfer is pinned to. Conditional requests fail if the object has another one.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSnapshot {
    pub(crate) etag: Option<String>,
    /// Last-modified time, if there is no ETag.
    pub(crate) unmodified_since: Option<Timestamp>,
}

impl ObjectSnapshot {
    pub(crate) fn of(object: &HeadObjectOutput) -> Self {
        let unmodified_since = object.last_modified.filter(|_| object.etag.is_none());
        Self { etag: object.etag.clone(), unmodified_since }
    }
}

/// Reference to an object, with everything that reading it takes.
#[derive(Clone, Copy)]
pub(crate) struct ObjectRef<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) key: &'a str,
    pub(crate) version_id: Option<&'a str>,
    pub(crate) encryption: Option<&'a CustomerKey>,
}

impl ObjectRef<'_> {
    /// Returns the object's headers and size.
    pub(crate) async fn head(self) -> Result<(HeadObjectOutput, u64)> {
        let mut input = HeadObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        encrypt!(input, self.encryption);
        let object = self.bucket.head_object(self.key, input).await?;
        let size = match object.content_length {
            Some(size) => size,
            None => self.size(&object).await?,
        };
        Ok((object, size))
    }

    /// Returns an input that gets the object in the state that `head` returned.
    pub(crate) fn get_same(self, object: &HeadObjectOutput) -> GetObjectInput {
        let snapshot = ObjectSnapshot::of(object);
        let mut input = GetObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        input.if_match = snapshot.etag;
        input.if_unmodified_since = snapshot.unmodified_since;
        encrypt!(input, self.encryption);
        input
    }

    /// Returns the size of an object if HEAD did not tell it.
    async fn size(self, object: &HeadObjectOutput) -> Result<u64> {
        let first_byte = GetObjectInput { range: Some("bytes=0-0".to_owned()), ..self.get_same(object) };
        match self.bucket.get_object(self.key, first_byte).await {
            Ok(object) => {
                let total = object.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
                total.ok_or_else(|| {
                    Error::unexpected_response(format!("the server does not tell the size of key {:?}", self.key))
                })
            }
            // An empty object has no byte 0.
            Err(error) if error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Checks that an object that was just stored has `size` bytes. Returns `None` if the access key may not read it.
    pub(crate) async fn verify_stored(self, size: u64) -> Result<Option<HeadObjectOutput>> {
        let key = self.key;
        match self.head().await {
            Ok((object, found)) if found == size => Ok(Some(object)),
            Ok((_, found)) => Err(Error::unexpected_response(format!(
                "{size} bytes were stored as {key:?}, but the object has {found}: another program may have overwritten it"
            ))),
            Err(error) if error.is_access_denied() => {
                tracing::warn!(key, %error, "the object was stored, but not verified");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
