//! Uploads of files, bytes and readers.
//!
//! An object of any size has exactly the bytes of its source. A failed upload leaves nothing on the server.

use std::pin::Pin;
use std::task::{Context, Poll};

use md5::{Digest, Md5};
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Checksum, CustomerKey, ErrorKind, MIB, RetryConfig, UploadState, Uploaded};
use qingstor_tests::{TestBucket, account_with_response, content, etag_of_parts, open_uploads};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::timeout;
use wiremock::ResponseTemplate;

use crate::support::{
    PART, TEST_TIMEOUT, drop_when, once_at_progress, progress_recorder, progress_signal, temp_file, wait_until,
};

#[track_caller]
fn assert_reported(uploaded: &Uploaded, key: &str, size: u64, parts: u32) {
    assert_eq!((uploaded.key.as_str(), uploaded.size, uploaded.parts), (key, size, parts));
    assert_eq!(uploaded.attempts, parts.max(1));
    assert_eq!((uploaded.retried_bytes, uploaded.resumed_bytes), (0, 0));
    assert_eq!(uploaded.upload_id.is_some(), parts > 0);
}

/// A reader that returns at most 70,001 bytes at once, and optionally fails after a number of bytes.
struct ShortReads {
    bytes: Vec<u8>,
    read: usize,
    fails_at: Option<usize>,
}

impl AsyncRead for ShortReads {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if self.fails_at.is_some_and(|at| self.read >= at) {
            return Poll::Ready(Err(std::io::Error::other("the pipe broke")));
        }
        let length = buffer.remaining().min(self.bytes.len() - self.read).min(70_001);
        buffer.put_slice(&self.bytes[self.read..self.read + length]);
        self.read += length;
        Poll::Ready(Ok(()))
    }
}

fn reader(bytes: &[u8]) -> ShortReads {
    ShortReads { bytes: bytes.to_vec(), read: 0, fails_at: None }
}

#[tokio::test]
async fn upload_of_any_source_and_size_stores_its_bytes() {
    let bucket = TestBucket::start().await.unwrap();
    for (size, parts) in [(0, 0), (1, 0), (4 * MIB - 1, 0), (4 * MIB, 0), (4 * MIB + 1, 2), (41 * MIB + 7, 11)] {
        let bytes = content(size, 1);
        let file = temp_file(&bytes);
        let upload = || bucket.upload("the/key").part_size(PART);
        for (case, upload) in [
            ("file", upload().file(file.path())),
            ("bytes", upload().bytes(bytes.clone())),
            ("reader", upload().reader(reader(&bytes))),
            ("file without checksum", upload().file(file.path()).checksum(None)),
            ("reader without checksum", upload().reader(reader(&bytes)).checksum(None)),
            ("file, one part at a time", upload().file(file.path()).concurrency(1)),
            ("reader, one part at a time", upload().reader(reader(&bytes)).concurrency(1)),
            ("reader, little memory", upload().reader(reader(&bytes)).memory_budget(8 * MIB)),
            ("reader, many parts at a time", upload().reader(reader(&bytes)).concurrency(40)),
        ] {
            let uploaded = upload.send().await.unwrap();
            assert_reported(&uploaded, "the/key", size, parts);
            assert!(bucket.read("the/key").await.unwrap() == bytes, "{case} of {size} bytes");
            if parts > 0 && !case.ends_with("without checksum") {
                assert_eq!(uploaded.etag.unwrap(), etag_of_parts(&bytes, 4 * MIB), "{case}");
                assert_eq!(uploaded.etag_kept, Some(true));
            } else {
                assert_eq!(uploaded.etag_kept, None);
            }
        }
    }
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn object_headers_are_set_in_one_request_and_in_parts() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [10, 9 * MIB] {
        let upload = bucket
            .upload("key")
            .bytes(content(size, 1))
            .content_type("application/x-tar")
            .cache_control("no-store")
            .content_disposition("attachment")
            .content_encoding("identity")
            .expires("Thu, 01 Dec 2044 16:00:00 GMT")
            .metadata("origin", "db1")
            .storage_class(StorageClass::StandardIa);
        upload.send().await.unwrap();
        let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.content_length, Some(size));
        assert_eq!(object.content_type.as_deref(), Some("application/x-tar"));
        assert_eq!(object.cache_control.as_deref(), Some("no-store"));
        assert_eq!(object.content_disposition.as_deref(), Some("attachment"));
        assert_eq!(object.expires.as_deref(), Some("Thu, 01 Dec 2044 16:00:00 GMT"));
        assert_eq!(object.metadata["origin"], "db1");
        assert_eq!(object.storage_class, Some(StorageClass::StandardIa));
    }
}

#[tokio::test]
async fn encrypted_object_is_readable_only_with_its_key() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [10, 9 * MIB] {
        let bytes = content(size, 1);
        let key = CustomerKey::aes256([7; 32]);
        let uploaded = bucket.upload("secret").bytes(bytes.clone()).encryption(key).send().await.unwrap();
        assert_eq!((uploaded.size, uploaded.etag_kept), (size, None));
        assert!(bucket.get_object("secret", GetObjectInput::new()).await.is_err());
        use base64::Engine;
        let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        let with_key = GetObjectInput::new()
            .encryption_customer_algorithm("AES256")
            .encryption_customer_key(encode(&[7; 32]))
            .encryption_customer_key_md5(encode(&Md5::digest([7; 32])));
        let object = bucket.get_object("secret", with_key).await.unwrap();
        assert!(object.body.bytes().await.unwrap() == bytes);
    }
}

#[tokio::test]
async fn last_progress_has_the_totals_of_the_upload() {
    let bucket = TestBucket::start().await.unwrap();
    let size = 17 * MIB;
    for from_reader in [false, true] {
        let (on_progress, recorded) = progress_recorder();
        let upload = bucket.upload("key").part_size(PART).on_progress(on_progress);
        let bytes = content(size, 1);
        let upload = if from_reader { upload.reader(reader(&bytes)) } else { upload.bytes(bytes) };
        upload.send().await.unwrap();
        let recorded = recorded.lock().unwrap();
        assert!(recorded.is_sorted_by_key(|progress| (progress.bytes, progress.parts)));
        let last = recorded.last().unwrap();
        assert_eq!((last.bytes, last.total_bytes), (size, Some(size)));
        assert_eq!((last.parts, last.total_parts, last.retried_bytes), (5, Some(5), 0));
    }
}

#[tokio::test]
async fn bandwidth_is_used_if_the_concurrency_is_larger_than_the_number_of_parts() {
    let bucket = TestBucket::start().await.unwrap();
    let size = 16 * MIB;
    // If every possible part had its share of the bandwidth, chunks of 26 bytes would take minutes.
    let upload = bucket.upload("key").bytes(content(size, 1)).concurrency(100_000).bandwidth(10 * MIB);
    let uploaded = timeout(TEST_TIMEOUT, upload.send()).await.expect("the upload ends in time").unwrap();
    assert_eq!((uploaded.size, uploaded.parts), (size, 2));
    let file = tempfile::tempdir().unwrap();
    let target = file.path().join("copy");
    let download = bucket.download("key").to_file(&target).concurrency(100_000).bandwidth(10 * MIB);
    let downloaded = timeout(TEST_TIMEOUT, download.send()).await.expect("the download ends in time").unwrap();
    assert!(downloaded.is_verified);
}

#[tokio::test]
async fn invalid_uploads_are_rejected_before_a_request() {
    let bucket = TestBucket::start().await.unwrap();
    let upload = || bucket.upload("key").bytes("x");
    for (upload, problem) in [
        (bucket.upload("key"), "nothing to upload: call `file`, `bytes` or `reader`"),
        (upload().part_size(4 * MIB - 1), "part_size is 4194303 bytes, but a part has 4 MiB (4194304 bytes) to 5 GiB"),
        (upload().part_size(5 * 1024 * MIB + 1), "a part has 4 MiB"),
        (upload().concurrency(0), "concurrency is 0 requests, but a transfer needs at least 1"),
        (upload().bandwidth(0), "bandwidth is 0 bytes per second"),
        (
            bucket.upload("key").reader(reader(b"x")).memory_budget(16 * MIB - 1),
            "memory_budget is 16777215 bytes, but a reader needs at least 16777216 bytes, for two parts of 8388608 bytes",
        ),
    ] {
        let error = upload.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
    let error = bucket.upload("key").file("/nowhere/at/all").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(error.to_string().contains("/nowhere/at/all could not be opened"), "{error}");
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn file_changed_between_parts_fails_the_upload_and_stores_no_object() {
    let bucket = TestBucket::start().await.unwrap();
    type Change = fn(&std::fs::File);
    let changes: [(Change, &str); 3] = [
        (|file| file.set_len(20 << 20).unwrap(), "it had 18874368 bytes and has 20971520"),
        (|file| file.set_len(1 << 20).unwrap(), "it had 18874368 bytes and has 1048576"),
        (|file| file.set_modified(std::time::UNIX_EPOCH).unwrap(), "it was written to"),
    ];
    for checksum in [Some(Checksum::Md5), None] {
        for (change, message) in changes {
            let file = temp_file(&content(18 * MIB, 1));
            let handle = file.reopen().unwrap();
            let upload = bucket.upload("key").file(file.path()).part_size(PART).checksum(checksum).concurrency(2);
            let upload = upload.on_progress(once_at_progress(|progress| progress.parts == 1, move || change(&handle)));
            let error = upload.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Body, "{error}");
            let text = error.to_string();
            assert!(text.contains("changed while it was uploaded") && text.contains(message), "{text}");
            assert!(text.contains(&format!("upload {}, which was aborted", error.upload_id().unwrap())), "{text}");
            assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
            assert!(open_uploads(&bucket).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn failing_reader_aborts_the_upload() {
    let bucket = TestBucket::start().await.unwrap();
    for fails_at in [0, 3 << 20, 30 << 20] {
        let failing = ShortReads { fails_at: Some(fails_at), ..reader(&content(40 * MIB, 1)) };
        let error = bucket.upload("key").reader(failing).part_size(PART).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body);
        assert!(error.to_string().contains("the pipe broke"), "{error}");
        assert_eq!(error.upload_id().is_some(), fails_at > 8 << 20);
        assert!(open_uploads(&bucket).await.unwrap().is_empty());
    }
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn part_size_is_rounded_up_to_whole_mib_so_that_downloads_are_verified() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(17 * MIB, 1);
    let target = tempfile::tempdir().unwrap();
    let target = target.path().join("db.tar");
    for from_reader in [false, true] {
        let upload = bucket.upload("key").part_size(4 * MIB + 1).concurrency(2);
        let upload = if from_reader { upload.reader(reader(&bytes)) } else { upload.bytes(bytes.clone()) };
        assert_eq!(upload.send().await.unwrap().parts, 4, "parts of 5 MiB");
        let downloaded = bucket.download("key").to_file(&target).send().await.unwrap();
        assert!(downloaded.is_verified, "{downloaded:?}");
        assert!(std::fs::read(&target).unwrap() == bytes);
    }
}

#[tokio::test]
async fn cancelled_upload_is_aborted_before_it_returns() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [3 * MIB, 30 * MIB] {
        let (on_progress, started) = progress_signal(|_| true);
        let upload = bucket.upload("key").bytes(content(size, 1)).part_size(PART).bandwidth(2 * MIB);
        let error = upload.on_progress(on_progress).cancel_on(started).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(error.upload_id().is_some(), size > 4 * MIB);
        assert!(open_uploads(&bucket).await.unwrap().is_empty());
        assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    }
}

#[tokio::test]
async fn dropped_upload_is_aborted_in_the_background() {
    let bucket = TestBucket::start().await.unwrap();
    let (on_progress, first_part_sent) = progress_signal(|progress| progress.parts > 0);
    let upload = bucket.upload("key").bytes(content(30 * MIB, 1)).part_size(PART).on_progress(on_progress);
    drop_when(first_part_sent, upload.send()).await;
    wait_until(async || open_uploads(&bucket).await.unwrap().is_empty()).await;
}

#[tokio::test]
async fn empty_or_long_upload_id_is_an_unexpected_response() {
    for id in [String::new(), "u".repeat(1025)] {
        let response = ResponseTemplate::new(200).set_body_json(serde_json::json!({ "upload_id": id }));
        let (account, server) = account_with_response(response, RetryConfig::disabled()).await.unwrap();
        let upload = account.bucket("bucket", None).upload("key").bytes(content(PART + 1, 1)).part_size(PART);
        let error = upload.send().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some("InitiateMultipartUpload")));
        assert!(matches!(error.upload_state(), Some(UploadState::MaybeStarted)), "{error}");
        assert!(error.to_string().contains(&format!("the upload id has {} bytes", id.len())), "{error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "only the initiation was sent");
    }
}
