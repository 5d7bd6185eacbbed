//! Transfers that are dropped while the server stalls.
//!
//! All timeouts of the client are an hour, so only dropping the transfer can end its requests.

use std::fs;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Upload};
use qingstor_tests::{content, logged_requests_of};
use tokio::runtime::Runtime;

use super::server::Server;
use super::{SIZE, resumable_upload, upload};
use crate::support::{PART, drop_when, progress_signal, wait_until};

fn emulator_with_fault(fault: Fault, operation: &str) -> Builder {
    Emulator::builder().faults(FaultPlan::new().rule(FaultRule::new(fault).operation(operation)))
}

/// Drops an upload when `bytes` have been sent.
fn drop_upload_after(bytes: u64, server: &Server, upload: impl Fn(&Bucket) -> Upload) {
    server.run_client(|bucket| async move {
        let (on_progress, sent) = progress_signal(move |progress| progress.bytes >= bytes);
        drop_when(sent, upload(&bucket).on_progress(on_progress).send()).await;
    });
}

#[test]
fn dropped_upload_ends_parts_without_a_response() {
    let server = Server::start(emulator_with_fault(Fault::StallBeforeAnswer { lasts: None }, "UploadMultipart"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    // With a checkpoint, the dropped upload is not aborted. An abort would end the parts, because the emulator refuses
    // parts of an aborted upload.
    drop_upload_after(2 * PART, &server, |bucket| resumable_upload(bucket, folder.path(), "key"));
    assert_eq!(server.open_uploads().len(), 1);
}

#[test]
fn dropped_upload_does_not_send_the_rest_of_a_stalled_part() {
    // The stall lasts longer than the upload. It has to end, because the server notices the closed connection only
    // after the stall.
    let lasts = Some(Duration::from_secs(10));
    let emulator = emulator_with_fault(Fault::StallInBody { after: Offset::Fraction(0.5), lasts }, "UploadMultipart");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = Server::start(emulator.access_log(&log));
    drop_upload_after(PART, &server, |bucket| upload(bucket, &content(SIZE, 1)));
    assert_eq!(server.open_uploads(), [""; 0]);
    let parts = || logged_requests_of(&log, "UploadMultipart").unwrap();
    Runtime::new().unwrap().block_on(wait_until(async || parts().len() == 2));
    let lengths: Vec<_> = parts().iter().filter_map(|part| part["bytes_received"].as_u64()).collect();
    assert!(lengths.len() == 2 && lengths.iter().all(|length| *length < PART), "{lengths:?}");
}

#[test]
fn dropped_download_ends_stalled_ranges_and_keeps_its_target() {
    let fault = Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None };
    let server = Server::start(emulator_with_fault(fault, "GetObject"));
    server.emulator.block_on(upload(&server.emulator, &content(SIZE, 1)).send()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    server.run_client(|bucket| {
        // Half of each of the two ranges arrives.
        let (on_progress, received) = progress_signal(|progress| progress.bytes >= PART);
        let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(2);
        drop_when(received, download.on_progress(on_progress).send())
    });
    assert_eq!(fs::read(&target).unwrap(), b"before");
}
