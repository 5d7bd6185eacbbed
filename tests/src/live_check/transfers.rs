//! An upload and a download that are interrupted, resumed and verified.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qingstor_sdk::{ErrorKind, MIB, TransferProgress};
use tokio::sync::Notify;

use crate::content;

use super::report::{Check, Report};
use super::{Site, progress};

/// Size of a part, and of a range of the download, in bytes.
const PART_SIZE: u64 = 4 * MIB;
/// Number of parts in flight. With few, the transfer is interrupted soon after the parts that it has recorded.
const CONCURRENCY: usize = 2;

/// Transfers an object of `size` MiB, and adds the results to the report.
pub(super) async fn run(site: &Site, size: u64, report: &mut Report) {
    let expected = "interrupted, resumed and verified";
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return report.add(Check::not_made("transfers", format!("no temporary folder: {error}"))),
    };
    let bytes = content(size * MIB, size);
    let upload = upload(site, folder.path(), &bytes).await;
    let is_uploaded = upload.is_ok();
    report.add(Check::new(format!("upload of {size} MiB"), expected, Ok(outcome(upload)), None));
    let subject = format!("download of {size} MiB");
    report.add(match is_uploaded {
        true => Check::new(subject, expected, Ok(outcome(download(site, folder.path(), &bytes).await)), None),
        false => Check::not_made(subject, "the upload failed"),
    });
}

/// Returns the observation for a transfer with the given problems.
fn outcome(result: Result<Vec<&'static str>, Box<dyn std::error::Error>>) -> String {
    match result {
        Ok(problems) if problems.is_empty() => "interrupted, resumed and verified".to_owned(),
        Ok(problems) => problems.join("; "),
        Err(error) => error.to_string(),
    }
}

fn key(site: &Site) -> String {
    format!("{}transfers/object", site.prefix)
}

/// Uploads the content, and returns what differs from the expectation.
async fn upload(site: &Site, folder: &Path, bytes: &[u8]) -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
    let file = folder.join("uploaded");
    tokio::fs::write(&file, bytes).await?;
    let upload = || {
        let upload = site.bucket.upload(key(site)).file(&file).checkpoint(folder.join("uploaded.qsupload"));
        upload.part_size(PART_SIZE).concurrency(CONCURRENCY)
    };
    let (on_progress, halfway) = halfway("uploaded");
    let mut problems = interrupt(upload().on_progress(on_progress).cancel_on(halfway).send().await)?;
    let uploaded = upload().on_progress(print("uploaded")).send().await?;
    let size = bytes.len() as u64;
    problems.extend((uploaded.resumed_bytes == 0).then_some("the upload began again instead of resuming"));
    problems.extend((uploaded.size != size).then_some("the object has another size than the file"));
    problems.extend((uploaded.etag_kept != Some(true)).then_some("the server replaced the proposed ETag"));
    Ok(problems)
}

/// Downloads the object, and returns what differs from the expectation.
async fn download(site: &Site, folder: &Path, bytes: &[u8]) -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
    let file = folder.join("downloaded");
    let download = || site.bucket.download(key(site)).to_file(&file).part_size(PART_SIZE).concurrency(CONCURRENCY);
    let (on_progress, halfway) = halfway("downloaded");
    let mut problems = interrupt(download().on_progress(on_progress).cancel_on(halfway).send().await)?;
    let downloaded = download().on_progress(print("downloaded")).send().await?;
    let is_equal = tokio::fs::read(&file).await? == bytes;
    problems.extend((downloaded.resumed_bytes == 0).then_some("the download began again instead of resuming"));
    problems.extend((!downloaded.is_verified).then_some("the content could not be compared with the ETag"));
    problems.extend((!is_equal).then_some("the file has other content than the object"));
    Ok(problems)
}

/// Checks that a transfer was cancelled.
fn interrupt<T>(result: qingstor_sdk::Result<T>) -> qingstor_sdk::Result<Vec<&'static str>> {
    match result {
        Ok(_) => Ok(vec!["the transfer ended before it was interrupted"]),
        Err(error) if error.kind() == ErrorKind::Cancelled => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Returns a progress callback, and a future that completes when half of the parts are finished.
fn halfway(verb: &'static str) -> (impl Fn(TransferProgress) + Send + Sync, impl Future<Output = ()> + Send) {
    let notify = Arc::new(Notify::new());
    let notified = Arc::clone(&notify);
    let print = print(verb);
    let on_progress = move |at: TransferProgress| {
        if at.total_parts.is_some_and(|total| 2 * at.parts >= total) {
            notify.notify_one();
        }
        print(at);
    };
    (on_progress, async move { notified.notified().await })
}

/// Returns a progress callback that prints a line for each MiB, at most ten in a second.
fn print(verb: &'static str) -> impl Fn(TransferProgress) + Send + Sync {
    let last = std::sync::Mutex::new(None::<std::time::Instant>);
    move |at| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= Duration::from_millis(100)) {
            *last = Some(std::time::Instant::now());
            progress(&format!("{verb} {} MiB of {} MiB", at.bytes / MIB, at.total_bytes.unwrap_or_default() / MIB));
        }
    }
}
