//! What an answer is made into.

mod decoder;
mod from_header;
mod one_or_many;

pub(crate) use decoder::ResponseDecoder;
pub(crate) use decoder::{Payload, null_as_default};
#[allow(unused_imports, reason = "the specification decides what of this is used")]
pub(crate) use from_header::FromHeader;
#[allow(unused_imports, reason = "the specification decides what of this is used")]
pub(crate) use one_or_many::one_or_many;

use http::{HeaderName, StatusCode};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-qs-request-id");

/// What every output says of the answer it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseInfo {
    /// The HTTP status. Where an operation has several successes, it tells them apart: 200, 206, 304.
    pub status: StatusCode,
    /// The id under which the server knows the request (`x-qs-request-id`).
    pub request_id: Option<String>,
    /// How often the request was sent until this answer came.
    pub attempts: u32,
}

impl Default for ResponseInfo {
    fn default() -> Self {
        Self { status: StatusCode::OK, request_id: None, attempts: 1 }
    }
}
