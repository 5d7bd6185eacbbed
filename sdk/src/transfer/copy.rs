//! Copies of objects, made by the server.

use std::fmt;
use std::sync::Arc;

use tracing::{Instrument, debug_span};

use super::etag::parse_hex;
use super::object_properties::{CustomerKey, ObjectProperties, copy_from};
use super::object_snapshot::{ObjectRef, ObjectSnapshot};
use super::options::TransferOptions;
use super::part_size::{DEFAULT_COPY_PART_SIZE, MAX_SINGLE_REQUEST_SIZE, Part, PartLayout};
use super::progress::{Meter, TransferProgress};
use super::tasks::{Cancellation, for_each_part};
use super::upload::{Completed, CompletedPart, MultipartUpload, start};
use crate::error::{Error, Result};
use crate::generated::operations::{HeadObjectOutput, PutObjectOutput};
use crate::types::StorageClass;
use crate::{Bucket, ObjectSource};

/// Copy of an object of any size, created by [`Bucket::copy`]. The server copies the bytes.
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
/// An object of up to 5 GiB is copied with one request, a larger one in parts, several at a time. The copy gets the source's
/// metadata, content type and other headers. The source has to be in the same zone. If it changes meanwhile, the copy fails.
///
/// The client does not see the bytes, so it cannot hash them. It checks the size of the copy if the access key may read it,
/// and names the ETag of each part when it completes an upload in parts.
///
/// A request without a response fails after [`Config::response_timeout`](crate::Config::response_timeout), 120 s by default,
/// and is retried if it is idempotent. If the server needs longer, lower
/// [`multipart_threshold`](ObjectCopy::multipart_threshold) and [`part_size`](ObjectCopy::part_size).
///
/// If a copy in parts fails, its upload is aborted like that of an [`Upload`](crate::Upload).
#[must_use = "nothing is copied before `send`"]
pub struct ObjectCopy {
    bucket: Bucket,
    key: String,
    source: ObjectSource,
    source_encryption: Option<CustomerKey>,
    encryption: Option<CustomerKey>,
    storage_class: Option<StorageClass>,
    multipart_threshold: u64,
    options: TransferOptions,
}

/// Summary of a complete copy, returned by [`ObjectCopy::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Key of the copy.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// ETag of the copy.
    pub etag: Option<String>,
    /// Version of the copy, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// Number of parts. 0 if one request was enough.
    pub parts: u32,
    /// Number of requests that copied bytes, retries included.
    pub attempts: u32,
}

impl Bucket {
    /// Creates an [`ObjectCopy`] of an object of any size to a key of this bucket.
    pub fn copy(&self, source: impl Into<ObjectSource>, key: impl Into<String>) -> ObjectCopy {
        ObjectCopy {
            bucket: self.clone(),
            key: key.into(),
            source: source.into(),
            source_encryption: None,
            encryption: None,
            storage_class: None,
            multipart_threshold: MAX_SINGLE_REQUEST_SIZE,
            options: TransferOptions { part_size: DEFAULT_COPY_PART_SIZE, ..TransferOptions::default() },
        }
    }
}

impl ObjectCopy {
    /// Sets the key that the source was encrypted with.
    pub fn source_encryption(mut self, key: CustomerKey) -> Self {
        self.source_encryption = Some(key);
        self
    }

    /// Has the server encrypt the copy with a customer key.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// Sets the storage class of the copy. Defaults to that of the source.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// Sets the maximum size in bytes that is copied with one request. Defaults to 5 GiB, which is also the maximum.
    ///
    /// The server answers smaller requests sooner.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes;
        self
    }

    /// Sets the size of a part in bytes, 4 MiB to 5 GiB. Defaults to 512 MiB.
    ///
    /// Parts are larger if there would be more than 10,000.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the number of parts that are copied at the same time, at least 1. Defaults to 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// Sets a callback for progress, called when a part is finished.
    ///
    /// It is called like that of [`Upload::on_progress`](crate::Upload::on_progress): it must return quickly and must not
    /// panic.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the copy when the future completes.
    ///
    /// No further part is copied, the upload in parts is aborted, and [`send`](ObjectCopy::send) returns an error of kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled). If a single request was in flight, the server may have made the copy.
    pub fn cancel_on(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.options.cancellation = Cancellation::on(cancelled);
        self
    }

    /// Runs the copy and returns a summary.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if an option is out of its limits.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the copy has another size.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of the operations. [`Error::is_precondition_failed`](crate::Error::is_precondition_failed) is true if
    ///   the source changed meanwhile. After an error of `HeadObject` for the key of the copy, the copy exists, but its size
    ///   was not checked.
    pub async fn send(self) -> Result<Copied> {
        let span = debug_span!("copy", bucket = self.bucket.name(), key = self.key, source = %self.source);
        let meter = self.options.meter()?;
        let outcome = self.run(&meter).instrument(span).await;
        meter.finish();
        outcome
    }

    async fn run(&self, meter: &Arc<Meter>) -> Result<Copied> {
        if let Some(fault) = self.source.fault() {
            return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
        }
        let source = ObjectRef {
            bucket: &self.bucket.neighbour(&self.source.bucket),
            key: &self.source.key,
            version_id: self.source.version_id.as_deref(),
            encryption: self.source_encryption.as_ref(),
        };
        let (source, size) = self.options.cancellation.unless_cancelled(source.head()).await?;
        meter.update(|progress| progress.total_bytes = Some(size));
        if size <= self.multipart_threshold.min(MAX_SINGLE_REQUEST_SIZE) {
            self.copy_whole(&source, size, meter).await
        } else {
            self.copy_in_parts(&source, size, meter).await
        }
    }

    async fn copy_whole(&self, source: &HeadObjectOutput, size: u64, meter: &Meter) -> Result<Copied> {
        // The server copies the other properties.
        let properties = ObjectProperties {
            storage_class: self.storage_class_of_copy(source),
            encryption: self.encryption.clone(),
            ..ObjectProperties::default()
        };
        let mut input = properties.put();
        copy_from!(input, self.source, ObjectSnapshot::of(source), self.source_encryption.as_ref());
        let PutObjectOutput { etag, version_id, response, .. } =
            self.options.cancellation.unless_cancelled(self.bucket.put_object(&self.key, input)).await?;
        // The copy exists now, so a cancellation is too late.
        let stored = ObjectRef { version_id: version_id.as_deref(), ..properties.stored(&self.bucket, &self.key) };
        let stored = stored.verify_stored(size).await?.unwrap_or_default();
        meter.update(|progress| (progress.bytes, progress.parts) = (size, 1));
        Ok(Copied {
            key: self.key.clone(),
            size,
            etag: etag.or(stored.etag),
            version_id: version_id.or(stored.version_id),
            parts: 0,
            attempts: response.attempts,
        })
    }

    async fn copy_in_parts(&self, source: &HeadObjectOutput, size: u64, meter: &Arc<Meter>) -> Result<Copied> {
        let layout = PartLayout::new(size, self.options.part_size)?;
        meter.update(|progress| progress.total_parts = Some(layout.count()));
        let properties = ObjectProperties {
            content_type: source.content_type.clone(),
            cache_control: source.cache_control.clone(),
            content_disposition: source.content_disposition.clone(),
            content_encoding: source.content_encoding.clone(),
            expires: source.expires.clone(),
            storage_class: self.storage_class_of_copy(source),
            metadata: source.metadata.clone(),
            encryption: self.encryption.clone(),
        };
        let upload = start(&self.bucket, &self.key, &properties, meter).await?;
        let copying = self.copy_parts(&upload, ObjectSnapshot::of(source), layout);
        let (_, Completed { etag, version_id, .. }) = upload.finish(&self.options.cancellation, copying).await?;
        let (parts, attempts) = (layout.count(), upload.attempts());
        Ok(Copied { key: self.key.clone(), size, etag, version_id, parts, attempts })
    }

    /// Copies the parts. If it returns an error, no request is in flight any more.
    async fn copy_parts(
        &self,
        upload: &Arc<MultipartUpload>,
        snapshot: ObjectSnapshot,
        layout: PartLayout,
    ) -> Result<Vec<CompletedPart>> {
        let upload = Arc::clone(upload);
        let (source, key) = (self.source.clone(), self.source_encryption.clone());
        let TransferOptions { concurrency, cancellation, .. } = &self.options;
        let copying = for_each_part(layout.parts().collect(), *concurrency, cancellation, move |part| {
            let upload = Arc::clone(&upload);
            let (source, key, snapshot) = (source.clone(), key.clone(), snapshot.clone());
            async move { upload.copy_part(&part, &source, &snapshot, key.as_ref()).await }
        });
        let mut copied = copying.await?;
        copied.sort_by_key(|part| part.number);
        Ok(copied)
    }

    fn storage_class_of_copy(&self, source: &HeadObjectOutput) -> Option<StorageClass> {
        self.storage_class.clone().or_else(|| source.storage_class.clone())
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

impl MultipartUpload {
    async fn copy_part(
        &self,
        part: &Part,
        source: &ObjectSource,
        snapshot: &ObjectSnapshot,
        key: Option<&CustomerKey>,
    ) -> Result<CompletedPart> {
        let _in_progress = self.part_in_progress().await;
        let mut input = self.headers.part(&self.upload_id, part.number);
        copy_from!(input, source, snapshot, key);
        input.copy_range = Some(format!("bytes={}-{}", part.bytes.start, part.bytes.end - 1));
        let copied = self.bucket.upload_multipart(&self.key, input).await;
        self.add_attempts(copied.as_ref().map_or_else(Error::attempts, |output| output.response.attempts));
        let copied = copied.map_err(|error| error.with_part(&self.upload_id, part.number))?;
        let length = part.bytes.end - part.bytes.start;
        self.meter.update(|progress| {
            progress.bytes += length;
            progress.parts += 1;
        });
        // The completion names the MD5, so that no other part can take its place.
        let sum = copied.etag.as_deref().and_then(parse_hex);
        Ok(CompletedPart { number: part.number, length, sum })
    }
}
