//! Looking at an object that was stored just now.

use super::pinned::Readable;
use crate::HeadObjectOutput;
use crate::error::{Error, Result};

/// What the server says of an object that has to have so many bytes; `None` if these keys may not look.
pub(crate) async fn look_at_stored(stored: Readable<'_>, size: u64) -> Result<Option<HeadObjectOutput>> {
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
