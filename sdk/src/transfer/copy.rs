//! Copies objects on the server, with one request or with a multipart upload, and moves them.

use std::fmt;
use std::sync::Arc;

use tracing::{Instrument, debug_span};

use super::etag::parse_hex;
use super::job::Job;
use super::object_properties::{ALGORITHM, CustomerKey, ObjectProperties, TakenOver};
use super::object_snapshot::{ObjectRef, ObjectSnapshot};
use super::options::TransferOptions;
use super::part_size::{DEFAULT_COPY_PART_SIZE, MAX_SINGLE_REQUEST_SIZE, Part, PartLayout};
use super::progress::{Meter, TransferProgress};
use super::tasks::{Cancellation, for_each_part};
use super::upload::{CompletedPart, MultipartUpload, Uploaded};
use crate::client::can_retry;
use crate::error::{Error, Result};
use crate::generated::operations::{HeadObjectOutput, PutObjectInput, PutObjectOutput};
use crate::types::StorageClass;
use crate::value::WireValue;
use crate::{Bucket, ObjectSource};

/// Copy of an object to another key. [`Bucket::copy`] creates it. The server copies the bytes.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::ObjectSource;
///
/// let source = ObjectSource::new("from-bucket", "films/1.mp4");
/// let copied = bucket.copy(source, "films/2.mp4").send().await?;
/// println!("{} bytes", copied.size);
/// # Ok(())
/// # }
/// ```
///
/// The copy gets the content type, the metadata, the storage class and the other headers of the source, even if this
/// version of the SDK does not know their values. The source has to be in the same zone. If it changes during the copy,
/// the copy fails.
///
/// An object of up to 5 GiB is copied with one request. A larger object is copied with a multipart upload, in concurrent parts.
///
/// | | default | limits |
/// | --- | --- | --- |
/// | [`multipart_threshold`](ObjectCopy::multipart_threshold) | 5 GiB | up to 5 GiB |
/// | [`part_size`](ObjectCopy::part_size) | 512 MiB | 4 MiB to 5 GiB |
/// | [`concurrency`](ObjectCopy::concurrency) | 8 parts | at least 1 |
///
/// The client does not receive the bytes, so it cannot verify their MD5. If the access key may read the copy, the client
/// checks its size.
///
/// A request fails if the server does not respond within
/// [`Config::response_timeout`](crate::Config::response_timeout), which is 120 s by default. If the server needs more time for a
/// copy, reduce [`multipart_threshold`](ObjectCopy::multipart_threshold) and [`part_size`](ObjectCopy::part_size), so that each
/// request copies fewer bytes.
///
/// If a copy fails, the client aborts its multipart upload, as it does for a failed [`Upload`](crate::Upload#failed-uploads).
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

/// Summary of a completed copy, returned by [`ObjectCopy::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Key of the copy.
    pub key: String,
    /// Size of the copy in bytes.
    pub size: u64,
    /// ETag of the copy. `None` if the server returned none, or if the access key may not read the copy.
    pub etag: Option<String>,
    /// Version of the copy. `None` if the bucket does not keep versions.
    pub version_id: Option<String>,
    /// Number of parts. 0 if one request was enough.
    pub parts: u32,
    /// Number of requests that copied bytes, including failed ones.
    pub attempts: u32,
}

/// # Copies of whole objects
impl Bucket {
    /// Creates an [`ObjectCopy`] of the object `source` to the object `key` of this bucket. An existing object is replaced.
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

/// # Moves of objects
impl Bucket {
    /// Moves the object `from` of this bucket to the key `to`. An existing object is replaced.
    ///
    /// The server moves the object with one request, and the object keeps its headers and metadata. The move is not atomic for
    /// readers: the service does not document whether they can see both objects, or neither of them, for a moment. If the keys are
    /// equal, nothing is moved.
    ///
    /// Unlike [`put_object`](Bucket::put_object) with `move_source`, which sends one request, this method requests the object's
    /// headers first. If a response was lost, it finds out whether the server has moved the object, and moves it again if it
    /// was not moved.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// bucket.rename("incoming/1.mp4", "films/1.mp4").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of the operations `HeadObject` and `PutObject`. [`Error::is_not_found`] is true if the object does not exist.
    /// After an error of kind [`Connection`](crate::ErrorKind::Connection) or [`Timeout`](crate::ErrorKind::Timeout), the server
    /// may still move the object.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let [source, target] =
            [from, to].map(|key| ObjectRef { bucket: self, key, version_id: None, encryption: None });
        let (object, _) = source.head().await?;
        if from == to {
            return Ok(());
        }
        let mut attempts = self.attempts();
        // The first error after which the server may have moved the object.
        let mut lost = None;
        loop {
            let input = PutObjectInput::new().move_source(ObjectSource::new(self.name(), from));
            let Err(error) = self.send_object_within(&mut attempts, to, input).await else { return Ok(()) };
            let is_transient = can_retry(&error, true);
            if !is_transient && lost.is_none() {
                return Err(error);
            }
            // The server may still be executing a request whose response was lost. The next attempt then finds no source, but
            // its error does not mean that the object was not moved.
            if source.find().await?.is_none() {
                let moved = target.find().await?;
                let is_moved = moved.is_some_and(|moved| is_moved(&object, &moved));
                return if is_moved { Ok(()) } else { Err(lost.unwrap_or(error)) };
            }
            let wait = if is_transient { attempts.wait_after(&error) } else { None };
            let Some(wait) = wait else { return Err(error) };
            attempts.wait(wait, &error).await;
            if !can_retry(&error, false) {
                lost.get_or_insert(error);
            }
        }
    }
}

/// Returns true if `target` has the content of `source`, which does not exist any more.
fn is_moved(source: &HeadObjectOutput, target: &HeadObjectOutput) -> bool {
    source.etag.is_some() && (&source.etag, source.content_length) == (&target.etag, target.content_length)
}

impl ObjectCopy {
    /// Sets the customer key with which the source is encrypted. Required if it is encrypted with one.
    pub fn source_encryption(mut self, key: CustomerKey) -> Self {
        self.source_encryption = Some(key);
        self
    }

    /// Makes the server encrypt the copy with a customer key. If unset, the copy is not encrypted with a customer key.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// Sets the storage class of the copy. Defaults to that of the source.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// Sets the maximum size, in bytes, of an object that is copied with one request. Defaults to 5 GiB, the maximum that the
    /// server accepts; larger values have the same effect.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes;
        self
    }

    /// Sets the size of a part in bytes, from 4 MiB to 5 GiB. Defaults to 512 MiB.
    ///
    /// Parts are larger if there would be more than 10,000.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the maximum number of parts that are copied at the same time, at least 1. Defaults to 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// Sets a callback that receives the progress: when the size of the object is known, and when parts are finished, at most
    /// about a hundred times. No callback by default.
    ///
    /// It must return quickly and must not panic; see [`Upload::on_progress`](crate::Upload::on_progress).
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the copy when the future `cancelled` completes. Not cancelled by default.
    ///
    /// The client aborts the multipart upload, and [`send`](ObjectCopy::send) returns an error of kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled). If the object is copied with one request, the server may still make the
    /// copy. A cancellation has no effect after the client has requested the completion.
    pub fn cancel_on(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.options.cancellation = Cancellation::on(cancelled);
        self
    }

    /// Runs the copy and returns a summary.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if an option or the name of the source is invalid,
    ///   or if the source has to be copied in parts and a header of it is not UTF-8.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the copy has another size than the
    ///   source, or if the source has to be copied in parts and has neither a strong ETag nor a modification date.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of the operations `HeadObject`, `PutObject` and those of a multipart upload.
    ///   [`Error::is_precondition_failed`](crate::Error::is_precondition_failed) is true if the source has changed. If
    ///   `HeadObject` fails for the key of the copy, the copy exists, but its size was not checked.
    ///
    /// [`Error::upload_state`](crate::Error::upload_state) describes the multipart upload.
    pub async fn send(self) -> Result<Copied> {
        let span = debug_span!("copy", bucket = self.bucket.name(), key = self.key, source = %self.source);
        let transfer = self.bucket.call_name("copy", &self.key);
        let named = |error: Error| error.in_transfer(&transfer);
        let meter = self.options.meter().map_err(named)?;
        let outcome = self.run(Arc::clone(&meter)).instrument(span).await;
        meter.finish();
        outcome.map_err(named)
    }

    async fn run(self, meter: Arc<Meter>) -> Result<Copied> {
        if let Some(fault) = self.source.fault() {
            return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
        }
        if let Some(problem) = self.storage_class.problem_if_unknown() {
            return Err(Error::invalid_input(format!("storage_class {problem}; nothing was sent")));
        }
        let source = ObjectRef {
            bucket: &self.bucket.in_same_zone(&self.source.bucket),
            key: &self.source.key,
            version_id: self.source.version_id.as_deref(),
            encryption: self.source_encryption.as_ref(),
        };
        let (object, size) = self.options.cancellation.unless_cancelled(source.head()).await?;
        meter.update(|progress| progress.total_bytes = Some(size));
        let is_single = size <= self.multipart_threshold.min(MAX_SINGLE_REQUEST_SIZE);
        let snapshot = if is_single { ObjectSnapshot::of(&object) } else { source.snapshot(&object)? };
        let source = CopySource { name: self.source, snapshot, encryption: self.source_encryption };
        // With one request, the server copies the headers and the metadata of the source.
        let properties = if is_single { ObjectProperties::default() } else { headers_and_metadata_of(&object) };
        let properties = ObjectProperties {
            storage_class: self.storage_class.or(object.storage_class),
            encryption: self.encryption,
            are_taken_over: true,
            ..properties
        };
        let job = Job { bucket: self.bucket, key: self.key, properties, options: self.options, meter };
        if is_single { copy_whole(job, source, size).await } else { copy_in_parts(Arc::new(job), source, size).await }
    }
}

/// The object that is copied.
struct CopySource {
    name: ObjectSource,
    snapshot: ObjectSnapshot,
    encryption: Option<CustomerKey>,
}

/// Sets the fields of an input that hold the source of a copy: its name, its snapshot and its customer key.
macro_rules! set_source {
    ($input:ident, $source:ident) => {
        $input.copy_source = Some($source.name.clone());
        $input.copy_source_if_match = $source.snapshot.if_match.clone();
        $input.copy_source_if_unmodified_since = $source.snapshot.if_unmodified_since;
        if let Some(customer) = &$source.encryption {
            $input.copy_source_encryption_customer_algorithm = Some(ALGORITHM.to_owned());
            $input.copy_source_encryption_customer_key = Some(customer.key());
            $input.copy_source_encryption_customer_key_md5 = Some(customer.md5());
        }
    };
}

async fn copy_whole(job: Job, source: CopySource, size: u64) -> Result<Copied> {
    let mut input = job.properties.put_input();
    set_source!(input, source);
    let copying = job.bucket.send_object(&job.key, TakenOver(input));
    let PutObjectOutput { etag, version_id, response, .. } = job.options.cancellation.unless_cancelled(copying).await?;
    // The copy exists, so it is too late for a cancellation.
    let stored = ObjectRef { version_id: version_id.as_deref(), ..job.object() };
    let stored = stored.verify_stored(size).await?.unwrap_or_default();
    job.meter.update(|progress| (progress.bytes, progress.parts) = (size, 1));
    let (etag, version_id) = (etag.or(stored.etag), version_id.or(stored.version_id));
    Ok(Copied { key: job.key, size, etag, version_id, parts: 0, attempts: response.attempts })
}

async fn copy_in_parts(job: Arc<Job>, source: CopySource, size: u64) -> Result<Copied> {
    let layout = PartLayout::new(size, job.options.part_size)?;
    job.meter.update(|progress| progress.total_parts = Some(layout.count()));
    let upload = MultipartUpload::start(&job).await?;
    let (target, source) = (Arc::clone(&upload), Arc::new(source));
    let copying = async {
        let TransferOptions { concurrency, cancellation, .. } = &job.options;
        for_each_part(layout.parts(), *concurrency, cancellation, move |part| {
            copy_part(Arc::clone(&target), Arc::clone(&source), part)
        })
        .await
    };
    let Uploaded { etag, version_id, parts, attempts, .. } = upload.finish(copying).await?;
    Ok(Copied { key: job.key.clone(), size, etag, version_id, parts, attempts })
}

async fn copy_part(upload: Arc<MultipartUpload>, source: Arc<CopySource>, part: Part) -> Result<CompletedPart> {
    let _in_progress = upload.in_progress.read().await;
    let job = &upload.job;
    let mut input = job.properties.part_input(&upload.upload_id, part.number);
    set_source!(input, source);
    input.copy_range = Some(part.bytes.clone().into());
    let copied = job.bucket.upload_multipart(&job.key, input).await;
    let copied = upload.count_requests(part.number, copied, |output| output.response.attempts)?;
    job.meter.update(|progress| {
        progress.bytes += part.len();
        progress.parts += 1;
    });
    // The completion lists the part with its MD5, so the server refuses it if another request has replaced the part.
    let sum = copied.etag.as_deref().and_then(parse_hex);
    Ok(CompletedPart { number: part.number, length: part.len(), sum })
}

/// Returns the properties that the client has to set in a multipart upload, because the server copies only bytes.
fn headers_and_metadata_of(source: &HeadObjectOutput) -> ObjectProperties {
    let source = source.clone();
    ObjectProperties {
        content_type: source.content_type,
        cache_control: source.cache_control,
        content_disposition: source.content_disposition,
        content_encoding: source.content_encoding,
        expires: source.expires,
        metadata: source.metadata,
        ..ObjectProperties::default()
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
