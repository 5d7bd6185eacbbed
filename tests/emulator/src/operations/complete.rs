//! Making an object of the parts of an upload.

use http::{HeaderMap, StatusCode};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Call;
use super::put_object::{hex, quoted, unquoted};
use super::upload::upload_id;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::limits::{PART_MIN, PARTS};
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::{NewObject, Part, Store, Upload, too_many_parts};

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    object_parts: Vec<Chosen>,
}

/// Clients send back what listing the parts gave them; only this much counts.
#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    part_number: u32,
    #[serde(default)]
    etag: Option<String>,
}

pub(super) async fn complete(call: Call<'_>, bucket: &str, key: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let id = upload_id(call).to_owned();
    let encryption = call.store().upload_encryption(bucket, key, &id)?;
    let headers = &call.request.headers;
    if sse::key_digest(headers, sse::OWN)?.is_some() {
        sse::demand(encryption.as_deref(), headers, sse::OWN)?;
    }
    let completion: Completion = parse(&payload.json().await?)?;
    let request = Assembly {
        chosen: completion.object_parts,
        etag: etag_header(headers),
        content_disposition: call.metadata()?.content_disposition,
        now: call.now,
        smallest: if call.operations.allow_tiny_parts { 0 } else { PART_MIN },
    };
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let complete = move |store: &Store| store.complete_upload(&bucket, &key, &id, |upload| request.assemble(upload));
    let version_id = call.change(complete).await?;
    let mut answer = response::empty(StatusCode::CREATED);
    response::name_version(answer.headers_mut(), version_id.as_deref());
    sse::announce(encryption.as_deref(), answer.headers_mut());
    Ok(answer)
}

/// What is unreadable is not JSON; what is readable and of another shape is an invalid argument.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("the body cannot be read as JSON: {error}");
        Error::new(Code::InvalidJson, message)
    })?;
    serde_json::from_value(value)
        .map_err(|error| Error::invalid_argument(format!("the body is not as expected: {error}")))
}

/// The client may choose the object's ETag, with quotes or without; it is not compared with anything.
fn etag_header(headers: &HeaderMap) -> Option<String> {
    headers
        .get(http::header::ETAG)
        .and_then(|etag| etag.to_str().ok())
        .filter(|etag| !unquoted(etag).is_empty())
        .map(quoted)
}

/// A completion, ready to be applied to the upload as it is at that moment.
struct Assembly {
    chosen: Vec<Chosen>,
    etag: Option<String>,
    content_disposition: Option<String>,
    now: Moment,
    smallest: u64,
}

impl Assembly {
    fn assemble(self, upload: &Upload) -> Result<NewObject, Error> {
        let parts = self.parts(upload)?;
        let etag = self.etag.unwrap_or_else(|| digest_of_digests(&parts));
        let mut metadata = upload.metadata.clone();
        if self.content_disposition.is_some() {
            metadata.content_disposition = self.content_disposition;
        }
        Ok(NewObject {
            key: upload.key.clone(),
            etag,
            digested: false,
            modified: self.now,
            metadata,
            storage_class: upload.storage_class.clone(),
            encryption: upload.encryption.clone(),
            extents: parts.iter().flat_map(|part| part.extents.iter().cloned()).collect(),
        })
    }

    fn parts<'a>(&self, upload: &'a Upload) -> Result<Vec<&'a Part>, Error> {
        if self.chosen.is_empty() {
            return Err(Error::invalid_argument("object_parts names no part"));
        }
        if self.chosen.len() > PARTS {
            return Err(too_many_parts());
        }
        let mut parts: Vec<&Part> = Vec::with_capacity(self.chosen.len());
        for chosen in &self.chosen {
            let number = chosen.part_number;
            if parts.last().is_some_and(|last| last.number >= number) {
                return Err(Error::invalid_argument("object_parts is not in ascending order of part_number"));
            }
            let part = upload
                .parts
                .get(&number)
                .ok_or_else(|| Error::invalid_argument(format!("part {number} has not been uploaded")))?;
            let expected = chosen.etag.as_deref().map(unquoted).unwrap_or_default();
            if !expected.is_empty() && !expected.eq_ignore_ascii_case(&part.etag) {
                return Err(Error::invalid_argument(format!(
                    "the etag of part {number} is {}, not {expected}",
                    part.etag
                )));
            }
            parts.push(part);
        }
        let all_but_last = parts.split_last().map_or(&[][..], |(_, others)| others);
        match all_but_last.iter().find(|part| part.size < self.smallest) {
            Some(part) => Err(Error::new(
                Code::EntityTooSmall,
                format!(
                    "part {} has {} bytes; every part but the last needs {}",
                    part.number, part.size, self.smallest
                ),
            )),
            None => Ok(parts),
        }
    }
}

/// Not 32 hex digits, so that nobody takes it for the digest of the data.
fn digest_of_digests(parts: &[&Part]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.etag.as_bytes());
    }
    format!("\"{}-{}\"", hex(&md5.finalize()), parts.len())
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
