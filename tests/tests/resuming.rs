//! Uploads that were interrupted and go on.
//!
//! Protects: what is resumed is byte-identical; what the server has is not sent again, and nothing is taken for sent that
//! is not what the file holds; and a checkpoint that does not fit is refused and left alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use md5::{Digest, Md5};
use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, ErrorKind, ListMultipartUploadsInput, MIB, Upload,
    UploadMultipartInput, Uploaded,
};
use qingstor_tests::{TestBucket, content};
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
    /// An upload that was dropped after some parts, two at a time.
    async fn after(parts: u32) -> Self {
        Self::on(Emulator::builder(), parts).await
    }

    async fn on(emulator: Builder, parts: u32) -> Self {
        let bytes = content(SIZE, 1);
        let this =
            Self { bucket: TestBucket::on(emulator).await.unwrap(), folder: tempfile::tempdir().unwrap(), bytes };
        fs::write(this.file(), &this.bytes).unwrap();
        let enough = Arc::new(Notify::new());
        let tell = Arc::clone(&enough);
        let upload = this.upload().on_progress(move |progress| {
            if progress.parts >= parts {
                tell.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = enough.notified() => {}
            outcome = upload.send() => panic!("it was not interrupted: {outcome:?}"),
        }
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

    fn noted(&self) -> Value {
        serde_json::from_slice(&fs::read(self.checkpoint()).unwrap()).unwrap()
    }

    fn upload_id(&self) -> String {
        self.noted()["upload_id"].as_str().unwrap().to_owned()
    }

    /// The entity tag that it will have.
    fn tag(&self) -> String {
        let hex = |sum: &[u8]| sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let sums: Vec<u8> = self.bytes.chunks(PART as usize).flat_map(|part| Md5::digest(part).to_vec()).collect();
        format!("\"{}-{PARTS}\"", hex(&Md5::digest(sums)))
    }

    async fn open_uploads(&self) -> usize {
        self.bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads.len()
    }

    async fn assert_whole(&self, uploaded: &Uploaded) {
        assert_eq!((uploaded.size, uploaded.parts), (SIZE, PARTS));
        assert!(self.bucket.read("key").await.unwrap() == self.bytes);
        assert!(!self.checkpoint().exists(), "it is not needed any more");
        assert_eq!(self.open_uploads().await, 0);
    }
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
    let interrupted = Interrupted::after(2).await;
    // As if the program had died between completion and the end.
    let mut noted = interrupted.noted();
    let sums = interrupted
        .bytes
        .chunks(PART as usize)
        .map(|part| Md5::digest(part).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    noted["parts"] = sums.enumerate().map(|(number, sum)| (number.to_string(), Value::from(sum))).collect();
    interrupted.upload().send().await.unwrap();
    fs::write(interrupted.checkpoint(), noted.to_string()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert_eq!((uploaded.attempts, uploaded.resumed_bytes, uploaded.restarted), (0, SIZE, false));
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_somebody_else_completes_meanwhile_is_a_success() {
    // Whoever began it is dead, and its completion still on the way when this one looks for what is there.
    let late = Fault::Latency { delay: Duration::from_millis(500) };
    let plan = FaultPlan::new().rule(FaultRule::new(late).operation("ListMultipart").count(2));
    let interrupted = Interrupted::on(Emulator::builder().faults(plan), PARTS).await;
    let complete = async {
        // The list has a second page, which says that there is no more.
        while interrupted.bucket.emulator().faults_fired() != [2] {
            tokio::task::yield_now().await;
        }
        let parts = (0..PARTS).map(ObjectPart::new);
        let complete = CompleteMultipartUploadInput::new(interrupted.upload_id(), parts);
        let tag = interrupted.tag();
        interrupted.bucket.complete_multipart_upload("key", complete.etag(tag)).await.unwrap();
    };
    let (uploaded, ()) = tokio::join!(interrupted.upload().send(), complete);
    interrupted.assert_whole(&uploaded.unwrap()).await;
}

#[tokio::test]
async fn an_upload_whose_checkpoint_cannot_be_written_is_kept() {
    let interrupted = Interrupted::after(3).await;
    // What it would be replaced by cannot be a file.
    let new = interrupted.folder.path().join("db.tar.qsupload.new");
    fs::create_dir(&new).unwrap();
    let before = interrupted.noted();
    let error = interrupted.upload().send().await.unwrap_err();
    assert!(error.to_string().contains("is kept") && error.kind() == ErrorKind::Body, "{error}");
    assert_eq!((interrupted.noted(), interrupted.open_uploads().await), (before, 1));
    fs::remove_dir(&new).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART, "{uploaded:?}");
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
