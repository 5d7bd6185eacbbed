//! The operations, and what they work with.

mod append;
mod bucket;
mod cname;
mod complete;
mod copy;
mod delete_multiple;
mod list_buckets;
mod list_objects;
mod list_uploads;
mod list_versions;
mod object;
mod options;
mod owner;
mod paging;
mod part;
mod post_object;
mod put_object;
mod settings;
mod statistics;
mod upload;
mod versioning;

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::access::Access;
use crate::address::Target;
use crate::authenticate::Authenticator;
use crate::clock::Moment;
use crate::error::Error;
use crate::metadata::Metadata;
use crate::payload::Payload;
use crate::request::Request;
use crate::response::{self, Answer};
use crate::served::Operation;
use crate::settings::{Acl, Cors, Lifecycle, Logging, Mirror, Notifications, Policy, Replication};
use crate::source::Source;
use crate::store::Store;

/// What an operation has at hand.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) authenticator: Authenticator,
    pub(crate) access: Access,
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
    request_id: &'a str,
}

impl Operations {
    pub(crate) async fn perform(
        &self,
        operation: Operation,
        request: &Request,
        payload: &mut Payload,
        now: Moment,
        request_id: &str,
    ) -> Result<Answer, Error> {
        let call = Call { operations: self, request, now, request_id };
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
            Operation::GetBucketStatistics => statistics::statistics(call, bucket),
            Operation::PutBucketACL => settings::put::<Acl>(call, bucket, payload).await,
            Operation::GetBucketACL => settings::get_acl(call, bucket),
            Operation::PutBucketCORS => settings::put::<Cors>(call, bucket, payload).await,
            Operation::GetBucketCORS => settings::get::<Cors>(call, bucket),
            Operation::DeleteBucketCORS => settings::delete::<Cors>(call, bucket).await,
            Operation::PutBucketPolicy => settings::put::<Policy>(call, bucket, payload).await,
            Operation::GetBucketPolicy => settings::get::<Policy>(call, bucket),
            Operation::DeleteBucketPolicy => settings::delete::<Policy>(call, bucket).await,
            Operation::PutBucketExternalMirror => settings::put::<Mirror>(call, bucket, payload).await,
            Operation::GetBucketExternalMirror => settings::get::<Mirror>(call, bucket),
            Operation::DeleteBucketExternalMirror => settings::delete::<Mirror>(call, bucket).await,
            Operation::PutBucketLogging => settings::put::<Logging>(call, bucket, payload).await,
            Operation::GetBucketLogging => settings::get::<Logging>(call, bucket),
            Operation::DeleteBucketLogging => settings::delete::<Logging>(call, bucket).await,
            Operation::PutBucketLifecycle => settings::put::<Lifecycle>(call, bucket, payload).await,
            Operation::GetBucketLifecycle => settings::get::<Lifecycle>(call, bucket),
            Operation::DeleteBucketLifecycle => settings::delete::<Lifecycle>(call, bucket).await,
            Operation::PutBucketNotification => settings::put::<Notifications>(call, bucket, payload).await,
            Operation::GetBucketNotification => settings::get::<Notifications>(call, bucket),
            Operation::DeleteBucketNotification => settings::delete::<Notifications>(call, bucket).await,
            Operation::PutBucketReplication => settings::put::<Replication>(call, bucket, payload).await,
            Operation::GetBucketReplication => settings::get::<Replication>(call, bucket),
            Operation::DeleteBucketReplication => settings::delete::<Replication>(call, bucket).await,
            Operation::PutBucketCNAME => cname::put(call, bucket, payload).await,
            Operation::GetBucketCNAME => cname::get(call, bucket),
            Operation::DeleteBucketCNAME => cname::delete(call, bucket, payload).await,
            Operation::PutObject => match Source::of_object(&request.headers)? {
                Source::Body => put_object::put(call, bucket, key, payload).await,
                Source::Copy => copy::copy(call, bucket, key).await,
                Source::Move => copy::move_object(call, bucket, key).await,
            },
            Operation::GetObject => object::get(call, bucket, key),
            Operation::HeadObject => object::head(call, bucket, key),
            Operation::OptionsObject => options::options(call, bucket),
            Operation::PostObject => post_object::post(call, bucket, key, payload).await,
            Operation::DeleteObject => object::delete(call, bucket, key).await,
            Operation::AppendObject => append::append(call, bucket, key, payload).await,
            Operation::InitiateMultipartUpload => upload::initiate(call, bucket, key).await,
            Operation::UploadMultipart => match Source::of_part(&request.headers) {
                Source::Copy => part::copy(call, bucket, key).await,
                Source::Body | Source::Move => part::upload(call, bucket, key, payload).await,
            },
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
