//! Downloads of whole objects to files.

mod partial_file;
mod range;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tracing::{Instrument, debug_span};

use self::partial_file::{PartialFile, RemoteObject};
use self::range::RangeFetcher;
use self::verify::{ExpectedDigest, Verdict};
use super::etag::Checksum;
use super::object_properties::CustomerKey;
use super::object_snapshot::ObjectRef;
use super::options::TransferOptions;
use super::part_size::PartLayout;
use super::progress::{Meter, TransferProgress};
use super::tasks::{Cancellation, for_each_part, run_blocking};
use crate::Bucket;
use crate::error::{Error, ErrorKind, Result};

/// Download of an object of any size to a file, created by [`Bucket::download`].
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let downloaded = bucket.download("backups/db.tar").to_file("db.tar").send().await?;
/// println!("{} bytes, verified: {}", downloaded.size, downloaded.is_verified);
/// # Ok(())
/// # }
/// ```
///
/// Ranges of the object are fetched concurrently into `db.tar.qsdownload`, next to the target. The complete file then
/// replaces the target atomically; until then the target stays as it was. If a download fails or is interrupted, the next
/// one to the same target continues with the ranges that were fetched, provided that the object has an ETag and did not
/// change.
///
/// Requests that fail are retried according to [`Config::retry`](crate::Config::retry). All ranges are of the same object:
/// if it is overwritten meanwhile, the download fails.
///
/// # Verification
///
/// By default, the file is compared with the object's ETag. An ETag that is an MD5 is the MD5 of all bytes. An ETag of an
/// object made of parts (`"<md5>-<number of parts>"`) is the MD5 of the parts' MD5s, but does not tell their size. The
/// download tries one size, the first of these that gives the number of parts:
///
/// 1. the configured [`part_size`](Download::part_size),
/// 2. sizes that grow from it as those of an upload from a [reader](crate::Upload::reader),
/// 3. the smallest number of whole MiB.
///
/// If the digest differs, the download fails if no other parts of whole MiB would give that number, which holds for parts
/// of 8 MiB if there are nine or more. Otherwise it succeeds, and [`Downloaded::is_verified`] is false. To verify an object
/// whose parts have another size, set that size as `part_size`.
#[must_use = "nothing is downloaded before `send`"]
pub struct Download {
    bucket: Bucket,
    key: String,
    target: Option<PathBuf>,
    version_id: Option<String>,
    encryption: Option<CustomerKey>,
    options: TransferOptions,
}

/// Summary of a complete download, returned by [`Download::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Key of the object.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// ETag of the object.
    pub etag: Option<String>,
    /// Version of the object, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// True if the bytes have the digest in the ETag.
    ///
    /// False if nothing proves that the bytes are right: [`checksum`](Download::checksum) is `None`, the object is encrypted
    /// with a customer key, its ETag is not made of MD5s, or the size of its parts is unknown (see
    /// [`Download`](Download#verification)).
    pub is_verified: bool,
    /// Number of ranges of the file.
    pub parts: u32,
    /// Number of requests for ranges, retries included.
    pub attempts: u32,
    /// Bytes that an earlier download had fetched.
    pub resumed_bytes: u64,
}

impl Bucket {
    /// Creates a [`Download`] of an object of any size to a file.
    pub fn download(&self, key: impl Into<String>) -> Download {
        Download {
            bucket: self.clone(),
            key: key.into(),
            target: None,
            version_id: None,
            encryption: None,
            options: TransferOptions::default(),
        }
    }
}

impl Download {
    /// Sets the target file, which is required.
    ///
    /// An existing file is replaced when the download is complete, and so is a symbolic link, which is not followed. The
    /// download fails if the target exists and is not a file, for example a pipe or a device.
    pub fn to_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.target = Some(path.into());
        self
    }

    /// Sets the version to download. Defaults to the current one.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// Sets the key that the object was encrypted with.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// Sets the number of bytes that one request fetches, 4 MiB to 5 GiB. Defaults to 8 MiB.
    ///
    /// Larger ranges are fetched if there would be more than 10,000. A resumed download keeps the size that it began with.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// Sets the maximum number of requests in flight, at least 1. Defaults to 8.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.options.concurrency = requests;
        self
    }

    /// Sets the checksum that the file is [verified](Download#verification) with. Defaults to [`Checksum::Md5`].
    ///
    /// With `None`, only the number of bytes is checked.
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.options.checksum = checksum.into();
        self
    }

    /// Sets the path of the checkpoint, the file from which an interrupted download continues. Default: the name of the
    /// target with `.qsdownload.json` appended, so that a download resumes without this call.
    ///
    /// The same call continues after an error, a cancellation or the death of the process. The bytes are in the partial
    /// file (`.qsdownload`) next to the target; the checkpoint lists the ranges of it that are complete and is written at
    /// most twice a second. They are used if the object still has the same ETag and size. Otherwise all bytes are fetched
    /// again.
    ///
    /// Refused, and left as it is, is a checkpoint of another target, of an upload or of another version of the SDK, one
    /// that another transfer uses, and a file that is not a checkpoint. At the default path, a damaged file is replaced.
    /// The file is removed when the download is complete.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.checkpoint = Some(path.into());
        self
    }

    /// Limits the bytes per second of all requests together, at least 1. Unlimited by default.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.options.bandwidth = Some(bytes_per_second);
        self
    }

    /// Sets a callback for progress, called when bytes have arrived or a range is finished.
    ///
    /// It is called like that of [`Upload::on_progress`](crate::Upload::on_progress): it must return quickly and must not
    /// panic.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Cancels the download when the future completes.
    ///
    /// Requests in flight are stopped, the ranges that were fetched are recorded, and [`send`](Download::send) returns an
    /// error of kind [`Cancelled`](crate::ErrorKind::Cancelled), which tells where they are kept. A download to the same
    /// target continues with them. Of an object without an ETag nothing is kept. Dropping the future of `send` stops the
    /// download too, but does not wait until it has stopped.
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
    /// * [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no target, or an option is out of its
    ///   limits.
    /// * [`ErrorKind::Body`](crate::ErrorKind::Body) if a file cannot be written.
    /// * [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the server sent something else than the
    ///   requested range, or the bytes do not have the digest in the ETag.
    /// * [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after a cancellation.
    /// * The errors of `HeadObject` and `GetObject`. [`Error::is_precondition_failed`] is true if the object changed
    ///   meanwhile.
    pub async fn send(self) -> Result<Downloaded> {
        let span = debug_span!("download", bucket = self.bucket.name(), key = self.key);
        let meter = self.options.meter()?;
        let outcome = self.run(&meter).instrument(span).await;
        meter.finish();
        outcome
    }

    async fn run(self, meter: &Arc<Meter>) -> Result<Downloaded> {
        let Self { bucket, key, target, version_id, encryption, options } = self;
        let target = target.ok_or_else(|| Error::invalid_input("the download has no target: call `to_file`"))?;
        let source = ObjectRef {
            bucket: &bucket,
            key: &key,
            version_id: version_id.as_deref(),
            encryption: encryption.as_ref(),
        };
        let (object, size) = options.cancellation.unless_cancelled(source.head()).await?;
        let input = source.get_same(&object);
        let is_encrypted = encryption.is_some() || object.encryption_customer_algorithm.is_some();
        let expected = match options.checksum {
            Some(Checksum::Md5) if !is_encrypted => {
                ExpectedDigest::new(object.etag.as_deref(), size, options.part_size)
            }
            _ => ExpectedDigest::Unknown,
        };

        let part_size = PartLayout::new(size, options.part_size)?.part_size();
        let remote = RemoteObject {
            bucket: bucket.name().to_owned(),
            key: key.clone(),
            version_id: version_id.clone(),
            etag: object.etag.clone(),
            size,
        };
        let checkpoint = options.checkpoint.clone();
        let open = move || PartialFile::open(&target, checkpoint, remote, part_size);
        let (file, journal) = run_blocking(open).await?;
        let file = Arc::new(file);
        let layout = PartLayout::new(size, journal.part_size)?;
        let (fetched, missing): (Vec<_>, Vec<_>) =
            layout.parts().partition(|part| journal.parts.contains_key(&part.number));
        let resumed_bytes = fetched.iter().map(|part| part.bytes.end - part.bytes.start).sum();
        meter.update(|progress| {
            (progress.bytes, progress.resumed_bytes, progress.total_bytes) = (resumed_bytes, resumed_bytes, Some(size));
            progress.parts = u32::try_from(fetched.len()).unwrap_or(u32::MAX);
            progress.total_parts = Some(layout.count());
        });

        let (shared_file, meter) = (Arc::clone(&file), Arc::clone(meter));
        let fetcher =
            Arc::new(RangeFetcher { bucket, key, input, size, file: shared_file, meter, attempts: AtomicU32::new(0) });
        let for_tasks = Arc::clone(&fetcher);
        let fetching = for_each_part(missing, options.concurrency, &options.cancellation, move |part| {
            let fetcher = Arc::clone(&for_tasks);
            async move { fetcher.fetch(&part).await }
        });
        let verdict = match fetching.await {
            Ok(_) => options.cancellation.unless_cancelled(verify(&file, expected, size)).await,
            // The fetched ranges are of an object that no longer exists.
            Err(error) if error.is_precondition_failed() => Ok(Verdict::Corrupt(error)),
            Err(error) => Err(error),
        };
        let is_verified = match verdict {
            Ok(Verdict::Verified) => true,
            Ok(Verdict::Unverified) => false,
            Ok(Verdict::Corrupt(error)) => {
                blocking(&file, PartialFile::discard).await;
                return Err(error);
            }
            Err(error) => return Err(keep(&file, object.etag.is_some(), error).await),
        };
        run_blocking(move || file.finish()).await?;
        Ok(Downloaded {
            key: fetcher.key.clone(),
            size,
            etag: object.etag,
            version_id: object.version_id,
            is_verified,
            parts: layout.count(),
            attempts: fetcher.attempts.load(Ordering::Relaxed),
            resumed_bytes,
        })
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

async fn verify(file: &Arc<PartialFile>, expected: ExpectedDigest, size: u64) -> Result<Verdict> {
    let file = Arc::clone(file);
    let reader = run_blocking(move || file.reader()).await?;
    expected.verify(Arc::new(reader), size).await
}

/// Records the fetched ranges after a failure, or removes them if the object has no ETag by which a later download could
/// tell that it is the same object. Returns the error for the caller.
async fn keep(file: &Arc<PartialFile>, has_etag: bool, error: Error) -> Error {
    let is_done = blocking(file, if has_etag { PartialFile::flush } else { PartialFile::discard }).await;
    if error.kind() != ErrorKind::Cancelled {
        return error;
    }
    let path = file.path().display();
    let state = match (has_etag, is_done) {
        (true, true) => format!("{path} is kept, and a download to the same file continues with it"),
        (true, false) => {
            format!("{path} is kept, but some of its ranges could not be recorded and will be fetched again")
        }
        (false, true) => {
            format!("{path} was removed, because the object has no ETag by which a download could continue")
        }
        (false, false) => format!("{path} could not be removed; it is useless, because the object has no ETag"),
    };
    Error::new(ErrorKind::Cancelled, format!("the download was cancelled; {state}"))
}

/// Runs blocking work on a file after a failure. Returns false if it fails too, which is only logged.
async fn blocking(file: &Arc<PartialFile>, work: fn(&PartialFile) -> Result<()>) -> bool {
    let file = Arc::clone(file);
    let done = run_blocking(move || work(&file)).await;
    if let Err(error) = &done {
        tracing::warn!(%error, "the files of a failed download could not be recorded or removed");
    }
    done.is_ok()
}
