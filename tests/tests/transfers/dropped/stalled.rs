//! Protects: what stands still and would for ever ends with the transfer that is dropped, too, and what nobody reads, as soon
//! as it can. Nothing else would end it while the test waits: all limits of the client are an hour.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, TransferProgress, Upload};
use qingstor_tests::{content, logged_requests_of};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::server::{GUARD, Server};
use super::{PART, SIZE, resumable, unless, upload};

fn standing_still(fault: Fault, operation: &str) -> Builder {
    Emulator::builder().faults(FaultPlan::new().rule(FaultRule::new(fault).operation(operation)))
}

/// Something to call when there is progress, and to wait for so many bytes.
fn when_moved(bytes: u64) -> (impl Fn(TransferProgress) + Send + Sync, impl Future<Output = ()>) {
    let tell = Arc::new(Notify::new());
    let told = Arc::clone(&tell);
    let callback = move |progress: TransferProgress| {
        if progress.bytes >= bytes {
            tell.notify_one();
        }
    };
    (callback, async move { timeout(GUARD, told.notified()).await.expect("it did not get so far") })
}

#[test]
fn parts_of_an_upload_that_nobody_answers_end_with_it() {
    let server = Server::start(standing_still(Fault::StallBeforeAnswer { lasts: None }, "UploadMultipart"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    // With a checkpoint it is not aborted: parts of an aborted one are refused before they are read, and stay where they are.
    dropped_when(2 * PART, &server, |bucket| resumable(bucket, folder.path(), "key"));
    assert_eq!(server.open_uploads().len(), 1);
}

#[test]
fn parts_of_an_upload_that_nobody_reads_are_not_sent_to_their_end() {
    // Longer than it takes to drop them. For ever, and the system would hold for ever what it has taken over.
    let lasts = Some(Duration::from_secs(10));
    let emulator = standing_still(Fault::StallInBody { after: Offset::Fraction(0.5), lasts }, "UploadMultipart");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = Server::start(emulator.access_log(&log));
    dropped_when(PART, &server, |bucket| upload(bucket, &content(SIZE, 1)));
    assert_eq!(server.open_uploads(), [""; 0]);
    let both = async {
        loop {
            let parts = logged_requests_of(&log, "UploadMultipart").unwrap();
            if parts.len() == 2 {
                return parts;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    let parts = server.apart.block_on(async { timeout(GUARD, both).await.expect("a part goes on") });
    let lengths: Vec<u64> = parts.iter().filter_map(|part| part["bytes_received"].as_u64()).collect();
    assert!(lengths.len() == 2 && lengths.iter().all(|length| *length < PART), "{parts:?}");
}

fn dropped_when(moved: u64, server: &Server, upload: impl Fn(&Bucket) -> Upload) {
    let outcome = server.alone(|bucket| async move {
        let (callback, have_moved) = when_moved(moved);
        unless(have_moved, upload(&bucket).on_progress(callback).send()).await
    });
    assert!(outcome.is_none(), "{outcome:?}");
}

#[test]
fn ranges_of_a_download_that_stop_coming_end_with_it() {
    let fault = Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None };
    let server = Server::start(standing_still(fault, "GetObject"));
    server.apart.block_on(upload(&server.apart, &content(SIZE, 1)).send()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let outcome = server.alone(|bucket| {
        // Half of two ranges.
        let (callback, have_moved) = when_moved(PART);
        let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(2);
        unless(have_moved, download.on_progress(callback).send())
    });
    assert!(outcome.is_none(), "{outcome:?}");
    assert_eq!(fs::read(&target).unwrap(), b"before");
}
