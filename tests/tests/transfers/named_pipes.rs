//! Uploads and downloads whose file is a named pipe.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

use qingstor_sdk::ErrorKind;
use qingstor_tests::TestBucket;
use tokio::time::timeout;

use crate::support::{TEST_TIMEOUT, file_names};

#[tokio::test]
async fn named_pipe_is_rejected_as_source_and_as_target() {
    let test = TestBucket::start().await.unwrap();
    test.put("key", "content").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());

    // Opening the pipe for reading would block, because no process opens it for writing.
    let outcome = timeout(TEST_TIMEOUT, test.upload("key").file(&pipe).send()).await;
    if outcome.is_err() {
        // Opening the pipe for writing unblocks the call. Otherwise the runtime could not shut down.
        drop(fs::File::options().write(true).open(&pipe));
    }
    let error = outcome.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(error.to_string().contains("is not a regular file; read it as a stream instead"), "{error}");

    let error = timeout(TEST_TIMEOUT, test.download("key").to_file(&pipe).send()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(error.to_string().contains("is a device, a pipe or a socket, which a file must not replace"), "{error}");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(file_names(folder.path()), ["pipe"]);
}
