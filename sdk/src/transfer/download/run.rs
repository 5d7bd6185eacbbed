//! From an object to a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::StatusCode;
use tracing::{Instrument, debug_span};

use super::journal::Journal;
use super::partial::PartialFile;
use super::proof::{Proof, Verdict};
use super::receiving::Fetch;
use super::{Download, Downloaded};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::encryption::CustomerKey;
use crate::transfer::object_headers::encrypt;
use crate::transfer::pace::Pace;
use crate::transfer::plan::{PartPlan, check_part_size, check_stall_timeout};
use crate::transfer::progress::Meter;
use crate::transfer::tasks::{for_each_part, stopped};
use crate::transfer::upload::or_cancelled;
use crate::{Bucket, GetObjectInput, HeadObjectInput, HeadObjectOutput};

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
    check_stall_timeout(options.stall_timeout)?;
    let bucket = bucket.with_idle_timeout(options.stall_timeout);
    let pace = options.bandwidth.map(|bytes| Pace::of(bytes, options.concurrency)).transpose()?;
    let meter = Meter::new(options.on_progress, pace);
    let looking = async {
        let object = look(&bucket, &key, version_id.as_deref(), encryption.as_ref()).await?;
        let size = match object.content_length {
            Some(size) => size,
            None => size_of(&bucket, &key, pinned(&object, version_id.clone(), encryption.as_ref())).await?,
        };
        Ok((object, size))
    };
    let (object, size) = or_cancelled(looking, &mut cancelled, || false).await?;
    let wanted_plan = PartPlan::new(size, options.part_size)?;
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
    let plan = PartPlan::new(size, part_size)?;
    let (done, missing): (Vec<_>, Vec<_>) = plan.parts().partition(|part| there.contains(&part.number));
    let resumed_bytes = done.iter().map(|part| part.bytes.end - part.bytes.start).sum();
    meter.update(|progress| {
        (progress.bytes, progress.resumed_bytes, progress.total_bytes) = (resumed_bytes, resumed_bytes, Some(size));
        progress.parts = u32::try_from(done.len()).unwrap_or(u32::MAX);
        progress.total_parts = Some(plan.count());
    });

    let fetch = Arc::new(Fetch {
        input: pinned(&object, version_id, encryption.as_ref()),
        bucket,
        key,
        size,
        file: Arc::clone(&file),
        meter,
        attempts: AtomicU32::new(0),
    });
    let fetcher = Arc::clone(&fetch);
    let fetched = for_each_part(missing, options.concurrency, &mut cancelled, move |part| {
        let fetch = Arc::clone(&fetcher);
        async move { fetch.part(&part).await }
    });
    let judged = match fetched.await {
        Ok(_) => or_cancelled(proof.judge(file.path().to_owned(), size), &mut cancelled, || false).await,
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
        // Whatever it is, what is there is of this object.
        Err(error) => {
            put_in_order(&file, PartialFile::flush).await;
            return Err(if error.kind() == ErrorKind::Cancelled { kept(&file) } else { error });
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

/// Ends with a file that does not become the target; why it does not is what the caller is told.
async fn put_in_order(file: &Arc<PartialFile>, how: fn(&PartialFile) -> Result<()>) {
    let file = Arc::clone(file);
    if let Err(error) = tokio::task::spawn_blocking(move || how(&file)).await.map_err(stopped).flatten() {
        tracing::warn!(%error, "the partial download could not be put in order");
    }
}

fn kept(file: &PartialFile) -> Error {
    let message = format!(
        "the download was cancelled: what was fetched is kept in {}, and a download to the same file goes on with it",
        file.path().display()
    );
    Error::new(ErrorKind::Cancelled, message)
}

async fn look(
    bucket: &Bucket,
    key: &str,
    version_id: Option<&str>,
    encryption: Option<&CustomerKey>,
) -> Result<HeadObjectOutput> {
    let mut input = HeadObjectInput::new();
    input.version_id = version_id.map(str::to_owned);
    encrypt!(input, encryption);
    bucket.head_object(key, input).await
}

/// Finds out how long an object is of which HEAD did not tell.
async fn size_of(bucket: &Bucket, key: &str, input: GetObjectInput) -> Result<u64> {
    match bucket.get_object(key, GetObjectInput { range: Some("bytes=0-0".to_owned()), ..input }).await {
        Ok(object) => {
            let total = object.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
            total.ok_or_else(|| Error::unexpected_response("the server does not say how long the object is"))
        }
        // Nothing has no first byte.
        Err(error) if error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Asks for this very object and no later one.
fn pinned(object: &HeadObjectOutput, version_id: Option<String>, encryption: Option<&CustomerKey>) -> GetObjectInput {
    let mut input = GetObjectInput::new();
    input.version_id = version_id;
    input.if_match = object.etag.clone();
    input.if_unmodified_since = object.last_modified.filter(|_| object.etag.is_none());
    encrypt!(input, encryption);
    input
}
