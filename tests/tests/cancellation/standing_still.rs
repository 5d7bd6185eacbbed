//! Protects: what stands still and would for ever ends with the transfer that is dropped, too. Nothing else would end it:
//! no part is let go on, and no limit of a client is as long away as the test waits.

use std::fs;
use std::sync::Arc;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::TransferProgress;
use qingstor_tests::content;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::server::{GUARD, HOUR, Server};
use crate::{PART, SIZE, unless, upload};

fn standing_still(fault: &Fault, operation: &str) -> Server {
    let rule = FaultRule::new(fault.clone()).operation(operation);
    Server::start(Emulator::builder().faults(FaultPlan::new().rule(rule)))
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
fn parts_of_an_upload_that_nobody_reads_or_answers_end_with_it() {
    let half_of_each = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let all_of_each = Fault::StallBeforeAnswer { lasts: None };
    for (fault, moved) in [(half_of_each, PART), (all_of_each, 2 * PART)] {
        let server = standing_still(&fault, "UploadMultipart");
        let outcome = server.alone(|bucket| async move {
            let (callback, have_moved) = when_moved(moved);
            let upload = upload(&bucket, &content(SIZE, 1)).stall_timeout(HOUR).on_progress(callback);
            unless(have_moved, upload.send()).await
        });
        assert!(outcome.is_none(), "{fault:?}: {outcome:?}");
        assert_eq!(server.open_uploads(), [""; 0], "{fault:?}");
    }
}

#[test]
fn ranges_of_a_download_that_stop_coming_end_with_it() {
    let fault = Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None };
    let server = standing_still(&fault, "GetObject");
    server.apart.block_on(upload(&server.apart, &content(SIZE, 1)).send()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let outcome = server.alone(|bucket| {
        // Half of two ranges.
        let (callback, have_moved) = when_moved(PART);
        let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(2);
        unless(have_moved, download.stall_timeout(HOUR).on_progress(callback).send())
    });
    assert!(outcome.is_none(), "{outcome:?}");
    assert_eq!(fs::read(&target).unwrap(), b"before");
}
