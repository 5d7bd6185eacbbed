//! Handlers that store, read and delete objects.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::append::NEXT_APPEND_POSITION;
use super::copy::{DataSource, copy_object, move_object};
use super::{Call, ok, parse_body};
use crate::body::RequestBody;
use crate::body::ResponseBody;
use crate::conditions::check_read;
use crate::cors::Preflight;
use crate::error::{Code, Error};
use crate::headers::set_header;
use crate::limits::MAX_DELETES;
use crate::metadata::STORAGE_CLASS;
use crate::range::ByteRange;
use crate::response::{self, Response};
use crate::settings::{Cors, Setting};
use crate::sse;
use crate::store::{Content, Object, no_object, slice};

/// Query parameters that replace headers of the response.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-expires", header::EXPIRES),
    ("response-cache-control", header::CACHE_CONTROL),
    ("response-content-type", header::CONTENT_TYPE),
    ("response-content-language", header::CONTENT_LANGUAGE),
    ("response-content-encoding", header::CONTENT_ENCODING),
    ("response-content-disposition", header::CONTENT_DISPOSITION),
];

pub(crate) async fn put(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    match DataSource::of_request(call.headers())? {
        DataSource::Copy => return copy_object(call).await,
        DataSource::Move => return move_object(call).await,
        DataSource::Body => {}
    }
    let properties = call.properties()?;
    call.store().bucket(call.bucket())?;
    call.check_write()?;
    let stored = body.store(&call.context.store, call.now).await?;
    store(call, Object::new(call.key(), properties, call.now).with_data(stored)).await
}

/// Stores a new object and returns the response.
pub(super) async fn store(call: Call<'_>, object: Object) -> Result<Response, Error> {
    let mut response = created(&object);
    let version_id = call.change(move |store, bucket| store.put_object(bucket, object)).await?;
    response::set_version_id(response.headers_mut(), version_id.as_deref());
    Ok(response)
}

/// Returns the response for a new object.
pub(super) fn created(object: &Object) -> Response {
    let mut response = response::empty(StatusCode::CREATED);
    set_header(response.headers_mut(), header::ETAG, &object.etag);
    sse::set_algorithm(object.properties.encryption.as_deref(), response.headers_mut());
    response
}

pub(crate) async fn get(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let (object, version_id) = readable(call)?;
    sse::require_key(object.properties.encryption.as_deref(), call.headers(), sse::OWN)?;
    let mut response = describe(call, &object, version_id.as_deref())?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let extents = match requested_range(call, &object)? {
        Some(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set_header(response.headers_mut(), header::CONTENT_RANGE, &range.content_range(object.size()));
            slice(&object.extents, range.start, range.length)
        }
        None => object.extents.clone(),
    };
    *response.body_mut() = ResponseBody::extents(extents);
    Ok(response)
}

/// Returns the properties of an object. The encryption key is not required, but it is checked if it is sent.
pub(crate) async fn head(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let (object, version_id) = readable(call)?;
    if sse::key_digest(call.headers(), sse::OWN)?.is_some() {
        sse::require_key(object.properties.encryption.as_deref(), call.headers(), sse::OWN)?;
    }
    let mut response = describe(call, &object, version_id.as_deref())?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(object.size()));
    if object.is_appendable {
        headers.insert("x-qs-object-type", HeaderValue::from_static("appendable"));
        headers.insert(NEXT_APPEND_POSITION, HeaderValue::from(object.size()));
    }
    Ok(response)
}

/// Returns the object that a request reads. Its version id is `None` if the bucket never had versioning.
fn readable(call: Call<'_>) -> Result<(Arc<Object>, Option<String>), Error> {
    let requested = call.request.query.text("version_id");
    let found = call.store().find(call.bucket(), call.key(), requested)?;
    match found.content {
        Content::Object(object) => Ok((object, found.version_id)),
        Content::DeleteMarker(_) => {
            // If the request has no version id, the object does not exist. If it has the version id of a delete marker,
            // the version exists, but has no data.
            let error = match requested {
                None => no_object(call.key()),
                Some(_) => Error::new(Code::MethodNotAllowed, "the version is a delete marker, which cannot be read"),
            };
            Err(Error { delete_marker: Some(found.version_id.unwrap_or_default()), ..error })
        }
    }
}

/// Evaluates the conditions of a read. Returns a response with the headers of the object and status 200 or 304, without
/// a body.
fn describe(call: Call<'_>, object: &Object, version_id: Option<&str>) -> Result<Response, Error> {
    let mut response = response::empty(check_read(call.headers(), &object.etag, object.modified)?);
    let headers = response.headers_mut();
    object.properties.metadata.write(headers);
    set_header(headers, header::ETAG, &object.etag);
    set_header(headers, header::LAST_MODIFIED, &object.modified.http_date());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set_header(headers, STORAGE_CLASS, &object.properties.storage_class);
    sse::set_algorithm(object.properties.encryption.as_deref(), headers);
    response::set_version_id(headers, version_id);
    for (parameter, name) in OVERRIDES {
        if let Some(value) = call.request.query.text(parameter) {
            set_header(headers, name, value);
        }
    }
    Ok(response)
}

fn requested_range(call: Call<'_>, object: &Object) -> Result<Option<ByteRange>, Error> {
    // With `If-Range`, the client wants the whole object if it has changed.
    if call.request.header("if-range").is_some_and(|etag| etag != object.etag) {
        return Ok(None);
    }
    call.request.header("range").map(|range| ByteRange::parse(range, object.size())).transpose()
}

/// Deletes an object. With a version id, deletes that version permanently. Without one, and if the bucket has
/// versioning, adds a delete marker.
pub(crate) async fn delete(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let (key, now) = (call.key().to_owned(), call.now);
    let version_id = call.request.query.text("version_id").map(str::to_owned);
    let deleted = call
        .change(move |store, bucket| match version_id {
            Some(version_id) => store.delete_version(bucket, &key, &version_id),
            None => store.delete_object(bucket, &key, now),
        })
        .await?;
    let mut response = response::empty(StatusCode::NO_CONTENT);
    response::set_version_id(response.headers_mut(), deleted.version_id.as_deref());
    if deleted.delete_marker {
        response::set_delete_marker(response.headers_mut());
    }
    Ok(response)
}

/// The body of a request that deletes many objects.
#[derive(Deserialize)]
struct Deletion {
    objects: Vec<Key>,
    #[serde(default)]
    quiet: bool,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

/// Deletes many objects, each as by `DeleteObject` without a version id. The service supports no version ids here.
pub(crate) async fn delete_multiple(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    if !body.has_md5() {
        return Err(Error::invalid_argument("Content-MD5 is required"));
    }
    let deletion: Deletion = parse_body(body).await?;
    if deletion.objects.len() > MAX_DELETES {
        let message = format!("at most {MAX_DELETES} objects can be deleted at once");
        return Err(Error::new(Code::TooManyObjects, message));
    }
    call.store().bucket(call.bucket())?;
    let now = call.now;
    let response = call
        .change(move |store, bucket| {
            let (mut deleted, mut errors) = (Vec::new(), Vec::new());
            for Key { key } in deletion.objects {
                match store.delete_object(bucket, &key, now) {
                    Ok(_) => deleted.push(json!({ "key": key })),
                    Err(error) => {
                        errors.push(json!({ "key": key, "code": error.code.as_str(), "message": error.message }));
                    }
                }
            }
            let mut response = json!({ "errors": errors });
            if !deletion.quiet {
                response["deleted"] = deleted.into();
            }
            Ok(response)
        })
        .await?;
    Ok(ok(&response))
}

/// Responds to a preflight request. If the request is not allowed, the response has no error, but it lacks the headers
/// that would allow it.
pub(crate) async fn options(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let settings = call.store().settings(call.bucket())?;
    let preflight = Preflight::parse(call.request)?;
    let mut response = response::empty(StatusCode::OK);
    if let Some(cors) = Cors::get(&settings) {
        response.headers_mut().extend(preflight.response_headers(cors));
    }
    Ok(response)
}
