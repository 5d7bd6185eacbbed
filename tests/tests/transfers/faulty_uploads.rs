//! Uploads to a server with random faults.
//!
//! An upload stores exactly its bytes or fails. Errors report every multipart upload that is left on the server. The
//! same call resumes a failed upload with a checkpoint. The number of bytes that are sent again is limited.
//!
//! `QINGSTOR_FAULTY_UPLOADS` sets the number of uploads (default: 200). `QINGSTOR_SEED` selects a single seed.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::{Bucket, Error, MIB, UploadState, Uploaded};
use qingstor_tests::{
    Random, TestBucket, content, for_each_seed, logged_upload_bytes, open_uploads, retrying_bucket,
    retrying_bucket_with_timeouts, seeds,
};
use tempfile::TempDir;

use crate::support::{PART, error_response, file_names};

const DEFAULT_UPLOADS: u64 = 200;
/// Idle timeout of the client. Its response timeout is twice as long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum number of calls until an upload with a checkpoint has to succeed.
const MAX_CALLS: u32 = 12;

/// Returns all faults except a flipped bit in a response.
///
/// The responses to uploads have no checksum. A flipped bit in an upload id would make the upload unknown to the
/// client.
fn faults() -> [Fault; 16] {
    [
        error_response(500, None),
        error_response(503, Some("service_unavailable")),
        Fault::ErrorAnswer { status: 429, code: Some("too_many_requests".to_owned()), retry_after: Some(0) },
        Fault::ResetBeforeAnswer,
        Fault::ResetInBody { after: Offset::Fraction(0.5) },
        Fault::CutAnswer { after: Offset::Bytes(3) },
        Fault::LoseAnswer,
        Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None },
        Fault::StallBeforeAnswer { lasts: None },
        Fault::StallInAnswer { after: Offset::Bytes(3), lasts: None },
        Fault::Latency { delay: Duration::from_millis(600) },
        Fault::SlowReceive { bytes_per_second: 16 * MIB },
        Fault::SlowSend { bytes_per_second: 1 << 10 },
        Fault::Bandwidth { bytes_per_second: 16 * MIB },
        Fault::FlipReceivedBit { at: Some(Offset::Fraction(0.3)) },
        Fault::WrongEtag,
    ]
}

/// Returns a plan in which one request in ten has a fault, and some connections are closed when they are accepted.
fn random_faults(seed: u64) -> FaultPlan {
    let faults = faults();
    let share = 0.1 / faults.len() as f64;
    let operations = [
        "PutObject",
        "InitiateMultipartUpload",
        "UploadMultipart",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListMultipart",
        "HeadObject",
    ];
    let closed = FaultRule::new(Fault::CloseOnAccept).probability(share);
    let rules = operations.iter().flat_map(|operation| faults.iter().map(move |fault| (operation, fault)));
    rules.fold(FaultPlan::new().seed(seed).rule(closed), |plan, (operation, fault)| {
        plan.rule(FaultRule::new(fault.clone()).operation(*operation).probability(share))
    })
}

/// The source of an upload's bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    Bytes,
    File,
    Reader,
    Writer,
    FileWithCheckpoint,
}

const SOURCES: [Source; 5] = [Source::Bytes, Source::File, Source::Reader, Source::Writer, Source::FileWithCheckpoint];

/// An upload and the server that it is sent to.
struct Round {
    seed: u64,
    bytes: Vec<u8>,
    source: Source,
    test: TestBucket,
    /// The bucket, for the checks. Its client has longer timeouts than the client of the upload.
    bucket: Bucket,
    folder: TempDir,
    /// Ids of the uploads that errors reported as left on the server.
    reported: HashSet<String>,
    /// Number of errors that reported an upload that may have been initiated and whose id is unknown.
    without_id: usize,
    /// True if an error reported that the object may exist.
    may_exist: bool,
}

impl Round {
    async fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let source = SOURCES[random.below(SOURCES.len() as u64) as usize];
        // One upload in four is a single request.
        let size = if random.below(4) == 0 { random.below(PART + 1) } else { PART + 1 + random.below(5 * PART) };
        let (bytes, folder) = (content(size, seed), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("source")).unwrap();
        let emulator = Emulator::builder().faults(random_faults(seed)).access_log(folder.path().join("log"));
        let test = TestBucket::on(emulator).await.unwrap();
        let bucket = retrying_bucket(&test).unwrap();
        let reported = HashSet::new();
        let this = Self { seed, bytes, source, test, bucket, folder, reported, without_id: 0, may_exist: false };
        fs::write(this.file(), &this.bytes).unwrap();
        this
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("source/db.tar")
    }

    async fn upload(&self) -> Result<Uploaded, Error> {
        let bucket = retrying_bucket_with_timeouts(&self.test, IDLE_TIMEOUT, 2 * IDLE_TIMEOUT).unwrap();
        let upload = bucket.upload("key").part_size(PART).concurrency(3);
        let upload = match self.source {
            Source::Bytes => upload.bytes(self.bytes.clone()),
            Source::File => upload.file(self.file()),
            Source::Reader => upload.reader(std::io::Cursor::new(self.bytes.clone())),
            Source::Writer => {
                let mut writer = upload.writer().await?;
                for piece in self.bytes.chunks(3_000_000) {
                    writer.write_bytes(piece.to_vec()).await?;
                }
                return writer.finish().await;
            }
            Source::FileWithCheckpoint => upload.file(self.file()).checkpoint(self.file().with_extension("qsupload")),
        };
        upload.send().await
    }

    /// Returns the content of the object. The fault plan has no rule for GetObject.
    async fn object(&self) -> Result<Vec<u8>, Error> {
        let object = self.bucket.get_object("key", GetObjectInput::new()).await?;
        object.body.bytes().await.map(Vec::from)
    }

    /// Asserts that errors have reported all uploads that exist on the server.
    async fn assert_uploads_reported(&self, outcome: &str) {
        let open = open_uploads(&self.bucket).await.unwrap();
        let unreported = open.iter().filter(|id| !self.reported.contains(*id)).count();
        assert!(
            unreported <= self.without_id,
            "seed {}: {unreported} of the uploads {open:?} were not reported; {outcome}",
            self.seed
        );
    }

    async fn assert_succeeded(&self, uploaded: &Uploaded) {
        let Self { seed, bytes, .. } = self;
        assert_eq!(uploaded.size, bytes.len() as u64, "seed {seed}");
        assert!(self.object().await.unwrap() == *bytes, "seed {seed}: {uploaded:?}");
        self.assert_uploads_reported(&format!("{uploaded:?}")).await;
        assert_eq!(file_names(&self.folder.path().join("source")), ["db.tar"], "seed {seed}");
    }

    async fn assert_failed(&mut self, error: &Error) {
        let (seed, text) = (self.seed, error.to_string());
        let state = error.upload_state();
        if let Some(UploadState::Kept { .. } | UploadState::AbortFailed { .. } | UploadState::Unknown { .. }) = state {
            self.reported.insert(error.upload_id().unwrap().to_owned());
        }
        let is_kept = matches!(state, Some(UploadState::Kept { .. }));
        assert!(!is_kept || self.source == Source::FileWithCheckpoint, "seed {seed}: {text}");
        self.without_id += usize::from(matches!(state, Some(UploadState::MaybeStarted)));
        self.assert_uploads_reported(&text).await;
        self.may_exist |= matches!(state, Some(UploadState::Completed | UploadState::Unknown { .. }));
        match self.object().await {
            Ok(object) => {
                assert!(object == self.bytes, "seed {seed}: the object has other bytes; {text}");
                // The error of a single request does not say that an earlier attempt may have stored the object.
                let is_single_request = self.bytes.len() as u64 <= PART;
                assert!(self.may_exist || is_single_request, "seed {seed}: the error hides the object; {text}");
            }
            Err(missing) => assert!(missing.is_not_found(), "seed {seed}: {missing}"),
        }
    }
}

/// The outcome of an upload.
struct Outcome {
    size: u64,
    /// Number of body bytes that the server received.
    received: u64,
    /// Number of calls that failed.
    failures: u32,
    succeeded: bool,
    /// Number of closed connections, followed by the number of injected faults of each kind for each operation.
    fired: Vec<u64>,
}

/// Runs a random upload, and resumes it until it succeeds if it has a checkpoint.
async fn run_upload(seed: u64) -> Outcome {
    let mut round = Round::new(seed).await;
    let mut failures = 0;
    let succeeded = loop {
        match round.upload().await {
            Ok(uploaded) => {
                round.assert_succeeded(&uploaded).await;
                break true;
            }
            Err(error) => {
                round.assert_failed(&error).await;
                failures += 1;
                assert!(failures < MAX_CALLS, "seed {seed}: the upload failed {failures} times; {error}");
                if round.source != Source::FileWithCheckpoint {
                    break false;
                }
            }
        }
    };
    let Round { test, bytes, folder, .. } = round;
    let fired = test.emulator().faults_fired();
    test.stop().await;
    let received = logged_upload_bytes(&folder.path().join("log")).unwrap();
    Outcome { size: bytes.len() as u64, received, failures, succeeded, fired }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_with_random_faults_is_complete_or_an_error() {
    let outcomes = for_each_seed(seeds("QINGSTOR_FAULTY_UPLOADS", DEFAULT_UPLOADS), 6, run_upload).await;
    let total = outcomes.len();
    let first_call = outcomes.iter().filter(|outcome| outcome.failures == 0).count();
    let succeeded: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.succeeded).collect();
    let stored: u64 = succeeded.iter().map(|outcome| outcome.size).sum();
    // This includes the bytes of uploads that failed.
    let received: u64 = outcomes.iter().map(|outcome| outcome.received).sum();
    println!(
        "{first_call} of {total} succeeded at the first call, {} in the end; {:.3} bytes were received for each stored",
        succeeded.len(),
        received as f64 / stored as f64
    );
    let mut hits = faults().map(|fault| (fault.name(), 0));
    for (index, fired) in outcomes.iter().flat_map(|outcome| outcome.fired.iter().skip(1).enumerate()) {
        hits[index % faults().len()].1 += fired;
    }
    println!("hits of each fault: {hits:?}");
    // With only a few uploads, the shares depend on chance.
    if total as u64 >= DEFAULT_UPLOADS {
        assert!(first_call * 10 >= total * 8, "{first_call} of {total}");
        assert!(received * 4 <= stored * 5, "{received} bytes were received, and {stored} stored");
        assert!(hits.iter().all(|(_, fired)| *fired > 0), "{hits:?}");
    }
}
