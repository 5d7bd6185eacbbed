//! Appends data to objects.

use http::{HeaderValue, StatusCode};
use md5::{Digest, Md5};

use super::Call;
use crate::body::RequestBody;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::headers::{hex, quoted};
use crate::ids;
use crate::limits::MAX_OBJECT;
use crate::metadata::Properties;
use crate::response::{self, Response};
use crate::store::{Object, Stored, total};

pub(super) const NEXT_APPEND_POSITION: &str = "x-qs-next-append-position";

pub(crate) async fn append(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    let position = call.request.query.integer("position")?;
    let position = position.ok_or_else(|| Error::invalid_argument("position is required"))?;
    let properties = call.properties()?;
    if properties.encryption.is_some() {
        return Err(Error::invalid_argument("an object that is appended to cannot be encrypted"));
    }
    // Refuses an invalid append before the data is read. The position is checked again when the data is stored.
    call.store().bucket(call.bucket())?;
    check(call.store().object(call.bucket(), call.key()).ok().as_deref(), position)?;
    let stored = body.store(&call.context.store, call.now).await?;

    let (key, now) = (call.key().to_owned(), call.now);
    let (object, version_id) = call
        .change(move |store, bucket| {
            store.append_object(bucket, &key, |current| {
                check(current, position)?;
                extended(current, &key, properties, stored, now)
            })
        })
        .await?;
    let mut response = response::empty(StatusCode::OK);
    response.headers_mut().insert(NEXT_APPEND_POSITION, HeaderValue::from(object.size()));
    response::set_version_id(response.headers_mut(), version_id.as_deref());
    Ok(response)
}

/// Checks that data can be appended at a position. `current` is `None` if the append creates the object.
fn check(current: Option<&Object>, position: u64) -> Result<(), Error> {
    if current.is_some_and(|object| !object.is_appendable) {
        let message = "only objects that were created by AppendObject can be appended to";
        return Err(Error::new(Code::InvalidObjectState, message));
    }
    let size = current.map_or(0, Object::size);
    if position != size {
        let message = format!("position is {position}, but the object has {size} bytes");
        return Err(Error::invalid_argument(message));
    }
    Ok(())
}

/// Returns the object with the appended data. Only the first append sets the properties.
fn extended(
    current: Option<&Object>,
    key: &str,
    properties: Properties,
    stored: Stored,
    now: Moment,
) -> Result<Object, Error> {
    let size = current.map_or(0, Object::size) + total(&stored.extents);
    if size > MAX_OBJECT {
        return Err(Error::new(Code::EntityTooLarge, format!("the object would have more than {MAX_OBJECT} bytes")));
    }
    let mut object = match current {
        Some(current) => current.clone(),
        None => Object::new(key, properties, now),
    };
    object.id = ids::sequential(now);
    object.is_appendable = true;
    object.extents.extend(stored.extents);
    object.etag = etag(&object.etag, stored.md5, size);
    object.modified = now;
    Ok(object)
}

/// Returns an ETag that depends on all appended data, without reading it again. Clients would take 32 hex digits for
/// the MD5 of the object, so the ETag also contains the size.
fn etag(previous: &str, appended: [u8; 16], size: u64) -> String {
    let digest = Md5::new().chain_update(previous).chain_update(appended).finalize();
    quoted(&format!("{}-{size}", hex(&digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::extent_without_file;

    fn object(size: u64, is_appendable: bool) -> Object {
        let object = extended(None, "k", Properties::default(), stored(), Moment::from_seconds(0)).unwrap();
        Object { is_appendable, extents: vec![extent_without_file(size)], ..object }
    }

    fn stored() -> Stored {
        Stored { extents: Vec::new(), md5: [7; 16] }
    }

    #[test]
    fn position_has_to_be_the_size_of_the_object() {
        let code = |current: Option<&Object>, position| check(current, position).map_err(|error| error.code);
        assert_eq!(code(None, 0), Ok(()));
        assert_eq!(code(None, 1), Err(Code::InvalidArgument));
        let appendable = object(5, true);
        assert_eq!(code(Some(&appendable), 5), Ok(()));
        for wrong in [0, 4, 6] {
            assert_eq!(code(Some(&appendable), wrong), Err(Code::InvalidArgument));
        }
        for position in [0, 5] {
            assert_eq!(code(Some(&object(5, false)), position), Err(Code::InvalidObjectState));
        }
    }

    #[test]
    fn rejects_an_object_over_the_maximum_size() {
        let full = object(MAX_OBJECT, true);
        assert!(extended(Some(&full), "k", Properties::default(), stored(), Moment::from_seconds(0)).is_ok());
        let too_full = object(MAX_OBJECT + 1, true);
        let refused =
            extended(Some(&too_full), "k", Properties::default(), stored(), Moment::from_seconds(0)).unwrap_err();
        assert_eq!(refused.code, Code::EntityTooLarge);
    }

    #[test]
    fn every_append_changes_the_etag() {
        let first = etag("", [1; 16], 4);
        assert_eq!(first, etag("", [1; 16], 4));
        for other in [etag("", [2; 16], 4), etag(&first, [1; 16], 8), etag(&first, [1; 16], 4)] {
            assert_ne!(first, other);
            assert_ne!(other.len(), 34);
        }
    }
}
