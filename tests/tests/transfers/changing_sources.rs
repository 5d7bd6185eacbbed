//! Files that are modified or replaced while they are uploaded.
//!
//! If the file is modified, the upload fails and says so. The server then has either no object or the content from
//! before the change. Only an upload without a checksum can store a mixture, and its error says so. If another file is
//! renamed to the path, the upload succeeds and stores the content of the original file.

#![cfg(unix)]

use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use qingstor_emulator::{Fault, FaultPlan, FaultRule};
use qingstor_sdk::{ErrorKind, MIB};
use qingstor_tests::{bucket_with_faults, content, open_uploads};
use tempfile::NamedTempFile;

use crate::support::{PART, once_at_progress, temp_file};

/// A function that changes a file. Its second argument is the size of the file in bytes.
type Change = fn(&File, u64);

/// Changes, and a part of the error message for each.
const CHANGES: [(Change, &str); 4] = [
    (|file, size| file.set_len(size + 1).unwrap(), " bytes and has "),
    (|file, size| file.set_len(size / 2).unwrap(), " bytes and has "),
    (|file, size| file.write_all_at(b"something else", size - 20).unwrap(), "it was written to"),
    (|file, _| file.write_all_at(b"something else", 0).unwrap(), "it was written to"),
];

/// Creates a file with an old modification time. Otherwise a change could go unnoticed, because a file system may give
/// two writes in quick succession the same modification time.
fn old_file(content: &[u8]) -> NamedTempFile {
    let file = temp_file(content);
    file.as_file().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    file
}

fn open_for_writing(file: &NamedTempFile) -> File {
    File::options().write(true).open(file.path()).unwrap()
}

#[tokio::test]
async fn changed_file_fails_the_upload_and_stores_no_mixture() {
    // The server reads slowly, so the file changes after the first bytes were sent and before the last bytes are sent.
    let slow = |operation: &str| FaultRule::new(Fault::SlowReceive { bytes_per_second: 8 * MIB }).operation(operation);
    let plan = FaultPlan::new().rule(slow("PutObject")).rule(slow("UploadMultipart"));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    for size in [3 * MIB, 3 * PART] {
        for (number, (change, message)) in CHANGES.into_iter().enumerate() {
            let case = format!("change {number} of {size} bytes");
            let before = content(size, 1);
            let file = old_file(&before);
            let handle = open_for_writing(&file);
            let upload = bucket.upload(&case).file(file.path()).part_size(PART).concurrency(1);
            let upload =
                upload.on_progress(once_at_progress(|progress| progress.bytes > 0, move || change(&handle, size)));
            let error = upload.send().await.unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Body, "{case}: {text}");
            assert!(text.contains("changed while it was uploaded") && text.contains(message), "{case}: {text}");
            match test.read(&case).await {
                Ok(stored) => {
                    assert!(stored == before, "{case}: the stored object is a mixture; {text}");
                    assert!(text.contains("from before the change"), "{case}: the error hides the object: {text}");
                }
                Err(missing) => {
                    assert!(missing.is_not_found(), "{case}: {missing}");
                    assert!(!text.contains("from before the change"), "{case}: {text}");
                }
            }
            assert!(open_uploads(&bucket).await.unwrap().is_empty(), "{case}");
        }
    }
}

#[tokio::test]
async fn changed_file_without_checksum_fails_and_warns_of_a_mixture() {
    const SIZE: u64 = 3 * MIB;
    let (test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let before = content(SIZE, 1);
    let file = old_file(&before);
    let handle = open_for_writing(&file);
    // Without a checksum, the file is read while it is sent. At the first progress report, its last bytes have not been
    // read yet.
    let on_progress = once_at_progress(
        |progress| progress.bytes > 0,
        move || handle.write_all_at(b"something else", SIZE - 20).unwrap(),
    );
    let upload = bucket.upload("key").file(file.path()).part_size(PART).checksum(None);
    let error = upload.on_progress(on_progress).send().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Body, "{text}");
    assert!(text.contains("it was written to; the object may be a mixture of the old and the new content"), "{text}");
    let stored = test.read("key").await.unwrap();
    assert!(stored != before && stored == fs::read(file.path()).unwrap(), "the change was not stored");
}

#[tokio::test]
async fn replaced_file_is_uploaded_with_its_earlier_content() {
    let (test, bucket) = bucket_with_faults(FaultPlan::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("db.tar"), folder.path().join("other"));
    for size in [3 * MIB, 3 * PART] {
        let before = content(size, 1);
        fs::write(&path, &before).unwrap();
        fs::write(&other, content(size, 2)).unwrap();
        let (from, to) = (other.clone(), path.clone());
        let upload = bucket.upload("key").file(&path).part_size(PART).concurrency(1);
        // The upload keeps the original file open, so it reads that file to the end.
        let upload = upload.on_progress(move |_| drop(fs::rename(&from, &to)));
        upload.send().await.unwrap();
        assert!(test.read("key").await.unwrap() == before, "{size}");
        assert!(fs::read(&path).unwrap() != before, "{size}: the file was not replaced");
    }
}
