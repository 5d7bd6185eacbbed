//! Uploads to a server that misbehaves.
//!
//! Protects: an upload succeeds byte for byte or fails and says so, whatever happens on the way; it never succeeds wrongly;
//! it leaves no parts behind of which it did not tell; one with a checkpoint is gone on with; and what is sent again stays
//! in bounds.
//!
//! `QINGSTOR_FAULTY_UPLOADS` says how many uploads are tried, 200 if it does not; `QINGSTOR_SEED` has one alone.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::{Bucket, Error, MIB, Upload, UploadState, Uploaded};
use qingstor_tests::{
    Random, TestBucket, content, for_each_seed, logged_upload_bytes, open_uploads, retrying_bucket,
    retrying_bucket_with_timeouts, seeds,
};
use tempfile::TempDir;

const USUAL: u64 = 200;
const PART: u64 = 4 * MIB;
/// How long nothing may move. An answer that stays away is waited for longer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often an upload with a checkpoint is gone on with that failed.
const MAX_CALLS: u32 = 12;

/// All that can go wrong with a request, but for a bit that flips in an answer: no answer to an upload has a sum, and if it
/// is in the upload's id, nobody knows of what is left behind.
fn faults() -> [Fault; 16] {
    [
        Fault::ErrorAnswer { status: 500, code: None, retry_after: None },
        Fault::ErrorAnswer { status: 503, code: Some("service_unavailable".to_owned()), retry_after: None },
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

/// One request in ten has one of the faults, and some connections are closed at once.
fn everything(seed: u64) -> FaultPlan {
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
        // A rule sees what those before it let through.
        plan.rule(FaultRule::new(fault.clone()).operation(*operation).probability(share))
    })
}

/// Where an upload's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    Bytes,
    File,
    Reader,
    Checkpoint,
}

const SOURCES: [Source; 4] = [Source::Bytes, Source::File, Source::Reader, Source::Checkpoint];

struct Round {
    seed: u64,
    bytes: Vec<u8>,
    source: Source,
    test: TestBucket,
    bucket: Bucket,
    folder: TempDir,
    /// Uploads that failed calls said they left behind.
    told: HashSet<String>,
    /// How many they said may be there whose ids nobody knows.
    unknown: usize,
    /// Whether a failed call said that there may be an object.
    may_be_there: bool,
}

impl Round {
    async fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let source = SOURCES[random.below(SOURCES.len() as u64) as usize];
        // One in four is sent at once.
        let size = if random.below(4) == 0 { random.below(PART + 1) } else { PART + 1 + random.below(5 * PART) };
        let (bytes, folder) = (content(size, seed), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("source")).unwrap();
        let emulator = Emulator::builder().faults(everything(seed)).access_log(folder.path().join("log"));
        let test = TestBucket::on(emulator).await.unwrap();
        let bucket = retrying_bucket(&test).unwrap();
        let told = HashSet::new();
        let this = Self { seed, bytes, source, test, bucket, folder, told, unknown: 0, may_be_there: false };
        fs::write(this.file(), &this.bytes).unwrap();
        this
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("source/db.tar")
    }

    fn upload(&self) -> Upload {
        let bucket = retrying_bucket_with_timeouts(&self.test, IDLE_TIMEOUT, 2 * IDLE_TIMEOUT).unwrap();
        let upload = bucket.upload("key").part_size(PART).concurrency(3);
        match self.source {
            Source::Bytes => upload.bytes(self.bytes.clone()),
            Source::File => upload.file(self.file()),
            Source::Reader => upload.reader(std::io::Cursor::new(self.bytes.clone())),
            Source::Checkpoint => upload.file(self.file()).checkpoint(self.file().with_extension("qsupload")),
        }
    }

    /// What is there, by requests that have no faults.
    async fn object(&self) -> Result<Vec<u8>, Error> {
        let object = self.bucket.get_object("key", GetObjectInput::new()).await?;
        object.body.bytes().await.map(Vec::from)
    }

    async fn assert_nothing_untold(&self, what: &str) {
        let open = open_uploads(&self.bucket).await.unwrap();
        let untold = open.iter().filter(|id| !self.told.contains(*id)).count();
        assert!(untold <= self.unknown, "seed {}: of {open:?}, {untold} are left untold; {what}", self.seed);
    }

    async fn assert_succeeded(&self, uploaded: &Uploaded) {
        let Self { seed, bytes, .. } = self;
        assert_eq!(uploaded.size, bytes.len() as u64, "seed {seed}");
        assert!(self.object().await.unwrap() == *bytes, "seed {seed}: {uploaded:?}");
        self.assert_nothing_untold(&format!("{uploaded:?}")).await;
        let files = fs::read_dir(self.folder.path().join("source")).unwrap().count();
        assert_eq!(files, 1, "seed {seed}: something is left beside the file");
    }

    async fn assert_failed(&mut self, error: &Error) {
        let (seed, text) = (self.seed, error.to_string());
        let state = error.upload_state();
        if let Some(UploadState::Kept { .. } | UploadState::AbortFailed { .. } | UploadState::Unknown { .. }) = state {
            self.told.insert(error.upload_id().unwrap().to_owned());
        }
        let is_kept = matches!(state, Some(UploadState::Kept { .. }));
        assert!(!is_kept || self.source == Source::Checkpoint, "seed {seed}: {text}");
        self.unknown += usize::from(matches!(state, Some(UploadState::MaybeStarted)));
        self.assert_nothing_untold(&text).await;
        self.may_be_there |= matches!(state, Some(UploadState::Completed | UploadState::Unknown { .. }));
        match self.object().await {
            Ok(object) => {
                assert!(object == self.bytes, "seed {seed}: a mixture is there; {text}");
                // What one request did before its last attempt failed, nobody looks for.
                let is_one_request = self.bytes.len() as u64 <= PART;
                assert!(self.may_be_there || is_one_request, "seed {seed}: the object is there; {text}");
            }
            Err(missing) => assert!(missing.is_not_found(), "seed {seed}: {missing}"),
        }
    }
}

/// What became of an upload.
struct Ended {
    size: u64,
    /// As the server counted it.
    sent: u64,
    /// How often it failed.
    failures: u32,
    is_there: bool,
    /// How many connections were closed at once, and how many requests had each fault, operation by operation.
    fired: Vec<u64>,
}

async fn one_upload(seed: u64) -> Ended {
    let mut round = Round::new(seed).await;
    let mut failures = 0;
    let is_there = loop {
        match round.upload().send().await {
            Ok(uploaded) => {
                round.assert_succeeded(&uploaded).await;
                break true;
            }
            Err(error) => {
                round.assert_failed(&error).await;
                failures += 1;
                assert!(failures < MAX_CALLS, "seed {seed}: it failed {failures} times; {error}");
                if round.source != Source::Checkpoint {
                    break false;
                }
            }
        }
    };
    let Round { test, bytes, folder, .. } = round;
    let fired = test.emulator().faults_fired();
    test.stop().await;
    Ended {
        size: bytes.len() as u64,
        sent: logged_upload_bytes(&folder.path().join("log")).unwrap(),
        failures,
        is_there,
        fired,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_whole_or_an_error_whatever_happens_on_the_way() {
    let ended = for_each_seed(seeds("QINGSTOR_FAULTY_UPLOADS", USUAL), 6, one_upload).await;
    let rounds = ended.len();
    let at_once = ended.iter().filter(|ended| ended.failures == 0).count();
    let there: Vec<&Ended> = ended.iter().filter(|ended| ended.is_there).collect();
    let wanted: u64 = there.iter().map(|ended| ended.size).sum();
    let sent: u64 = ended.iter().map(|ended| ended.sent).sum();
    let share = sent as f64 / wanted as f64;
    println!(
        "{at_once} of {rounds} succeeded at once, {} in the end; {share:.3} bytes were sent for each",
        there.len()
    );
    let mut hits = faults().map(|fault| (fault.name(), 0));
    for (place, fired) in ended.iter().flat_map(|ended| ended.fired.iter().skip(1).enumerate()) {
        hits[place % faults().len()].1 += fired;
    }
    println!("the faults were {hits:?}");
    // Of a few, no share is certain.
    if rounds as u64 >= USUAL {
        assert!(at_once * 10 >= rounds * 8, "{at_once} of {rounds}");
        assert!(sent * 4 <= wanted * 5, "{sent} bytes were sent for {wanted}, those of uploads that failed among them");
        assert!(hits.iter().all(|(_, fired)| *fired > 0), "{hits:?}");
    }
}
