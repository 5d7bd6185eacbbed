//! Presigned requests, which any HTTP client can send.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::Timestamp;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::value::encode_query;

use super::send::Call;
use super::{Address, Client, sign};

/// A signed request that any HTTP client can send until it expires. Keep its URL secret.
#[derive(Clone)]
pub struct PresignedRequest {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Option<Bytes>,
    expires: Timestamp,
}

impl PresignedRequest {
    /// Returns the method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URL, which contains the signature.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the headers that must be sent unchanged. A plain download has none.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the JSON document that must be sent as the body, if the operation has one.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// Returns the time at which the request expires, by the server's clock.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl fmt::Debug for PresignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsigned = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("PresignedRequest")
            .field("method", &self.method)
            .field("url", &format_args!("{unsigned}?<redacted>"))
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn presign<I: Operation>(
        &self,
        input: I,
        address: Address<'_>,
        lifetime: Duration,
    ) -> Result<PresignedRequest> {
        let call = self.encode(input, address)?;
        let name = call.name.clone();
        self.presign_call(call, lifetime).map_err(|error| error.with_call(&name))
    }

    fn presign_call(&self, call: Call, lifetime: Duration) -> Result<PresignedRequest> {
        let Some(credentials) = self.config.credentials() else {
            return Err(Error::config("presigning requires access keys").with_note(&self.config.unsigned_note()));
        };
        let expires = i64::try_from(lifetime.as_secs())
            .ok()
            .filter(|seconds| *seconds > 0)
            .and_then(|seconds| self.clock.now().as_unix().checked_add(seconds))
            .and_then(|seconds| Timestamp::from_unix(seconds).ok())
            .ok_or_else(|| {
                Error::invalid_input(format!("lifetime is {lifetime:?}, but must be from 1 s to the year 9999"))
            })?;
        let resource = call.resource();
        let Call { spec, target, request, .. } = call;
        if request.form.is_some() {
            return Err(Error::invalid_input(
                "a form cannot be presigned, because its fields are in the body: sign a policy instead (see the module `sign`), \
                 call the operation, or presign PutObject",
            ));
        }
        let to_sign = sign::string_to_sign_query(&spec.method, &request.headers, expires.as_unix(), &resource);
        let signature = credentials.sign(&to_sign);
        let mut query = request.query.map_or_else(String::new, |query| query + "&");
        query.push_str(&format!(
            "access_key_id={}&expires={}&signature={}",
            encode_query(credentials.access_key_id()),
            expires.as_unix(),
            encode_query(&signature)
        ));
        let is_json = request.headers.get(http::header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        let body = request.body.as_bytes().filter(|body| is_json && !body.is_empty()).map(Bytes::copy_from_slice);
        Ok(PresignedRequest {
            method: spec.method,
            url: target.url(Some(&query)),
            headers: request.headers,
            body,
            expires,
        })
    }
}
