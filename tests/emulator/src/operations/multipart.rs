//! Handlers of multipart uploads: initiate, upload and list parts, complete, abort.

use std::collections::BTreeMap;

use http::{StatusCode, header};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::copy::{COPY_SOURCE, find_source};
use super::{Call, ok, parse_body};
use crate::body::ExtentReader;
use crate::body::RequestBody;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::headers::{hex, quoted, set_header, unquoted};
use crate::limits::{MAX_BODY, MAX_PAGE, MAX_PART_NUMBER, MAX_PARTS, MIN_PART_SIZE};
use crate::metadata::Metadata;
use crate::range::ByteRange;
use crate::response::{self, Response};
use crate::sse;
use crate::store::{Extent, Object, Part, Upload, slice, too_many_parts, total};
use crate::variant::Variant;

pub(crate) async fn initiate(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let properties = call.properties()?;
    let encryption = properties.encryption.clone();
    let upload = Upload { key: call.key().to_owned(), created: call.now, properties, parts: BTreeMap::new() };
    let upload_id = call.change(move |store, bucket| store.create_upload(bucket, upload)).await?;
    let mut response = ok(&json!({ "bucket": call.bucket(), "key": call.key(), "upload_id": upload_id }));
    sse::set_algorithm(encryption.as_deref(), response.headers_mut());
    Ok(response)
}

/// Adds a part. Its data comes from the body, or from another object, whose segments the part shares.
pub(crate) async fn upload_part(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    // One official client sends no number if it is 0.
    let number = call.request.query.integer("part_number")?.unwrap_or(0);
    if number > MAX_PART_NUMBER {
        let message = format!("part_number must be 0 to {MAX_PART_NUMBER}, not {number}");
        return Err(Error::invalid_argument(message));
    }
    let encryption = call.store().upload_encryption(call.bucket(), call.key(), upload_id(call))?;
    sse::require_key(encryption.as_deref(), call.headers(), sse::OWN)?;
    let mut response = response::empty(StatusCode::CREATED);
    sse::set_algorithm(encryption.as_deref(), response.headers_mut());
    let (etag, extents) = if call.headers().contains_key(COPY_SOURCE) {
        copied_part(call, &mut response).await?
    } else {
        let stored = body.store(&call.context.store, call.now).await?;
        (hex(&stored.md5), stored.extents)
    };
    if !call.has(Variant::NoPartEtag) {
        set_header(response.headers_mut(), header::ETAG, &quoted(&etag));
    }
    let part = Part { number: number as u32, etag, created: call.now, extents };
    let (key, id) = (call.key().to_owned(), upload_id(call).to_owned());
    call.change(move |store, bucket| store.put_part(bucket, &key, &id, part)).await?;
    Ok(response)
}

/// Returns ETag and extents of a copied part. The data is read only if its MD5 is not known.
async fn copied_part(call: Call<'_>, response: &mut Response) -> Result<(String, Vec<Extent>), Error> {
    let source = find_source(call)?;
    let size = source.size();
    let extents = match call.request.header("x-qs-copy-range") {
        Some(range) => {
            let range = ByteRange::parse(range, size)?;
            set_header(response.headers_mut(), "x-qs-content-copy-range", &range.content_range(size));
            slice(&source.extents, range.start, range.length)
        }
        None => source.extents.clone(),
    };
    if total(&extents) > MAX_BODY {
        return Err(Error::new(Code::EntityTooLarge, "the source is larger than 5 GiB; copy it in ranges"));
    }
    let etag = if source.is_etag_md5 && total(&extents) == size {
        unquoted(&source.etag).to_owned()
    } else {
        let extents = extents.clone();
        spawn_blocking(move || md5_of(extents)).await.map_err(std::io::Error::other)??
    };
    Ok((etag, extents))
}

fn md5_of(extents: Vec<Extent>) -> std::io::Result<String> {
    let mut reader = ExtentReader::new(extents);
    let mut md5 = Md5::new();
    loop {
        let chunk = reader.read()?;
        if chunk.is_empty() {
            return Ok(hex(&md5.finalize()));
        }
        md5.update(&chunk);
    }
}

/// Lists the parts with numbers greater than the marker. Without a marker, lists all parts, because a number can be 0.
pub(crate) async fn list_parts(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let query = &call.request.query;
    let lists_part_zero = call.has(Variant::MarkerZeroListsPartZero);
    let marker = query.integer("part_number_marker")?.filter(|marker| *marker > 0 || !lists_part_zero);
    let limit = query.integer("limit")?.unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let upload = call.store().upload(call.bucket(), call.key(), upload_id(call))?;
    let parts = upload.parts.values().filter(|part| marker.is_none_or(|marker| u64::from(part.number) > marker));
    let page = parts.take(limit as usize).map(|part| {
        json!({
            "part_number": part.number,
            "size": part.size(),
            "created": part.created.iso8601(),
            "etag": part.etag,
        })
    });
    let page: Vec<_> = page.collect();
    let count = if call.has(Variant::CountOfPage) { page.len() } else { upload.parts.len() };
    Ok(ok(&json!({ "count": count, "object_parts": page })))
}

/// Aborts an upload. Succeeds if it does not exist.
pub(crate) async fn abort(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let (key, id) = (call.key().to_owned(), upload_id(call).to_owned());
    call.change(move |store, bucket| store.abort_upload(bucket, &key, &id)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

fn upload_id(call: Call<'_>) -> &str {
    call.request.query.text("upload_id").unwrap_or_default()
}

/// The body of a completion.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    object_parts: Vec<ChosenPart>,
}

/// A part in a completion. Clients send all fields of a listed part. Fields other than these are ignored.
#[derive(Deserialize)]
struct ChosenPart {
    #[serde(default)]
    part_number: u32,
    #[serde(default)]
    etag: Option<String>,
}

pub(crate) async fn complete(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    let (key, id) = (call.key().to_owned(), upload_id(call).to_owned());
    let encryption = call.store().upload_encryption(call.bucket(), &key, &id)?;
    let headers = call.headers();
    if sse::key_digest(headers, sse::OWN)?.is_some() {
        sse::require_key(encryption.as_deref(), headers, sse::OWN)?;
    }
    let completion: Completion = parse_body(body).await?;
    call.check_write()?;
    // The client may set the ETag of the object, with or without quotes. The emulator does not verify it.
    let etag = headers.get(header::ETAG).and_then(|etag| etag.to_str().ok());
    let assembly = Assembly {
        chosen: completion.object_parts,
        etag: etag.filter(|etag| !unquoted(etag).is_empty()).map(quoted),
        content_disposition: Metadata::from_headers(headers, call.request.is_anonymous())?.content_disposition,
        is_etag_of_content: call.has(Variant::Md5OfMultipart),
        now: call.now,
        min_part_size: if call.context.allow_tiny_parts { 0 } else { MIN_PART_SIZE },
    };
    let complete = move |store: &crate::store::Store, bucket: &str| {
        store.complete_upload(bucket, &key, &id, |upload| assembly.assemble(upload))
    };
    let version_id = call.change(complete).await?;
    let mut response = response::empty(StatusCode::CREATED);
    response::set_version_id(response.headers_mut(), version_id.as_deref());
    sse::set_algorithm(encryption.as_deref(), response.headers_mut());
    Ok(response)
}

/// The content of a completion request. The store calls [`Assembly::assemble`] while it holds its lock.
struct Assembly {
    chosen: Vec<ChosenPart>,
    etag: Option<String>,
    content_disposition: Option<String>,
    /// True if an ETag that the client does not set is the MD5 of the content.
    is_etag_of_content: bool,
    now: Moment,
    min_part_size: u64,
}

impl Assembly {
    /// Returns the object that the completion creates.
    fn assemble(self, upload: &Upload) -> Result<Object, Error> {
        let parts = self.parts(upload)?;
        let mut properties = upload.properties.clone();
        if self.content_disposition.is_some() {
            properties.metadata.content_disposition = self.content_disposition;
        }
        let extents: Vec<Extent> = parts.iter().flat_map(|part| part.extents.iter().cloned()).collect();
        let etag = match self.etag {
            Some(etag) => etag,
            None if self.is_etag_of_content => quoted(&md5_of(extents.clone())?),
            None => etag_of_parts(&parts),
        };
        Ok(Object { etag, extents, ..Object::new(&upload.key, properties, self.now) })
    }

    /// Checks the parts of the completion and returns them.
    fn parts<'a>(&self, upload: &'a Upload) -> Result<Vec<&'a Part>, Error> {
        if self.chosen.is_empty() {
            return Err(Error::invalid_argument("object_parts is empty"));
        }
        if self.chosen.len() > MAX_PARTS {
            return Err(too_many_parts());
        }
        let mut parts: Vec<&Part> = Vec::with_capacity(self.chosen.len());
        for ChosenPart { part_number: number, etag } in &self.chosen {
            if parts.last().is_some_and(|last| last.number >= *number) {
                return Err(Error::invalid_argument("object_parts must be sorted by part_number, without repetition"));
            }
            let Some(part) = upload.parts.get(number) else {
                return Err(Error::invalid_argument(format!("part {number} has not been uploaded")));
            };
            let expected = etag.as_deref().map(unquoted).unwrap_or_default();
            if !expected.is_empty() && !expected.eq_ignore_ascii_case(&part.etag) {
                let message = format!("the etag of part {number} is {}, not {expected}", part.etag);
                return Err(Error::invalid_argument(message));
            }
            parts.push(part);
        }
        let all_but_last = &parts[..parts.len() - 1];
        match all_but_last.iter().find(|part| part.size() < self.min_part_size) {
            Some(part) => {
                let (number, size) = (part.number, part.size());
                let message = format!(
                    "part {number} has {size} bytes; every part except the last must have {} or more",
                    self.min_part_size
                );
                Err(Error::new(Code::EntityTooSmall, message))
            }
            None => Ok(parts),
        }
    }
}

/// Returns the ETag of an object with these parts. Clients would take 32 hex digits for the MD5 of the object, so the
/// ETag also contains the number of parts.
fn etag_of_parts(parts: &[&Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.etag.as_bytes());
    }
    quoted(&format!("{}-{}", hex(&md5.finalize()), parts.len()))
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
