//! Uploads of files, bytes and readers.

mod complete;
mod multipart;
mod parts;
mod reader;
mod resume;
mod run;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::etag::Checksum;
use super::job::Job;
use super::object_properties::{CustomerKey, ObjectProperties};
use super::options::TransferOptions;
use super::part_size::MIB;
use super::progress::TransferProgress;
use super::tasks::Cancellation;
use crate::Bucket;
use crate::error::{Error, Result};
use crate::types::StorageClass;
use reader::ByteSource;

pub(crate) use multipart::MultipartUpload;
pub(crate) use parts::CompletedPart;
pub use writer::UploadWriter;

/// Upload of a file, bytes, a reader or the output of a program to an object. [`Bucket::upload`] creates it.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let uploaded = bucket
///     .upload("backups/db.tar")
///     .file("db.tar")
///     .content_type("application/x-tar")
///     .metadata("origin", "db1")
///     .on_progress(|progress| println!("{} bytes", progress.bytes))
///     .send()
///     .await?;
/// println!("{} bytes in {} parts", uploaded.size, uploaded.parts);
/// # Ok(())
/// # }
/// ```
///
/// Content that fits into one part is sent with one `PutObject` request. Larger content is sent as a multipart upload, in
/// concurrent parts that are retried individually according to [`Config::retry`](crate::Config::retry). The server
/// compares the bytes of each request with their MD5. After the completion of a multipart upload, the client checks the
/// size of the object.
///
/// | | default | limits |
/// | --- | --- | --- |
/// | [`part_size`](Upload::part_size) | 8 MiB | 4 MiB to 5 GiB |
/// | [`concurrency`](Upload::concurrency) | 8 parts | at least 1 |
/// | [`checksum`](Upload::checksum) | [`Checksum::Md5`] | |
/// | size of the object | | 50,000 GiB (10,000 parts of 5 GiB); from a reader 50 TB |
///
/// # Failed uploads
///
/// The server stores and bills the parts of a multipart upload until it is completed or aborted. If an upload fails, the
/// client therefore aborts it, with two exceptions:
///
/// * With a [`checkpoint`](Upload::checkpoint), the upload is kept and can be resumed, unless the file has changed.
/// * If the client cannot find out whether the server has completed the upload, the upload is not aborted, because that could
///   destroy the object.
///
/// [`Error::upload_state`] returns the state of the upload.
///
/// # Dropped futures
///
/// Dropping the future of [`send`](Upload::send) stops the upload. Without a checkpoint, a background task aborts the
/// multipart upload if the runtime continues to run. If the client has already requested the completion, the server either
/// completes or aborts the upload, depending on the request that it executes first. [`cancel_on`](Upload::cancel_on) stops an
/// upload and waits for the abort.
#[must_use = "nothing is sent before `send`"]
pub struct Upload {
    bucket: Bucket,
    key: String,
    input: Option<Input>,
    properties: ObjectProperties,
    options: TransferOptions,
}

/// Content to upload.
enum Input {
    File(PathBuf),
    Bytes(Bytes),
    Reader(ByteSource),
}

/// # Uploads of whole objects
impl Bucket {
    /// Creates an [`Upload`] of a file, bytes or a reader to the object `key`. An existing object is replaced.
    pub fn upload(&self, key: impl Into<String>) -> Upload {
        Upload {
            bucket: self.clone(),
            key: key.into(),
            input: None,
            properties: ObjectProperties::default(),
            options: TransferOptions::default(),
        }
    }
}

impl Upload {
    /// Uploads the file at `path`.
    ///
    /// The file is read in chunks, which take about 2 MiB of memory for each part in flight. It is read twice, once to compute
    /// its MD5s and once to send it; with [`checksum(None)`](Upload::checksum), it is read once.
    ///
    /// The upload fails if reading the file returns another number of bytes than the file reports. For example, files
    /// in `/proc` report a size of 0 bytes. Pass such a file to [`reader`](Upload::reader).
    ///
    /// The upload fails if the file changes meanwhile. A multipart upload then creates no object. If one request was enough,
    /// the server may already have stored the object; in that case the error says so. The object has the content from before
    /// the change or, with `checksum(None)`, possibly a mixture of the old and the new content.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.input = Some(Input::File(path.into()));
        self
    }

    /// Uploads bytes in memory. They are not copied.
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = Some(Input::Bytes(bytes.into()));
        self
    }

    /// Uploads the bytes of a reader until it ends, for example standard input, a pipe or the output of a compressor.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let uploaded = bucket.upload("logs/today").reader(tokio::io::stdin()).send().await?;
    /// println!("{} bytes", uploaded.size);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The size of the object is unknown in advance, so the parts grow: the part size doubles at parts 128, 256, 384
    /// and 528, and then after every 16 parts, up to 5 GiB. As parts grow, fewer are in flight, so that they stay within the
    /// [`memory_budget`](Upload::memory_budget). A part that is larger than the budget is written to a
    /// [temporary file](std::env::temp_dir) before it is sent; there are at most two such files. With the default options,
    /// this starts after 16 GiB.
    pub fn reader(mut self, reader: impl AsyncRead + Send + 'static) -> Self {
        self.input = Some(Input::Reader(ByteSource::Reader(Box::pin(reader))));
        self
    }

    /// Sets the `Content-Type` header of the object. Unset by default.
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.properties.content_type = Some(value.into());
        self
    }

    /// Sets the `Cache-Control` header of the object. Unset by default.
    pub fn cache_control(mut self, value: impl Into<String>) -> Self {
        self.properties.cache_control = Some(value.into());
        self
    }

    /// Sets the `Content-Disposition` header of the object. Unset by default.
    pub fn content_disposition(mut self, value: impl Into<String>) -> Self {
        self.properties.content_disposition = Some(value.into());
        self
    }

    /// Sets the `Content-Encoding` header of the object, for content that is already encoded. Unset by default.
    ///
    /// The client does not compress the content.
    pub fn content_encoding(mut self, value: impl Into<String>) -> Self {
        self.properties.content_encoding = Some(value.into());
        self
    }

    /// Sets the `Expires` header of the object. Unset by default.
    pub fn expires(mut self, value: impl Into<String>) -> Self {
        self.properties.expires = Some(value.into());
        self
    }

    /// Adds an entry to the metadata of the object, the header `X-QS-Meta-<name>`. `name` is without this prefix.
    /// Replaces an entry with the same name.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.metadata.insert(name.into(), value.into());
        self
    }

    /// Sets the storage class of the object. If unset, the server uses the standard class.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.properties.storage_class = Some(class);
        self
    }

    /// Makes the server encrypt the object with a customer key. If unset, the object is not encrypted with a customer key.
    ///
    /// The ETag of an encrypted object or part is computed from the encrypted bytes, so the client does not compare it. The
    /// server still compares the bytes of each request with their `Content-MD5`.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.properties.encryption = Some(key);
        self
    }

    /// Sets the size of a part in bytes, from 4 MiB to 5 GiB. Defaults to 8 MiB.
    ///
    /// The size is rounded up to whole MiB, so that a download can derive it from the ETag and the size of the object. Parts
    /// are larger if there would be more than 10,000.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the maximum number of parts in flight, at least 1. Defaults to 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// Sets the maximum number of bytes of a [reader](Upload::reader) or [writer](Upload::writer) that are held in
    /// memory, at least twice the part size. Defaults to `concurrency` × `part_size` or, with a concurrency of 1, to
    /// twice the part size.
    ///
    /// A part of a reader or writer is in memory as a whole until it has been sent. The budget does not apply to
    /// uploads of files and bytes.
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.options.memory_budget = Some(bytes);
        self
    }

    /// Sets the checksum with which the server verifies the bytes. Defaults to [`Checksum::Md5`].
    ///
    /// With `None`, nothing is hashed, which saves about half of the CPU time. The server then cannot detect bytes that were
    /// changed by faulty memory or network devices. Only TCP (with a checksum of 16 bits) and, for `https`, TLS protect them.
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.options.checksum = checksum.into();
        self
    }

    /// Sets the path of the checkpoint, a file from which an interrupted upload is resumed. If unset, uploads cannot be
    /// resumed. Only uploads of a [`file`](Upload::file) can have a checkpoint.
    ///
    /// To resume an upload after an error, a cancellation or the death of the process, make the same call again:
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let upload = || bucket.upload("db.tar").file("db.tar").checkpoint("db.tar.qsupload");
    /// let uploaded = match upload().send().await {
    ///     Err(error) if error.is_timeout() => upload().send().await?,
    ///     outcome => outcome?,
    /// };
    /// println!("{} bytes were resumed", uploaded.resumed_bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A part on the server is not sent again if its size and MD5 equal those of the file. The client reads the file to
    /// compute these MD5s. If the operating system proves that the file has not changed since the upload began, the client uses
    /// the MD5s in the checkpoint instead. The part size remains that of the first call.
    /// If the upload does not exist on the server any more, a new one starts, and [`Uploaded::restarted`] is true.
    ///
    /// The call fails without any effect if
    ///
    /// * the file has changed,
    /// * the endpoint, zone, bucket, key or a property such as `content_type` or `encryption` differs from the first call,
    /// * another transfer uses the checkpoint, or
    /// * the file at the path is not a checkpoint of this version of the SDK, is damaged, or is a symbolic link.
    ///
    /// If the file changes during the upload, the upload is aborted and the checkpoint removed.
    ///
    /// The checkpoint is written at most twice a second, and removed when the upload is complete. It contains the key
    /// and the metadata of the object, but neither access keys nor encryption keys. On Unix, only the current user can
    /// read it. If it cannot be written after the upload has started, for example because the disk is full, the upload
    /// continues and logs a warning. A second file, with the suffix `.lock`, locks the checkpoint. A third one, with
    /// the suffix `.new`, is renamed to the checkpoint; an existing file of that name is removed.
    ///
    /// The server stores and bills the parts of an interrupted upload until it is resumed or aborted; see
    /// [`Bucket::abort_stale_uploads`].
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.checkpoint = Some(path.into());
        self
    }

    /// Limits the bandwidth of all requests together, in bytes per second, at least 1. Unlimited by default.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.options.bandwidth = Some(bytes_per_second);
        self
    }

    /// Sets a callback that receives the progress, about a hundred times in an upload. No callback by default.
    ///
    /// It is called when a hundredth of the bytes has been sent since the last call. For a reader or a writer, it is called
    /// after each MiB, and after 50 MiB, when the number of bytes has grown by a fiftieth. Calls are sequential, and each
    /// reports a later state than the previous one. The last call always reports the final numbers. The tasks that send the
    /// bytes make the calls, so the callback must return quickly and must not panic.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the upload when the future `cancelled` completes. Not cancelled by default.
    ///
    /// The client stops the parts in flight, and aborts the multipart upload or, with a [`checkpoint`](Upload::checkpoint),
    /// keeps it. [`send`](Upload::send) then returns an error of kind [`Cancelled`](crate::ErrorKind::Cancelled), whose
    /// [`upload_state`](Error::upload_state) tells the result. If the content is sent with one request, the server may still
    /// store the object. A cancellation has no effect after the client has requested the completion.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let upload = bucket.upload("db.tar").file("db.tar").cancel_on(async {
    ///     let _ = tokio::signal::ctrl_c().await;
    /// });
    /// upload.send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_on(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.options.cancellation = Cancellation::on(cancelled);
        self
    }

    /// Runs the upload and returns a summary.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if no content is set, an option is out of its limits, or
    ///   the checkpoint belongs to another transfer.
    /// * [`ErrorKind::Body`](crate::ErrorKind::Body) if the content or the checkpoint cannot be read, or if the file has
    ///   changed.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the object has another size than the
    ///   content.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of the operations that store an object, such as `PutObject` and `UploadMultipart`.
    ///
    /// [`Error::upload_id`], [`Error::part_number`] and [`Error::upload_state`] describe the multipart upload.
    pub async fn send(self) -> Result<Uploaded> {
        let (job, input) = self.into_job()?;
        job.upload(input).await
    }

    /// Checks the options, and returns the job of the upload and its content.
    fn into_job(self) -> Result<(Arc<Job>, Input)> {
        let Self { bucket, key, input, properties, options } = self;
        let transfer = bucket.call_name("upload", &key);
        let named = |error: Error| error.in_transfer(&transfer);
        let input = input.ok_or_else(|| {
            named(Error::invalid_input("nothing to upload: call `file`, `bytes` or `reader`; nothing was sent"))
        })?;
        if options.checkpoint.is_some() && !matches!(input, Input::File(_)) {
            return Err(named(Error::invalid_input(
                "checkpoint is set, but only the upload of a file can be resumed: use `file`, or leave it unset",
            )));
        }
        let meter = options.meter().map_err(named)?;
        if matches!(input, Input::Reader(_)) {
            options.reader_memory().map_err(named)?;
        }
        let options = TransferOptions { part_size: options.part_size.next_multiple_of(MIB), ..options };
        Ok((Arc::new(Job { bucket, key, properties, options, meter }), input))
    }
}

/// Summary of a completed upload, returned by [`Upload::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// Key of the object.
    pub key: String,
    /// Size of the object in bytes.
    pub size: u64,
    /// ETag of the object. `None` if the server returned none, or if the access key may not read the object.
    pub etag: Option<String>,
    /// True if the ETag of a multipart object is the one that the client proposed, which S3 tools compute from the MD5s of
    /// the parts.
    ///
    /// False if the server chose another ETag. This is not an error, because the server has verified each part. `None` if one
    /// request was enough, the client proposed no ETag (without a checksum or with encryption), or the access key may not
    /// read the object.
    pub etag_kept: Option<bool>,
    /// Version of the object. `None` if the bucket does not keep versions.
    pub version_id: Option<String>,
    /// Id of the multipart upload. `None` if one request was enough.
    pub upload_id: Option<String>,
    /// Number of parts. 0 if one request was enough.
    pub parts: u32,
    /// Number of requests that carried bytes of the object, including failed ones.
    pub attempts: u32,
    /// Bytes of failed requests, which had to be sent again.
    pub retried_bytes: u64,
    /// Bytes that an interrupted upload had sent before this one resumed it.
    pub resumed_bytes: u64,
    /// True if the upload of the checkpoint did not exist on the server any more, so that a new one was started.
    pub restarted: bool,
}

impl Uploaded {
    /// Creates a summary with the key, the size and the progress. The caller sets the fields that come from responses, and for
    /// a multipart upload those of its parts.
    fn new(job: &Job, size: u64) -> Self {
        let progress = job.meter.progress();
        Self {
            key: job.key.clone(),
            size,
            etag: None,
            etag_kept: None,
            version_id: None,
            upload_id: None,
            parts: 0,
            attempts: 0,
            retried_bytes: progress.retried_bytes,
            resumed_bytes: progress.resumed_bytes,
            restarted: false,
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.input {
            None => None,
            Some(Input::File(path)) => Some(format!("file {}", path.display())),
            Some(Input::Bytes(bytes)) => Some(format!("{} bytes", bytes.len())),
            Some(Input::Reader(_)) => Some("reader".to_owned()),
        };
        f.debug_struct("Upload")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("source", &source)
            .field("part_size", &self.options.part_size)
            .field("concurrency", &self.options.concurrency)
            .field("checksum", &self.options.checksum)
            .finish_non_exhaustive()
    }
}
