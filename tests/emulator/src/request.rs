//! The head of a request.

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};

use crate::address::{Address, Hosts};
use crate::error::Error;
use crate::query::Query;
use crate::signature::Signable;

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as on the request line, percent-encoded. The signature covers this form.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// Host and port that the client sent. Empty if it sent none.
    pub(crate) host: String,
    pub(crate) address: Address,
}

impl Request {
    /// Parses the head of a request. `bound_bucket` returns the bucket to which a domain is bound.
    pub(crate) fn new(
        parts: Parts,
        hosts: &Hosts,
        bound_bucket: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        // A client that uses a proxy sends the host on the request line, which takes precedence over the header.
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
        }
        .to_owned();
        let path = match parts.uri.path() {
            "" => "/",
            path => path,
        }
        .to_owned();
        let address = hosts.locate(&host, &path, bound_bucket)?;
        refuse_repeated(&parts.headers)?;
        Ok(Self {
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            method: parts.method,
            headers: parts.headers,
            path,
            host,
            address,
        })
    }

    /// Returns the text of a header. A header that is empty or not text counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
    }

    /// Returns true if neither headers nor query have credentials. The fields of a form may have some.
    pub(crate) fn is_anonymous(&self) -> bool {
        let in_query = self.query.has("signature") || self.query.has("access_key_id");
        !in_query && !self.headers.contains_key(header::AUTHORIZATION)
    }

    /// Returns true for `HEAD` of a bucket on a public host without a zone, which asks for the zone of the bucket.
    pub(crate) fn asks_for_zone(&self) -> bool {
        let has_no_zone = self.address.public_host.is_some() && self.address.zone.is_none();
        has_no_zone && self.method == Method::HEAD && self.address.is_bucket()
    }

    /// Returns the signed parts of the request. `expires` is the expiry of a presigned URL.
    pub(crate) fn signable<'a>(&'a self, expires: Option<&'a str>) -> Signable<'a> {
        Signable {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            host_bucket: self.address.is_host_style.then_some(self.address.bucket.as_str()),
            headers: &self.headers,
            expires,
        }
    }
}

/// Refuses a signed header that is repeated, because the signature would cover only one of its values.
fn refuse_repeated(headers: &HeaderMap) -> Result<(), Error> {
    let signed = |name: &HeaderName| {
        name.as_str().starts_with("x-qs-")
            || matches!(name.as_str(), "authorization" | "content-md5" | "content-type" | "date")
    };
    match headers.keys().find(|name| signed(name) && headers.get_all(*name).iter().nth(1).is_some()) {
        Some(name) => Err(Error::invalid_argument(format!("the header {name} was sent more than once"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn code(names: &[&str]) -> Result<(), Code> {
        let builder =
            names.iter().fold(http::Request::builder().uri("/b/k"), |builder, name| builder.header(*name, "v"));
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        Request::new(parts, &Hosts::new("pek3a", &[]), |_| None).map(|_| ()).map_err(|error| error.code)
    }

    #[test]
    fn refuses_a_repeated_signed_header() {
        for name in ["X-QS-Meta-A", "x-qs-copy-source", "Date", "Content-Type", "content-md5", "Authorization"] {
            assert_eq!(code(&[name]), Ok(()));
            assert_eq!(code(&[name, "x-other", name]), Err(Code::InvalidArgument), "{name}");
        }
        assert_eq!(code(&["x-other", "accept", "x-other", "accept"]), Ok(()));
    }
}
