//! Appending to an object, or making one that can be appended to.

use http::{HeaderValue, StatusCode};
use md5::{Digest, Md5};

use super::Call;
use super::put_object::{check_key, hex, own_header, quoted};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::limits::OBJECT;
use crate::metadata::{Metadata, storage_class};
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::{NewObject, Object, Received, Store, total};

pub(super) const NEXT_APPEND_POSITION: &str = "x-qs-next-append-position";

pub(super) async fn append(call: Call<'_>, bucket: &str, key: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let headers = &call.request.headers;
    check_key(key)?;
    let position = call.request.query.integer("position")?;
    let position = position.ok_or_else(|| Error::invalid_argument("position is required"))?;
    if sse::key_digest(headers, sse::OWN)?.is_some() {
        return Err(Error::invalid_argument("an object that is appended to cannot be encrypted"));
    }
    let first = First { key: key.to_owned(), metadata: call.metadata()?, storage_class: storage_class(headers)? };
    // What cannot be appended now is refused before its data is sent.
    call.store().with_objects(bucket, |objects| check(objects.get(key).map(AsRef::as_ref), position))??;
    let received = payload.store(&call.operations.store, call.now).await?;

    let (bucket, key, now) = (bucket.to_owned(), key.to_owned(), call.now);
    let grow = move |current: Option<&Object>| {
        check(current, position)?;
        grown(current, first, received, now)
    };
    let appended = call.change(move |store: &Store| store.append_object(&bucket, &key, grow)).await?;
    let mut answer = response::empty(StatusCode::OK);
    let next = HeaderValue::from(appended.object.size);
    answer.headers_mut().insert(own_header(NEXT_APPEND_POSITION), next);
    response::name_version(answer.headers_mut(), appended.version_id.as_deref());
    Ok(answer)
}

/// What the first request says of an object. What later ones say of it is read and passed over.
struct First {
    key: String,
    metadata: Metadata,
    storage_class: String,
}

fn check(current: Option<&Object>, position: u64) -> Result<(), Error> {
    if current.is_some_and(|object| !object.is_appendable) {
        return Err(Error::new(
            Code::InvalidObjectState,
            "the object was not made by appending and cannot be appended to",
        ));
    }
    let size = current.map_or(0, |object| object.size);
    if position != size {
        let message = format!("position is {position}, and the object has {size} bytes");
        return Err(Error::invalid_argument(message));
    }
    Ok(())
}

fn grown(current: Option<&Object>, first: First, received: Received, now: Moment) -> Result<NewObject, Error> {
    let mut object = match current {
        Some(current) => current.content.clone(),
        None => NewObject {
            key: first.key,
            etag: String::new(),
            digested: false,
            modified: now,
            metadata: first.metadata,
            storage_class: first.storage_class,
            encryption: None,
            extents: Vec::new(),
        },
    };
    let size = current.map_or(0, |object| object.size) + total(&received.extents);
    if size > OBJECT {
        return Err(Error::new(Code::EntityTooLarge, format!("the object would have more than {OBJECT} bytes")));
    }
    object.extents.extend(received.extents);
    object.etag = etag(&object.etag, received.md5, size);
    object.modified = now;
    Ok(object)
}

/// Changes with everything that is appended, without reading what is there. Not 32 hex digits, so that nobody takes it
/// for the digest of the data.
fn etag(previous: &str, appended: [u8; 16], size: u64) -> String {
    let digest = Md5::new().chain_update(previous).chain_update(appended).finalize();
    quoted(&format!("{}-{size}", hex(&digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(size: u64, is_appendable: bool) -> Object {
        let content = grown(None, first(), received(), Moment::from_seconds(0)).unwrap();
        Object { id: "o".into(), size, is_appendable, content }
    }

    fn first() -> First {
        First { key: "k".into(), metadata: Metadata::default(), storage_class: "STANDARD".into() }
    }

    fn received() -> Received {
        Received { extents: Vec::new(), md5: [7; 16] }
    }

    #[test]
    fn the_position_is_the_size() {
        let code = |current: Option<&Object>, position| check(current, position).map_err(|error| error.code());
        assert_eq!(code(None, 0), Ok(()));
        assert_eq!(code(None, 1), Err(Code::InvalidArgument));
        let grows = object(5, true);
        assert_eq!(code(Some(&grows), 5), Ok(()));
        for wrong in [0, 4, 6] {
            assert_eq!(code(Some(&grows), wrong), Err(Code::InvalidArgument));
        }
        for position in [0, 5] {
            assert_eq!(code(Some(&object(5, false)), position), Err(Code::InvalidObjectState));
        }
    }

    #[test]
    fn fifty_terabytes_are_the_end() {
        let full = object(OBJECT, true);
        assert!(grown(Some(&full), first(), received(), Moment::from_seconds(0)).is_ok());
        let too_full = object(OBJECT + 1, true);
        let refused = grown(Some(&too_full), first(), received(), Moment::from_seconds(0)).unwrap_err();
        assert_eq!(refused.code(), Code::EntityTooLarge);
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
