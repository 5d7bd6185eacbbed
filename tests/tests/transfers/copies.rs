//! Copies of any size by the server, and uploads that nobody goes on with.
//!
//! Protects: a copy is its source, with all that describes it, in one request or in parts; and only uploads that are old
//! enough are aborted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::{HeadObjectInput, InitiateMultipartUploadInput, ListMultipartUploadsInput};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{CustomerKey, ErrorKind, MIB, ObjectSource};
use qingstor_tests::{TestBucket, content};
use tokio::sync::Notify;

#[test]
fn transfers_can_be_tasks_of_their_own() {
    fn sendable<T: Send>(_: impl Fn(qingstor_sdk::Bucket) -> T) {}
    sendable(|bucket| bucket.upload("key").send());
    sendable(|bucket| bucket.download("key").send());
    sendable(|bucket| bucket.copy("/bucket/key", "key").send());
}

#[tokio::test]
async fn a_copy_is_its_source_in_one_request_or_in_parts() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(13 * MIB + 5, 1);
    let upload = bucket.upload("from").bytes(bytes.clone()).content_type("text/csv").metadata("origin", "db1");
    upload.storage_class(StorageClass::StandardIa).send().await.unwrap();
    let source = ObjectSource::new(bucket.name(), "from");
    for (multipart_threshold, parts) in [(5 << 30, 0), (13 * MIB, 4), (0, 4)] {
        let copy = bucket
            .copy(source.clone(), "to")
            .multipart_threshold(multipart_threshold)
            .part_size(4 * MIB)
            .concurrency(3);
        let copied = copy.send().await.unwrap();
        assert_eq!((copied.key.as_str(), copied.size, copied.parts), ("to", bytes.len() as u64, parts));
        assert_eq!(copied.attempts, parts.max(1));
        assert!(bucket.read("to").await.unwrap() == bytes);
        let object = bucket.head_object("to", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.content_type.as_deref(), Some("text/csv"));
        assert_eq!(object.metadata["origin"], "db1");
        assert_eq!(object.storage_class, Some(StorageClass::StandardIa));
    }
}

#[tokio::test]
async fn a_copy_in_parts_has_the_tag_of_its_parts_and_tells_how_far_it_is() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(9 * MIB, 1);
    let uploaded = bucket.upload("from").bytes(bytes.clone()).part_size(4 * MIB).send().await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let copy = bucket.copy(ObjectSource::new(bucket.name(), "from"), "to").multipart_threshold(0).part_size(4 * MIB);
    let copy = copy.concurrency(1).on_progress(move |progress| list.lock().unwrap().push(progress));
    let copied = copy.send().await.unwrap();
    assert_eq!(copied.etag, uploaded.etag, "of the same parts it is made in the same way");
    let told = told.lock().unwrap();
    let parts: Vec<_> = told.iter().map(|progress| (progress.parts, progress.bytes / MIB)).collect();
    assert!(parts.ends_with(&[(0, 0), (1, 4), (2, 8), (3, 9)]), "{parts:?}");
    assert!(told.iter().all(|progress| progress.total_bytes == Some(9 * MIB)));
}

#[tokio::test]
async fn a_part_that_is_not_what_the_server_said_it_copied_is_noticed() {
    let wrong = FaultRule::new(Fault::WrongEtag).operation("UploadMultipart").part(1).count(1);
    let bucket = TestBucket::on(Emulator::builder().faults(FaultPlan::new().rule(wrong))).await.unwrap();
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let copy = bucket.copy(ObjectSource::new(bucket.name(), "from"), "to").multipart_threshold(0).part_size(4 * MIB);
    let error = copy.send().await.unwrap_err().to_string();
    assert!(error.contains("CompleteMultipartUpload") && error.contains("was aborted"), "{error}");
    assert!(bucket.head_object("to", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_copy_that_is_cancelled_is_aborted() {
    let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("UploadMultipart").part(1);
    let bucket = TestBucket::on(Emulator::builder().faults(FaultPlan::new().rule(stall))).await.unwrap();
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let enough = Arc::new(Notify::new());
    let tell = Arc::clone(&enough);
    let copy = bucket.copy(ObjectSource::new(bucket.name(), "from"), "to").multipart_threshold(0).part_size(4 * MIB);
    let copy = copy.concurrency(1).on_progress(move |progress| {
        if progress.parts == 1 {
            tell.notify_one();
        }
    });
    let error = copy.cancel_on(async move { enough.notified().await }).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.to_string().contains("was aborted"), "{error}");
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert!(open.uploads.is_empty());
}

#[tokio::test]
async fn an_encrypted_source_is_copied_with_its_key() {
    let bucket = TestBucket::start().await.unwrap();
    let (old, new) = (CustomerKey::aes256([1; 32]), CustomerKey::aes256([2; 32]));
    let bytes = content(9 * MIB, 1);
    bucket.upload("from").bytes(bytes.clone()).encryption(old.clone()).send().await.unwrap();
    let source = ObjectSource::new(bucket.name(), "from");
    for multipart_threshold in [5 << 30, 0] {
        let copy = bucket.copy(source.clone(), "to").source_encryption(old.clone()).encryption(new.clone());
        copy.part_size(4 * MIB).multipart_threshold(multipart_threshold).send().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("to");
        bucket.download("to").to_file(&target).encryption(new.clone()).send().await.unwrap();
        assert!(std::fs::read(target).unwrap() == bytes);
    }
}

#[tokio::test]
async fn a_copy_that_cannot_be_leaves_nothing_behind() {
    let bucket = TestBucket::start().await.unwrap();
    let missing = bucket.copy(ObjectSource::new(bucket.name(), "missing"), "to").send().await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    bucket.put("from", content(9 * MIB, 1)).await.unwrap();
    let from = || bucket.copy(ObjectSource::new(bucket.name(), "from"), "to");
    for (copy, problem) in [
        (bucket.copy(ObjectSource::new("", "from"), "to"), "needs both"),
        (from().part_size(1), "part_size is 1 bytes, but a part has 4 MiB"),
        (from().concurrency(0), "concurrency is 0 requests, but a transfer needs at least 1"),
    ] {
        let error = copy.send().await.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains(problem), "{error}");
    }
    assert!(bucket.head_object("to", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert!(open.uploads.is_empty());
}

#[tokio::test]
async fn only_uploads_that_are_old_enough_are_aborted() {
    let bucket = TestBucket::start().await.unwrap();
    for key in ["backups/a", "backups/b", "films/c"] {
        bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await.unwrap();
    }
    let nothing = bucket.abort_stale_uploads("backups/", Duration::from_secs(3600)).await.unwrap();
    assert!(nothing.aborted.is_empty() && nothing.failed.is_empty());
    let cleaned = bucket.abort_stale_uploads("backups/", Duration::ZERO).await.unwrap();
    assert_eq!(
        cleaned.aborted.iter().map(|upload| upload.key.as_str()).collect::<Vec<_>>(),
        ["backups/a", "backups/b"]
    );
    assert!(cleaned.failed.is_empty());
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert_eq!(open.uploads.iter().map(|upload| upload.key.as_str()).collect::<Vec<_>>(), ["films/c"]);
}
