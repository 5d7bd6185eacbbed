//! Uploads that are dropped where there is no runtime.
//!
//! Protects: an upload that is dropped by a thread that is none of its runtime's is aborted all the same, as long as the
//! runtime goes on.

use std::sync::Arc;
use std::time::Duration;

use qingstor_sdk::MIB;
use qingstor_tests::{TestBucket, content, open_uploads};
use tokio::sync::Notify;
use tokio::time::timeout;

const PART: u64 = 4 * MIB;
/// What has to end has ended long before.
const GUARD: Duration = Duration::from_secs(20);

#[test]
fn an_upload_dropped_outside_its_runtime_is_aborted() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let test = runtime.block_on(TestBucket::start()).unwrap();
    let sent = Arc::new(Notify::new());
    let tell = Arc::clone(&sent);
    let upload = test.upload("key").bytes(content(8 * PART, 1)).part_size(PART).bandwidth(8 * MIB);
    let upload = upload.on_progress(move |progress| {
        if progress.bytes > 0 {
            tell.notify_one();
        }
    });
    let mut sending = Box::pin(upload.send());
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = sent.notified() => {}
            outcome = &mut sending => panic!("it has ended: {outcome:?}"),
        }
    });
    drop(sending);
    let aborted = async { while !open_uploads(&test).await.unwrap().is_empty() {} };
    runtime.block_on(async { timeout(GUARD, aborted).await }).expect("it is still there");
}
