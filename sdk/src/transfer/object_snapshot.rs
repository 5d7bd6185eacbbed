//! Reads the headers of an object, and pins a transfer to the state of the object at that time.

use http::StatusCode;

use super::object_properties::{CustomerKey, set_customer_key};
use crate::error::{Error, Result};
use crate::generated::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput};
use crate::{Bucket, Timestamp};

/// State of an object that a transfer is pinned to.
///
/// Requests of the transfer carry it as a condition. They fail if the object has changed.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSnapshot {
    pub(crate) etag: Option<String>,
    /// Last-modified time. Set only if the object has no ETag.
    pub(crate) unmodified_since: Option<Timestamp>,
}

impl ObjectSnapshot {
    pub(crate) fn of(object: &HeadObjectOutput) -> Self {
        let unmodified_since = object.last_modified.filter(|_| object.etag.is_none());
        Self { etag: object.etag.clone(), unmodified_since }
    }
}

/// Address of an object, with the version and the customer key that are needed to read it.
#[derive(Clone, Copy)]
pub(crate) struct ObjectRef<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) key: &'a str,
    pub(crate) version_id: Option<&'a str>,
    pub(crate) encryption: Option<&'a CustomerKey>,
}

impl ObjectRef<'_> {
    /// Returns the headers of the object.
    async fn headers(self) -> Result<HeadObjectOutput> {
        let mut input = HeadObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        set_customer_key!(input, self.encryption);
        self.bucket.head_object(self.key, input).await
    }

    /// Returns the headers of the object, or `None` if it does not exist.
    pub(crate) async fn find(self) -> Result<Option<HeadObjectOutput>> {
        match self.headers().await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the headers and the size of the object.
    pub(crate) async fn head(self) -> Result<(HeadObjectOutput, u64)> {
        let object = self.headers().await?;
        let size = match object.content_length {
            Some(size) => size,
            None => self.size(&object).await?,
        };
        Ok((object, size))
    }

    /// Returns an input that gets the object on the condition that it is still in the state that `head` returned.
    pub(crate) fn get_if_unchanged(self, object: &HeadObjectOutput) -> GetObjectInput {
        let snapshot = ObjectSnapshot::of(object);
        let mut input = GetObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        input.if_match = snapshot.etag;
        input.if_unmodified_since = snapshot.unmodified_since;
        set_customer_key!(input, self.encryption);
        input
    }

    /// Returns the size of an object whose `HEAD` response has no `Content-Length`.
    async fn size(self, object: &HeadObjectOutput) -> Result<u64> {
        let first_byte = GetObjectInput { range: Some("bytes=0-0".to_owned()), ..self.get_if_unchanged(object) };
        match self.bucket.get_object(self.key, first_byte).await {
            Ok(object) => {
                let total = object.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
                total.ok_or_else(|| {
                    Error::unexpected_response(format!(
                        "the responses for key {:?} do not contain the size of the object",
                        self.key
                    ))
                })
            }
            // An empty object has no byte 0, so the server answers 416.
            Err(error) if error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Checks that the object, which was just stored, has `size` bytes, and returns its headers. Returns `None` if the access key
    /// may not read it.
    pub(crate) async fn verify_stored(self, size: u64) -> Result<Option<HeadObjectOutput>> {
        let key = self.key;
        match self.head().await {
            Ok((object, found)) if found == size => Ok(Some(object)),
            Ok((_, found)) => Err(Error::unexpected_response(format!(
                "{size} bytes were stored as {key:?}, but the object has {found} bytes: another client may have overwritten it"
            ))),
            Err(error) if error.is_access_denied() => {
                tracing::warn!(key, %error, "the object was stored, but its size was not verified");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
