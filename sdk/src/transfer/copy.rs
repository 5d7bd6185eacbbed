//! An object to another key, by the server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

use tokio::task::JoinSet;
use tracing::{Instrument, debug_span};

use super::encryption::{ALGORITHM, CustomerKey};
use super::limits::{LARGEST_SINGLE, MIB};
use super::object_headers::{ObjectHeaders, encrypt};
use super::plan::{PartPlan, PlannedPart, check_part_size};
use super::progress::Meter;
use super::upload::{Completed, SentPart, Session, see_through, stopped};
use crate::error::{Error, Result};
use crate::types::StorageClass;
use crate::{Bucket, HeadObjectInput, HeadObjectOutput, ObjectSource};

/// Nothing passes through this machine, so parts are large.
const DEFAULT_PART: u64 = 512 * MIB;
const DEFAULT_CONCURRENCY: usize = 8;

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

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if a setting is out of its limits, and those of the
    /// operations. [`Error::is_precondition_failed`] is true if the source changed meanwhile.
    pub async fn send(self) -> Result<Copied> {
        let span = debug_span!("copy", bucket = self.bucket.name(), key = self.key, source = %self.source);
        self.run().instrument(span).await
    }

    async fn run(self) -> Result<Copied> {
        check_part_size(self.part_size)?;
        if self.concurrency == 0 {
            return Err(Error::invalid_input(
                "concurrency: 0 parts at the same time would copy nothing; 1 is the least",
            ));
        }
        let source = self.look().await?;
        let size = source.content_length.unwrap_or(0);
        if size <= self.largest_single.min(LARGEST_SINGLE) {
            self.at_once(&source, size).await
        } else {
            self.in_parts(&source, size).await
        }
    }

    async fn look(&self) -> Result<HeadObjectOutput> {
        if let Some(fault) = self.source.fault() {
            return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
        }
        let mut input = HeadObjectInput::new();
        input.version_id.clone_from(&self.source.version_id);
        encrypt!(input, self.source_encryption.as_ref());
        self.bucket.neighbour(&self.source.bucket).head_object(&self.source.key, input).await
    }

    fn headers(&self, source: &HeadObjectOutput) -> ObjectHeaders {
        ObjectHeaders {
            content_type: source.content_type.clone(),
            cache_control: source.cache_control.clone(),
            content_disposition: source.content_disposition.clone(),
            content_encoding: source.content_encoding.clone(),
            expires: source.expires.clone(),
            storage_class: self.storage_class.clone().or_else(|| source.storage_class.clone()),
            metadata: source.metadata.clone(),
            encryption: self.encryption.clone(),
        }
    }

    async fn at_once(&self, source: &HeadObjectOutput, size: u64) -> Result<Copied> {
        // What describes the source is the server's to copy.
        let headers = ObjectHeaders {
            storage_class: self.headers(source).storage_class,
            encryption: self.encryption.clone(),
            ..ObjectHeaders::default()
        };
        let mut input = headers.put();
        input.copy_source = Some(self.source.clone());
        input.copy_source_if_match.clone_from(&source.etag);
        let key = self.source_encryption.as_ref();
        input.copy_source_encryption_customer_algorithm = key.map(|_| ALGORITHM.to_owned());
        input.copy_source_encryption_customer_key = key.map(CustomerKey::key);
        input.copy_source_encryption_customer_key_md5 = key.map(CustomerKey::md5);
        let output = self.bucket.put_object(&self.key, input).await?;
        Ok(Copied { key: self.key.clone(), size, etag: output.etag, version_id: output.version_id, parts: 0 })
    }

    async fn in_parts(&self, source: &HeadObjectOutput, size: u64) -> Result<Copied> {
        let plan = PartPlan::new(size, self.part_size)?;
        let meter = Meter::new(None, None);
        let session = Arc::new(Session::begin(&self.bucket, &self.key, &self.headers(source), &meter).await?);
        let completed = see_through(&session, false, None, async {
            let parts = self.copy_parts(&session, source.etag.as_deref(), plan).await?;
            session.complete(&parts, size).await
        });
        let Completed { etag, version_id, .. } = completed.await?;
        Ok(Copied { key: self.key.clone(), size, etag, version_id, parts: plan.count() })
    }

    /// Copies the parts; in case of an error, only after none is under way any more does it return.
    async fn copy_parts(&self, session: &Arc<Session>, etag: Option<&str>, plan: PartPlan) -> Result<Vec<SentPart>> {
        let queue: Arc<Mutex<vec::IntoIter<PlannedPart>>> =
            Arc::new(Mutex::new(plan.parts().collect::<Vec<_>>().into_iter()));
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrency.min(usize::try_from(plan.count()).unwrap_or(usize::MAX)) {
            let (session, queue) = (Arc::clone(session), Arc::clone(&queue));
            let (source, key, etag) = (self.source.clone(), self.source_encryption.clone(), etag.map(str::to_owned));
            tasks.spawn(async move {
                let mut copied = Vec::new();
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(part) = next else { return Ok(copied) };
                    copied.push(session.copy_part(&part, &source, key.as_ref(), etag.as_deref()).await?);
                }
            });
        }
        let mut copied = Vec::new();
        while let Some(outcome) = tasks.join_next().await {
            match outcome.map_err(stopped).flatten() {
                Ok(parts) => copied.extend(parts),
                Err(error) => {
                    tasks.shutdown().await;
                    return Err(error);
                }
            }
        }
        copied.sort_by_key(|part| part.number);
        Ok(copied)
    }
}

impl Session {
    async fn copy_part(
        &self,
        part: &PlannedPart,
        source: &ObjectSource,
        key: Option<&CustomerKey>,
        etag: Option<&str>,
    ) -> Result<SentPart> {
        let mut input = self.headers.part(&self.upload_id, part.number);
        input.copy_source = Some(source.clone());
        input.copy_range = Some(format!("bytes={}-{}", part.bytes.start, part.bytes.end - 1));
        input.copy_source_if_match = etag.map(str::to_owned);
        input.copy_source_encryption_customer_algorithm = key.map(|_| ALGORITHM.to_owned());
        input.copy_source_encryption_customer_key = key.map(CustomerKey::key);
        input.copy_source_encryption_customer_key_md5 = key.map(CustomerKey::md5);
        let copied = self.bucket.upload_multipart(&self.key, input).await;
        copied.map_err(|error| error.of_part(&self.upload_id, part.number))?;
        Ok(SentPart { number: part.number, length: part.bytes.end - part.bytes.start, sum: None })
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
