//! Copies and moves objects. The new object shares the segments of its source, so that no data is copied.

use std::sync::Arc;

use http::HeaderMap;

use super::Call;
use super::objects::{created, store};
use crate::address::{SourceAddress, parse_source};
use crate::conditions::check_source;
use crate::error::{Code, Error};
use crate::limits::MAX_BODY;
use crate::metadata::{Metadata, Properties, storage_class};
use crate::response::{self, Response};
use crate::store::{Content, Object, no_object};
use crate::{ids, sse};

pub(crate) const COPY_SOURCE: &str = "x-qs-copy-source";
pub(crate) const MOVE_SOURCE: &str = "x-qs-move-source";
const FETCH_SOURCE: &str = "x-qs-fetch-source";
/// Prefix of the conditions on the source of a copy.
const COPY_CONDITIONS: &str = "x-qs-copy-source-";
/// Prefix of the conditions on the source of a move.
const MOVE_CONDITIONS: &str = "x-qs-move-source-";

/// The source of the data of a new object in `PutObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataSource {
    Body,
    /// Another object, which remains.
    Copy,
    /// Another object, which is deleted.
    Move,
}

impl DataSource {
    pub(crate) fn of_request(headers: &HeaderMap) -> Result<Self, Error> {
        // A header with an invalid value counts too. Otherwise the request would store its empty body.
        match (headers.contains_key(COPY_SOURCE), headers.contains_key(MOVE_SOURCE)) {
            (true, true) => Err(Error::invalid_argument("a request can copy or move an object, not both")),
            (true, false) => Ok(Self::Copy),
            (false, true) => Ok(Self::Move),
            (false, false) if headers.contains_key(FETCH_SOURCE) => {
                Err(Error::new(Code::NotImplemented, "the emulator does not fetch objects (X-QS-Fetch-Source)"))
            }
            (false, false) => Ok(Self::Body),
        }
    }
}

pub(super) async fn copy_object(call: Call<'_>) -> Result<Response, Error> {
    call.store().bucket(call.bucket())?;
    let source = find_source(call)?;
    if source.size() > MAX_BODY {
        return Err(Error::new(
            Code::EntityTooLarge,
            "the source is larger than 5 GiB; copy it with UploadMultipart, in ranges",
        ));
    }
    let replaces_metadata = match call.request.header("x-qs-metadata-directive") {
        None => false,
        Some(directive) if directive.eq_ignore_ascii_case("copy") => false,
        Some(directive) if directive.eq_ignore_ascii_case("replace") => true,
        Some(_) => return Err(Error::invalid_argument("X-QS-Metadata-Directive must be COPY or REPLACE")),
    };
    let metadata = if replaces_metadata {
        Metadata::from_headers(call.headers(), call.request.is_anonymous())?
    } else {
        source.properties.metadata.clone()
    };
    let storage_class = storage_class(call.headers())?;
    let properties = Properties { metadata, storage_class, encryption: sse::key_digest(call.headers(), sse::OWN)? };
    let (id, key, modified) = (ids::sequential(call.now), call.key().to_owned(), call.now);
    let copied = Object { id, key, modified, properties, is_appendable: false, ..Object::clone(&source) };
    store(call, copied).await
}

/// Returns the source of a copy, if its conditions hold and the request has its encryption key.
pub(super) fn find_source(call: Call<'_>) -> Result<Arc<Object>, Error> {
    let source = parse_header(call, COPY_SOURCE)?;
    let version_id = source.version_id.as_deref();
    let source = match call.store().find(&source.bucket, &source.key, version_id)?.content {
        Content::Object(object) => object,
        Content::DeleteMarker(_) if version_id.is_some() => {
            return Err(Error::new(Code::InvalidRequest, "the source is a delete marker, which cannot be copied"));
        }
        Content::DeleteMarker(_) => return Err(no_object(&source.key)),
    };
    check_source(call.headers(), COPY_CONDITIONS, &source.etag, source.modified)?;
    sse::require_key(source.properties.encryption.as_deref(), call.headers(), sse::COPY_SOURCE)?;
    Ok(source)
}

/// Moves an object. The new object has all properties of the source, and no encryption key is needed. The source is
/// deleted as by `DeleteObject`: if its bucket has versioning, its versions remain behind a delete marker.
pub(super) async fn move_object(call: Call<'_>) -> Result<Response, Error> {
    call.store().bucket(call.bucket())?;
    let SourceAddress { bucket: from, key: old_key, version_id } = parse_header(call, MOVE_SOURCE)?;
    if version_id.is_some() {
        return Err(Error::invalid_argument("a version cannot be moved, only copied"));
    }
    let source = call.store().object(&from, &old_key)?;
    check_source(call.headers(), MOVE_CONDITIONS, &source.etag, source.modified)?;
    let (id, key) = (ids::sequential(call.now), call.key().to_owned());
    let object = Object { id, key, modified: call.now, ..Object::clone(&source) };
    let mut response = created(&object);
    if from == call.bucket() && old_key == call.key() {
        // A move of an object to its own key changes nothing. Without this check, it would delete the object.
        return Ok(response);
    }
    let version_id = call.change(move |store, to| store.move_object((&from, &source), to, object)).await?;
    response::set_version_id(response.headers_mut(), version_id.as_deref());
    Ok(response)
}

fn parse_header(call: Call<'_>, header: &str) -> Result<SourceAddress, Error> {
    // Official clients send ASCII: some percent-encode the source, some send it as it is.
    let raw = call.headers().get(header).and_then(|value| value.to_str().ok());
    parse_source(raw.ok_or_else(|| {
        Error::invalid_argument(format!("{header} has characters that are not ASCII; percent-encode them"))
    })?)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(names: &[&'static str], value: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(value).unwrap();
        names.iter().map(|name| (HeaderName::from_static(name), value.clone())).collect()
    }

    #[test]
    fn source_header_with_an_invalid_value_counts() {
        for value in [&b""[..], b"\xff"] {
            assert_eq!(DataSource::of_request(&headers(&[COPY_SOURCE], value)).unwrap(), DataSource::Copy);
            assert_eq!(DataSource::of_request(&headers(&[MOVE_SOURCE], value)).unwrap(), DataSource::Move);
        }
        assert_eq!(DataSource::of_request(&HeaderMap::new()).unwrap(), DataSource::Body);
    }

    #[test]
    fn rejects_two_sources_and_remote_sources() {
        let code = |names: &[&'static str]| DataSource::of_request(&headers(names, b"v")).unwrap_err().code;
        assert_eq!(code(&[COPY_SOURCE, MOVE_SOURCE]), Code::InvalidArgument);
        assert_eq!(code(&[FETCH_SOURCE]), Code::NotImplemented);
    }
}
