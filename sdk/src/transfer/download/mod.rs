//! Downloads of objects to files and as streams.

mod partial_file;
mod processing;
mod range;
mod stream;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::{Either, select};
use tokio::sync::mpsc;
use tracing::{Instrument, debug_span};

use self::partial_file::{PartialFile, RemoteObject};
use self::processing::Processor;
use self::range::RangeFetcher;
pub use self::stream::ObjectStream;
use self::verify::{ExpectedDigest, hash_completed};
use super::etag::Checksum;
use super::hashing::ReceivedHashes;
use super::object_properties::CustomerKey;
use super::object_snapshot::{ObjectRef, ObjectSnapshot};
use super::options::TransferOptions;
use super::part_size::{Part, PartLayout};
use super::progress::{Meter, TransferProgress};
use super::tasks::{Cancellation, for_each_part, run_blocking};
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::{GetObjectInput, HeadObjectOutput};
use crate::{Bucket, ByteRange};

/// Download of an object to a file, to a writer or as a stream. [`Bucket::download`] creates it.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let downloaded = bucket.download("backups/db.tar").to_file("db.tar").send().await?;
/// println!("{} bytes, verified: {}", downloaded.size, downloaded.is_verified);
/// # Ok(())
/// # }
/// ```
///
/// [`send`](Download::send) downloads to a file, [`stream`](Download::stream) returns the content as an [`ObjectStream`], and
/// [`to_writer`](Download::to_writer) writes it to an `AsyncWrite`. They fetch ranges of the object concurrently.
///
/// A download to a file writes the ranges to a partial file next to the target, such as `db.tar.qsdownload`. When all bytes have arrived and are verified, the partial file replaces the target atomically. Until
/// then, the target is not changed.
///
/// If a download fails or is interrupted, the next download to the same target fetches only the missing ranges,
/// provided that the object has a strong ETag and has not changed.
///
/// Failed requests are retried according to [`Config::retry`](crate::Config::retry). If the object is overwritten
/// during the download, the download fails: the client compares every response with the ETag of the object. If it has
/// none or a weak one (`W/"…"`), the client compares the modification date.
///
/// | | default | limits |
/// | --- | --- | --- |
/// | [`part_size`](Download::part_size) | 8 MiB | 4 MiB to 5 GiB |
/// | [`concurrency`](Download::concurrency) | 8 requests | at least 1 |
/// | [`checksum`](Download::checksum) | [`Checksum::Md5`] | |
/// | [`memory_budget`](Download::memory_budget) of a stream | 64 MiB | at least `part_size` |
/// | [`durable`](Download::durable) | false | |
///
/// # Verification
///
/// By default, the file is compared with the ETag of the object. The ETag of an object that was stored with one request is the
/// MD5 of its bytes. The ETag of an object that was stored as a multipart upload (`"<MD5>-<number of parts>"`) is the MD5 of
/// the MD5s of its parts. It does not contain the part size. The download therefore tries the first of these part sizes that
/// results in that number of parts:
///
/// 1. the configured [`part_size`](Download::part_size),
/// 2. the growing part sizes of an upload from a [reader](crate::Upload::reader), if the first part has the configured size,
/// 3. the smallest number of whole MiB.
///
/// If the digest differs and no other part size in whole MiB results in that number of parts, the file is corrupt and the
/// download fails. For parts of 8 MiB, this is the case for most objects of nine parts and more. If other part sizes are
/// possible, the download succeeds, and [`Downloaded::is_verified`] is false. To verify an object with another part size, set
/// `part_size` to that size.
#[must_use = "nothing is downloaded before `send`, `stream` or `to_writer`"]
pub struct Download {
    bucket: Bucket,
    key: String,
    target: Option<PathBuf>,
    version_id: Option<String>,
    encryption: Option<CustomerKey>,
    range: Option<ByteRange>,
    is_durable: bool,
    options: TransferOptions,
}

/// The object that a download fetches, and the way in which it is verified.
struct Source {
    object: HeadObjectOutput,
    size: u64,
    snapshot: ObjectSnapshot,
    /// Input of `GetObject` for the whole object in the state of `snapshot`.
    input: GetObjectInput,
    expected: ExpectedDigest,
}

/// Summary of a completed download, returned by [`Download::send`] and [`Download::to_writer`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Key of the object.
    pub key: String,
    /// Number of bytes: the size of the object, or of the [`range`](Download::range).
    pub size: u64,
    /// ETag of the object. `None` if the server returned none.
    pub etag: Option<String>,
    /// Version of the object. `None` if the bucket does not keep versions.
    pub version_id: Option<String>,
    /// True if the bytes have the digest in the ETag.
    ///
    /// False if the digest was not compared: [`checksum`](Download::checksum) is `None`, the object is encrypted with a
    /// customer key, the ETag does not consist of MD5s, or the part size of the object is unknown (see
    /// [`Download`](Download#verification)).
    pub is_verified: bool,
    /// Number of ranges in which the object was fetched.
    pub parts: u32,
    /// Number of requests for ranges, including failed ones.
    pub attempts: u32,
    /// Bytes that an interrupted download had fetched before this one resumed it.
    pub resumed_bytes: u64,
}

/// # Downloads of whole objects
impl Bucket {
    /// Creates a [`Download`] of the object `key`, to a file or as a stream.
    pub fn download(&self, key: impl Into<String>) -> Download {
        Download {
            bucket: self.clone(),
            key: key.into(),
            target: None,
            version_id: None,
            encryption: None,
            range: None,
            is_durable: false,
            options: TransferOptions::default(),
        }
    }
}

impl Download {
    /// Sets the path of the target file. Required for [`send`](Download::send).
    ///
    /// The completed download replaces an existing file or symbolic link; it does not follow the link. On Unix, it
    /// keeps the permissions of the file, and the owner and the group if the process may set them. Access control lists
    /// are not kept. If there is no file, the umask determines the permissions of the new one. While a file is
    /// replaced, only the current user can read the partial file.
    ///
    /// The download fails before it fetches a range if the target exists and is not a file, for example if it is a
    /// folder, a pipe or a device, or if it is a mount point. It also fails if the partial file is a symbolic link or
    /// has other hard links.
    pub fn to_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.target = Some(path.into());
        self
    }

    /// Sets the version of the object to download. Defaults to the current version.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// Sets the customer key with which the object is encrypted. Required if it is encrypted with one.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// Sets the range of the object that [`stream`](Download::stream) and [`to_writer`](Download::to_writer) return.
    /// Defaults to the whole object.
    ///
    /// Takes a Rust range such as `0..1024`, `1024..` or `..=99`, [`ByteRange::last`], or text such as `"bytes=0-99"`. A
    /// range that extends beyond the end of the object is cut there.
    pub fn range(mut self, range: impl Into<ByteRange>) -> Self {
        self.range = Some(range.into());
        self
    }

    /// Sets the number of bytes that one request fetches, from 4 MiB to 5 GiB. Defaults to 8 MiB.
    ///
    /// Ranges of a file are larger if there would be more than 10,000. A resumed download keeps the part size of the first
    /// call. A [stream](Download::stream) fetches the parts of the ETag instead, if they have the same size and four of them
    /// fit into the memory budget.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the maximum number of requests in flight, at least 1. Defaults to 8.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.options.concurrency = requests;
        self
    }

    /// Sets the maximum number of bytes that [`stream`](Download::stream) and [`to_writer`](Download::to_writer) fetch ahead of the
    /// reader, at least `part_size`. Defaults to `concurrency` × `part_size`.
    ///
    /// A range is requested if all of its bytes fit into the budget. With a concurrency of 8, the stream usually holds 15 to
    /// 30 MiB more in the buffers of the HTTP connections. The budget does not apply to downloads to files.
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.options.memory_budget = Some(bytes);
        self
    }

    /// Sets if the file is on the disk when [`send`](Download::send) returns, so that it survives a power failure. Defaults to
    /// false.
    ///
    /// If true, the client syncs the bytes to the disk before the checkpoint lists them, before the file replaces the
    /// target, and the folder afterwards. This can take longer than the download itself.
    ///
    /// If false, the operating system writes the file later, as after other programs. After a power failure or a crash of the
    /// operating system in the next seconds, the target can be the old file or be missing. On file systems that do not
    /// write the data before the rename, it can also have the right length and zeros instead of some of the bytes. ZFS
    /// writes changes in their order. ext4, XFS and others do not promise it.
    ///
    /// In both modes, the death of the process leaves the old target or the complete new one. The next download fetches the
    /// ranges again that the checkpoint does not list, or whose bytes in the partial file do not have the checksum that
    /// it lists.
    pub fn durable(mut self, is_durable: bool) -> Self {
        self.is_durable = is_durable;
        self
    }

    /// Sets the checksum with which the bytes are [verified](Download#verification). Defaults to [`Checksum::Md5`].
    ///
    /// With `None`, only the number of bytes is verified.
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.options.checksum = checksum.into();
        self
    }

    /// Sets the path of the checkpoint, a file from which an interrupted download is resumed. Defaults to the path of
    /// the target with `.qsdownload.json` appended. If a name with its suffix is longer than the file system allows, a
    /// digest replaces the end of the name.
    ///
    /// To resume a download after an error, a cancellation or the death of the process, make the same call again. The
    /// partial file (`.qsdownload`) next to the target contains the bytes that were fetched. The checkpoint lists the
    /// finished ranges, and is written at most twice a second. It contains a checksum of each range. A range in the
    /// partial file that has another checksum is fetched again. If the checkpoint belongs to another object, or the
    /// ETag or the size of the object has changed, all ranges are fetched again. The checkpoint is removed when the
    /// download is complete.
    ///
    /// The download fails and leaves the file unchanged if it is the checkpoint of another target, of an upload or of
    /// another version of the SDK, or if another transfer uses it. A damaged checkpoint, a symbolic link or another
    /// file is left unchanged too, except at the default path, where it is replaced.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.checkpoint = Some(path.into());
        self
    }

    /// Limits the bandwidth of all requests together, in bytes per second, at least 1. Unlimited by default.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.options.bandwidth = Some(bytes_per_second);
        self
    }

    /// Sets a callback that receives the progress, about a hundred times in a download. No callback by default.
    ///
    /// It must return quickly and must not panic; see [`Upload::on_progress`](crate::Upload::on_progress).
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the download when the future `cancelled` completes. Not cancelled by default.
    ///
    /// The client stops the requests in flight and records the finished ranges. [`send`](Download::send) then returns
    /// an error of kind [`Cancelled`](crate::ErrorKind::Cancelled), whose message contains the path of the partial
    /// file. The next download to the same target resumes it. If the object has no strong ETag, the partial file is
    /// removed.
    ///
    /// A [stream](Download::stream) returns an error of this kind when it is read after the cancellation.
    ///
    /// Dropping the future of `send` also stops the download, but does not wait until it has stopped.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let download = bucket.download("db.tar").to_file("db.tar").cancel_on(async {
    ///     let _ = tokio::signal::ctrl_c().await;
    /// });
    /// download.send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_on(mut self, cancelled: impl Future<Output = ()> + Send + 'static) -> Self {
        self.options.cancellation = Cancellation::on(cancelled);
        self
    }

    /// Runs the download and returns a summary.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if no target is set, an option is out of its
    ///   limits, or the checkpoint belongs to another transfer.
    /// * [`ErrorKind::Body`](crate::ErrorKind::Body) if the partial file, the target or the checkpoint cannot be
    ///   written.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if a response is not the requested
    ///   range of the same object, the object has neither a strong ETag nor a modification date, or the file does not
    ///   have the digest in the ETag.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of the operations `HeadObject` and `GetObject`. [`Error::is_precondition_failed`] is true if the object
    ///   has changed during the download.
    pub async fn send(self) -> Result<Downloaded> {
        let span = debug_span!("download", bucket = self.bucket.name(), key = self.key);
        let transfer = self.bucket.call_name("download", &self.key);
        let named = |error: Error| error.in_transfer(&transfer);
        let meter = self.options.meter().map_err(named)?;
        let outcome = self.run(Arc::clone(&meter)).instrument(span).await;
        meter.finish();
        outcome.map_err(named)
    }

    async fn run(self, meter: Arc<Meter>) -> Result<Downloaded> {
        let cancellation = self.options.cancellation.clone();
        let target = self.target.clone().ok_or_else(|| {
            Error::invalid_input("the download has no target: call `to_file`, or read it with `stream`")
        })?;
        if self.range.is_some() || self.options.memory_budget.is_some() {
            return Err(Error::invalid_input(
                "`range` and `memory_budget` apply only to `stream` and `to_writer`: remove them, or use one of these",
            ));
        }
        let source = cancellation.unless_cancelled(self.source()).await?;
        let Source { object, size, snapshot, input, expected } = source;
        let Self { bucket, key, version_id, is_durable, options, .. } = self;
        let TransferOptions { part_size, concurrency, checkpoint, .. } = options;
        let part_size = PartLayout::new(size, part_size)?.part_size;
        let remote = RemoteObject {
            bucket: bucket.name().to_owned(),
            key: key.clone(),
            version_id: version_id.clone(),
            etag: snapshot.if_match.clone(),
            size,
        };
        let can_resume = remote.etag.is_some();
        let open = move || PartialFile::open(&target, checkpoint, remote, part_size, is_durable);
        let file = Arc::new(run_blocking(open).await?);
        let layout = PartLayout::new(size, file.initial.part_size)?;
        let checked_file = Arc::clone(&file);
        let check = move |part| {
            let file = Arc::clone(&checked_file);
            async move { Ok((file.has_part(&part).await, part)) }
        };
        let checked = match for_each_part(layout.parts(), concurrency, &cancellation, check).await {
            Ok(checked) => checked,
            Err(error) => return Err(keep(&file, can_resume, error).await),
        };
        let (fetched, missing): (Vec<_>, Vec<_>) = checked.into_iter().partition(|(is_fetched, _)| *is_fetched);
        let [fetched, mut missing] =
            [fetched, missing].map(|parts| Vec::from_iter(parts.into_iter().map(|(_, part)| part)));
        missing.sort_by_key(|part| part.number);
        let resumed_bytes = fetched.iter().map(Part::len).sum();
        meter.update(|progress| {
            (progress.bytes, progress.resumed_bytes, progress.total_bytes) = (resumed_bytes, resumed_bytes, Some(size));
            progress.parts = u32::try_from(fetched.len()).unwrap_or(u32::MAX);
            progress.total_parts = Some(layout.count());
        });

        let requests = Arc::new(AtomicU32::new(0));
        let (completed, ranges) = mpsc::unbounded_channel();
        for part in &fetched {
            // Received by `hash_completed`, which has not ended.
            let _ = completed.send(part.bytes.clone());
        }
        let (processor, processing) = Processor::start(Some(Arc::clone(&file)), ReceivedHashes::default());
        let fetcher = Arc::new(RangeFetcher {
            bucket,
            key: key.clone(),
            input,
            snapshot,
            size,
            processor: Some(processor),
            file: Some(Arc::clone(&file)),
            completed: Some(completed),
            meter,
            requests: Arc::clone(&requests),
        });
        let call = fetcher.call_name();
        let fetch = move |part| Arc::clone(&fetcher).fetch(part, None);
        let fetching = for_each_part(missing, concurrency, &cancellation, fetch);
        let hashing = hash_completed(Arc::clone(&file), expected.parts(size), ranges);
        let transferred = match select(pin!(fetching), pin!(cancellation.unless_cancelled(hashing))).await {
            Either::Left((Ok(responses), hashing)) => hashing.await.map(|sums| (responses, sums)),
            Either::Left((Err(error), _)) => Err(error),
            // The hashing ends after the fetching, unless it has failed.
            Either::Right((hashed, fetching)) => match hashed {
                Ok(sums) => fetching.await.map(|responses| (responses, sums)),
                Err(error) => Err(error),
            },
        };
        // After an error, the bytes that were received last may not be written yet.
        let written = processing.finish().await;
        let verified = match transferred.and_then(|transferred| written.map(|_| transferred)) {
            Ok((responses, sums)) => {
                let response = responses.into_iter().flatten().last().unwrap_or(object.response);
                Ok(expected.verify(&sums).check(&response, &call, requests.load(Ordering::Relaxed)))
            }
            // The object has changed, so the fetched ranges are useless.
            Err(error) if error.is_precondition_failed() => Ok(Err(error)),
            Err(error) => Err(error),
        };
        let is_verified = match verified {
            Ok(Ok(is_verified)) => is_verified,
            Ok(Err(error)) => {
                clean_up(&file, PartialFile::discard).await;
                return Err(error);
            }
            Err(error) => return Err(keep(&file, can_resume, error).await),
        };
        run_blocking(move || file.finish()).await?;
        Ok(Downloaded {
            key,
            size,
            etag: object.etag,
            version_id: object.version_id,
            is_verified,
            parts: layout.count(),
            attempts: requests.load(Ordering::Relaxed),
            resumed_bytes,
        })
    }

    /// Requests the headers of the object.
    async fn source(&self) -> Result<Source> {
        let object = ObjectRef {
            bucket: &self.bucket,
            key: &self.key,
            version_id: self.version_id.as_deref(),
            encryption: self.encryption.as_ref(),
        };
        let (head, size) = object.head().await?;
        let snapshot = object.snapshot(&head)?;
        let input = object.get_if_unchanged(&snapshot);
        let is_encrypted = self.encryption.is_some() || head.encryption_customer_algorithm.is_some();
        let expected = match self.options.checksum {
            Some(Checksum::Md5) if !is_encrypted => {
                ExpectedDigest::new(head.etag.as_deref(), size, self.options.part_size)
            }
            _ => ExpectedDigest::Unknown,
        };
        Ok(Source { object: head, size, snapshot, input, expected })
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("version_id", &self.version_id)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Records the finished ranges after an error. Removes them if the object has no strong ETag, because the next download
/// cannot know if the object has changed. Returns the error for the caller. If `error` is a cancellation, the returned
/// error contains the state of the partial file.
async fn keep(file: &Arc<PartialFile>, can_resume: bool, error: Error) -> Error {
    let is_done = clean_up(file, if can_resume { PartialFile::flush } else { PartialFile::discard }).await;
    if error.kind() != ErrorKind::Cancelled {
        return error;
    }
    let path = file.path().display();
    let state = match (can_resume, is_done) {
        (true, true) => format!("{path} is kept, and a download to the same file continues with it"),
        (true, false) => {
            format!("{path} is kept, but some of its ranges could not be recorded and will be fetched again")
        }
        (false, true) => {
            format!("{path} was removed, because a download of an object without a strong ETag cannot be resumed")
        }
        (false, false) => format!("{path} cannot be used any more, but could not be removed: remove it"),
    };
    Error::new(ErrorKind::Cancelled, format!("the download was cancelled; {state}"))
}

/// Runs blocking work on the partial file after an error. If the work fails too, logs its error and returns false.
async fn clean_up(file: &Arc<PartialFile>, work: fn(&PartialFile) -> Result<()>) -> bool {
    let file = Arc::clone(file);
    let done = run_blocking(move || work(&file)).await;
    if let Err(error) = &done {
        tracing::warn!(%error, "the finished ranges of a failed download could not be recorded or removed");
    }
    done.is_ok()
}
