//! Downloads of whole objects to files, against the emulator.
//!
//! Protects: the file is the object, or is not there; an object that changes meanwhile is an error and never a mixture; what
//! was fetched is not fetched again; and what is said to be verified was.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, HeadObjectInput, InitiateMultipartUploadInput, UploadMultipartInput,
};
use qingstor_sdk::{Checksum, CustomerKey, Download, Downloaded, ErrorKind, MIB, TransferProgress, types::ObjectPart};
use qingstor_tests::{TestBucket, content, etag_of_parts};
use tokio::sync::Notify;

const PART: u64 = 4 * MIB;

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
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn assert_whole(&self, bytes: &[u8]) {
        assert!(fs::read(self.path()).unwrap() == bytes);
        assert_eq!(self.files(), ["db.tar"], "and nothing is left beside it");
    }

    async fn interrupt_after(&self, parts: u32) {
        self.interrupt_when(self.download(), move |progress| progress.parts >= parts).await;
    }

    /// Drops a download when enough has been fetched.
    async fn interrupt_when(
        &self,
        download: Download,
        is_enough: impl Fn(TransferProgress) -> bool + Send + Sync + 'static,
    ) {
        let enough = Arc::new(Notify::new());
        let tell = Arc::clone(&enough);
        let download = download.on_progress(move |progress| {
            if is_enough(progress) {
                tell.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = enough.notified() => {}
            outcome = download.send() => panic!("it was not interrupted: {outcome:?}"),
        }
    }
}

fn assert_reported(downloaded: &Downloaded, size: u64, parts: u32, is_verified: bool) {
    assert_eq!((downloaded.key.as_str(), downloaded.size, downloaded.parts), ("key", size, parts));
    assert_eq!((downloaded.is_verified, downloaded.resumed_bytes), (is_verified, 0), "{downloaded:?}");
}

#[tokio::test]
async fn objects_of_every_size_arrive_whole_and_verified() {
    let target = Target::new().await;
    for (size, parts) in [(0, 1), (1, 1), (PART, 1), (PART + 1, 2), (21 * MIB + 7, 6)] {
        let bytes = content(size, 1);
        target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
        let downloaded = target.download().send().await.unwrap();
        assert_reported(&downloaded, size, parts, true);
        assert_eq!(u64::from(downloaded.attempts), size.div_ceil(PART));
        target.assert_whole(&bytes);
        let other_parts = target.download().part_size(5 * MIB).send().await.unwrap();
        assert_reported(&other_parts, size, u32::try_from(size.div_ceil(5 * MIB).max(1)).unwrap(), true);
        let unchecked = target.download().checksum(None).send().await.unwrap();
        assert!(!unchecked.is_verified);
        target.assert_whole(&bytes);
    }
}

#[tokio::test]
async fn an_encrypted_object_is_downloaded_with_its_key_only() {
    let target = Target::new().await;
    let bytes = content(9 * MIB, 1);
    let key = CustomerKey::aes256([9; 32]);
    target.bucket.upload("key").bytes(bytes.clone()).encryption(key.clone()).send().await.unwrap();
    let downloaded = target.download().encryption(key).send().await.unwrap();
    assert_reported(&downloaded, 9 * MIB, 3, false);
    target.assert_whole(&bytes);
    fs::remove_file(target.path()).unwrap();
    assert!(target.download().send().await.is_err());
    assert!(!target.path().exists());
}

#[tokio::test]
async fn resuming_fetches_the_missing_ranges_only() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    fs::write(target.path(), "what was there before").unwrap();
    target.interrupt_after(3).await;
    assert_eq!(fs::read(target.path()).unwrap(), b"what was there before", "until it is whole");
    let told = Arc::new(Mutex::new(Vec::<TransferProgress>::new()));
    let list = Arc::clone(&told);
    let downloaded = target.download().on_progress(move |now| list.lock().unwrap().push(now)).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    let told = told.lock().unwrap();
    assert_eq!(told[0].resumed_bytes, downloaded.resumed_bytes);
    assert_eq!(told.last().unwrap().bytes, 5 * PART + 9);
    assert_eq!(u64::from(downloaded.attempts), (5 * PART + 9 - downloaded.resumed_bytes).div_ceil(PART));
    target.assert_whole(&bytes);
}

#[tokio::test]
async fn a_resumed_download_keeps_its_part_size() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    target.interrupt_after(3).await;
    let downloaded = target.download().part_size(5 * MIB).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    assert_eq!(downloaded.parts, 6);
    target.assert_whole(&bytes);
}

#[tokio::test]
async fn a_download_with_a_checkpoint_elsewhere_resumes_from_it() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 9, 1);
    target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    let state = tempfile::tempdir().unwrap();
    let checkpoint = state.path().join("db.json");
    target.interrupt_when(target.download().checkpoint(&checkpoint), |progress| progress.parts >= 3).await;
    assert_eq!(target.files(), ["db.tar.qsdownload"]);
    let downloaded = target.download().checkpoint(&checkpoint).send().await.unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes >= 3 * PART, "{downloaded:?}");
    target.assert_whole(&bytes);
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn transfers_do_not_share_a_checkpoint() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(5 * PART, 1)).send().await.unwrap();
    let checkpoint = target.folder.path().join("checkpoint");
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let first = target.download().checkpoint(&checkpoint).bandwidth(MIB).on_progress(move |progress| {
        if progress.bytes > 0 {
            tell.notify_one();
        }
    });
    let mut first = Box::pin(first.send());
    tokio::select! {
        outcome = &mut first => panic!("the first download was not slow: {outcome:?}"),
        () = begun.notified() => {}
    }
    let second = target.download().to_file(target.folder.path().join("other")).checkpoint(&checkpoint);
    let third = target.download().checkpoint(target.folder.path().join("another"));
    for (download, problem) in [
        (second, "checkpoint is in use by another transfer"),
        (third, "db.tar.qsdownload is being written by another download"),
    ] {
        let error = tokio::select! {
            outcome = &mut first => panic!("the first download was not slow: {outcome:?}"),
            outcome = download.send() => outcome.unwrap_err().to_string(),
        };
        assert!(error.contains(problem), "{error}");
    }
    assert_eq!(target.files(), ["checkpoint", "checkpoint.lock", "db.tar.qsdownload"]);
}

#[tokio::test]
async fn a_checkpoint_of_another_kind_or_version_is_refused_and_left_alone() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(3 * PART, 1)).send().await.unwrap();
    let (source, checkpoint) = (target.folder.path().join("source"), target.folder.path().join("checkpoint"));
    fs::write(&source, content(3 * PART, 1)).unwrap();
    let upload = || target.bucket.upload("copy").file(&source).part_size(PART).checkpoint(&checkpoint);
    let old_upload = r#"{"version":1,"upload_id":"U1","parts":{}}"#;
    let old_download = r#"{"version":1,"bucket":"bucket","key":"key","done":[0]}"#;
    for (content, problem) in [
        (old_upload, "remove the file and abort the upload, whose `upload_id` is in it"),
        (r#"{"version":2,"kind":"download"}"#, "(download, and not upload)"),
        ("not JSON", "is no resume journal"),
    ] {
        fs::write(&checkpoint, content).unwrap();
        let error = upload().send().await.unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("checkpoint"), "{error}");
        assert_eq!(fs::read_to_string(&checkpoint).unwrap(), content);
    }
    for (content, problem) in [
        (old_download, "remove the file to begin again"),
        (r#"{"version":2,"kind":"upload"}"#, "(upload, and not download)"),
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
async fn an_object_that_changes_is_an_error_and_never_a_mixture() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(6 * PART, 1)).part_size(PART).send().await.unwrap();
    let one_is_there = Arc::new(Notify::new());
    let tell = Arc::clone(&one_is_there);
    // Slow enough for the change to come between.
    let download = target.download().concurrency(1).bandwidth(16 * MIB).on_progress(move |progress| {
        if progress.parts == 1 {
            tell.notify_one();
        }
    });
    let change = async {
        one_is_there.notified().await;
        target.bucket.put("key", "something else").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(download.send(), change);
    let error = outcome.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    assert!(target.files().is_empty(), "what is of no object any more is removed: {:?}", target.files());
    target.download().send().await.unwrap();
    target.assert_whole(b"something else");
}

#[tokio::test]
async fn a_download_of_something_else_is_not_gone_on_with() {
    let target = Target::new().await;
    target.bucket.upload("key").bytes(content(5 * PART, 1)).part_size(PART).send().await.unwrap();
    target.interrupt_after(2).await;
    target.bucket.upload("key").bytes(content(5 * PART, 2)).part_size(PART).send().await.unwrap();
    let downloaded = target.download().send().await.unwrap();
    assert_reported(&downloaded, 5 * PART, 5, true);
    target.assert_whole(&content(5 * PART, 2));
}

#[tokio::test]
async fn bytes_that_are_not_what_the_tag_says_do_not_become_the_file() {
    let target = Target::new().await;
    let initiated = target.bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
    let part = UploadMultipartInput::new(&initiated.upload_id, 0).body("abc");
    target.bucket.upload_multipart("key", part).await.unwrap();
    // Whoever completes an upload may claim anything.
    let complete = CompleteMultipartUploadInput::new(&initiated.upload_id, [ObjectPart::new(0)]);
    let claimed = "\"00000000000000000000000000000000\"";
    target.bucket.complete_multipart_upload("key", complete.etag(claimed)).await.unwrap();
    let error = target.download().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(error.to_string().contains("900150983cd24fb0d6963f7d28e17f72"), "{error}");
    assert!(target.files().is_empty());
    assert!(!target.download().checksum(None).send().await.unwrap().is_verified);
    target.assert_whole(b"abc");
}

#[tokio::test]
async fn tags_that_a_server_makes_of_parts_are_no_reason_to_refuse_an_object() {
    let target = Target::new().await;
    let bytes = content(5 * PART + 3, 1);
    for checksum in [None, Some(Checksum::Md5)] {
        target.bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum).send().await.unwrap();
        let downloaded = target.download().send().await.unwrap();
        assert!(downloaded.is_verified, "{downloaded:?}");
        target.assert_whole(&bytes);
    }
}

/// As another program does it, with a tag of its own making.
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

#[tokio::test]
async fn parts_that_are_not_whole_mib_are_verified_if_their_size_is_configured() {
    const ODD: usize = 5_000_000;
    let target = Target::new().await;
    let bytes = content(3 * ODD as u64, 1);
    let parts: Vec<&[u8]> = bytes.chunks(ODD).collect();
    upload_in_parts(&target.bucket, &parts, &etag_of_parts(&bytes, ODD as u64)).await;
    // 5, 6 and 7 MiB give three parts too, so a digest that differs proves nothing.
    let downloaded = target.download().send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_whole(&bytes);
    let downloaded = target.download().part_size(ODD as u64).send().await.unwrap();
    assert!(downloaded.is_verified, "{downloaded:?}");
    target.assert_whole(&bytes);
}

#[tokio::test]
async fn a_wrong_etag_of_parts_fails_if_no_other_layout_is_possible() {
    let target = Target::new().await;
    let part = content(PART, 1);
    // 4 MiB is the only size of which 8 MiB + 1 byte make three parts.
    upload_in_parts(&target.bucket, &[&part, &part, b"x"], "\"00000000000000000000000000000000-3\"").await;
    let error = target.download().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    let remedy = "use `checksum(None)` if the ETag is not made of MD5s";
    assert!(error.to_string().contains(remedy), "{error}");
    assert!(target.files().is_empty());
    let downloaded = target.download().checksum(None).send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_whole(&[part.as_slice(), &part, b"x"].concat());
}

#[tokio::test]
async fn a_wrong_etag_of_parts_leaves_the_file_unverified_if_another_layout_is_possible() {
    let target = Target::new().await;
    let part = content(PART, 1);
    upload_in_parts(&target.bucket, &[&part, &part], "\"00000000000000000000000000000000-2\"").await;
    let downloaded = target.download().send().await.unwrap();
    assert!(!downloaded.is_verified, "{downloaded:?}");
    target.assert_whole(&[part.as_slice(), &part].concat());
}

#[tokio::test]
async fn invalid_downloads_are_refused() {
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
    let nowhere = target.folder.path().join("no/such/folder/file");
    let error = target.download().to_file(&nowhere).checksum(Some(Checksum::Md5)).send().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Body && error.to_string().contains("no/such/folder"), "{error}");
    assert!(target.files().is_empty());
    target.bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
}
