//! Uploads of whole files, bytes and readers, against the emulator.
//!
//! Protects: what is uploaded is what is there afterwards, whatever the source and its size; what is reported is true; and
//! an upload that does not succeed leaves nothing behind.

use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use md5::{Digest, Md5};
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, ListMultipartUploadsInput};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{Bucket, Checksum, CustomerKey, ErrorKind, MIB, TransferProgress, Uploaded};
use qingstor_tests::{TestBucket, content, etag_of_parts};
use tokio::io::{AsyncRead, ReadBuf};

fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

async fn assert_nothing_open(bucket: &Bucket) {
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert!(open.uploads.is_empty(), "{:?}", open.uploads);
}

fn assert_reported(uploaded: &Uploaded, key: &str, size: u64, parts: u32) {
    assert_eq!((uploaded.key.as_str(), uploaded.size, uploaded.parts), (key, size, parts));
    assert_eq!(uploaded.attempts, parts.max(1));
    assert_eq!((uploaded.retried_bytes, uploaded.resumed_bytes), (0, 0));
    assert_eq!(uploaded.upload_id.is_some(), parts > 0);
}

/// Gives bytes in pieces of no particular size, and never as many as it is asked for.
struct Pieces {
    bytes: Vec<u8>,
    read: usize,
    fails_at: Option<usize>,
}

impl AsyncRead for Pieces {
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

fn reader(bytes: &[u8]) -> Pieces {
    Pieces { bytes: bytes.to_vec(), read: 0, fails_at: None }
}

#[tokio::test]
async fn every_source_of_every_size_arrives_whole() {
    let bucket = TestBucket::start().await.unwrap();
    for (size, parts) in [(0, 0), (1, 0), (4 * MIB - 1, 0), (4 * MIB, 0), (4 * MIB + 1, 2), (41 * MIB + 7, 11)] {
        let bytes = content(size, 1);
        let file = file_of(&bytes);
        let upload = || bucket.upload("the/key").part_size(4 * MIB);
        for (what, upload) in [
            ("file", upload().file(file.path())),
            ("bytes", upload().bytes(bytes.clone())),
            ("reader", upload().reader(reader(&bytes))),
            ("unchecked file", upload().file(file.path()).checksum(None)),
            ("unchecked reader", upload().reader(reader(&bytes)).checksum(None)),
            ("file, one part at a time", upload().file(file.path()).concurrency(1)),
            ("reader, one part at a time", upload().reader(reader(&bytes)).concurrency(1)),
            ("reader, little memory", upload().reader(reader(&bytes)).memory_budget(8 * MIB)),
            ("reader, many parts at a time", upload().reader(reader(&bytes)).concurrency(40)),
        ] {
            let uploaded = upload.send().await.unwrap();
            assert_reported(&uploaded, "the/key", size, parts);
            assert!(bucket.read("the/key").await.unwrap() == bytes, "{what} of {size} bytes");
            if parts > 0 && !what.starts_with("unchecked") {
                assert_eq!(uploaded.etag.unwrap(), etag_of_parts(&bytes, 4 * MIB), "{what}");
                assert_eq!(uploaded.etag_kept, Some(true));
            } else {
                assert_eq!(uploaded.etag_kept, None);
            }
        }
    }
    assert_nothing_open(&bucket).await;
}

#[tokio::test]
async fn an_object_is_described_alike_however_it_is_sent() {
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
async fn an_encrypted_upload_needs_its_key_and_is_verified() {
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
async fn progress_ends_where_the_upload_does() {
    let bucket = TestBucket::start().await.unwrap();
    let size = 17 * MIB;
    for from_reader in [false, true] {
        let told = Arc::new(Mutex::new(Vec::<TransferProgress>::new()));
        let list = Arc::clone(&told);
        let upload = bucket.upload("key").part_size(4 * MIB).on_progress(move |now| list.lock().unwrap().push(now));
        let bytes = content(size, 1);
        let upload = if from_reader { upload.reader(reader(&bytes)) } else { upload.bytes(bytes) };
        upload.send().await.unwrap();
        let told = told.lock().unwrap();
        assert!(told.is_sorted_by_key(|progress| (progress.bytes, progress.parts)));
        let last = told.last().unwrap();
        assert_eq!((last.bytes, last.total_bytes), (size, Some(size)));
        assert_eq!((last.parts, last.total_parts, last.retried_bytes), (5, Some(5), 0));
    }
}

#[tokio::test]
async fn invalid_options_are_refused_before_a_request() {
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
async fn a_file_that_changes_is_an_error_and_never_a_mixture() {
    let bucket = TestBucket::start().await.unwrap();
    type Change = fn(&std::fs::File);
    let changes: [(Change, &str); 3] = [
        (|file| file.set_len(20 << 20).unwrap(), "it had 18874368 bytes and has 20971520"),
        (|file| file.set_len(1 << 20).unwrap(), "it had 18874368 bytes and has 1048576"),
        (|file| file.set_modified(std::time::UNIX_EPOCH).unwrap(), "it was written to"),
    ];
    for checksum in [Some(Checksum::Md5), None] {
        for (change, what) in changes {
            let file = file_of(&content(18 * MIB, 1));
            let handle = file.reopen().unwrap();
            let once = Mutex::new(Some(handle));
            let upload = bucket.upload("key").file(file.path()).part_size(4 * MIB).checksum(checksum).concurrency(2);
            let upload = upload.on_progress(move |progress| {
                if progress.parts == 1
                    && let Some(file) = once.lock().unwrap().take()
                {
                    change(&file);
                }
            });
            let error = upload.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Body, "{error}");
            let text = error.to_string();
            assert!(text.contains("changed while it was uploaded") && text.contains(what), "{text}");
            assert!(text.contains(&format!("upload {}, which was aborted", error.upload_id().unwrap())), "{text}");
            assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
            assert_nothing_open(&bucket).await;
        }
    }
}

#[tokio::test]
async fn a_reader_that_fails_leaves_nothing_behind() {
    let bucket = TestBucket::start().await.unwrap();
    for fails_at in [0, 3 << 20, 30 << 20] {
        let pieces = Pieces { fails_at: Some(fails_at), ..reader(&content(40 * MIB, 1)) };
        let error = bucket.upload("key").reader(pieces).part_size(4 * MIB).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body);
        assert!(error.to_string().contains("the pipe broke"), "{error}");
        assert_eq!(error.upload_id().is_some(), fails_at > 8 << 20);
        assert_nothing_open(&bucket).await;
    }
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn parts_are_whole_mebibytes_so_that_a_download_knows_what_the_tag_is_of() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(17 * MIB, 1);
    let target = tempfile::tempdir().unwrap();
    let target = target.path().join("db.tar");
    for from_reader in [false, true] {
        let upload = bucket.upload("key").part_size(4 * MIB + 1).concurrency(2);
        let upload = if from_reader { upload.reader(reader(&bytes)) } else { upload.bytes(bytes.clone()) };
        assert_eq!(upload.send().await.unwrap().parts, 4, "of 5 MiB");
        let downloaded = bucket.download("key").to_file(&target).send().await.unwrap();
        assert!(downloaded.is_verified, "{downloaded:?}");
        assert!(std::fs::read(&target).unwrap() == bytes);
    }
}

#[tokio::test]
async fn an_upload_that_is_cancelled_is_aborted_before_it_returns() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [3 * MIB, 30 * MIB] {
        let begun = Arc::new(tokio::sync::Notify::new());
        let (tell, wait) = (Arc::clone(&begun), begun);
        let upload = bucket.upload("key").bytes(content(size, 1)).part_size(4 * MIB).bandwidth(2 * MIB);
        let upload = upload.on_progress(move |_| tell.notify_one()).cancel_on(async move { wait.notified().await });
        let error = upload.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(error.upload_id().is_some(), size > 4 * MIB);
        assert_nothing_open(&bucket).await;
        assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    }
}

#[tokio::test]
async fn an_upload_that_is_dropped_is_aborted_in_the_background() {
    let bucket = TestBucket::start().await.unwrap();
    let begun = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&begun);
    let upload = bucket.upload("key").bytes(content(30 * MIB, 1)).part_size(4 * MIB);
    let upload = upload.on_progress(move |progress| {
        if progress.parts > 0 {
            tell.notify_one()
        }
    });
    tokio::select! {
        biased;
        () = begun.notified() => {}
        outcome = upload.send() => panic!("it was not dropped: {outcome:?}"),
    }
    loop {
        let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
        if open.uploads.is_empty() {
            break;
        }
    }
}
