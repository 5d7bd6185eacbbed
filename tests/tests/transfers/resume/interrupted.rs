//! What the tests of resuming begin with.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::ListMultipartUploadsInput;
use qingstor_sdk::{Bucket, MIB, QingStor, TransferProgress, Upload, Uploaded};
use qingstor_tests::{PauseAt, Relay, TestBucket, content, etag_of_parts};
use serde_json::Value;
use tokio::sync::Notify;

pub(crate) const PART: u64 = 4 * MIB;
pub(crate) const PARTS: u32 = 6;
pub(crate) const SIZE: u64 = 5 * PART + 1234;

/// A file, where its checkpoint is, and a bucket to upload it to.
pub(crate) struct Interrupted {
    pub(crate) bucket: TestBucket,
    /// The same bucket, for whoever uploads.
    uploader: Bucket,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) bytes: Vec<u8>,
}

impl Interrupted {
    pub(crate) async fn not_begun(emulator: Builder) -> Self {
        let bytes = content(SIZE, 1);
        let bucket = TestBucket::on(emulator).await.unwrap();
        let uploader = bucket.clone();
        let this = Self { bucket, uploader, folder: tempfile::tempdir().unwrap(), bytes };
        fs::write(this.file(), &this.bytes).unwrap();
        this
    }

    /// One that is uploaded over a wire which stands still before an answer is passed on.
    pub(crate) async fn before_an_answer(to: fn(&str) -> bool) -> (Self, Relay) {
        let mut this = Self::not_begun(Emulator::builder()).await;
        let relay = Relay::start(this.bucket.emulator().port(), PauseAt::BeforeResponse(to)).await.unwrap();
        let account = QingStor::new(this.bucket.config().endpoint(relay.endpoint())).unwrap();
        this.uploader = account.bucket(this.bucket.name(), this.bucket.zone());
        (this, relay)
    }

    /// An upload that was dropped after some parts, two at a time.
    pub(crate) async fn after(parts: u32) -> Self {
        let this = Self::not_begun(Emulator::builder()).await;
        this.drop_when(move |progress| progress.parts >= parts).await;
        this
    }

    pub(crate) async fn drop_when(&self, is_enough: impl Fn(TransferProgress) -> bool + Send + Sync + 'static) {
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
    pub(crate) async fn after_completion(upload: impl FnOnce(&Self) -> Upload) -> Self {
        // It is looked at before, too.
        let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("HeadObject").skip(1).count(1);
        let this = Self::not_begun(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
        tokio::select! {
            () = until(async || this.bucket.emulator().faults_fired() == [1]) => {}
            outcome = upload(&this).send() => panic!("it was not interrupted: {outcome:?}"),
        }
        assert_eq!(this.open_uploads().await, 0, "it is complete");
        this
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("db.tar")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsupload")
    }

    pub(crate) fn upload(&self) -> Upload {
        self.uploader.upload("key").file(self.file()).part_size(PART).concurrency(2).checkpoint(self.checkpoint())
    }

    /// Where the next state of the checkpoint is written before it takes the last one's place.
    pub(crate) fn new_checkpoint(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsupload.new")
    }

    /// An upload whose checkpoint cannot be written any more once it has begun.
    pub(crate) fn unnoted(&self) -> Upload {
        let in_the_way = self.new_checkpoint();
        self.upload().on_progress(move |progress| {
            if progress.bytes > 0 && !in_the_way.exists() {
                fs::create_dir(&in_the_way).unwrap();
            }
        })
    }

    pub(crate) fn noted(&self) -> Value {
        serde_json::from_slice(&fs::read(self.checkpoint()).unwrap()).unwrap()
    }

    pub(crate) fn upload_id(&self) -> String {
        self.noted()["transfer"]["upload_id"].as_str().unwrap().to_owned()
    }

    /// The entity tag that it will have.
    pub(crate) fn tag(&self) -> String {
        etag_of_parts(&self.bytes, PART)
    }

    pub(crate) async fn open_uploads(&self) -> usize {
        self.bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads.len()
    }

    pub(crate) async fn assert_whole(&self, uploaded: &Uploaded) {
        assert_eq!((uploaded.size, uploaded.parts), (SIZE, PARTS));
        assert!(self.bucket.read("key").await.unwrap() == self.bytes);
        assert!(!self.checkpoint().exists(), "it is not needed any more");
        assert!(!self.folder.path().join("db.tar.qsupload.lock").exists());
        assert_eq!(self.open_uploads().await, 0);
    }
}

/// Waits until something is so, which takes no longer than a minute unless it never is.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap();
}
