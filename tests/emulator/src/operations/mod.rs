//! The operations, and what they work with.

mod append;
mod bucket;
mod complete;
mod copy;
mod delete_multiple;
mod list_buckets;
mod list_objects;
mod list_uploads;
mod list_versions;
mod object;
mod part;
mod put_object;
mod upload;
mod versioning;

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::address::Target;
use crate::clock::Moment;
use crate::error::Error;
use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::request::Request;
use crate::response::{self, Answer};
use crate::route::Operation;
use crate::store::Store;

/// What an operation has at hand.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) store: Arc<Store>,
    /// The zone of buckets made without naming one.
    pub(crate) zone: String,
    pub(crate) allow_tiny_parts: bool,
}

/// One call of an operation.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    operations: &'a Operations,
    request: &'a Request,
    now: Moment,
}

impl Operations {
    pub(crate) async fn perform(
        &self,
        operation: Operation,
        request: &Request,
        payload: &mut Payload,
        now: Moment,
    ) -> Result<Answer, Error> {
        let call = Call { operations: self, request, now };
        let (bucket, key) = match &request.address.target {
            Target::Service => ("", ""),
            Target::Bucket { bucket } => (bucket.as_str(), ""),
            Target::Object { bucket, key } => (bucket.as_str(), key.as_str()),
        };
        match operation {
            Operation::ListBuckets => list_buckets::list_buckets(call),
            Operation::PutBucket => bucket::put(call, bucket).await,
            Operation::HeadBucket => bucket::head(call, bucket),
            Operation::DeleteBucket => bucket::delete(call, bucket).await,
            Operation::ListObjects => list_objects::list_objects(call, bucket),
            Operation::ListObjectVersions => list_versions::list_versions(call, bucket),
            Operation::GetBucketVersioning => versioning::get(call, bucket),
            Operation::PutBucketVersioning => versioning::put(call, bucket, payload).await,
            Operation::ListMultipartUploads => list_uploads::list_uploads(call, bucket),
            Operation::DeleteMultipleObjects => delete_multiple::delete_multiple(call, bucket, payload).await,
            Operation::PutObject => put_object::put(call, bucket, key, payload).await,
            Operation::CopyObject => copy::copy(call, bucket, key).await,
            Operation::MoveObject => copy::move_object(call, bucket, key).await,
            Operation::GetObject => object::get(call, bucket, key),
            Operation::HeadObject => object::head(call, bucket, key),
            Operation::DeleteObject => object::delete(call, bucket, key).await,
            Operation::AppendObject => append::append(call, bucket, key, payload).await,
            Operation::InitiateMultipartUpload => upload::initiate(call, bucket, key).await,
            Operation::UploadMultipart => part::upload(call, bucket, key, payload).await,
            Operation::CopyMultipart => part::copy(call, bucket, key).await,
            Operation::ListMultipart => upload::list_parts(call, bucket, key),
            Operation::CompleteMultipartUpload => complete::complete(call, bucket, key, payload).await,
            Operation::AbortMultipartUpload => upload::abort(call, bucket, key).await,
        }
    }
}

impl Call<'_> {
    /// Does something to the store that touches files, away from the threads that serve connections.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let store = Arc::clone(&self.operations.store);
        spawn_blocking(move || change(&store)).await.map_err(std::io::Error::other)?
    }

    /// The metadata a request brings.
    fn metadata(&self) -> Result<Metadata, Error> {
        let metadata = Metadata::from_headers(&self.request.headers)?;
        Ok(if self.request.is_anonymous() { metadata.of_a_stranger() } else { metadata })
    }

    fn store(&self) -> &Store {
        &self.operations.store
    }
}

fn ok(value: &impl Serialize) -> Answer {
    response::json(StatusCode::OK, value)
}
