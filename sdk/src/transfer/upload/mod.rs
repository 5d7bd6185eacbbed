//! Uploads of files, bytes and readers to objects.

mod abort_guard;
mod complete;
mod multipart;
mod resume;
mod run;
mod stream;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::etag::Checksum;
use super::object_properties::{CustomerKey, ObjectProperties};
use super::options::TransferOptions;
use super::progress::TransferProgress;
use super::tasks::Cancellation;
use crate::Bucket;
use crate::error::{Error, Result};
use crate::types::StorageClass;

pub(crate) use abort_guard::start;
pub(crate) use complete::Completed;
pub(crate) use multipart::{CompletedPart, MultipartUpload};

/// Upload of a file, bytes or a reader to an object, created by [`Bucket::upload`].
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
/// println!("{} parts, ETag {:?}", uploaded.parts, uploaded.etag);
/// # Ok(())
/// # }
/// ```
///
/// Content that fits in one part is sent with one `PutObject`. Larger content becomes a multipart upload: several parts are
/// sent concurrently, and a part that fails is retried alone. Each request carries the MD5 of its bytes, which the server
/// compares. After the completion, the client checks the size of the object.
///
/// | | default | limits |
/// | --- | --- | --- |
/// | [`part_size`](Upload::part_size) | 8 MiB | 4 MiB to 5 GiB |
/// | [`concurrency`](Upload::concurrency) | 8 | 1 and more |
/// | [`checksum`](Upload::checksum) | [`Checksum::Md5`] | |
/// | size | | 50,000 GiB (10,000 parts); from a reader 50 TB |
///
/// # Failure
///
/// If an upload fails, the client aborts it, because stored parts cost money. With a [`checkpoint`](Upload::checkpoint) it
/// is kept to be resumed, unless the file changed. If the server does not say whether it completed the upload, the client
/// does not abort it. [`Error::upload_state`] tells these cases apart.
///
/// Dropping the future stops the upload, and aborts it in the background if the runtime keeps running. Bytes that the HTTP
/// library and the operating system have already taken over, some MiB at most, are held until the server reads them or the
/// connection ends. If the completion was already requested, the server completes or aborts the upload, depending on the
/// request that it executes first.
#[must_use = "nothing is sent before `send`"]
pub struct Upload {
    bucket: Bucket,
    key: String,
    input: Option<Input>,
    headers: ObjectProperties,
    options: TransferOptions,
}

pub(crate) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Content to upload, as the caller gave it.
enum Input {
    File(PathBuf),
    Bytes(Bytes),
    Reader(Reader),
}

impl Bucket {
    /// Creates an [`Upload`] of a file, bytes, or a reader of any size.
    pub fn upload(&self, key: impl Into<String>) -> Upload {
        Upload {
            bucket: self.clone(),
            key: key.into(),
            input: None,
            headers: ObjectProperties::default(),
            options: TransferOptions::default(),
        }
    }
}

impl Upload {
    /// Uploads a file.
    ///
    /// The file is read in chunks: about 2 MiB of memory are used for each part in flight, whatever the size of the file and
    /// of its parts. It is read twice, to be hashed and to be sent, or once if [`checksum`](Upload::checksum) is `None`.
    ///
    /// If the file changes during the upload, the upload fails, and a multipart upload creates no object. If one request was
    /// enough, the server may have stored the object before the change was noticed, and the error says so. That object has
    /// the content from before the change, or, with `checksum(None)`, possibly a mixture of both.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.input = Some(Input::File(path.into()));
        self
    }

    /// Uploads bytes in memory, without copying them.
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = Some(Input::Bytes(bytes.into()));
        self
    }

    /// Uploads the bytes of a reader until its end, for example standard input, a pipe or the output of a compressor.
    ///
    /// The size is unknown in advance, so parts grow: the part size doubles at parts 128, 256 and 384, and from part 528 on
    /// after every 16 parts, up to 5 GiB. Large parts are sent with less concurrency, to stay within the
    /// [`memory_budget`](Upload::memory_budget). Parts that are larger than this budget are kept in
    /// [temporary files](std::env::temp_dir), two at most, until they are sent. With the defaults this begins after 16 GiB,
    /// and later with a larger [`part_size`](Upload::part_size).
    pub fn reader(mut self, reader: impl AsyncRead + Send + 'static) -> Self {
        self.input = Some(Input::Reader(Box::pin(reader)));
        self
    }

    /// Sets the `Content-Type` of the object. Unset by default.
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.headers.content_type = Some(value.into());
        self
    }

    /// Sets the `Cache-Control` of the object. Unset by default.
    pub fn cache_control(mut self, value: impl Into<String>) -> Self {
        self.headers.cache_control = Some(value.into());
        self
    }

    /// Sets the `Content-Disposition` of the object. Unset by default.
    pub fn content_disposition(mut self, value: impl Into<String>) -> Self {
        self.headers.content_disposition = Some(value.into());
        self
    }

    /// Sets the `Content-Encoding` of the object. Unset by default.
    ///
    /// It describes the bytes as they are: the client does not compress them.
    pub fn content_encoding(mut self, value: impl Into<String>) -> Self {
        self.headers.content_encoding = Some(value.into());
        self
    }

    /// Sets the `Expires` of the object. Unset by default.
    pub fn expires(mut self, value: impl Into<String>) -> Self {
        self.headers.expires = Some(value.into());
        self
    }

    /// Adds an entry of metadata, the header `X-QS-Meta-<name>`. An entry with the same name is replaced.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.metadata.insert(name.into(), value.into());
        self
    }

    /// Sets the storage class of the object. Defaults to the server's default, the standard class.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.headers.storage_class = Some(class);
        self
    }

    /// Has the server encrypt the object with a customer key. Not encrypted with one by default.
    ///
    /// The ETags are then those of the encrypted bytes, so the client does not compare them. The server still compares the
    /// bytes of each request with their `Content-MD5`.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.headers.encryption = Some(key);
        self
    }

    /// Sets the size of a part in bytes, 4 MiB to 5 GiB. Defaults to 8 MiB.
    ///
    /// It is rounded up to whole MiB, so that a download can derive the part size from the ETag and the size of the object.
    /// Parts are larger if there would be more than 10,000.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the maximum number of parts in flight, at least 1. Defaults to 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// Sets the maximum number of bytes of a [reader](Upload::reader) in memory, at least two parts. Defaults to
    /// `concurrency` × `part_size`, and at least two parts.
    ///
    /// The parts of a reader are in memory as a whole while they are sent. Files and bytes do not use this budget.
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.options.memory_budget = Some(bytes);
        self
    }

    /// Sets the checksum that the server verifies the bytes with. Defaults to [`Checksum::Md5`].
    ///
    /// With `None`, nothing is hashed, which saves about half of the CPU time. The server then cannot detect bytes that were
    /// changed by faulty memory or network devices, unless TCP (a checksum of 16 bits) or, over `https`, TLS detects it.
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.options.checksum = checksum.into();
        self
    }

    /// Sets the path of the checkpoint, the file from which an interrupted upload continues. Default: none. Only for
    /// [`file`](Upload::file).
    ///
    /// The same call continues after an error, a cancellation or the death of the process. A part on the server is not sent
    /// again if its size and MD5 are those of the file as it is now. The file is read for that, unless it was not touched
    /// meanwhile. The `part_size` is that of the first call. If the server does not know the upload any more, it starts
    /// again, and [`Uploaded::restarted`] is true.
    ///
    /// The upload is refused if the file has changed, if endpoint, zone, bucket, key or a property such as `content_type`
    /// or `encryption` differ from the first call, and if another transfer uses the checkpoint. A file that is not a
    /// checkpoint of this version of the SDK is refused and left as it is. If the file changes during the upload, the
    /// upload is aborted and the checkpoint removed.
    ///
    /// The checkpoint is written at most twice a second. It contains the object's metadata, but no keys, and only the user
    /// may read it. If it cannot be written once the upload has begun, for example because the disk is full, the upload
    /// continues with a warning. It is removed when the upload is complete. A file with the suffix `.lock` holds its lock.
    ///
    /// An upload that is not resumed keeps its parts, which cost money, until it is aborted.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.checkpoint = Some(path.into());
        self
    }

    /// Limits the bytes per second of all requests together, at least 1. Unlimited by default.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.options.bandwidth = Some(bytes_per_second);
        self
    }

    /// Sets a callback for progress, called when bytes have been sent or a part is finished.
    ///
    /// Calls come one at a time, and each shows a later state than the one before. States that arise during a call are
    /// skipped; the last call has the final numbers. The tasks that send make the calls, so the callback must return quickly
    /// and must not panic.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the upload when the future completes.
    ///
    /// Parts in flight are stopped, and the multipart upload is aborted, or kept if it has a
    /// [`checkpoint`](Upload::checkpoint). [`send`](Upload::send) returns an error of kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled), which tells what was done. If a single request was in flight, the server
    /// may still store the object. Once the completion of a multipart upload was requested, a cancellation has no effect.
    /// Dropping the future of `send` stops the upload too, but cannot wait for the abort.
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
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no source, or an option is out of its
    ///   limits.
    /// * [`ErrorKind::Body`](crate::ErrorKind::Body) if the source cannot be read, or changed meanwhile.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the object has another size.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of the operations.
    ///
    /// [`Error::upload_id`] and [`Error::part_number`] name the upload and the part, and [`Error::upload_state`] tells what
    /// became of the upload.
    pub async fn send(self) -> Result<Uploaded> {
        let Self { bucket, key, input, headers, options } = self;
        let input = input.ok_or_else(|| {
            Error::invalid_input("nothing to upload: call `file`, `bytes` or `reader`; nothing was sent")
        })?;
        Box::pin(run::run(&bucket, &key, input, &headers, options)).await
    }
}

/// The summary of a successful upload, returned by [`Upload::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The object's key.
    pub key: String,
    /// Size of the object in bytes.
    pub size: u64,
    /// ETag that the server gave the object.
    pub etag: Option<String>,
    /// True if this ETag is the one made of the parts' MD5s, as S3's tools compute it. False if the server made one of its
    /// own, which is no error, because it checked each part. `None` if the client computed none, or has no permission to look.
    pub etag_kept: Option<bool>,
    /// Version of the object, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Id of the multipart upload. `None` if one request was enough.
    pub upload_id: Option<String>,
    /// Number of parts; 0 if one request was enough.
    pub parts: u32,
    /// Number of requests that carried bytes of the object, failed ones included.
    pub attempts: u32,
    /// Bytes that had to be sent again.
    pub retried_bytes: u64,
    /// Bytes that an earlier process had sent.
    pub resumed_bytes: u64,
    /// True if the server did not know the upload of the checkpoint any more, so that this one started anew.
    pub restarted: bool,
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
