//! The handlers of the operations. Each receives a [`Call`] and the body of the request.

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
use crate::conditions::check_write;
use crate::error::{Code, Error};
use crate::metadata::Properties;
use crate::request::Request;
use crate::response::{self, Response};
use crate::settings::{Acl, Permission, Setting};
use crate::store::Store;
use crate::variant::Variant;

/// The state and the settings that all operations share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) store: Arc<Store>,
    pub(crate) key_pairs: Vec<KeyPair>,
    /// Zone of a new bucket if the request that creates it names none.
    pub(crate) zone: String,
    /// True if everyone can read and write objects in every bucket.
    pub(crate) allow_anonymous: bool,
    pub(crate) allow_tiny_parts: bool,
    pub(crate) variants: Vec<Variant>,
}

/// A request that calls an operation.
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

    fn has(&self, variant: Variant) -> bool {
        self.context.variants.contains(&variant)
    }

    /// Checks the conditions of a write, which are ignored by default.
    fn check_write(&self) -> Result<(), Error> {
        if !self.has(Variant::ConditionalWrites) {
            return Ok(());
        }
        let current = self.store().object(self.bucket(), self.key()).ok();
        check_write(self.headers(), current.as_ref().map(|object| object.etag.as_str()))
    }

    /// Changes the bucket in the store. Runs on a thread that may block, because changes write files.
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

/// Checks that a bucket grants a permission to everyone.
pub(crate) fn check_granted_to_everyone(
    store: &Store,
    bucket: &str,
    permission: Permission,
    allow_anonymous: bool,
) -> Result<(), Error> {
    if allow_anonymous {
        return Ok(());
    }
    // A missing bucket returns the same error, so that the error does not reveal that it is missing.
    let settings = store.settings(bucket).map_err(|_| denied())?;
    match Acl::get(&settings) {
        Some(acl) if acl.grants_everyone(permission) => Ok(()),
        _ => Err(denied()),
    }
}

pub(crate) fn denied() -> Error {
    Error::new(Code::PermissionDenied, "the request is not signed, and not everyone may use this operation")
}

/// Parses a JSON body. The error code for a body that is not JSON differs from that for wrong fields.
async fn parse_body<T: DeserializeOwned>(body: &mut RequestBody) -> Result<T, Error> {
    let json: Value = serde_json::from_slice(&body.json_bytes().await?).map_err(Error::invalid_json)?;
    serde_json::from_value(json)
        .map_err(|error| Error::invalid_argument(format!("the body does not have the expected fields: {error}")))
}

/// Builds a successful response with a JSON body.
fn ok(value: &impl Serialize) -> Response {
    response::json(StatusCode::OK, value)
}
