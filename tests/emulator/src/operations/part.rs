//! Adding a part to a multipart upload, from a body or from another object.

use http::{StatusCode, header};
use md5::{Digest, Md5};
use tokio::task::spawn_blocking;

use super::Call;
use super::copy::copy_source;
use super::put_object::{hex, own_header, quoted, unquoted};
use super::upload::upload_id;
use crate::body::ExtentReader;
use crate::error::{Code, Error};
use crate::limits::{BODY, PART_NUMBER};
use crate::metadata::set;
use crate::payload::Payload;
use crate::range::ByteRange;
use crate::response::{self, Answer};
use crate::sse;
use crate::store::{Extent, NewPart, Object, slice, total};

pub(super) async fn upload(call: Call<'_>, bucket: &str, key: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let number = part_number(call)?;
    let encryption = call.store().upload_encryption(bucket, key, upload_id(call))?;
    let encryption = encryption.as_deref();
    sse::demand(encryption, &call.request.headers, sse::OWN)?;
    let received = payload.store(&call.operations.store, call.now).await?;
    let etag = hex(&received.md5);
    let mut answer = added(&etag);
    sse::announce(encryption, answer.headers_mut());
    let part = NewPart { number, etag, created: call.now, extents: received.extents };
    put(call, bucket, key, part).await?;
    Ok(answer)
}

/// The data is shared with its source. It is read once for its digest, unless that is known.
pub(super) async fn copy(call: Call<'_>, bucket: &str, key: &str) -> Result<Answer, Error> {
    let number = part_number(call)?;
    let encryption = call.store().upload_encryption(bucket, key, upload_id(call))?;
    let encryption = encryption.as_deref();
    sse::demand(encryption, &call.request.headers, sse::OWN)?;
    let source = copy_source(call)?;
    let range = call.request.header("x-qs-copy-range").map(|range| ByteRange::parse(range, source.size)).transpose()?;
    let extents = match range {
        Some(range) => slice(&source.content.extents, range.start, range.length),
        None => source.content.extents.clone(),
    };
    let size = total(&extents);
    if size > BODY {
        return Err(Error::new(Code::EntityTooLarge, "the source is too large for one part; copy it in ranges"));
    }
    let etag = match known_md5(&source, size) {
        Some(md5) => md5.to_owned(),
        None => digest(extents.clone()).await?,
    };
    let mut answer = added(&etag);
    sse::announce(encryption, answer.headers_mut());
    if let Some(range) = range {
        let name = own_header("x-qs-content-copy-range");
        set(answer.headers_mut(), name, &range.content_range(source.size));
    }
    let part = NewPart { number, etag, created: call.now, extents };
    put(call, bucket, key, part).await?;
    Ok(answer)
}

async fn put(call: Call<'_>, bucket: &str, key: &str, part: NewPart) -> Result<(), Error> {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let id = upload_id(call).to_owned();
    call.change(move |store| store.put_part(&bucket, &key, &id, part)).await
}

fn added(etag: &str) -> Answer {
    let mut answer = response::empty(StatusCode::CREATED);
    set(answer.headers_mut(), header::ETAG, &quoted(etag));
    answer
}

/// One official client leaves the number out when it is 0.
fn part_number(call: Call<'_>) -> Result<u32, Error> {
    let number = call.request.query.integer("part_number")?.unwrap_or(0);
    u32::try_from(number)
        .ok()
        .filter(|_| number <= PART_NUMBER)
        .ok_or_else(|| Error::invalid_argument(format!("part_number must be 0 to {PART_NUMBER}, not {number}")))
}

/// An object of one body has that body's digest for its ETag. Of one completed from parts, the client may have
/// chosen it.
fn known_md5(source: &Object, size: u64) -> Option<&str> {
    let content = &source.content;
    (size == source.size && content.digested).then(|| unquoted(&content.etag))
}

async fn digest(extents: Vec<Extent>) -> Result<String, Error> {
    let digest = spawn_blocking(move || -> std::io::Result<String> {
        let mut reader = ExtentReader::new(extents);
        let mut md5 = Md5::new();
        loop {
            let piece = reader.read()?;
            if piece.is_empty() {
                return Ok(hex(&md5.finalize()));
            }
            md5.update(&piece);
        }
    });
    Ok(digest.await.map_err(std::io::Error::other)??)
}
