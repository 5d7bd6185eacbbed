//! Uploads whose process is killed with `SIGKILL` and then started again.
//!
//! The same call in the next process completes the object. It sends again only the bytes that were in flight. If the
//! upload was already completed, it sends none. No parts are left on the server.
//!
//! `QINGSTOR_KILLS` sets the number of kills (default: 40). `QINGSTOR_SEED` selects a single seed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use qingstor_emulator::Emulator;
use qingstor_sdk::MIB;
use qingstor_sdk::operations::{HeadObjectInput, ListMultipartInput};
use qingstor_tests::{
    ChildArguments, ChildProcess, PauseAt, Random, Relay, TestBucket, content, for_each_seed, logged_upload_bytes,
    open_uploads, seeds,
};
use tokio::net::TcpListener;

use crate::support::{PART, bucket_at, file_names};

const DEFAULT_KILLS: u64 = 40;
/// Number of parts that are sent at the same time.
const CONCURRENCY: u64 = 2;
/// Number of request bytes that count as the initiation of an upload. The initiation request has about 400 bytes.
const INITIATION_BYTES: u64 = 900;
/// Maximum number of kills of an upload. The next process completes it.
const MAX_KILLS: u64 = 4;

/// Runs in the child process, which is killed.
#[tokio::test]
async fn child_process_uploads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let file = Path::new(arguments.get("file"));
    let upload = bucket_at(arguments.get("endpoint")).upload("key").file(file).checkpoint(checkpoint_of(file));
    let upload = upload.part_size(PART).concurrency(CONCURRENCY as usize);
    let upload = match arguments.get("bandwidth") {
        "" => upload,
        limit => upload.bandwidth(limit.parse().unwrap()),
    };
    arguments.report(&format!("{:?}", upload.send().await));
}

fn checkpoint_of(file: &Path) -> PathBuf {
    file.with_extension("qsupload")
}

// Phases of an upload.
const INITIATION: &str = "initiation";
const PARTS: &str = "parts";
const COMPLETION: &str = "completion";

/// The point at which a process is killed.
#[derive(Clone, Copy, Debug)]
enum KillAt {
    /// When the relay between client and server pauses.
    Pause(PauseAt),
    /// During a replacement of the checkpoint. The replacements are counted from 1.
    CheckpointReplacement(u64),
    /// The process is not killed.
    Never,
}

impl KillAt {
    fn random(random: &mut Random, size: u64) -> Self {
        let is_completion: fn(&str) -> bool = |line| line.starts_with("POST ") && line.contains("upload_id=");
        let is_head: fn(&str) -> bool = |line| line.starts_with("HEAD ");
        match random.below(15) {
            0 => Self::Pause(PauseAt::RequestBytes(random.below(INITIATION_BYTES))),
            1 => Self::Pause(PauseAt::ResponseBytes(random.below(700))),
            2 => Self::Pause(PauseAt::BeforeRequest(is_completion)),
            3 | 4 => Self::Pause(PauseAt::BeforeResponse(is_completion)),
            5 => Self::Pause(PauseAt::BeforeRequest(is_head)),
            6 => Self::Pause(PauseAt::BeforeResponse(is_head)),
            7 | 8 => Self::CheckpointReplacement(1 + random.below(4)),
            _ => Self::Pause(PauseAt::RequestBytes(random.below(size))),
        }
    }

    /// Returns the phase of the upload in which the process is killed.
    fn phase(self) -> &'static str {
        match self {
            Self::Pause(PauseAt::ResponseBytes(_)) => INITIATION,
            Self::Pause(PauseAt::RequestBytes(bytes)) if bytes < INITIATION_BYTES => INITIATION,
            Self::Pause(PauseAt::RequestBytes(_) | PauseAt::Never) => PARTS,
            Self::Pause(PauseAt::BeforeRequest(_) | PauseAt::BeforeResponse(_)) => COMPLETION,
            Self::CheckpointReplacement(_) => "checkpoint replacement",
            Self::Never => "never",
        }
    }

    /// Returns the maximum number of bytes in flight, which have to be sent again.
    fn max_bytes_in_flight(self) -> u64 {
        if self.phase() == COMPLETION { 0 } else { CONCURRENCY * PART }
    }

    /// Returns the bandwidth limit as an argument of the child process. The limit makes the upload last long enough for
    /// several replacements of the checkpoint.
    fn bandwidth(self) -> &'static str {
        if matches!(self, Self::CheckpointReplacement(2..)) { "12582912" } else { "" }
    }
}

/// The outcome of an upload.
#[derive(Debug, Default)]
struct Outcome {
    kills: u64,
    /// The phase of each kill.
    phases: Vec<&'static str>,
    /// Bytes that were sent more than once.
    sent_again: u64,
}

/// A file to upload, and the server that it is uploaded to.
struct Round {
    seed: u64,
    test: TestBucket,
    /// The listener that all relays share, because a checkpoint is valid for one endpoint only.
    listener: Arc<TcpListener>,
    folder: tempfile::TempDir,
}

impl Round {
    async fn new(seed: u64, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder().access_log(folder.path().join("log"));
        let (test, listener) = (TestBucket::on(emulator).await.unwrap(), Relay::listener().await.unwrap());
        let this = Self { seed, test, listener, folder };
        fs::create_dir(this.folder.path().join("source")).unwrap();
        fs::write(this.file(), bytes).unwrap();
        this
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("source/db.tar")
    }

    /// Runs a child process, and returns its report, or `None` if it was killed.
    async fn run(&self, kill_at: KillAt) -> Option<String> {
        let pause_at = if let KillAt::Pause(pause_at) = kill_at { pause_at } else { PauseAt::Never };
        let relay = Relay::start_on(&self.listener, self.test.emulator().port(), pause_at).unwrap();
        let (endpoint, file) = (relay.endpoint(), self.file());
        let arguments =
            [("endpoint", endpoint.as_str()), ("file", file.to_str().unwrap()), ("bandwidth", kill_at.bandwidth())];
        let process = ChildProcess::spawn("killed_uploads::child_process_uploads", &arguments, &[]).unwrap();
        let kill_when = async {
            match kill_at {
                KillAt::CheckpointReplacement(times) => {
                    wait_until_created(file.with_extension("qsupload.new"), times).await
                }
                KillAt::Pause(_) | KillAt::Never => relay.wait_until_paused().await,
            }
        };
        let report = process.report_or_kill(kill_when).await;
        report.unwrap_or_else(|error| panic!("seed {}: {kill_at:?}: {error}", self.seed))
    }

    async fn object_exists(&self) -> bool {
        self.test.head_object("key", HeadObjectInput::new()).await.is_ok()
    }

    /// Asserts that the server stores no parts, and at most `max_uploads` uploads without parts.
    ///
    /// A process that is killed before it wrote the checkpoint leaves an upload without parts.
    async fn assert_no_parts_left(&self, max_uploads: u64) {
        let open = open_uploads(&self.test).await.unwrap();
        assert!(open.len() as u64 <= max_uploads, "seed {}: the uploads {open:?} are left", self.seed);
        for id in &open {
            let listed = self.test.list_multipart("key", ListMultipartInput::new(id)).await.unwrap();
            assert!(listed.object_parts.is_empty(), "seed {}: parts of upload {id} are left", self.seed);
        }
        let cleaned = self.test.abort_stale_uploads("", Duration::ZERO).await.unwrap();
        assert_eq!(cleaned.aborted.len(), open.len(), "seed {}", self.seed);
    }

    /// Returns the number of bytes that the server received in all parts.
    async fn received_bytes(self) -> u64 {
        self.test.stop().await;
        logged_upload_bytes(&self.folder.path().join("log")).unwrap()
    }
}

/// Waits until a file was created `times` times.
async fn wait_until_created(path: PathBuf, times: u64) {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let _cancel_on_drop = SetOnDrop(Arc::clone(&is_cancelled));
    let polling = tokio::task::spawn_blocking(move || {
        let (mut seen, mut existed) = (0, false);
        // The file exists only while it is written, which is too short for a sleep between two polls.
        while !is_cancelled.load(Ordering::Relaxed) && seen < times {
            let exists = path.exists();
            seen += u64::from(exists && !existed);
            existed = exists;
            std::thread::yield_now();
        }
    });
    polling.await.unwrap();
}

/// Sets a flag when it is dropped.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Uploads a random file in processes that are killed at random points, until the last one succeeds.
async fn upload_with_kills(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let bytes = content(5 * PART + random.below(PART), seed);
    let size = bytes.len() as u64;
    let round = Round::new(seed, &bytes).await;
    let checkpoint = checkpoint_of(&round.file());
    let (mut outcome, mut max_uploads_left, mut max_sent_again) = (Outcome::default(), 0, 0);
    loop {
        let kill_at = if outcome.kills < MAX_KILLS { KillAt::random(&mut random, size) } else { KillAt::Never };
        if let Some(report) = round.run(kill_at).await {
            assert!(report.starts_with("Ok("), "seed {seed}: {kill_at:?}: {report}");
            break;
        }
        outcome.kills += 1;
        outcome.phases.push(kill_at.phase());
        max_sent_again += kill_at.max_bytes_in_flight();
        if !checkpoint.exists() {
            // The upload was completed before the process was killed, so only the report of the process is missing.
            if round.object_exists().await {
                break;
            }
            max_uploads_left += 1;
        }
    }
    assert!(round.test.read("key").await.unwrap() == bytes, "seed {seed}");
    assert_eq!(file_names(round.file().parent().unwrap()), ["db.tar"], "seed {seed}");
    round.assert_no_parts_left(max_uploads_left).await;
    let received = round.received_bytes().await;
    outcome.sent_again =
        received.checked_sub(size).unwrap_or_else(|| panic!("seed {seed}: {received} of {size} bytes were received"));
    let Outcome { phases, sent_again, .. } = &outcome;
    assert!(*sent_again <= max_sent_again, "seed {seed}: {sent_again} bytes were sent again after kills in {phases:?}");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_upload_is_completed_by_the_next_process() {
    let seeds = seeds("QINGSTOR_KILLS", DEFAULT_KILLS);
    let wanted_kills = seeds.len() as u64;
    let kills_so_far = Arc::new(AtomicU64::new(0));
    let outcomes = for_each_seed(seeds, 3, |seed| {
        let kills_so_far = Arc::clone(&kills_so_far);
        async move {
            if kills_so_far.load(Ordering::Relaxed) >= wanted_kills {
                return Outcome::default();
            }
            let outcome = upload_with_kills(seed).await;
            kills_so_far.fetch_add(outcome.kills, Ordering::Relaxed);
            outcome
        }
    });
    let outcomes = outcomes.await;
    let uploads = outcomes.iter().filter(|outcome| outcome.kills > 0).count();
    let kills: u64 = outcomes.iter().map(|outcome| outcome.kills).sum();
    let sent_again: u64 = outcomes.iter().map(|outcome| outcome.sent_again).sum();
    let mib_per_kill = sent_again as f64 / (MIB * kills.max(1)) as f64;
    println!("{kills} kills of {uploads} uploads; {mib_per_kill:.2} MiB were sent again for each kill");
    let mut phases = BTreeMap::<&str, u64>::new();
    for phase in outcomes.iter().flat_map(|outcome| &outcome.phases) {
        *phases.entry(phase).or_default() += 1;
    }
    println!("kills in each phase: {phases:?}");
    if wanted_kills >= DEFAULT_KILLS {
        assert!(kills >= wanted_kills, "{kills} of {wanted_kills}");
        // On a disk in memory, the replacement of a checkpoint takes microseconds, and the poll may miss it.
        assert!(
            [INITIATION, PARTS, COMPLETION].iter().all(|phase| phases.contains_key(phase)),
            "a phase has no kill: {phases:?}"
        );
    }
}
