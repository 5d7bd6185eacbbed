//! The very object that was looked at, and no later one.

use http::StatusCode;

use super::object_properties::{CustomerKey, encrypt};
use crate::error::{Error, Result};
use crate::{Bucket, GetObjectInput, HeadObjectInput, HeadObjectOutput, Timestamp};

/// What tells an object from another one of its key.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSnapshot {
    pub(crate) etag: Option<String>,
    /// Where there is no tag.
    pub(crate) unmodified_since: Option<Timestamp>,
}

impl ObjectSnapshot {
    pub(crate) fn of(object: &HeadObjectOutput) -> Self {
        let unmodified_since = object.last_modified.filter(|_| object.etag.is_none());
        Self { etag: object.etag.clone(), unmodified_since }
    }
}

/// Where an object is, and what it takes to read it.
#[derive(Clone, Copy)]
pub(crate) struct ObjectRef<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) key: &'a str,
    pub(crate) version_id: Option<&'a str>,
    pub(crate) encryption: Option<&'a CustomerKey>,
}

impl ObjectRef<'_> {
    /// What the object is, and how long.
    pub(crate) async fn look(self) -> Result<(HeadObjectOutput, u64)> {
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

    /// Asks for the object that was looked at.
    pub(crate) fn pinned(self, object: &HeadObjectOutput) -> GetObjectInput {
        let pin = ObjectSnapshot::of(object);
        let mut input = GetObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        input.if_match = pin.etag;
        input.if_unmodified_since = pin.unmodified_since;
        encrypt!(input, self.encryption);
        input
    }

    /// Finds out how long an object is of which HEAD did not tell.
    async fn size(self, object: &HeadObjectOutput) -> Result<u64> {
        let first_byte = GetObjectInput { range: Some("bytes=0-0".to_owned()), ..self.pinned(object) };
        match self.bucket.get_object(self.key, first_byte).await {
            Ok(object) => {
                let total = object.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
                total.ok_or_else(|| {
                    Error::unexpected_response(format!("the server does not say how long key {:?} is", self.key))
                })
            }
            // Nothing has no first byte.
            Err(error) if error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// What the server says of an object that has to have so many bytes; `None` if these keys may not look.
pub(crate) async fn look_at_stored(stored: ObjectRef<'_>, size: u64) -> Result<Option<HeadObjectOutput>> {
    let key = stored.key;
    let (object, found) = match stored.look().await {
        Ok(found) => found,
        Err(error) if error.is_access_denied() => {
            tracing::warn!(key, %error, "the object was stored; these keys may not look at it");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if found == size {
        return Ok(Some(object));
    }
    Err(Error::unexpected_response(format!(
        "{size} bytes were stored as {key:?}, but the object has {found}: somebody else may have written to its key"
    )))
}
