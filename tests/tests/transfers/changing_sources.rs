//! Files that somebody writes to while they are uploaded.
//!
//! Protects: a source that grows, shrinks or changes is an error that says so, whether it is sent in parts or at once; what
//! is on the server afterwards is nothing, or what the file was, and never a mixture, unless nobody wanted a checksum: then
//! the error says that it may be one.

#![cfg(unix)]

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::time::SystemTime;

use qingstor_emulator::{Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::{Bucket, ErrorKind, MIB};
use qingstor_tests::{bucket_with_faults, content, open_uploads};
use tempfile::NamedTempFile;

const PART: u64 = 4 * MIB;

type Change = fn(&File, u64);

const CHANGES: [(Change, &str); 4] = [
    (|file, size| file.set_len(size + 1).unwrap(), " bytes and has "),
    (|file, size| file.set_len(size / 2).unwrap(), " bytes and has "),
    (|file, size| file.write_all_at(b"something else", size - 20).unwrap(), "it was written to"),
    (|file, _| file.write_all_at(b"something else", 0).unwrap(), "it was written to"),
];

/// Last written to long ago: of two writes in a row, file systems may note the same time.
fn file_of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file.as_file().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    file
}

async fn read(bucket: &Bucket, key: &str) -> Option<Vec<u8>> {
    let object = bucket.get_object(key, GetObjectInput::new()).await.ok()?;
    Some(object.body.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_changed_file_is_an_error_and_never_a_mixture() {
    // So slow that the file changes when its first bytes have moved, and the last ones have not.
    let slow = |operation: &str| FaultRule::new(Fault::SlowReceive { bytes_per_second: 8 * MIB }).operation(operation);
    let (_test, bucket) =
        bucket_with_faults(FaultPlan::new().rule(slow("PutObject")).rule(slow("UploadMultipart"))).await.unwrap();
    for size in [3 * MIB, 3 * PART] {
        for (number, (change, what)) in CHANGES.into_iter().enumerate() {
            let place = format!("change {number} of {size} bytes");
            let before = content(size, 1);
            let file = file_of(&before);
            let handle = Mutex::new(Some(File::options().write(true).open(file.path()).unwrap()));
            let upload = bucket.upload(&place).file(file.path()).part_size(PART).concurrency(1);
            let upload = upload.on_progress(move |progress| {
                if progress.bytes > 0
                    && let Some(file) = handle.lock().unwrap().take()
                {
                    change(&file, size);
                }
            });
            let error = upload.send().await.unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Body, "{place}: {text}");
            assert!(text.contains("changed while it was uploaded") && text.contains(what), "{place}: {text}");
            match read(&bucket, &place).await {
                None => assert!(!text.contains("from before the change"), "{place}: {text}"),
                Some(stored) => {
                    assert!(stored == before, "{place}: what is stored is a mixture; {text}");
                    assert!(text.contains("from before the change"), "{place}: nothing says that it is there: {text}");
                }
            }
            assert!(open_uploads(&bucket).await.unwrap().is_empty(), "{place}");
        }
    }
}

#[tokio::test]
async fn without_a_checksum_the_error_warns_of_a_mixture() {
    const SIZE: u64 = 3 * MIB;
    let (_test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let before = content(SIZE, 1);
    let file = file_of(&before);
    let handle = Mutex::new(Some(File::options().write(true).open(file.path()).unwrap()));
    let upload = bucket.upload("key").file(file.path()).part_size(PART).checksum(None);
    // It is read piece by piece as it is sent: when its first bytes move, its last ones have not been read.
    let upload = upload.on_progress(move |progress| {
        if progress.bytes > 0
            && let Some(file) = handle.lock().unwrap().take()
        {
            file.write_all_at(b"something else", SIZE - 20).unwrap();
        }
    });
    let error = upload.send().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Body, "{text}");
    assert!(text.contains("it was written to; the object may be a mixture of the old and the new content"), "{text}");
    let stored = read(&bucket, "key").await.unwrap();
    assert!(stored != before && stored == std::fs::read(file.path()).unwrap(), "it is what this is about");
}

#[tokio::test]
async fn a_file_that_is_replaced_is_uploaded_as_it_was() {
    let (_test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("db.tar"), folder.path().join("other"));
    for size in [3 * MIB, 3 * PART] {
        let before = content(size, 1);
        std::fs::write(&path, &before).unwrap();
        std::fs::write(&other, content(size, 2)).unwrap();
        let (from, to) = (other.clone(), path.clone());
        let upload = bucket.upload("key").file(&path).part_size(PART).concurrency(1);
        // Whoever opened the old one still reads that.
        let upload = upload.on_progress(move |_| drop(std::fs::rename(&from, &to)));
        upload.send().await.unwrap();
        assert!(read(&bucket, "key").await.unwrap() == before, "{size}");
        assert!(std::fs::read(&path).unwrap() != before, "{size}: it was not replaced");
    }
}
