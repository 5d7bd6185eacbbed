//! From an object to a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tracing::{Instrument, debug_span};

use super::journal::Journal;
use super::partial_file::PartialFile;
use super::range::Fetch;
use super::verify::{Proof, Verdict};
use super::{Download, Downloaded};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::cancelled::or_cancelled;
use crate::transfer::object_snapshot::ObjectRef;
use crate::transfer::part_size::{PartLayout, check_part_size};
use crate::transfer::progress::Meter;
use crate::transfer::rate_limiter::RateLimiter;
use crate::transfer::tasks::{for_each_part, stopped};

pub(super) async fn run(download: Download, target: PathBuf) -> Result<Downloaded> {
    let span = debug_span!("download", bucket = download.bucket.name(), key = download.key);
    fetch(download, target).instrument(span).await
}

async fn fetch(download: Download, target: PathBuf) -> Result<Downloaded> {
    let Download { bucket, key, version_id, encryption, options, mut cancelled, .. } = download;
    check_part_size(options.part_size)?;
    if options.concurrency == 0 {
        return Err(Error::invalid_input("concurrency: 0 requests would fetch nothing; 1 is the least"));
    }
    let pace = options.bandwidth.map(|bytes| RateLimiter::new(bytes, options.concurrency)).transpose()?;
    let meter = Meter::new(options.on_progress, pace);
    let source =
        ObjectRef { bucket: &bucket, key: &key, version_id: version_id.as_deref(), encryption: encryption.as_ref() };
    let (object, size) = or_cancelled(source.look(), &mut cancelled, || false).await?;
    let input = source.pinned(&object);
    let wanted_plan = PartLayout::new(size, options.part_size)?;
    let is_encrypted = encryption.is_some() || object.encryption_customer_algorithm.is_some();
    let proof = match options.checksum {
        Some(_) if !is_encrypted => Proof::of(object.etag.as_deref(), size, options.part_size),
        _ => Proof::Nothing,
    };

    let wanted = version_id.as_deref();
    let journal = Journal::new((bucket.name(), &key), wanted, object.etag.as_deref(), size, wanted_plan.part_size());
    let opening = tokio::task::spawn_blocking(move || PartialFile::open(&target, journal, size));
    let file = Arc::new(opening.await.map_err(stopped)??);
    let Journal { part_size, done: there, .. } = file.journal();
    let plan = PartLayout::new(size, part_size)?;
    let (done, missing): (Vec<_>, Vec<_>) = plan.parts().partition(|part| there.contains(&part.number));
    let resumed_bytes = done.iter().map(|part| part.bytes.end - part.bytes.start).sum();
    meter.update(|progress| {
        (progress.bytes, progress.resumed_bytes, progress.total_bytes) = (resumed_bytes, resumed_bytes, Some(size));
        progress.parts = u32::try_from(done.len()).unwrap_or(u32::MAX);
        progress.total_parts = Some(plan.count());
    });

    let fetch =
        Arc::new(Fetch { bucket, key, input, size, file: Arc::clone(&file), meter, attempts: AtomicU32::new(0) });
    let fetcher = Arc::clone(&fetch);
    let fetched = for_each_part(missing, options.concurrency, &mut cancelled, move |part| {
        let fetch = Arc::clone(&fetcher);
        async move { fetch.part(&part).await }
    });
    let judged = match fetched.await {
        Ok(_) => or_cancelled(judge(&file, proof, size), &mut cancelled, || false).await,
        // What is there is of an object that is not there any more.
        Err(error) if error.is_precondition_failed() => Ok(Verdict::Refuted(error)),
        Err(error) => Err(error),
    };
    let is_verified = match judged {
        Ok(Verdict::Verified) => true,
        Ok(Verdict::Unproven) => false,
        Ok(Verdict::Refuted(error)) => {
            put_in_order(&file, PartialFile::discard).await;
            return Err(error);
        }
        // Whatever it is, what is there is of this object. Without a tag nobody will know that any more.
        Err(error) => {
            let is_kept = object.etag.is_some();
            let is_in_order =
                put_in_order(&file, if is_kept { PartialFile::flush } else { PartialFile::discard }).await;
            let is_cancelled = error.kind() == ErrorKind::Cancelled;
            return Err(if is_cancelled { cancelled_with(&file, is_kept, is_in_order) } else { error });
        }
    };
    tokio::task::spawn_blocking(move || file.finish()).await.map_err(stopped)??;
    Ok(Downloaded {
        key: fetch.key.clone(),
        size,
        etag: object.etag,
        version_id: object.version_id,
        is_verified,
        parts: plan.count(),
        attempts: fetch.attempts.load(Ordering::Relaxed),
        resumed_bytes,
    })
}

async fn judge(file: &Arc<PartialFile>, proof: Proof, size: u64) -> Result<Verdict> {
    let file = Arc::clone(file);
    let reader = tokio::task::spawn_blocking(move || file.reader()).await.map_err(stopped)??;
    proof.judge(Arc::new(reader), size).await
}

/// Ends with a file that does not become the target, and says whether it could; why it does not is what the caller is told.
async fn put_in_order(file: &Arc<PartialFile>, how: fn(&PartialFile) -> Result<()>) -> bool {
    let file = Arc::clone(file);
    let done = tokio::task::spawn_blocking(move || how(&file)).await.map_err(stopped).flatten();
    if let Err(error) = &done {
        tracing::warn!(%error, "the partial download could not be put in order");
    }
    done.is_ok()
}

fn cancelled_with(file: &PartialFile, is_kept: bool, is_in_order: bool) -> Error {
    let fate = match (is_kept, is_in_order) {
        (true, true) => "is kept, and a download to the same file goes on with it",
        (true, false) => "is kept, but not all of it could be noted, and the rest will be fetched again",
        (false, true) => "was removed: the object has no ETag, so nobody could go on with it",
        (false, false) => "is good for nothing, since the object has no ETag, and could not be removed",
    };
    let path = file.path().display();
    Error::new(ErrorKind::Cancelled, format!("the download was cancelled: what was fetched, {path}, {fate}"))
}
