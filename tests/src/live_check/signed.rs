//! Requests with signatures that the SDK would not create.

use std::env;
use std::time::{Duration, SystemTime};

use qingstor_sdk::operations::{GetObjectInput, HeadBucketInput};
use qingstor_sdk::{Credentials, HeaderMap, Method, Secret, Timestamp, sign};

use crate::PlainRequest;

use super::Site;

/// Signs GET requests with the access keys of the environment.
pub(super) struct Signer {
    credentials: Credentials,
    secret: Secret,
}

/// A URL without query.
pub(super) struct Location {
    url: String,
    /// Path as on the request line.
    path: String,
    /// The bucket, if the host contains it.
    virtual_host_bucket: Option<String>,
}

/// Returns the access key id in a presigned URL.
pub(super) fn access_key_id(presigned_url: &str) -> Option<&str> {
    presigned_url.split(['?', '&']).find_map(|parameter| parameter.strip_prefix("access_key_id="))
}

impl Location {
    /// Returns the URL of the bucket.
    pub(super) fn bucket(site: &Site) -> Result<Self, String> {
        let presigned = site.bucket.presign(HeadBucketInput::new(), Duration::from_secs(60));
        Ok(Self::new(site, presigned.map_err(|error| error.to_string())?.url()))
    }

    /// Returns the URL of an object.
    pub(super) fn object(site: &Site, key: &str) -> Result<Self, String> {
        let presigned = site.bucket.presign_object(key, GetObjectInput::new(), Duration::from_secs(60));
        Ok(Self::new(site, presigned.map_err(|error| error.to_string())?.url()))
    }

    fn new(site: &Site, presigned_url: &str) -> Self {
        let url = presigned_url.split('?').next().unwrap_or_default().to_owned();
        let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, path) = after_scheme.find('/').map_or((after_scheme, ""), |slash| after_scheme.split_at(slash));
        let is_virtual_host = host.starts_with(&format!("{}.", site.bucket.name()));
        let (path, virtual_host_bucket) = (path.to_owned(), is_virtual_host.then(|| site.bucket.name().to_owned()));
        Self { url, path, virtual_host_bucket }
    }

    /// Returns a GET request without a signature.
    pub(super) fn get(&self, query: &str) -> PlainRequest {
        let mark = if query.is_empty() { "" } else { "?" };
        PlainRequest::new("GET", format!("{}{mark}{query}", self.url))
    }

    /// Returns the resource that is signed.
    pub(super) fn resource(&self, query: &str) -> Vec<u8> {
        let query = Some(query).filter(|query| !query.is_empty());
        sign::canonical_resource(self.virtual_host_bucket.as_deref(), &self.path, query)
    }
}

impl Signer {
    /// Reads the access keys.
    pub(super) fn from_environment() -> Result<Self, String> {
        let read = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        match (read("QINGSTOR_ACCESS_KEY_ID"), read("QINGSTOR_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                let secret = Secret::from(secret.as_str());
                Ok(Self { credentials: Credentials::new(id, secret.clone()), secret })
            }
            _ => Err("it needs the access keys in environment variables instead of a file".to_owned()),
        }
    }

    /// Returns a request with an `Authorization` header for `resource`. `date` is the time in the header `Date`.
    pub(super) fn get(
        &self,
        location: &Location,
        query: &str,
        date: Option<SystemTime>,
        resource: &[u8],
    ) -> Result<PlainRequest, String> {
        let mut headers = HeaderMap::new();
        let mut request = location.get(query);
        if let Some(date) = date {
            let date = Timestamp::from(date).to_http_date();
            request = request.header("date", &date);
            headers.insert("date", date.parse().map_err(|_| "the date is not a header value")?);
        }
        let signature = sign::signature(&self.secret, sign::string_to_sign(&Method::GET, &headers, resource));
        Ok(request.header("authorization", &sign::authorization(&self.credentials, &signature)))
    }
}
