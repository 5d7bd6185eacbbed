//! A request as it arrived, without its body.

use http::request::Parts;
use http::{HeaderMap, Method, header};

use crate::address::{Address, Hosts};
use crate::error::Error;
use crate::query::Query;
use crate::signature::Signable;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// As on the request line; never decoded, for it is what is signed.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    /// Name and port the client used, as far as it told.
    pub(crate) host: String,
    pub(crate) address: Address,
}

impl Request {
    pub(crate) fn new(parts: Parts, hosts: &Hosts) -> Result<Self, Error> {
        // A proxy's client writes the host on the request line, where it outranks the header.
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
        let address = hosts.locate(&host, &path)?;
        Ok(Self {
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            method: parts.method,
            headers: parts.headers,
            path,
            host,
            address,
        })
    }

    /// A header's text; one that is empty or not text counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
    }

    pub(crate) fn signable<'a>(&'a self, expires: Option<&'a str>) -> Signable<'a> {
        Signable {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            host_bucket: self.address.host_bucket.as_deref(),
            headers: &self.headers,
            expires,
        }
    }
}
