//! Uploads that are cancelled.
//!
//! Protects: who cancels does not wait for a source that has nothing to say; and what is said of an upload that was
//! cancelled is true of its object.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::{ErrorKind, MIB};
use qingstor_tests::{TestBucket, content, open_uploads};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;

/// Somebody who holds a pipe open and writes nothing.
struct Silence;

impl AsyncRead for Silence {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_reader_that_says_nothing_keeps_nobody() {
    let bucket = TestBucket::start().await.unwrap();
    let upload = bucket.upload("key").reader(Silence).cancel_on(tokio::task::yield_now());
    assert_eq!(upload.send().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_cancels_too_late_has_an_object() {
    let late = Fault::Latency { delay: Duration::from_millis(300) };
    let plan = FaultPlan::new().rule(FaultRule::new(late).operation("CompleteMultipartUpload").count(1));
    let bucket = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    let bytes = content(9 * MIB, 1);
    let (cancel, cancelled) = oneshot::channel::<()>();
    let upload = bucket.upload("key").bytes(bytes.clone()).cancel_on(async { cancelled.await.unwrap() });
    let cancelling = async {
        while bucket.emulator().faults_fired() != [1] {
            tokio::task::yield_now().await;
        }
        cancel.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(upload.send(), cancelling);
    assert_eq!(outcome.unwrap().size, 9 * MIB);
    assert!(bucket.read("key").await.unwrap() == bytes);
}
