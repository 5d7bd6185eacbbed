//! Uploads and downloads that are cancelled.
//!
//! Protects: who cancels does not wait for a source or a server that has nothing to say; what is said of an upload that was
//! cancelled is true of its object; and a download that was cancelled keeps what it fetched, and can be gone on with.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fs, io};

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, MIB, QingStor};
use qingstor_tests::{PauseAt, Relay, TestBucket, content, open_uploads};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{Notify, oneshot};

/// Somebody who holds a pipe open and writes nothing.
struct Silence;

impl AsyncRead for Silence {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_stalled_reader_can_be_cancelled() {
    let bucket = TestBucket::start().await.unwrap();
    let upload = bucket.upload("key").reader(Silence).cancel_on(tokio::task::yield_now());
    assert_eq!(upload.send().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancellation_after_the_completion_request_has_no_effect() {
    let test = TestBucket::start().await.unwrap();
    let completes = |line: &str| line.starts_with("POST ") && line.contains("upload_id=");
    let relay = Relay::start(test.emulator().port(), PauseAt::BeforeResponse(completes)).await.unwrap();
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
async fn a_download_that_is_cancelled_keeps_what_it_fetched_and_is_gone_on_with() {
    const PART: u64 = 4 * MIB;
    // The third part never comes: nothing but the cancellation ends it.
    let stall = FaultRule::new(Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None });
    let plan = FaultPlan::new().rule(stall.operation("GetObject").skip(2).count(1));
    let bucket = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    let bytes = content(5 * PART, 1);
    bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let download = || bucket.download("key").to_file(&target).part_size(PART).concurrency(1);

    let stalled = Arc::new(Notify::new());
    let tell = Arc::clone(&stalled);
    let first = download().on_progress(move |progress| {
        if progress.parts == 2 && progress.bytes > 2 * PART {
            tell.notify_one();
        }
    });
    let error = first.cancel_on(async move { stalled.notified().await }).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let kept = format!("{}.qsdownload is kept, and a download to the same file continues with it", target.display());
    assert!(error.to_string().contains(&kept), "{error}");
    assert_eq!(fs::read(&target).unwrap(), b"before");

    let downloaded = download().send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes == 2 * PART, "{downloaded:?}");
    assert!(fs::read(&target).unwrap() == bytes);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left beside the target");
}

#[tokio::test]
async fn a_download_that_is_cancelled_before_it_knows_its_object_leaves_nothing() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("HeadObject"));
    let bucket = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    bucket.put("key", "abc").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let download = bucket.download("key").to_file(folder.path().join("abc")).cancel_on(tokio::task::yield_now());
    assert_eq!(download.send().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
