//! Beginning, looking at and giving up a multipart upload.

use http::StatusCode;
use serde::Serialize;

use super::put_object::check_key;
use super::{Call, ok};
use crate::error::Error;
use crate::limits::PAGE;
use crate::metadata::storage_class;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::NewUpload;

#[derive(Serialize)]
struct Initiated<'a> {
    bucket: &'a str,
    key: &'a str,
    upload_id: String,
}

#[derive(Serialize)]
struct Parts {
    count: usize,
    object_parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    part_number: u32,
    size: u64,
    created: String,
    etag: String,
}

pub(super) async fn initiate(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let headers = &call.request.headers;
    check_key(key)?;
    let encryption = sse::key_digest(headers, sse::OWN)?;
    let new = NewUpload {
        key: key.to_owned(),
        created: call.now,
        metadata: call.metadata()?,
        storage_class: storage_class(headers)?,
        encryption: encryption.clone(),
    };
    let name = bucket.to_owned();
    let upload_id = call.change(move |store| store.create_upload(&name, new)).await?;
    let mut answer = ok(&Initiated { bucket, key, upload_id });
    sse::announce(encryption.as_deref(), answer.headers_mut());
    Ok(answer)
}

/// The marker is exclusive; without one the list starts at the first part, which may have the number 0.
pub(super) fn list_parts(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let query = &call.request.query;
    let marker = query.integer("part_number_marker")?;
    let limit = query.integer("limit")?.unwrap_or(PAGE).min(PAGE);
    let upload = call.store().upload(bucket, key, upload_id(call))?;
    Ok(ok(&Parts {
        count: upload.parts.len(),
        object_parts: upload
            .parts
            .values()
            .filter(|part| marker.is_none_or(|marker| u64::from(part.number) > marker))
            .take(limit as usize)
            .map(|part| Part {
                part_number: part.number,
                size: part.size,
                created: part.created.iso8601(),
                etag: part.etag.clone(),
            })
            .collect(),
    }))
}

/// Also right for an upload that is not there any more, or never was.
pub(super) async fn abort(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let id = upload_id(call).to_owned();
    call.change(move |store| store.abort_upload(&bucket, &key, &id)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

/// The upload a request names.
pub(super) fn upload_id<'a>(call: Call<'a>) -> &'a str {
    call.request.query.text("upload_id").unwrap_or_default()
}
