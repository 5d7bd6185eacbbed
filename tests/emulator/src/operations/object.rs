//! Reading and deleting an object.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode, header};

use super::Call;
use super::append::NEXT_APPEND_POSITION;
use super::put_object::own_header;
use crate::body::ResponseBody;
use crate::conditions::{self, Outcome};
use crate::error::{Code, Error};
use crate::metadata::{set, write_storage_class};
use crate::range::ByteRange;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::{Content, Object, no_object, slice};

/// Query parameters that override headers of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-expires", header::EXPIRES),
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
];

pub(super) fn get(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let (object, version_id) = readable(call, bucket, key)?;
    let version_id = version_id.as_deref();
    let headers = &call.request.headers;
    sse::demand(object.content.encryption.as_deref(), headers, sse::OWN)?;
    if unchanged(call, &object)? {
        return Ok(described(call, &object, version_id, StatusCode::NOT_MODIFIED));
    }
    let range = wanted_range(call, &object)?;
    let status = match range {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    };
    let mut answer = described(call, &object, version_id, status);
    let extents = &object.content.extents;
    let extents = match range {
        Some(range) => {
            let content_range = range.content_range(object.size);
            set(answer.headers_mut(), header::CONTENT_RANGE, &content_range);
            slice(extents, range.start, range.length)
        }
        None => extents.clone(),
    };
    *answer.body_mut() = ResponseBody::extents(extents);
    Ok(answer)
}

/// Like reading, without the data; a key is not needed, but checked where it is sent.
pub(super) fn head(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let (object, version_id) = readable(call, bucket, key)?;
    let version_id = version_id.as_deref();
    let headers = &call.request.headers;
    if sse::key_digest(headers, sse::OWN)?.is_some() {
        sse::demand(object.content.encryption.as_deref(), headers, sse::OWN)?;
    }
    if unchanged(call, &object)? {
        return Ok(described(call, &object, version_id, StatusCode::NOT_MODIFIED));
    }
    let mut answer = described(call, &object, version_id, StatusCode::OK);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(object.size));
    if object.is_appendable {
        headers.insert(own_header("x-qs-object-type"), HeaderValue::from_static("appendable"));
        headers.insert(own_header(NEXT_APPEND_POSITION), HeaderValue::from(object.size));
    }
    Ok(answer)
}

/// With the name of a version that one goes for good, without one it depends on the bucket what is left.
pub(super) async fn delete(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let (bucket, key, now) = (bucket.to_owned(), key.to_owned(), call.now);
    let version_id = call.request.query.text("version_id").map(str::to_owned);
    let deleted = call
        .change(move |store| match version_id {
            Some(version_id) => store.delete_version(&bucket, &key, &version_id),
            None => store.delete_object(&bucket, &key, now),
        })
        .await?;
    let mut answer = response::empty(StatusCode::NO_CONTENT);
    response::name_version(answer.headers_mut(), deleted.version_id.as_deref());
    if deleted.delete_marker {
        response::tell_delete_marker(answer.headers_mut());
    }
    Ok(answer)
}

/// The object a request reads and the name of its version, where it has one to be told.
fn readable(call: Call<'_>, bucket: &str, key: &str) -> Result<(Arc<Object>, Option<String>), Error> {
    let named = call.request.query.text("version_id");
    let found = call.store().find(bucket, key, named)?;
    match found.content {
        Content::Object(object) => Ok((object, found.version_id)),
        Content::DeleteMarker(_) => {
            // A key that is deleted is not there. A marker that is asked for by its name is, and cannot be read.
            let error = match named {
                None => no_object(key),
                Some(_) => Error::new(Code::MethodNotAllowed, "the version is a delete marker, which cannot be read"),
            };
            Err(error.with_delete_marker(found.version_id.unwrap_or_default()))
        }
    }
}

fn unchanged(call: Call<'_>, object: &Arc<Object>) -> Result<bool, Error> {
    let content = &object.content;
    let outcome = conditions::of_read(&call.request.headers, &content.etag, content.modified)?;
    Ok(outcome == Outcome::NotModified)
}

fn wanted_range(call: Call<'_>, object: &Object) -> Result<Option<ByteRange>, Error> {
    // Who asks for a part of what the object was gets all of what it has become.
    if call.request.header("if-range").is_some_and(|etag| etag != object.content.etag) {
        return Ok(None);
    }
    call.request.header("range").map(|range| ByteRange::parse(range, object.size)).transpose()
}

fn described(call: Call<'_>, object: &Object, version_id: Option<&str>, status: StatusCode) -> Answer {
    let content = &object.content;
    let mut answer = response::empty(status);
    let headers = answer.headers_mut();
    content.metadata.write(headers);
    set(headers, header::ETAG, &content.etag);
    set(headers, header::LAST_MODIFIED, &content.modified.http_date());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    write_storage_class(&content.storage_class, headers);
    sse::announce(content.encryption.as_deref(), headers);
    response::name_version(headers, version_id);
    for (parameter, name) in OVERRIDES {
        if let Some(value) = call.request.query.text(parameter) {
            set(headers, name, value);
        }
    }
    answer
}
