//! An upload with a checkpoint that is interrupted.

use std::fs;
use std::path::PathBuf;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::{Bucket, QingStor, TransferProgress, Upload, Uploaded};
use qingstor_tests::{PauseAt, Relay, TestBucket, content, etag_of_parts, open_uploads};
use serde_json::Value;

use crate::support::{PART, drop_when, progress_signal, wait_until};

pub(crate) const PARTS: u32 = 6;
pub(crate) const SIZE: u64 = 5 * PART + 1234;

/// A file, the folder that contains it and its checkpoint, and the bucket that it is uploaded to.
pub(crate) struct Interrupted {
    pub(crate) bucket: TestBucket,
    /// The same bucket for the upload. Its client may connect through a relay.
    uploader: Bucket,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) bytes: Vec<u8>,
}

impl Interrupted {
    /// Creates a file and does not upload it.
    pub(crate) async fn not_started(emulator: Builder) -> Self {
        let bytes = content(SIZE, 1);
        let bucket = TestBucket::on(emulator).await.unwrap();
        let uploader = bucket.clone();
        let this = Self { bucket, uploader, folder: tempfile::tempdir().unwrap(), bytes };
        fs::write(this.file(), &this.bytes).unwrap();
        this
    }

    /// Creates a file that is uploaded through a relay, which pauses before the response to a request.
    ///
    /// `is_request` selects the request by its request line.
    pub(crate) async fn paused_before_response(is_request: fn(&str) -> bool) -> (Self, Relay) {
        let mut this = Self::not_started(Emulator::builder()).await;
        let relay = Relay::start(this.bucket.emulator().port(), PauseAt::BeforeResponse(is_request)).await.unwrap();
        let account = QingStor::new(this.bucket.config().endpoint(relay.endpoint())).unwrap();
        this.uploader = account.bucket(this.bucket.name(), this.bucket.zone());
        (this, relay)
    }

    /// Uploads a file, and drops the upload after this number of parts.
    pub(crate) async fn after(parts: u32) -> Self {
        let this = Self::not_started(Emulator::builder()).await;
        this.drop_at(move |progress| progress.parts >= parts).await;
        this
    }

    /// Uploads the file, and drops the upload at the first progress for which `is_reached` returns true.
    pub(crate) async fn drop_at(&self, is_reached: impl Fn(&TransferProgress) -> bool + Send + Sync + 'static) {
        let (on_progress, reached) = progress_signal(is_reached);
        drop_when(reached, self.upload().on_progress(on_progress).send()).await;
    }

    /// Uploads a file, and drops the upload after its completion, while it waits for the response to HEAD of the
    /// object.
    pub(crate) async fn after_completion(upload: impl FnOnce(&Self) -> Upload) -> Self {
        // The first HEAD is sent before the completion.
        let stall = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("HeadObject").skip(1).count(1);
        let this = Self::not_started(Emulator::builder().faults(FaultPlan::new().rule(stall))).await;
        let stalled = wait_until(async || this.bucket.emulator().faults_fired() == [1]);
        drop_when(stalled, upload(&this).send()).await;
        assert_eq!(this.open_uploads().await, 0, "the upload is not completed");
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

    /// Returns the path of the temporary file that replaces the checkpoint.
    pub(crate) fn new_checkpoint(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsupload.new")
    }

    /// Returns an upload whose checkpoint cannot be replaced after the first bytes were sent.
    pub(crate) fn upload_with_stale_checkpoint(&self) -> Upload {
        // A folder in the place of the temporary file makes the replacement fail.
        let obstacle = self.new_checkpoint();
        self.upload().on_progress(move |progress| {
            if progress.bytes > 0 && !obstacle.exists() {
                fs::create_dir(&obstacle).unwrap();
            }
        })
    }

    pub(crate) fn checkpoint_content(&self) -> Value {
        serde_json::from_slice(&fs::read(self.checkpoint()).unwrap()).unwrap()
    }

    pub(crate) fn upload_id(&self) -> String {
        self.checkpoint_content()["transfer"]["upload_id"].as_str().unwrap().to_owned()
    }

    /// Returns the ETag of the uploaded object.
    pub(crate) fn etag(&self) -> String {
        etag_of_parts(&self.bytes, PART)
    }

    /// Returns the number of uploads that were neither completed nor aborted.
    pub(crate) async fn open_uploads(&self) -> usize {
        open_uploads(&self.bucket).await.unwrap().len()
    }

    /// Asserts that the upload stored the whole file and left neither a checkpoint nor an open upload.
    pub(crate) async fn assert_complete(&self, uploaded: &Uploaded) {
        assert_eq!((uploaded.size, uploaded.parts), (SIZE, PARTS));
        assert!(self.bucket.read("key").await.unwrap() == self.bytes);
        assert!(!self.checkpoint().exists(), "the checkpoint is left");
        assert!(!self.folder.path().join("db.tar.qsupload.lock").exists());
        assert_eq!(self.open_uploads().await, 0);
    }
}
