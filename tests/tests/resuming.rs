//! Uploads that were interrupted and go on.
//!
//! Protects: what is resumed is byte-identical; what the server has is not sent again, and nothing is taken for sent that
//! is not what the file holds; a checkpoint that does not fit, or is in use, is refused and left alone; one that cannot be
//! written ends nothing; and no upload is left behind that nothing knows of.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{
    AbortMultipartUploadInput, CustomerKey, ErrorKind, ListMultipartUploadsInput, MIB, QingStor, TransferProgress,
    Upload, UploadMultipartInput, Uploaded,
};
use qingstor_tests::TestBucket;
use serde_json::Value;
use tokio::sync::Notify;

const PART: u64 = 4 * MIB;
const PARTS: u32 = 6;
const SIZE: u64 = 5 * PART + 1234;

/// A file, where its checkpoint is, and a bucket to upload it to.
struct Interrupted {
    bucket: TestBucket,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Interrupted {
    async fn not_begun(emulator: Builder) -> Self {
        let bytes: Vec<u8> = (0..SIZE).map(|place| (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let bucket = TestBucket::on(emulator).await.unwrap();
        let this = Self { bucket, folder: tempfile::tempdir().unwrap(), bytes };
        fs::write(this.file(), &this.bytes).unwrap();
        this
    }

    /// An upload that was dropped after some parts, two at a time.
    async fn after(parts: u32) -> Self {
        let this = Self::not_begun(Emulator::builder()).await;
        this.drop_when(move |progress| progress.parts >= parts).await;
        this
    }

    async fn drop_when(&self, is_enough: impl Fn(TransferProgress) -> bool + Send + Sync + 'static) {
        let enough = Arc::new(Notify::new());
        let tell = Arc::clone(&enough);
        let upload = self.upload().on_progress(move |progress| {
            if is_enough(progress) {
                tell.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = enough.notified() => {}
            outcome = upload.send() => panic!("it was not interrupted: {outcome:?}"),
        }
    }

    /// An upload that was dropped after its completion, before anybody could know of that.
    async fn after_completion(upload: impl FnOnce(&Self) -> Upload) -> Self {
        let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("HeadObject").count(1);
        let this = Self::not_begun(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
        tokio::select! {
            () = until(async || this.bucket.emulator().faults_fired() == [1]) => {}
            outcome = upload(&this).send() => panic!("it was not interrupted: {outcome:?}"),
        }
        assert_eq!(this.open_uploads().await, 0, "it is complete");
        this
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("db.tar")
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsupload")
    }

    fn upload(&self) -> Upload {
        self.bucket.upload("key").file(self.file()).part_size(PART).concurrency(2).checkpoint(self.checkpoint())
    }

    /// Where the next state of the checkpoint is written before it takes the last one's place.
    fn new_checkpoint(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsupload.new")
    }

    /// An upload whose checkpoint cannot be written any more once it has begun.
    fn unnoted(&self) -> Upload {
        let in_the_way = self.new_checkpoint();
        self.upload().on_progress(move |progress| {
            if progress.bytes > 0 && !in_the_way.exists() {
                fs::create_dir(&in_the_way).unwrap();
            }
        })
    }

    fn noted(&self) -> Value {
        serde_json::from_slice(&fs::read(self.checkpoint()).unwrap()).unwrap()
    }

    fn upload_id(&self) -> String {
        self.noted()["upload_id"].as_str().unwrap().to_owned()
    }

    async fn open_uploads(&self) -> usize {
        self.bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads.len()
    }

    async fn assert_whole(&self, uploaded: &Uploaded) {
        assert_eq!((uploaded.size, uploaded.parts), (SIZE, PARTS));
        assert!(self.bucket.read("key").await.unwrap() == self.bytes);
        assert!(!self.checkpoint().exists(), "it is not needed any more");
        assert!(!self.folder.path().join("db.tar.qsupload.lock").exists());
        assert_eq!(self.open_uploads().await, 0);
    }
}

/// Waits until something is so, which takes no longer than a minute unless it never is.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again() {
    let interrupted = Interrupted::after(3).await;
    assert_eq!(interrupted.open_uploads().await, 1, "it was not aborted");
    let upload_id = interrupted.upload_id();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!(uploaded.upload_id.as_deref(), Some(upload_id.as_str()));
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    assert_eq!(u64::from(uploaded.attempts), (SIZE - uploaded.resumed_bytes).div_ceil(PART));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn parts_that_were_not_noted_are_found_by_reading_the_file() {
    let interrupted = Interrupted::after(3).await;
    let mut noted = interrupted.noted();
    noted["parts"] = serde_json::json!({});
    fs::write(interrupted.checkpoint(), noted.to_string()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_part_that_is_not_what_the_file_holds_is_sent_again() {
    let interrupted = Interrupted::after(3).await;
    for (number, size) in [(0, PART), (1, PART - 1)] {
        let wrong = UploadMultipartInput::new(interrupted.upload_id(), number).body(vec![0; size as usize]);
        interrupted.bucket.upload_multipart("key", wrong).await.unwrap();
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes <= SIZE - 2 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_file_that_changed_is_refused_and_nothing_is_lost() {
    let interrupted = Interrupted::after(2).await;
    fs::OpenOptions::new().append(true).open(interrupted.file()).unwrap().write_all(b"more").unwrap();
    let before = interrupted.noted();
    let error = interrupted.upload().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    let text = error.to_string();
    assert!(text.contains(&format!("it had {SIZE} bytes and has {}", SIZE + 4)), "{text}");
    assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    assert_eq!((interrupted.noted(), interrupted.open_uploads().await), (before, 1));
}

#[tokio::test]
async fn an_upload_that_is_gone_begins_anew_and_says_so() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted && uploaded.resumed_bytes == 0, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_was_complete_is_found_to_be() {
    let interrupted = Interrupted::after_completion(Interrupted::upload).await;
    assert_eq!(interrupted.noted()["parts"].as_object().unwrap().len(), PARTS as usize);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn so_is_one_of_which_nothing_was_noted() {
    let interrupted = Interrupted::after_completion(Interrupted::unnoted).await;
    assert_eq!(interrupted.noted()["parts"], serde_json::json!({}));
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_object_of_other_bytes_is_not_taken_for_it() {
    let interrupted = Interrupted::after(2).await;
    let abort = AbortMultipartUploadInput::new(interrupted.upload_id());
    interrupted.bucket.abort_multipart_upload("key", abort).await.unwrap();
    // As many bytes in as many parts.
    let other = interrupted.bucket.upload("key").bytes(vec![1; SIZE as usize]).part_size(PART);
    assert_eq!(other.send().await.unwrap().parts, PARTS);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_ends_nothing() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    let uploaded = interrupted.unnoted().send().await.unwrap();
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_whose_checkpoint_was_never_written_is_not_left_behind() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    let error = interrupted.upload().send().await.unwrap_err().to_string();
    assert!(error.contains("db.tar.qsupload could not be written") && error.contains("was aborted"), "{error}");
    assert_eq!(interrupted.open_uploads().await, 0);
    // Dropped between the answer that there is an upload and the file that knows of it.
    interrupted.drop_when(|progress| progress.total_parts.is_some()).await;
    until(async || interrupted.open_uploads().await == 0).await;
}

#[tokio::test]
async fn an_upload_that_was_dropped_while_it_was_begun_is_not_left_behind() {
    let slow =
        FaultRule::new(Fault::Latency { delay: Duration::from_millis(200) }).operation("InitiateMultipartUpload");
    let interrupted = Interrupted::not_begun(Emulator::builder().faults(FaultPlan::new().rule(slow))).await;
    {
        let sending = interrupted.upload().send();
        tokio::select! {
            outcome = sending => panic!("it was not interrupted: {outcome:?}"),
            () = until(async || interrupted.open_uploads().await == 1) => {}
        }
    }
    until(async || interrupted.open_uploads().await == 0).await;
    assert!(!interrupted.checkpoint().exists());
}

#[tokio::test]
async fn what_cannot_be_noted_once_more_stays_resumable() {
    let interrupted = Interrupted::after(2).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    interrupted.drop_when(|progress| progress.parts >= 3).await;
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn who_cancels_does_not_wait_until_it_is_known_what_is_there() {
    let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("ListMultipart").count(1);
    let interrupted = Interrupted::not_begun(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
    interrupted.drop_when(|progress| progress.parts >= 2).await;
    let (cancel, cancelled) = tokio::sync::oneshot::channel::<()>();
    let sending = interrupted.upload().cancel_on(async { cancelled.await.unwrap() }).send();
    let cancelling = async {
        until(async || interrupted.bucket.emulator().faults_fired() == [1]).await;
        cancel.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(sending, cancelling);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 2 * PART, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn two_uploads_do_not_share_a_checkpoint() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let first = interrupted.upload().bandwidth(MIB).on_progress(move |progress| {
        if progress.bytes > 0 {
            tell.notify_one();
        }
    });
    {
        let mut first = Box::pin(first.send());
        tokio::select! {
            outcome = &mut first => panic!("it was not slow: {outcome:?}"),
            () = begun.notified() => {}
        }
        let second = interrupted.upload();
        let error = tokio::select! {
            outcome = &mut first => panic!("it was not slow: {outcome:?}"),
            outcome = second.send() => outcome.unwrap_err().to_string(),
        };
        assert!(error.contains("db.tar.qsupload is in use by another upload"), "{error}");
        assert_eq!(interrupted.open_uploads().await, 1, "nothing was sent");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(!uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_checkpoint_that_does_not_fit_is_refused() {
    let interrupted = Interrupted::after(2).await;
    let other_file = interrupted.folder.path().join("other");
    fs::write(&other_file, &interrupted.bytes).unwrap();
    let on = |key: &str, file: &Path| {
        interrupted.bucket.upload(key).file(file).part_size(PART).checkpoint(interrupted.checkpoint())
    };
    for (upload, kind, problem) in [
        (on("elsewhere", &interrupted.file()), ErrorKind::InvalidInput, "is that of an upload to key \"key\""),
        (on("key", &other_file), ErrorKind::Body, "it was "),
        (interrupted.upload().bytes("x"), ErrorKind::InvalidInput, "checkpoint: only a file can be read again"),
    ] {
        let error = upload.send().await.unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(problem), "{error}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "and it can still be resumed");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_began_otherwise_is_not_gone_on_with() {
    let interrupted = Interrupted::after(2).await;
    let elsewhere = format!("http://localhost:{}", interrupted.bucket.emulator().port());
    let elsewhere = QingStor::new(interrupted.bucket.config().endpoint(elsewhere)).unwrap();
    let elsewhere = elsewhere.bucket("bucket", interrupted.bucket.zone()).upload("key").file(interrupted.file());
    let other_zone = interrupted.bucket.account().bucket("bucket", "sh1a").upload("key").file(interrupted.file());
    let key = CustomerKey::aes256([7; 32]);
    for (upload, problem) in [
        (elsewhere.checkpoint(interrupted.checkpoint()), interrupted.bucket.emulator().endpoint()),
        (other_zone.checkpoint(interrupted.checkpoint()), "zone \"pek3a\"".to_owned()),
        (interrupted.upload().content_type("text/csv"), "another value of content_type,".to_owned()),
        (interrupted.upload().metadata("origin", "db1"), "another value of metadata,".to_owned()),
        (interrupted.upload().storage_class(StorageClass::StandardIa), "another value of storage_class,".to_owned()),
        (interrupted.upload().encryption(key), "another value of encryption,".to_owned()),
    ] {
        let error = upload.send().await.unwrap_err();
        let text = error.to_string();
        assert!(error.kind() == ErrorKind::InvalidInput && text.contains(&problem), "{text}");
        assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "and it can still be resumed");
    interrupted.assert_whole(&uploaded).await;
}
