//! Transfers from and to what is no file.
//!
//! Protects: a pipe is refused and not waited for, and neither a pipe nor a device is replaced by what is downloaded.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;
use std::time::Duration;

use qingstor_sdk::ErrorKind;
use qingstor_tests::TestBucket;
use tokio::time::timeout;

/// What has to end has ended long before.
const GUARD: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_pipe_is_refused_and_stays_one() {
    let test = TestBucket::start().await.unwrap();
    test.put("key", "content").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());

    // Nobody will ever write to it.
    let outcome = timeout(GUARD, test.upload("key").file(&pipe).send()).await;
    if outcome.is_err() {
        // Who waits for that goes on, so that the test can end.
        drop(fs::File::options().write(true).open(&pipe));
    }
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(error.to_string().contains("is not a regular file; read it as a stream instead"), "{error}");

    let error = timeout(GUARD, test.download("key").to_file(&pipe).send()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(error.to_string().contains("is a device, a pipe or a socket, which a file must not replace"), "{error}");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}
