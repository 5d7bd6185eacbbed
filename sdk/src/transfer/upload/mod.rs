//! A file, bytes or whatever can be read, to an object.

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

/// An upload, made by [`Bucket::upload`]: of a file, of bytes, or of anything that can be read.
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
/// What is no longer than a part is sent with one `PutObject`. Longer ones are an upload in parts: several at a time, each
/// retried alone, each with the MD5 of its bytes, which the server compares. In the end the object's size is looked at.
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
/// If an upload fails, the client aborts it, because stored parts cost money; with a [`checkpoint`](Upload::checkpoint) it is
/// kept to be resumed, unless the file changed. If the server does not say whether it completed the upload, the client
/// does not abort it. [`Error::upload_state`] tells these cases apart.
///
/// Dropping the future stops everything but bytes that the operating system and the HTTP library have taken over, some MiB at
/// most, which they hold until the server reads them or the connection ends. The upload is aborted in the background if
/// the runtime goes on. If the completion was requested by then, the upload is completed or aborted, whichever the server
/// does first.
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
    /// Uploads a file, as it is now, piece by piece: memory depends neither on its size nor on that of parts, and is about
    /// 2 MiB for each part on its way. It is read twice, unless [`checksum`](Upload::checksum) is `None`.
    ///
    /// One that changes meanwhile is an error. Then there is no object, unless one request was enough and the server had
    /// taken it already: the error says so, and it is the file as it was, or with
    /// [`checksum(None)`](Upload::checksum) possibly a mixture.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.input = Some(Input::File(path.into()));
        self
    }

    /// Uploads bytes that are in memory. They are not copied.
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = Some(Input::Bytes(bytes.into()));
        self
    }

    /// Uploads what can be read until there is no more: standard input, a pipe, something that is being compressed.
    ///
    /// Parts become longer as it goes on, because nobody knows how many there will be: twice as long from part 128, 256 and
    /// 384 on, and then every 16 parts, with fewer on their way at the same time. Those that are longer than the
    /// [`memory_budget`](Upload::memory_budget) are kept in [temporary files](std::env::temp_dir) until they are sent, two
    /// at most; that begins after 16 GiB with the defaults, and a larger `part_size` puts it off.
    pub fn reader(mut self, reader: impl AsyncRead + Send + 'static) -> Self {
        self.input = Some(Input::Reader(Box::pin(reader)));
        self
    }

    /// The object's `Content-Type`.
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.headers.content_type = Some(value.into());
        self
    }

    /// The object's `Cache-Control`.
    pub fn cache_control(mut self, value: impl Into<String>) -> Self {
        self.headers.cache_control = Some(value.into());
        self
    }

    /// The object's `Content-Disposition`.
    pub fn content_disposition(mut self, value: impl Into<String>) -> Self {
        self.headers.content_disposition = Some(value.into());
        self
    }

    /// The object's `Content-Encoding`: that of the bytes as they are. Nothing is compressed.
    pub fn content_encoding(mut self, value: impl Into<String>) -> Self {
        self.headers.content_encoding = Some(value.into());
        self
    }

    /// The object's `Expires`.
    pub fn expires(mut self, value: impl Into<String>) -> Self {
        self.headers.expires = Some(value.into());
        self
    }

    /// Adds metadata of the caller's own, `X-QS-Meta-…`.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.metadata.insert(name.into(), value.into());
        self
    }

    /// In which class of storage it is kept.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.headers.storage_class = Some(class);
        self
    }

    /// Has the server encrypt it with a key of the customer's own.
    ///
    /// The server's checksums are then those of what it stores: what arrived is still compared with `Content-MD5`.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.headers.encryption = Some(key);
        self
    }

    /// How many bytes a part has, from 4 MiB to 5 GiB; default 8 MiB. They are more where 10,000 parts would be too few, and
    /// always whole MiB: by their number and the object's size, a download then knows what its entity tag is made of.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// How many parts are on their way at the same time, 1 or more; default 8.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// How many bytes of a [reader](Upload::reader) may be in memory, where parts on their way are as a whole. Default
    /// `concurrency` × `part_size`, at least two parts; less than that is refused.
    ///
    /// Files and bytes that are in memory already need none.
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.options.memory_budget = Some(bytes);
        self
    }

    /// What the bytes are checked by; [`Checksum::Md5`] by default.
    ///
    /// With `None`, nothing is hashed, which saves about half of the CPU time. Then nothing notices if bytes are changed
    /// by memory or a network device that is broken in a way that TCP and TLS do not find: over `http` TCP's checksum of
    /// 16 bits is all there is, over `https` what can still happen is outside of the connection.
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

    /// How many bytes a second are sent at the most, all parts together; 1 or more. No limit by default.
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

    /// Cancels the upload when `done` completes, unless its completion was requested by then.
    ///
    /// Parts in progress are stopped. The upload is aborted, or kept if it has a [`checkpoint`](Upload::checkpoint).
    /// [`send`](Upload::send) returns an error of the kind [`Cancelled`](crate::ErrorKind::Cancelled), which says which of the
    /// two. Dropping the future of `send` stops everything too, but cannot wait for the abort.
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
    pub fn cancel_on(mut self, done: impl Future<Output = ()> + Send + 'static) -> Self {
        self.options.cancellation = Cancellation::on(done);
        self
    }

    /// Runs the upload and returns a summary.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is nothing to upload or a setting is out of
    /// its limits, [`ErrorKind::Body`](crate::ErrorKind::Body) if the source cannot be read or changed meanwhile, and
    /// those of the operations. [`Error::upload_id`] and [`Error::part_number`] name the upload and the part, and
    /// [`Error::upload_state`] says what became of the upload.
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
