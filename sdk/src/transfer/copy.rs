//! An object to another key, by the server.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{Instrument, debug_span};

use super::cancelled::{Cancelled, or_cancelled};
use super::etag::parse_hex;
use super::object_properties::{CustomerKey, ObjectProperties, copy_from};
use super::object_snapshot::{ObjectRef, ObjectSnapshot, look_at_stored};
use super::part_size::{
    DEFAULT_CONCURRENCY, DEFAULT_COPY_PART_SIZE, MAX_SINGLE_REQUEST_SIZE, Part, PartLayout, check_part_size,
};
use super::progress::{Callback, Meter, TransferProgress};
use super::tasks::{both, for_each_part};
use super::upload::{Completed, CompletedPart, MultipartUpload, begin, see_through};
use crate::error::{Error, Result};
use crate::types::StorageClass;
use crate::{Bucket, HeadObjectOutput, ObjectSource, PutObjectOutput};

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
/// A request without a response fails after [`Config::response_timeout`](crate::Config::response_timeout), 120 s by default,
/// and is sent again where that is safe. If the server
/// needs longer for what one request copies, lower [`multipart_threshold`](ObjectCopy::multipart_threshold) and
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
    multipart_threshold: u64,
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
            multipart_threshold: MAX_SINGLE_REQUEST_SIZE,
            part_size: DEFAULT_COPY_PART_SIZE,
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
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes;
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
        run(self).instrument(span).await
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

async fn run(copy: ObjectCopy) -> Result<Copied> {
    check_part_size(copy.part_size)?;
    if copy.concurrency == 0 {
        return Err(Error::invalid_input("concurrency: 0 parts at the same time would copy nothing; 1 is the least"));
    }
    if let Some(fault) = copy.source.fault() {
        return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
    }
    let mut cancelled = copy.cancelled.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (source, size) = or_cancelled(copy.look(), &mut cancelled, || false).await?;
    let meter = Meter::new(copy.on_progress.clone(), None);
    meter.update(|progress| progress.total_bytes = Some(size));
    if size <= copy.multipart_threshold.min(MAX_SINGLE_REQUEST_SIZE) {
        copy.at_once(&source, size, &meter, cancelled).await
    } else {
        copy.in_parts(&source, size, &meter, cancelled).await
    }
}

impl ObjectCopy {
    async fn look(&self) -> Result<(HeadObjectOutput, u64)> {
        let source = ObjectRef {
            bucket: &self.bucket.neighbour(&self.source.bucket),
            key: &self.source.key,
            version_id: self.source.version_id.as_deref(),
            encryption: self.source_encryption.as_ref(),
        };
        source.look().await
    }

    fn headers(&self, source: &HeadObjectOutput) -> ObjectProperties {
        ObjectProperties {
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

    async fn at_once(
        &self,
        source: &HeadObjectOutput,
        size: u64,
        meter: &Meter,
        mut cancelled: Option<Cancelled>,
    ) -> Result<Copied> {
        // What describes the source is the server's to copy.
        let headers = ObjectProperties {
            storage_class: self.headers(source).storage_class,
            encryption: self.encryption.clone(),
            ..ObjectProperties::default()
        };
        let mut input = headers.put();
        copy_from!(input, self.source, ObjectSnapshot::of(source), self.source_encryption.as_ref());
        let copying = self.bucket.put_object(&self.key, input);
        let PutObjectOutput { etag, version_id, response, .. } =
            or_cancelled(copying, &mut cancelled, || false).await?;
        // It is there now, so nothing is cancelled any more.
        let stored = ObjectRef { version_id: version_id.as_deref(), ..headers.stored(&self.bucket, &self.key) };
        let seen = look_at_stored(stored, size).await?.unwrap_or_default();
        meter.update(|progress| (progress.bytes, progress.parts) = (size, 1));
        Ok(Copied {
            key: self.key.clone(),
            size,
            etag: etag.or(seen.etag),
            version_id: version_id.or(seen.version_id),
            parts: 0,
            attempts: response.attempts,
        })
    }

    async fn in_parts(
        &self,
        source: &HeadObjectOutput,
        size: u64,
        meter: &Arc<Meter>,
        cancelled: Option<Cancelled>,
    ) -> Result<Copied> {
        let plan = PartLayout::new(size, self.part_size)?;
        meter.update(|progress| progress.total_parts = Some(plan.count()));
        let upload = begin(&self.bucket, &self.key, &self.headers(source), meter).await?;
        let completed = see_through(&upload, cancelled, async {
            let copying = self.copy_parts(&upload, ObjectSnapshot::of(source), plan);
            let (parts, before) = both(copying, upload.object_before()).await?;
            upload.complete(&parts, size, &before).await
        });
        let Completed { etag, version_id, .. } = completed.await?;
        let (parts, attempts) = (plan.count(), upload.attempts());
        Ok(Copied { key: self.key.clone(), size, etag, version_id, parts, attempts })
    }

    /// Copies the parts; in case of an error, only after none is under way any more does it return.
    async fn copy_parts(
        &self,
        upload: &Arc<MultipartUpload>,
        pin: ObjectSnapshot,
        plan: PartLayout,
    ) -> Result<Vec<CompletedPart>> {
        let upload = Arc::clone(upload);
        let (source, key) = (self.source.clone(), self.source_encryption.clone());
        // Who sees the upload through drops this when it is cancelled.
        let mut cancelled = None;
        let copying = for_each_part(plan.parts().collect(), self.concurrency, &mut cancelled, move |part| {
            let upload = Arc::clone(&upload);
            let (source, key, pin) = (source.clone(), key.clone(), pin.clone());
            async move { upload.copy_part(&part, &source, &pin, key.as_ref()).await }
        });
        let mut copied = copying.await?;
        copied.sort_by_key(|part| part.number);
        Ok(copied)
    }
}

impl MultipartUpload {
    async fn copy_part(
        &self,
        part: &Part,
        source: &ObjectSource,
        pin: &ObjectSnapshot,
        key: Option<&CustomerKey>,
    ) -> Result<CompletedPart> {
        let _under_way = self.part_under_way().await;
        let mut input = self.headers.part(&self.upload_id, part.number);
        copy_from!(input, source, pin, key);
        input.copy_range = Some(format!("bytes={}-{}", part.bytes.start, part.bytes.end - 1));
        let copied = self.bucket.upload_multipart(&self.key, input).await;
        self.count(copied.as_ref().map_or_else(Error::attempts, |output| output.response.attempts));
        let copied = copied.map_err(|error| error.of_part(&self.upload_id, part.number))?;
        let length = part.bytes.end - part.bytes.start;
        self.meter.update(|progress| {
            progress.bytes += length;
            progress.parts += 1;
        });
        // Named when the parts are put together, so that no other part comes in its place.
        let sum = copied.etag.as_deref().and_then(parse_hex);
        Ok(CompletedPart { number: part.number, length, sum })
    }
}
