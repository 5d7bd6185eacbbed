//! An object to another key, by the server.

mod run;

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::{Instrument, debug_span};

use super::cancelled::Cancelled;
use super::encryption::CustomerKey;
use super::limits::{DEFAULT_CONCURRENCY, LARGEST_SINGLE, MIB};
use super::progress::{Callback, TransferProgress};
use crate::error::Result;
use crate::types::StorageClass;
use crate::{Bucket, ObjectSource};

/// Nothing passes through this machine, so parts are large.
const DEFAULT_PART: u64 = 512 * MIB;

/// A copy made by the server, of an object of any size; made by [`Bucket::copy`].
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::ObjectSource;
///
/// let copied = bucket.copy(ObjectSource::new("from-bucket", "films/1.mp4"), "films/2.mp4").send().await?;
/// println!("{} bytes in {} parts", copied.size, copied.parts);
/// # Ok(())
/// # }
/// ```
///
/// Up to 5 GiB, it is one request; beyond that, an upload in parts that are copied, several at a time. Metadata, content
/// type and the other headers come along. The source has to be in the same zone; if it changes meanwhile, that is an error.
///
/// The server copies, so there is nothing to hash here: that each part is what the server copied is checked by the entity
/// tags that it answers with, as far as it does, and the size of the whole in the end, if these keys may look at it.
///
/// No bytes move that could stall: a request for which no answer comes is given up after
/// [`Config::response_timeout`](crate::Config::response_timeout), 120 s, and made again where that is safe. If the server
/// needs longer for what one request copies, lower [`largest_single`](ObjectCopy::largest_single) and
/// [`part_size`](ObjectCopy::part_size).
///
/// A copy that fails is aborted, as an [`Upload`](crate::Upload) is.
#[must_use = "nothing is copied before `send`"]
pub struct ObjectCopy {
    bucket: Bucket,
    key: String,
    source: ObjectSource,
    source_encryption: Option<CustomerKey>,
    encryption: Option<CustomerKey>,
    storage_class: Option<StorageClass>,
    largest_single: u64,
    part_size: u64,
    concurrency: usize,
    on_progress: Option<Callback>,
    /// A lock that nobody waits for: it lets tasks share the rest.
    cancelled: Mutex<Option<Cancelled>>,
}

/// What [`ObjectCopy::send`] returns: the copy is there, with all bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The key of the copy.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// How many parts it was copied in; 0 if one request was enough.
    pub parts: u32,
    /// How many requests copied its bytes, or tried to.
    pub attempts: u32,
}

impl ObjectCopy {
    pub(crate) fn new(bucket: &Bucket, source: ObjectSource, key: String) -> Self {
        Self {
            bucket: bucket.clone(),
            key,
            source,
            source_encryption: None,
            encryption: None,
            storage_class: None,
            largest_single: LARGEST_SINGLE,
            part_size: DEFAULT_PART,
            concurrency: DEFAULT_CONCURRENCY,
            on_progress: None,
            cancelled: Mutex::default(),
        }
    }

    /// The key that the source was encrypted with.
    pub fn source_encryption(mut self, key: CustomerKey) -> Self {
        self.source_encryption = Some(key);
        self
    }

    /// Has the server encrypt the copy with a key of the customer's own.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// In which class of storage the copy is kept; by default the source's.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// How many bytes are copied with one request at the most, up to 5 GiB, which is the default. Less makes requests that
    /// are answered sooner.
    pub fn largest_single(mut self, bytes: u64) -> Self {
        self.largest_single = bytes;
        self
    }

    /// How many bytes a part has, from 4 MiB to 5 GiB; default 512 MiB. They are more where 10,000 parts would be too few.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes;
        self
    }

    /// How many parts are copied at the same time, 1 or more; default 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = parts;
        self
    }

    /// Calls a function whenever a part is finished, with the bytes of those that are. What was said of
    /// [`Upload::on_progress`](crate::Upload::on_progress) holds here too.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(callback));
        self
    }

    /// Ends the copy in good order when this is done: no further part is asked for, what there is is aborted, and
    /// [`send`](ObjectCopy::send) returns an error of the kind [`Cancelled`](crate::ErrorKind::Cancelled). One that is a
    /// single request may have been made all the same, if it was under way.
    pub fn cancel_on(mut self, done: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Mutex::new(Some(Box::pin(done)));
        self
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if a setting is out of its limits, and those of the
    /// operations. [`Error::is_precondition_failed`](crate::Error::is_precondition_failed) is true if the source changed
    /// meanwhile. After an error of `HeadObject` of the key copied to, the copy is there, and nobody knows whether it is
    /// whole; [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if it has another size.
    pub async fn send(self) -> Result<Copied> {
        let span = debug_span!("copy", bucket = self.bucket.name(), key = self.key, source = %self.source);
        run::run(self).instrument(span).await
    }
}

impl fmt::Debug for ObjectCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectCopy")
            .field("source", &self.source)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
