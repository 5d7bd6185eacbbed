//! Reads the headers of an object, and pins a transfer to the state of the object at that time.

use std::sync::OnceLock;

use http::StatusCode;

use super::object_properties::{CustomerKey, set_customer_key};
use crate::error::{Error, Result};
use crate::generated::operations::{GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput};
use crate::value::{escape, etag_value, if_match};
use crate::{Bucket, Timestamp};

/// State of an object that a transfer is pinned to.
///
/// Requests of the transfer carry it as a condition, so they fail if the object has changed. Responses are compared
/// with it, because proxies and some servers ignore conditions.
#[derive(Clone, Debug)]
pub(crate) struct ObjectSnapshot {
    /// Value for `If-Match`. `None` if the object has no ETag or a weak one.
    pub(crate) if_match: Option<String>,
    /// Value for `If-Unmodified-Since`. Set only if `if_match` is not.
    pub(crate) if_unmodified_since: Option<Timestamp>,
    /// ETag in the response to HEAD or, if that has none, in the first response with a range.
    etag: OnceLock<String>,
}

impl ObjectSnapshot {
    pub(crate) fn of(object: &HeadObjectOutput) -> Self {
        let if_match = object.etag.as_deref().and_then(if_match);
        let if_unmodified_since = object.last_modified.filter(|_| if_match.is_none());
        Self { if_match, if_unmodified_since, etag: object.etag.clone().map_or_else(OnceLock::new, OnceLock::from) }
    }

    /// Describes why a response is not one of this state of the object. Returns `None` if it is.
    pub(crate) fn difference(&self, object: &GetObjectOutput) -> Option<String> {
        if let Some(pinned) = self.if_unmodified_since
            && object.last_modified != Some(pinned)
        {
            let found = object.last_modified.map_or("missing".to_owned(), |date| date.to_string());
            return Some(format!("its modification date is {found} and not {pinned}"));
        }
        let Some(etag) = &object.etag else {
            return self.etag.get().map(|pinned| format!("it has no ETag instead of {pinned}"));
        };
        let pinned = self.etag.get_or_init(|| etag.clone());
        (etag_value(pinned) != etag_value(etag)).then(|| format!("its ETag is {etag} and not {pinned}"))
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

    /// Returns a snapshot for a transfer with several requests.
    ///
    /// # Errors
    ///
    /// If the requests cannot be pinned to it, because the object has neither a strong ETag nor a modification date.
    pub(crate) fn snapshot(self, object: &HeadObjectOutput) -> Result<ObjectSnapshot> {
        let snapshot = ObjectSnapshot::of(object);
        if snapshot.if_match.is_none() && snapshot.if_unmodified_since.is_none() {
            return Err(self.unexpected(
                object,
                "the response has neither a strong ETag nor a modification date, so changes of the object during the transfer \
                 cannot be noticed: use `get_object`, or copy the object with one request",
            ));
        }
        Ok(snapshot)
    }

    /// Returns an input that gets the object on the condition that it is still in the state of `snapshot`.
    pub(crate) fn get_if_unchanged(self, snapshot: &ObjectSnapshot) -> GetObjectInput {
        let mut input = GetObjectInput::new();
        input.version_id = self.version_id.map(str::to_owned);
        input.if_match = snapshot.if_match.clone();
        input.if_unmodified_since = snapshot.if_unmodified_since;
        set_customer_key!(input, self.encryption);
        input
    }

    /// Returns the size of an object whose `HEAD` response has no `Content-Length`.
    async fn size(self, object: &HeadObjectOutput) -> Result<u64> {
        let snapshot = ObjectSnapshot::of(object);
        let first_byte = GetObjectInput { range: Some((0..1).into()), ..self.get_if_unchanged(&snapshot) };
        match self.bucket.get_object(self.key, first_byte).await {
            Ok(first) => {
                let range = first.content_range.as_deref().and_then(|range| range.strip_prefix("bytes 0-0/"));
                let problem = match (range.and_then(|size| size.parse().ok()), snapshot.difference(&first)) {
                    (Some(size), None) => return Ok(size),
                    (Some(_), Some(difference)) => difference,
                    (None, _) => "it does not contain the size of the object".to_owned(),
                };
                let problem = format!("the response is not the first byte of the object: {}", escape(problem));
                Err(first.response.unexpected(problem).with_call(&self.bucket.call_name("GetObject", self.key)))
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
            Ok((object, found)) => Err(self.unexpected(
                &object,
                format!(
                    "{size} bytes were stored, but the object has {found} bytes: another client may have overwritten it"
                ),
            )),
            Err(error) if error.is_access_denied() => {
                tracing::warn!(key, %error, "the object was stored, but its size was not verified");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns an error of the response to HEAD.
    fn unexpected(self, object: &HeadObjectOutput, problem: impl Into<String>) -> Error {
        object.response.unexpected(problem).with_call(&self.bucket.call_name("HeadObject", self.key))
    }
}
