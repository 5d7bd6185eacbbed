//! An object to a file.

mod journal;
mod layout;
mod partial_file;
mod range;
mod run;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::cancelled::Cancelled;
use super::etag::Checksum;
use super::object_properties::CustomerKey;
use super::part_size::{DEFAULT_CONCURRENCY, DEFAULT_PART_SIZE};
use super::progress::{Callback, TransferProgress};
use crate::Bucket;
use crate::error::{Error, Result};

/// A download to a file, made by [`Bucket::download`].
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let downloaded = bucket.download("backups/db.tar").to_file("db.tar").send().await?;
/// println!("{} bytes, {} of them were there", downloaded.size, downloaded.resumed_bytes);
/// # Ok(())
/// # }
/// ```
///
/// Ranges are fetched side by side into a file beside the target, `db.tar.qsdownload`, which takes the target's place when
/// it is whole: until then, the target is what it was before. A download that was interrupted goes on with what is there.
///
/// A server or a proxy that answers something else than what was asked is asked again, as often as a request is made. What
/// is there is kept whatever fails, unless the object is another one by then, or the bytes are not what its entity tag says.
///
/// All ranges are of one object: if somebody writes to its key meanwhile, that is an error, and never a mixture.
#[must_use = "nothing is fetched before `send`"]
pub struct Download {
    bucket: Bucket,
    key: String,
    target: Option<PathBuf>,
    version_id: Option<String>,
    encryption: Option<CustomerKey>,
    options: Options,
    cancelled: Option<Cancelled>,
}

/// How it is done.
struct Options {
    part_size: u64,
    concurrency: usize,
    checksum: Option<Checksum>,
    bandwidth: Option<u64>,
    on_progress: Option<Callback>,
}

impl Download {
    pub(crate) fn new(bucket: &Bucket, key: String) -> Self {
        let options = Options {
            part_size: DEFAULT_PART_SIZE,
            concurrency: DEFAULT_CONCURRENCY,
            checksum: Some(Checksum::Md5),
            bandwidth: None,
            on_progress: None,
        };
        Self { bucket: bucket.clone(), key, target: None, version_id: None, encryption: None, options, cancelled: None }
    }

    /// The file that it becomes. If there is one, it is replaced when the download is whole; a symbolic link is replaced too,
    /// and not followed. What is no file, such as a pipe or a device, is refused.
    pub fn to_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.target = Some(path.into());
        self
    }

    /// The version to fetch; by default the one that is served under the key.
    pub fn version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// The key that the object was encrypted with.
    pub fn encryption(mut self, key: CustomerKey) -> Self {
        self.encryption = Some(key);
        self
    }

    /// How many bytes one request fetches, from 4 MiB to 5 GiB; default 8 MiB. They are more where 10,000 parts would be too
    /// few, and a download that goes on with what is there keeps the size that it began with.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// How many requests are under way at the same time, 1 or more; default 8.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.options.concurrency = requests;
        self
    }

    /// What the bytes are checked by; [`Checksum::Md5`] by default, which compares them with the entity tag if that is one
    /// of bytes, or of parts whose size can be told: [`Downloaded::is_verified`] says whether. Parts of whole MiB are told by
    /// their number; of others, [`part_size`](Download::part_size) says the size. With `None`, only the number of bytes is
    /// checked.
    pub fn checksum(mut self, checksum: impl Into<Option<Checksum>>) -> Self {
        self.options.checksum = checksum.into();
        self
    }

    /// How many bytes a second are fetched at the most, all requests together; 1 or more. No limit by default.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.options.bandwidth = Some(bytes_per_second);
        self
    }

    /// Calls a function whenever bytes have come or a part is finished: it must not take long.
    pub fn on_progress(mut self, callback: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(callback));
        self
    }

    /// Ends the download in good order when this is done: requests under way are stopped, what was fetched is noted, and
    /// [`send`](Download::send) returns an error of the kind [`Cancelled`](crate::ErrorKind::Cancelled) that says where it is
    /// kept. A download to the same file goes on with it; of an object without an ETag nothing is kept. Dropping `send`
    /// stops everything too, but cannot wait until it has stopped.
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
    pub fn cancel_on(mut self, done: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancelled = Some(Box::pin(done));
        self
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no target or a setting is out of its limits,
    /// [`ErrorKind::Body`](crate::ErrorKind::Body) if a file cannot be written,
    /// [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if what came is not what was asked for, or
    /// not what its entity tag says, and those of the operations. [`Error::is_precondition_failed`] is true if the object
    /// changed meanwhile.
    pub async fn send(self) -> Result<Downloaded> {
        let target = self
            .target
            .clone()
            .ok_or_else(|| Error::invalid_input("nowhere to download to: call `to_file`; nothing was sent"))?;
        run::run(self, target).await
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

/// What [`Download::send`] returns: the file is there, with all bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The object's key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Whether its bytes were found to be what the entity tag says. Not every tag says something of them: that of an
    /// encrypted object does not, nor does one that somebody made up.
    pub is_verified: bool,
    /// How many ranges it was fetched in.
    pub parts: u32,
    /// How many requests fetched them, or tried to.
    pub attempts: u32,
    /// Bytes that an earlier download had fetched, and that were not fetched again.
    pub resumed_bytes: u64,
}

#[cfg(test)]
mod tests;
