//! The operations. Each is a function of a [`Call`] and the body of the request.

pub(crate) mod append;
pub(crate) mod bucket_settings;
pub(crate) mod buckets;
pub(crate) mod copy;
pub(crate) mod listings;
pub(crate) mod multipart;
pub(crate) mod objects;
pub(crate) mod post_object;

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::authenticate::KeyPair;
use crate::body::RequestBody;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::metadata::Properties;
use crate::request::Request;
use crate::response::{self, Response};
use crate::settings::{Acl, Permission, Setting};
use crate::store::Store;

/// The state and settings that operations use.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) store: Arc<Store>,
    pub(crate) key_pairs: Vec<KeyPair>,
    /// Zone of buckets that are created without one.
    pub(crate) zone: String,
    /// True if every bucket is readable and writable by everyone.
    pub(crate) allow_anonymous: bool,
    pub(crate) allow_tiny_parts: bool,
}

/// A call of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) context: &'a Context,
    pub(crate) request: &'a Request,
    pub(crate) now: Moment,
    pub(crate) request_id: &'a str,
}

impl<'a> Call<'a> {
    fn bucket(&self) -> &'a str {
        &self.request.address.bucket
    }

    fn key(&self) -> &'a str {
        &self.request.address.key
    }

    fn headers(&self) -> &'a HeaderMap {
        &self.request.headers
    }

    fn store(&self) -> &'a Store {
        &self.context.store
    }

    /// Changes the bucket in the store. This accesses files, so it runs on a thread that may block.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Store, &str) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (store, bucket) = (Arc::clone(&self.context.store), self.bucket().to_owned());
        spawn_blocking(move || change(&store, &bucket)).await.map_err(std::io::Error::other)?
    }

    /// Returns the properties of a new object.
    fn properties(&self) -> Result<Properties, Error> {
        Properties::from_headers(self.headers(), self.request.is_anonymous())
    }
}

/// Checks that the bucket grants everyone this permission.
pub(crate) fn check_granted_to_everyone(
    store: &Store,
    bucket: &str,
    permission: Permission,
    allow_anonymous: bool,
) -> Result<(), Error> {
    if allow_anonymous {
        return Ok(());
    }
    // The error does not reveal whether the bucket exists.
    let settings = store.settings(bucket).map_err(|_| denied())?;
    match Acl::get(&settings) {
        Some(acl) if acl.grants_everyone(permission) => Ok(()),
        _ => Err(denied()),
    }
}

pub(crate) fn denied() -> Error {
    Error::new(Code::PermissionDenied, "the request is not signed, and this operation is not open to everyone")
}

/// Parses a JSON body. A body that is not JSON and one with the wrong fields have different error codes.
async fn parse_body<T: DeserializeOwned>(body: &mut RequestBody) -> Result<T, Error> {
    let json: Value = serde_json::from_slice(&body.json().await?).map_err(Error::invalid_json)?;
    serde_json::from_value(json)
        .map_err(|error| Error::invalid_argument(format!("the body does not have the expected fields: {error}")))
}

fn ok(value: &impl Serialize) -> Response {
    response::json(StatusCode::OK, value)
}
