//! Uploads and downloads that the caller cancels.

use std::fs;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, MIB, QingStor};
use qingstor_tests::{PauseAt, Relay, TestBucket, content, open_uploads};
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::support::{PART, file_names, progress_signal};

#[tokio::test]
async fn cancelling_an_upload_does_not_wait_for_a_stalled_reader() {
    let bucket = TestBucket::start().await.unwrap();
    // The reader waits, because `_writer` stays open and is never written to.
    let (_writer, reader) = tokio::io::duplex(1);
    let upload = bucket.upload("key").reader(reader).cancel_on(yield_now());
    assert_eq!(upload.send().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn cancelling_an_upload_after_the_completion_request_has_no_effect() {
    let test = TestBucket::start().await.unwrap();
    let is_completion = |line: &str| line.starts_with("POST ") && line.contains("upload_id=");
    let relay = Relay::start(test.emulator().port(), PauseAt::BeforeResponse(is_completion)).await.unwrap();
    let account = QingStor::new(test.config().endpoint(relay.endpoint())).unwrap();
    let bucket = account.bucket(test.name(), test.zone());
    let bytes = content(9 * MIB, 1);
    let (cancel, cancelled) = oneshot::channel::<()>();
    let upload = bucket.upload("key").bytes(bytes.clone()).cancel_on(async { cancelled.await.unwrap() });
    let cancelling = async {
        relay.wait_until_paused().await;
        cancel.send(()).unwrap();
        relay.resume();
    };
    let (outcome, ()) = tokio::join!(upload.send(), cancelling);
    assert_eq!(outcome.unwrap().size, 9 * MIB);
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn cancelled_download_keeps_its_ranges_and_resumes() {
    // The third range stalls, so that only the cancellation ends the download.
    let stall = FaultRule::new(Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None });
    let plan = FaultPlan::new().rule(stall.operation("GetObject").skip(2).count(1));
    let bucket = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    let bytes = content(5 * PART, 1);
    bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let download = || bucket.download("key").to_file(&target).part_size(PART).concurrency(1);

    let (on_progress, stalled) = progress_signal(|progress| progress.parts == 2 && progress.bytes > 2 * PART);
    let error = download().on_progress(on_progress).cancel_on(stalled).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let kept = format!("{}.qsdownload is kept, and a download to the same file continues with it", target.display());
    assert!(error.to_string().contains(&kept), "{error}");
    assert_eq!(fs::read(&target).unwrap(), b"before");

    let downloaded = download().send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes == 2 * PART, "{downloaded:?}");
    assert!(fs::read(&target).unwrap() == bytes);
    assert_eq!(file_names(folder.path()), ["db.tar"]);
}

#[tokio::test]
async fn download_cancelled_during_its_head_request_creates_no_file() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("HeadObject"));
    let bucket = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    bucket.put("key", "abc").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let download = bucket.download("key").to_file(folder.path().join("abc")).cancel_on(yield_now());
    assert_eq!(download.send().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(file_names(folder.path()), [""; 0]);
}
