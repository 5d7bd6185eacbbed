//! Looking at an object that was stored just now.

use crate::error::{Error, Result};
use crate::{Bucket, HeadObjectInput, HeadObjectOutput};

/// What the server says of an object that has to have so many bytes; `None` if these keys may not look.
pub(crate) async fn look_at_stored(
    bucket: &Bucket,
    key: &str,
    input: HeadObjectInput,
    size: u64,
) -> Result<Option<HeadObjectOutput>> {
    let object = match bucket.head_object(key, input).await {
        Ok(object) => object,
        Err(error) if error.is_access_denied() => {
            tracing::warn!(key, %error, "the object was stored; these keys may not look at it");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match object.content_length.filter(|stored| *stored != size) {
        None => Ok(Some(object)),
        Some(stored) => Err(Error::unexpected_response(format!(
            "{size} bytes were stored as {key:?}, but the object has {stored}: somebody else may have written to its key"
        ))),
    }
}
