//! Uploads of the bytes that an application writes.

use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, poll_fn, select};
use tokio::io::AsyncWrite;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::reader::ByteSource;
use super::{Input, Upload, Uploaded};
use crate::body::{BufferPool, CHUNK_SIZE, PooledBuffer};
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::transfer::tasks::{Cancellation, stopped};

/// Minimum length of bytes that [`UploadWriter::write_bytes`] passes on without a copy. Many short ones would take more
/// memory and more system calls than one copy.
const MIN_SHARED: usize = 64 * 1024;

/// A writer whose bytes become an object. [`Upload::writer`] creates it.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncWriteExt;
///
/// let mut writer = bucket.upload("report.csv").content_type("text/csv").writer().await?;
/// for line in 0..1_000_000 {
///     writer.write_all(format!("{line},{}\n", line * line).as_bytes()).await?;
/// }
/// let uploaded = writer.finish().await?;
/// println!("{} bytes in {} parts", uploaded.size, uploaded.parts);
/// # Ok(())
/// # }
/// ```
///
/// A task of the runtime uploads the bytes as an upload of a [`reader`](Upload::reader) does: with one request if they
/// fit into one part, otherwise with a multipart upload whose parts grow. A write waits while the parts in flight use
/// the [`memory_budget`](Upload::memory_budget). In addition, the writer itself holds at most 3 MiB, or more with
/// longer [`write_bytes`](UploadWriter::write_bytes). Flushing has no effect, because the server stores no object
/// before the upload is complete.
///
/// The object exists only after [`finish`](UploadWriter::finish) or `shutdown` has succeeded. Dropping the writer
/// before that stops the upload, and a background task aborts the multipart upload if the runtime continues to run.
/// [`abort`](UploadWriter::abort) waits until it is aborted.
///
/// # Errors
///
/// A write fails if the upload has failed. The source of the [`io::Error`] is the [`Error`] of the upload, whose
/// [`upload_state`](Error::upload_state) tells the result. Later calls fail too.
#[must_use = "there is no object before `finish`"]
pub struct UploadWriter {
    /// The first `filled` bytes were written and not yet passed to the upload.
    buffer: PooledBuffer,
    filled: usize,
    /// Empty bytes mark the end. The upload fails if the channel closes before.
    written: mpsc::Sender<Bytes>,
    /// Passes bytes to the upload. Returns false if the upload has failed.
    passing: Option<BoxFuture<'static, bool>>,
    has_failed: bool,
    is_ended: bool,
    /// The running upload. `None` once its result was returned.
    upload: Option<JoinHandle<Result<Uploaded>>>,
    uploaded: Option<Uploaded>,
    cancel: Option<oneshot::Sender<()>>,
}

impl Upload {
    /// Starts the upload and returns a writer for its content.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if other content or a checkpoint is set, or an option is out of its limits.
    pub async fn writer(mut self) -> Result<UploadWriter> {
        if self.input.is_some() {
            let error = Error::invalid_input(
                "the content of the upload is set already: use either `writer`, or one of `file`, `bytes` and `reader`",
            );
            return Err(error.in_transfer(&self.bucket.call_name("upload", &self.key)));
        }
        let (written, receiver) = mpsc::channel(1);
        self.input = Some(Input::Reader(ByteSource::Written { receiver, rest: Bytes::new() }));
        let (cancel, cancelled) = oneshot::channel();
        let configured = std::mem::take(&mut self.options.cancellation);
        self.options.cancellation = Cancellation::on(async move {
            let aborted = async {
                // The writer is dropped without a cancellation after the end of the upload.
                if cancelled.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            select(pin!(aborted), pin!(configured.cancelled())).await;
        });
        let (job, input) = self.into_job()?;
        let upload = async move { job.upload(input).await };
        Ok(UploadWriter {
            buffer: new_buffer(),
            filled: 0,
            written,
            passing: None,
            has_failed: false,
            is_ended: false,
            upload: Some(tokio::spawn(upload.in_current_span())),
            uploaded: None,
            cancel: Some(cancel),
        })
    }
}

impl UploadWriter {
    /// Writes bytes without copying them. Fewer than 64 KiB are copied, because that is faster.
    ///
    /// Bytes that share a larger allocation keep all of it in memory until they have been sent.
    ///
    /// If the future is dropped, the bytes may have been written in whole, in part or not at all.
    ///
    /// # Errors
    ///
    /// The error of the upload, if it has failed.
    pub async fn write_bytes(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        let mut bytes = bytes.into();
        if bytes.len() < MIN_SHARED {
            while !bytes.is_empty() {
                let copied = poll_fn(|context| self.poll_copy(context, &bytes)).await?;
                bytes.advance(copied);
            }
            return Ok(());
        }
        self.check_open()?;
        poll_fn(|context| self.poll_passed(context)).await?;
        if self.filled > 0 {
            self.pass_buffer();
            poll_fn(|context| self.poll_passed(context)).await?;
        }
        self.pass(bytes);
        poll_fn(|context| self.poll_passed(context)).await
    }

    /// Uploads the rest of the bytes, completes the upload and returns a summary.
    ///
    /// # Errors
    ///
    /// Those of [`Upload::send`]. If a write has failed before, its error has the cause.
    pub async fn finish(mut self) -> Result<Uploaded> {
        poll_fn(|context| self.poll_finish(context)).await
    }

    /// Stops the upload, and waits until the multipart upload is aborted.
    ///
    /// No object is created, with one exception: if the future of `shutdown` was dropped and one request was enough,
    /// the server may already have stored the object.
    ///
    /// # Errors
    ///
    /// * The error of the upload, if the multipart upload could not be aborted or if it is unknown whether it exists.
    ///   If an earlier call has returned this error, `abort` succeeds.
    /// * [`ErrorKind::InvalidInput`] if the upload is complete already.
    pub async fn abort(mut self) -> Result<()> {
        if let Some(cancel) = self.cancel.take() {
            // The upload may have failed before. It is not cancelled then.
            let _ = cancel.send(());
        }
        match poll_fn(|context| self.poll_uploaded(context)).await {
            Ok(_) => Err(Error::invalid_input("the upload is complete and cannot be aborted: delete the object")),
            Err(error) => match error.upload_state() {
                None | Some(UploadState::Aborted | UploadState::Gone) => Ok(()),
                Some(_) => Err(error),
            },
        }
    }

    /// Starts to pass bytes to the upload. The previous bytes must have been passed.
    fn pass(&mut self, bytes: Bytes) {
        let written = self.written.clone();
        self.passing = Some(async move { written.send(bytes).await.is_ok() }.boxed());
    }

    /// Starts to pass the written bytes to the upload.
    fn pass_buffer(&mut self) {
        let filled = std::mem::take(&mut self.filled);
        let bytes = if filled == CHUNK_SIZE {
            std::mem::replace(&mut self.buffer, new_buffer()).into_bytes()
        } else {
            Bytes::copy_from_slice(&self.buffer.as_ref()[..filled])
        };
        self.pass(bytes);
    }

    /// Waits until the upload has taken the bytes that were passed to it.
    fn poll_passed(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if let Some(passing) = &mut self.passing {
            self.has_failed = !ready!(passing.poll_unpin(context));
            self.passing = None;
        }
        if !self.has_failed {
            return Poll::Ready(Ok(()));
        }
        match ready!(self.poll_uploaded(context)) {
            Ok(_) => Poll::Ready(Err(Error::new(ErrorKind::Body, "the upload ended before its writer was finished"))),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.is_ended {
            return Err(Error::invalid_input("the writer was shut down before, so that nothing more can be written"));
        }
        Ok(())
    }

    /// Copies bytes into the buffer and returns their number.
    fn poll_copy(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        ready!(self.poll_passed(context))?;
        self.check_open()?;
        let free = &mut self.buffer.as_mut()[self.filled..];
        let length = free.len().min(bytes.len());
        free[..length].copy_from_slice(&bytes[..length]);
        self.filled += length;
        if self.filled == CHUNK_SIZE {
            self.pass_buffer();
        }
        Poll::Ready(Ok(length))
    }

    /// Waits for the result of the upload.
    fn poll_uploaded(&mut self, context: &mut Context<'_>) -> Poll<Result<Uploaded>> {
        if let Some(uploaded) = &self.uploaded {
            return Poll::Ready(Ok(uploaded.clone()));
        }
        let Some(upload) = &mut self.upload else {
            let message = "the upload has failed: an earlier call of the writer returned the cause";
            return Poll::Ready(Err(Error::new(ErrorKind::Body, message)));
        };
        let outcome = ready!(upload.poll_unpin(context));
        self.upload = None;
        let uploaded = outcome.map_err(stopped).flatten()?;
        Poll::Ready(Ok(self.uploaded.insert(uploaded).clone()))
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<Uploaded>> {
        ready!(self.poll_passed(context))?;
        if self.filled > 0 {
            self.pass_buffer();
            ready!(self.poll_passed(context))?;
        }
        if !self.is_ended {
            self.is_ended = true;
            self.pass(Bytes::new());
            ready!(self.poll_passed(context))?;
        }
        self.poll_uploaded(context)
    }
}

fn new_buffer() -> PooledBuffer {
    BufferPool::chunks().buffer(CHUNK_SIZE as u64)
}

impl AsyncWrite for UploadWriter {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_copy(context, bytes).map_err(io::Error::from)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_finish(context))?;
        Poll::Ready(Ok(()))
    }
}

impl Drop for UploadWriter {
    fn drop(&mut self) {
        if let Some(upload) = &self.upload {
            upload.abort();
        }
    }
}

impl fmt::Debug for UploadWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadWriter").field("uploaded", &self.uploaded).finish_non_exhaustive()
    }
}
