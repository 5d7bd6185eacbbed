//! Storing an object from the body of a request.

use std::fmt::Write as _;

use http::{HeaderName, StatusCode, header};

use super::Call;
use crate::error::{Code, Error};
use crate::metadata::{set, storage_class};
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::NewObject;

pub(super) async fn put(call: Call<'_>, bucket: &str, key: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let headers = &call.request.headers;
    check_key(key)?;
    let metadata = call.metadata()?;
    let storage_class = storage_class(headers)?;
    let encryption = sse::key_digest(headers, sse::OWN)?;
    call.store().bucket(bucket)?;
    let received = payload.store(&call.operations.store, call.now).await?;
    let object = NewObject {
        key: key.to_owned(),
        etag: quoted(&hex(&received.md5)),
        digested: true,
        modified: call.now,
        metadata,
        storage_class,
        encryption,
        extents: received.extents,
    };
    store(call, bucket, object).await
}

/// Stores a new object, and answers so.
pub(super) async fn store(call: Call<'_>, bucket: &str, object: NewObject) -> Result<Answer, Error> {
    let mut answer = stored(&object);
    let bucket = bucket.to_owned();
    let version_id = call.change(move |store| store.put_object(&bucket, object)).await?;
    response::name_version(answer.headers_mut(), version_id.as_deref());
    Ok(answer)
}

/// What a new object is answered with.
pub(super) fn stored(object: &NewObject) -> Answer {
    let mut answer = response::empty(StatusCode::CREATED);
    set(answer.headers_mut(), header::ETAG, &object.etag);
    sse::announce(object.encryption.as_deref(), answer.headers_mut());
    answer
}

/// A key that ends the path is there, but one that is nothing at all is not.
pub(super) fn check_key(key: &str) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::new(Code::InvalidObjectName, "the object's key is empty"));
    }
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

pub(super) fn quoted(etag: &str) -> String {
    format!("\"{}\"", unquoted(etag))
}

pub(super) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}

/// A header of ours whose name is made of parts.
pub(super) fn own_header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
