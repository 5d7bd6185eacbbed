//! Copying and moving an object. No data is read: the copy shares the segments of its source.

use std::sync::Arc;

use super::Call;
use super::put_object::{store, stored};
use crate::address::{Source, parse_source};
use crate::error::{Code, Error};
use crate::limits::BODY;
use crate::metadata::storage_class;
use crate::response::{self, Answer};
use crate::store::{Content, NewObject, Object, no_object};
use crate::{conditions, source, sse};

const COPY_CONDITIONS: &str = "x-qs-copy-source-";
const MOVE_CONDITIONS: &str = "x-qs-move-source-";

pub(super) async fn copy(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let headers = &call.request.headers;
    call.store().bucket(bucket)?;
    let source = copy_source(call)?;
    if source.size > BODY {
        return Err(Error::new(Code::EntityTooLarge, "the source is too large to be copied at once; copy it in parts"));
    }
    let object = NewObject {
        key: key.to_owned(),
        etag: source.content.etag.clone(),
        digested: source.content.digested,
        modified: call.now,
        metadata: if replaces_metadata(call)? { call.metadata()? } else { source.content.metadata.clone() },
        storage_class: storage_class(headers)?,
        encryption: sse::key_digest(headers, sse::OWN)?,
        extents: source.content.extents.clone(),
    };
    store(call, bucket, object).await
}

/// The object a copy reads, if the request may read it.
pub(super) fn copy_source(call: Call<'_>) -> Result<Arc<Object>, Error> {
    let headers = &call.request.headers;
    let source = source_name(call, source::COPY)?;
    let version_id = source.version_id.as_deref();
    let source = match call.store().find(&source.bucket, &source.key, version_id)?.content {
        Content::Object(object) => object,
        Content::DeleteMarker(_) if version_id.is_some() => {
            return Err(Error::new(Code::InvalidRequest, "the source is a delete marker, which has nothing to copy"));
        }
        Content::DeleteMarker(_) => return Err(no_object(&source.key)),
    };
    let content = &source.content;
    conditions::of_source(headers, COPY_CONDITIONS, &content.etag, content.modified)?;
    sse::demand(content.encryption.as_deref(), headers, sse::COPY_SOURCE)?;
    Ok(source)
}

/// A moved object keeps everything but its name; no key is needed for it. Where it was it is deleted as any object is,
/// so in a bucket that has versioning its versions stay there, behind a delete marker.
pub(super) async fn move_object(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    call.store().bucket(bucket)?;
    let Source { bucket: from, key: old_key, version_id } = source_name(call, source::MOVE)?;
    if version_id.is_some() {
        return Err(Error::invalid_argument("a version cannot be moved, only copied"));
    }
    let source = call.store().object(&from, &old_key)?;
    let content = &source.content;
    conditions::of_source(&call.request.headers, MOVE_CONDITIONS, &content.etag, content.modified)?;
    let object = NewObject { key: key.to_owned(), modified: call.now, ..content.clone() };
    let mut answer = stored(&object);
    if from == bucket && old_key == key {
        // It is where it should be; moving it would end with taking it away.
        return Ok(answer);
    }
    let to = bucket.to_owned();
    let version_id = call.change(move |store| store.move_object((&from, &source), &to, object)).await?;
    response::name_version(answer.headers_mut(), version_id.as_deref());
    Ok(answer)
}

fn source_name(call: Call<'_>, header: &str) -> Result<Source, Error> {
    // One official client sends an ASCII source as it is, another one encodes it; nobody sends other bytes.
    let raw = call.request.headers.get(header).and_then(|value| value.to_str().ok());
    parse_source(raw.ok_or_else(|| Error::invalid_argument(format!("{header} has to be percent-encoded")))?)
}

fn replaces_metadata(call: Call<'_>) -> Result<bool, Error> {
    match call.request.header("x-qs-metadata-directive") {
        None => Ok(false),
        Some(directive) if directive.eq_ignore_ascii_case("copy") => Ok(false),
        Some(directive) if directive.eq_ignore_ascii_case("replace") => Ok(true),
        Some(_) => Err(Error::invalid_argument("X-QS-Metadata-Directive must be COPY or REPLACE")),
    }
}
