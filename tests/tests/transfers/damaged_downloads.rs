//! Downloads that are resumed from a damaged checkpoint or partial file.
//!
//! The ETag of the object proves nothing about its bytes, so only the checksums in the checkpoint reveal the damage.
//! The download fetches the damaged ranges again, or all of them. It never succeeds with other bytes.

use std::fs;
use std::path::PathBuf;

use qingstor_sdk::operations::{CompleteMultipartUploadInput, InitiateMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::{Download, MIB, types::ObjectPart};
use qingstor_tests::{Random, TestBucket, content};
use serde_json::{Value, json};

use crate::support::{PART, drop_when, file_names, progress_signal, sealed, wait_until};

const PARTS: u32 = 4;
/// Number of random corruptions of a checkpoint.
const CORRUPTIONS: u64 = 40;

/// An interrupted download of an object with an ETag that is not made of MD5s.
struct Interrupted {
    bucket: TestBucket,
    bytes: Vec<u8>,
    folder: tempfile::TempDir,
    checkpoint: Vec<u8>,
    partial: Vec<u8>,
}

impl Interrupted {
    async fn new() -> Self {
        let bucket = TestBucket::start().await.unwrap();
        let bytes = content(u64::from(PARTS) * PART, 1);
        let initiated = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
        for (part, number) in bytes.chunks(PART as usize).zip(0..) {
            let input = UploadMultipartInput::new(&initiated.upload_id, number).body(part.to_vec());
            bucket.upload_multipart("key", input).await.unwrap();
        }
        let complete = CompleteMultipartUploadInput::new(&initiated.upload_id, (0..PARTS).map(ObjectPart::new));
        bucket.complete_multipart_upload("key", complete.etag("\"opaque\"")).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut this = Self { bucket, bytes, folder, checkpoint: Vec::new(), partial: Vec::new() };
        // The rate leaves time to stop the download between two parts.
        let (on_progress, fetched) = progress_signal(|progress| progress.parts == 2);
        drop_when(fetched, this.download().bandwidth(16 * MIB).on_progress(on_progress).send()).await;
        // The dropped download writes its checkpoint when its last task has stopped, and then releases its lock.
        wait_until(async || !this.path("db.tar.qsdownload.json.lock").exists()).await;
        this.checkpoint = fs::read(this.path("db.tar.qsdownload.json")).unwrap();
        this.partial = fs::read(this.path("db.tar.qsdownload")).unwrap();
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn download(&self) -> Download {
        self.bucket.download("key").to_file(self.path("db.tar")).part_size(PART).concurrency(1)
    }

    fn journal(&self) -> Value {
        serde_json::from_slice(&self.checkpoint).unwrap()
    }

    /// Resumes the download with this checkpoint and partial file. Returns the number of bytes that were not fetched
    /// again, or `None` if the download fails.
    async fn resume(&self, checkpoint: &[u8], partial: &[u8]) -> Option<u64> {
        fs::write(self.path("db.tar.qsdownload.json"), checkpoint).unwrap();
        fs::write(self.path("db.tar.qsdownload"), partial).unwrap();
        let outcome = self.download().send().await;
        if outcome.is_ok() {
            let case = String::from_utf8_lossy(checkpoint);
            assert!(fs::read(self.path("db.tar")).unwrap() == self.bytes, "other bytes; checkpoint: {case}");
            assert_eq!(file_names(self.folder.path()), ["db.tar"]);
            fs::remove_file(self.path("db.tar")).unwrap();
        }
        outcome.ok().map(|downloaded| downloaded.resumed_bytes)
    }
}

#[tokio::test]
async fn undamaged_download_is_resumed() {
    let interrupted = Interrupted::new().await;
    assert_eq!(interrupted.resume(&interrupted.checkpoint, &interrupted.partial).await, Some(2 * PART));
}

#[tokio::test]
async fn randomly_damaged_checkpoint_never_leads_to_other_bytes() {
    let interrupted = Interrupted::new().await;
    for seed in 0..CORRUPTIONS {
        let mut random = Random::new(seed);
        let mut damaged = interrupted.checkpoint.clone();
        let at = random.below(damaged.len() as u64) as usize;
        damaged[at] ^= 1 << random.below(8);
        let resumed = interrupted.resume(&damaged, &interrupted.partial).await;
        assert!(resumed.is_none_or(|bytes| bytes == 0), "seed {seed}: {resumed:?}");
    }
}

#[tokio::test]
async fn checkpoint_with_another_part_size_or_other_ranges_is_not_trusted() {
    let interrupted = Interrupted::new().await;
    let first = interrupted.journal()["parts"]["0"].clone();
    assert!(first.is_string());
    let changed = |change: fn(&mut Value, Value)| {
        let mut journal = interrupted.journal();
        change(&mut journal, first.clone());
        journal
    };
    for (journal, resumed) in [
        (changed(|journal, _| journal["part_size"] = json!(PART + MIB)), 0),
        (changed(|journal, first| journal["parts"] = json!({"0": first, "2": first, "3": null})), PART),
        (changed(|journal, _| journal["parts"] = json!({"0": null, "1": "", "2": "00000000"})), 0),
    ] {
        // Without a matching checksum of the file, nothing is resumed. With one, each range is compared.
        let unsealed = interrupted.resume(journal.to_string().as_bytes(), &interrupted.partial).await;
        assert_eq!(unsealed, Some(0), "{journal}");
        assert_eq!(
            interrupted.resume(sealed(journal.clone()).as_bytes(), &interrupted.partial).await,
            Some(resumed),
            "{journal}"
        );
    }
}

#[tokio::test]
async fn range_that_the_disk_has_lost_is_fetched_again() {
    let interrupted = Interrupted::new().await;
    let mut hole = interrupted.partial.clone();
    hole[PART as usize + 4096..PART as usize + 8192].fill(0);
    assert_eq!(interrupted.resume(&interrupted.checkpoint, &hole).await, Some(PART));
    let mut flipped = interrupted.partial.clone();
    flipped[0] ^= 1;
    flipped[2 * PART as usize - 1] ^= 1;
    assert_eq!(interrupted.resume(&interrupted.checkpoint, &flipped).await, Some(0));
}
