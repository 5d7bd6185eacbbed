//! Downloads of whole objects to files.
//!
//! The target file then contains the whole object, or it keeps its earlier content. A resumed download fetches only the
//! missing ranges. If the object changes during the download, the download fails.

use std::fs;
use std::path::PathBuf;

use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, HeadObjectInput, InitiateMultipartUploadInput, UploadMultipartInput,
};
use qingstor_sdk::{Checksum, CustomerKey, Download, Downloaded, ErrorKind, MIB, types::ObjectPart};
use qingstor_tests::{TestBucket, content, etag_of_parts};
use serde_json::json;

use crate::support::{PART, drop_when, file_names, progress_recorder, progress_signal, run_until, sealed};

/// A file in an empty folder, and a bucket to download from.
struct Target {
    bucket: TestBucket,
    folder: tempfile::TempDir,
}

impl Target {
    async fn new() -> Self {
        Self { bucket: TestBucket::start().await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("db.tar")
    }

    fn download(&self) -> Download {
        self.bucket.download("key").to_file(self.path()).part_size(PART).concurrency(2)
    }

    fn files(&self) -> Vec<String> {
        file_names(self.folder.path())
    }

    /// Asserts that the target has this content, and that no other file is left in its folder.
    #[track_caller]
    fn assert_content(&self, bytes: &[u8]) {
        assert!(fs::read(self.path()).unwrap() == bytes);
        assert_eq!(self.files(), ["db.tar"]);
    }
}

/// Drops a download when this number of parts has been fetched.
async fn interrupt_after(parts: u32, download: Download) {
    let (on_progress, fetched) = progress_signal(move |progress| progress.parts >= parts);
    drop_when(fetched, download.on_progress(on_progress).send()).await;
}

/// Uploads an object in these parts and completes it with `etag`. The server does not check this ETag.
async fn upload_in_parts(bucket: &TestBucket, parts: &[&[u8]], etag: &str) {
    let initiated = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
    let mut listed = Vec::new();
    for (part, number) in parts.iter().zip(0..) {
        let input = UploadMultipartInput::new(&initiated.upload_id, number).body(part.to_vec());
        bucket.upload_multipart("key", input).await.unwrap();
        listed.push(ObjectPart::new(number));
    }
    let complete = CompleteMultipartUploadInput::new(&initiated.upload_id, listed).etag(etag);
    bucket.complete_multipart_upload("key", complete).await.unwrap();
}

#[track_caller]
fn assert_reported(downloaded: &Downloaded, size: u64, parts: u32, is_verified: bool) {
    assert_eq!((downloaded.key.as_str(), downloaded.size, downloaded.parts), ("key", size, parts));
    assert_eq!((downloaded.is_verified, downloaded.resumed_bytes), (is_verified, 0), "{downloaded:?}");
}

#[tokio::test]
async fn download_of_any_size_is_verified() {
    let target = Target::new().await;
    for (size, parts) in [(0, 1), (1, 1), (PART, 1), (PART + 1, 2), (21 * MIB + 7, 6)] {
        let bytes = content(size, 1);
        target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
        let downloaded = target.download().send().await.unwrap();
        assert_reported(&downloaded, size, parts, true);
        assert_eq!(u64::from(downloaded.attempts), size.div_ceil(PART));
        target.assert_content(&bytes);
        let other_part_size = target.download().part_size(5 * MIB).send().await.unwrap();
        assert_reported(&other_part_size, size, u32::try_from(size.div_ceil(5 * MIB).max(1)).unwrap(), true);
        let unchecked = target.download().checksum(None).send().await.unwrap();
        assert!(!unchecked.is_verified);
        target.assert_content(&bytes);
    }
}

#[tokio::test]
async fn encrypted_object_is_downloaded_only_with_its_key() {
    let target = Target::new().await;
    let bytes = content(9 * MIB, 1);
    let key = CustomerKey::aes256([9; 32]);
    target.bucket.upload("key").bytes(bytes.clone()).encryption(key.clone()).send().await.unwrap();
    let downloaded = target.download().encryption(key).send().await.unwrap();
    assert_reported(&downloaded, 9 * MIB, 3, false);
    target.assert_content(&bytes);
    fs::remove_file(target.path()).unwrap();
    assert!(target.download().send().await.is_err());
    assert!(!target.path().exists());
}

#[tokio::test]
async fn resumed_download_fetches_only_the_missing_ranges() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    fs::write(target.path(), "before").unwrap();
    interrupt_after(3, target.download()).await;
    assert_eq!(fs::read(target.path()).unwrap(), b"before", "the target changed before the download was complete");
    let (on_progress, recorded) = progress_recorder();
    let downloaded = target.download().on_progress(on_progress).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    let recorded = recorded.lock().unwrap();
    assert_eq!(recorded[0].resumed_bytes, downloaded.resumed_bytes);
    assert_eq!(recorded.last().unwrap().bytes, 5 * PART + 9);
    assert_eq!(u64::from(downloaded.attempts), (5 * PART + 9 - downloaded.resumed_bytes).div_ceil(PART));
    target.assert_content(&bytes);
}

#[tokio::test]
async fn resumed_download_keeps_its_part_size() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    interrupt_after(3, target.download()).await;
    let downloaded = target.download().part_size(5 * MIB).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    assert_eq!(downloaded.parts, 6);
    target.assert_content(&bytes);
}

#[tokio::test]
async fn download_with_a_checkpoint_in_another_folder_resumes() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let state = tempfile::tempdir().unwrap();
    let checkpoint = state.path().join("db.json");
    interrupt_after(3, target.download().checkpoint(&checkpoint)).await;
    assert_eq!(target.files(), ["db.tar.qsdownload"]);
    let downloaded = target.download().checkpoint(&checkpoint).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    target.assert_content(&bytes);
    assert_eq!(file_names(state.path()), [""; 0]);
}

#[tokio::test]
async fn concurrent_transfers_cannot_share_a_checkpoint_or_a_target() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(5 * PART, 1)).send().await.unwrap();
    let checkpoint = target.folder.path().join("checkpoint");
    let (on_progress, started) = progress_signal(|progress| progress.bytes > 0);
    let first = target.download().checkpoint(&checkpoint).bandwidth(MIB).on_progress(on_progress);
    let mut first = Box::pin(first.send());
    assert!(run_until(started, &mut first).await.is_none(), "the first download was not slow");
    let second = target.download().to_file(target.folder.path().join("other")).checkpoint(&checkpoint);
    let third = target.download().checkpoint(target.folder.path().join("another"));
    for (download, problem) in [
        (second, "checkpoint is in use by another transfer"),
        (third, "db.tar.qsdownload is being written by another download"),
    ] {
        let error = tokio::select! {
            outcome = &mut first => panic!("the first download ended: {outcome:?}"),
            outcome = download.send() => outcome.unwrap_err().to_string(),
        };
        assert!(error.contains(problem), "{error}");
    }
    assert_eq!(target.files(), ["checkpoint", "checkpoint.lock", "db.tar.qsdownload"]);
}

#[tokio::test]
async fn checkpoint_of_another_kind_or_version_is_rejected_and_kept() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(3 * PART, 1)).send().await.unwrap();
    let (source, checkpoint) = (target.folder.path().join("source"), target.folder.path().join("checkpoint"));
    fs::write(&source, content(3 * PART, 1)).unwrap();
    let upload = || target.bucket.upload("copy").file(&source).part_size(PART).checkpoint(&checkpoint);
    let old_upload = r#"{"version":1,"upload_id":"U1","parts":{}}"#;
    let old_download = r#"{"version":1,"bucket":"bucket","key":"key","done":[0]}"#;
    for (content, problem) in [
        (old_upload, "remove the file and abort the upload, whose `upload_id` is in it"),
        (&sealed(json!({"version": 3, "kind": "download"})), "(download, and not upload)"),
        ("not JSON", "is no resume journal"),
    ] {
        fs::write(&checkpoint, content).unwrap();
        let error = upload().send().await.unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("checkpoint"), "{error}");
        assert_eq!(fs::read_to_string(&checkpoint).unwrap(), content);
    }
    for (content, problem) in [
        (old_download, "remove the file to begin again"),
        (&sealed(json!({"version": 3, "kind": "upload"})), "(upload, and not download)"),
        ("not JSON", "is no resume journal"),
    ] {
        fs::write(&checkpoint, content).unwrap();
        let error = target.download().checkpoint(&checkpoint).send().await.unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("checkpoint"), "{error}");
        assert_eq!(fs::read_to_string(&checkpoint).unwrap(), content);
    }
    assert_eq!(target.files(), ["checkpoint", "source"]);
}

#[tokio::test]
async fn object_that_changes_during_the_download_is_an_error() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(6 * PART, 1)).part_size(PART).send().await.unwrap();
    let (on_progress, first_part_fetched) = progress_signal(|progress| progress.parts == 1);
    // The rate leaves time to replace the object between two parts.
    let download = target.download().concurrency(1).bandwidth(16 * MIB).on_progress(on_progress);
    let change = async {
        first_part_fetched.await;
        target.bucket.put("key", "something else").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(download.send(), change);
    let error = outcome.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!(target.files(), [""; 0], "the ranges of the replaced object are kept");
    target.download().send().await.unwrap();
    target.assert_content(b"something else");
}

#[tokio::test]
async fn download_of_a_replaced_object_starts_again() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(5 * PART, 1)).part_size(PART).send().await.unwrap();
    interrupt_after(2, target.download()).await;
    target.bucket.upload("key").bytes(content(5 * PART, 2)).part_size(PART).send().await.unwrap();
    let downloaded = target.download().send().await.unwrap();
    assert_reported(&downloaded, 5 * PART, 5, true);
    target.assert_content(&content(5 * PART, 2));
}

#[tokio::test]
async fn object_whose_md5_differs_from_its_etag_is_rejected() {
    let target = Target::new().await;
    upload_in_parts(&target.bucket, &[b"abc"], "\"00000000000000000000000000000000\"").await;
    let error = target.download().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(error.to_string().contains("900150983cd24fb0d6963f7d28e17f72"), "{error}");
    assert!(target.files().is_empty());
    assert!(!target.download().checksum(None).send().await.unwrap().is_verified);
    target.assert_content(b"abc");
}

#[tokio::test]
async fn object_in_parts_is_verified_by_the_etag_of_its_parts() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 3, 1);
    for checksum in [None, Some(Checksum::Md5)] {
        target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum).send().await.unwrap();
        let downloaded = target.download().send().await.unwrap();
        assert!(downloaded.is_verified, "{downloaded:?}");
        target.assert_content(&bytes);
    }
}

#[tokio::test]
async fn object_in_parts_of_5_000_000_bytes_is_verified_if_the_part_size_is_set() {
    const PART_SIZE: usize = 5_000_000;
    let target = Target::new().await;
    let bytes = content(3 * PART_SIZE as u64, 1);
    let parts: Vec<&[u8]> = bytes.chunks(PART_SIZE).collect();
    upload_in_parts(&target.bucket, &parts, &etag_of_parts(&bytes, PART_SIZE as u64)).await;
    // The object also has three parts if the part size is 5, 6 or 7 MiB. As the client does not know the part size, a
    // different ETag does not prove that the bytes are wrong.
    let downloaded = target.download().send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_content(&bytes);
    let downloaded = target.download().part_size(PART_SIZE as u64).send().await.unwrap();
    assert!(downloaded.is_verified, "{downloaded:?}");
    target.assert_content(&bytes);
}

#[tokio::test]
async fn wrong_etag_of_parts_fails_if_no_other_part_size_is_possible() {
    let target = Target::new().await;
    let part = content(PART, 1);
    // 4 MiB is the only part size in whole MiB that splits 8 MiB + 1 byte into three parts.
    upload_in_parts(&target.bucket, &[&part, &part, b"x"], "\"00000000000000000000000000000000-3\"").await;
    let error = target.download().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    let remedy = "use `checksum(None)` if the ETag is not made of MD5s";
    assert!(error.to_string().contains(remedy), "{error}");
    assert!(target.files().is_empty());
    let downloaded = target.download().checksum(None).send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_content(&[part.as_slice(), &part, b"x"].concat());
}

#[tokio::test]
async fn wrong_etag_of_parts_leaves_the_file_unverified_if_another_part_size_is_possible() {
    let target = Target::new().await;
    let part = content(PART, 1);
    upload_in_parts(&target.bucket, &[&part, &part], "\"00000000000000000000000000000000-2\"").await;
    let downloaded = target.download().send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_content(&[part.as_slice(), &part].concat());
}

#[tokio::test]
async fn invalid_downloads_are_rejected_and_create_no_file() {
    let target = Target::new().await;
    let error = target.download().send().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    for (download, problem) in [
        (target.bucket.download("key"), "the download has no target: call `to_file`"),
        (target.download().part_size(1), "part_size is 1 bytes, but a part has 4 MiB"),
        (target.download().concurrency(0), "concurrency is 0 requests, but a transfer needs at least 1"),
        (target.download().bandwidth(0), "bandwidth is 0 bytes per second"),
    ] {
        let error = download.send().await.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains(problem), "{error}");
    }
    target.bucket.put("key", "abc").await.unwrap();
    let missing_folder = target.folder.path().join("no/such/folder/file");
    let error = target.download().to_file(&missing_folder).checksum(Some(Checksum::Md5)).send().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Body && error.to_string().contains("no/such/folder"), "{error}");
    assert!(target.files().is_empty());
    target.bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
}
