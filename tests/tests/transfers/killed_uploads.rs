//! Uploads whose process is killed, as `kill -9` does it, and that are then asked for again.
//!
//! Protects: whenever a process dies, the same call in the next one ends with the whole object; it sends no more than what
//! was on its way; what was complete is known to be; and no parts are left behind.
//!
//! `QINGSTOR_KILLS` says how many processes are killed, 40 if it does not. `QINGSTOR_SEED` has one upload alone, killed as
//! often as that seed wants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator};
use qingstor_sdk::operations::{HeadObjectInput, ListMultipartInput};
use qingstor_sdk::{Config, MIB, QingStor, RetryConfig};
use qingstor_tests::{
    ChildArguments, ChildProcess, PauseAt, Random, Relay, TestBucket, content, for_each_seed, logged_upload_bytes,
    open_uploads, seeds,
};
use tokio::net::TcpListener;

const USUAL: u64 = 40;
const PART: u64 = 4 * MIB;
const IN_FLIGHT: u64 = 2;
/// The request that begins an upload is some 400 bytes long, and so is its answer.
const AT_THE_BEGINNING: u64 = 900;
/// An upload that is killed so often is let through.
const MAX_KILLS: u64 = 4;

/// What the process does that is killed.
#[tokio::test]
async fn a_process_that_uploads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY).retry(RetryConfig::disabled());
    let bucket = QingStor::new(config.endpoint(arguments.get("endpoint"))).unwrap().bucket("bucket", DEFAULT_ZONE);
    let file = Path::new(arguments.get("file"));
    let upload = bucket.upload("key").file(file).checkpoint(checkpoint_of(file));
    let upload = upload.part_size(PART).concurrency(IN_FLIGHT as usize);
    let upload = match arguments.get("bandwidth") {
        "" => upload,
        limit => upload.bandwidth(limit.parse().unwrap()),
    };
    arguments.report(&format!("{:?}", upload.send().await));
}

fn checkpoint_of(file: &Path) -> PathBuf {
    file.with_extension("qsupload")
}

const BEGINS: &str = "when it begins";
const IS_SENT: &str = "when parts are sent";
const IS_COMPLETED: &str = "when it is completed";

/// When a process dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// When so much was on the wire.
    At(PauseAt),
    /// When the checkpoint is being replaced for the so manieth time.
    Replacing(u64),
    /// It lives.
    Never,
}

impl Death {
    fn any(random: &mut Random, size: u64) -> Self {
        let is_completion: fn(&str) -> bool = |line| line.starts_with("POST ") && line.contains("upload_id=");
        let is_head: fn(&str) -> bool = |line| line.starts_with("HEAD ");
        match random.below(15) {
            0 => Self::At(PauseAt::RequestBytes(random.below(AT_THE_BEGINNING))),
            1 => Self::At(PauseAt::ResponseBytes(random.below(700))),
            2 => Self::At(PauseAt::BeforeRequest(is_completion)),
            3 | 4 => Self::At(PauseAt::BeforeResponse(is_completion)),
            5 => Self::At(PauseAt::BeforeRequest(is_head)),
            6 => Self::At(PauseAt::BeforeResponse(is_head)),
            7 | 8 => Self::Replacing(1 + random.below(4)),
            _ => Self::At(PauseAt::RequestBytes(random.below(size))),
        }
    }

    /// Where in an upload that is.
    fn phase(self) -> &'static str {
        match self {
            Self::At(PauseAt::ResponseBytes(_)) => BEGINS,
            Self::At(PauseAt::RequestBytes(bytes)) if bytes < AT_THE_BEGINNING => BEGINS,
            Self::At(PauseAt::RequestBytes(_) | PauseAt::Never) => IS_SENT,
            Self::At(PauseAt::BeforeRequest(_) | PauseAt::BeforeResponse(_)) => IS_COMPLETED,
            Self::Replacing(_) => "when the checkpoint is replaced",
            Self::Never => "never",
        }
    }

    /// How much may be on its way then.
    fn most_in_flight(self) -> u64 {
        if self.phase() == IS_COMPLETED { 0 } else { IN_FLIGHT * PART }
    }

    /// So long a run that its checkpoint is replaced several times.
    fn bandwidth(self) -> &'static str {
        if matches!(self, Self::Replacing(2..)) { "12582912" } else { "" }
    }
}

/// What became of an upload.
#[derive(Debug, Default)]
struct Ended {
    kills: u64,
    /// When they were.
    phases: Vec<&'static str>,
    /// Bytes that were sent more than once.
    sent_again: u64,
}

struct Round {
    seed: u64,
    test: TestBucket,
    /// A checkpoint is good for one endpoint.
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

    /// A run of the process; what it reported, or `None` if it was killed.
    async fn run(&self, death: Death) -> Option<String> {
        let moment = if let Death::At(moment) = death { moment } else { PauseAt::Never };
        let relay = Relay::start_on(&self.listener, self.test.emulator().port(), moment).unwrap();
        let (endpoint, file) = (relay.endpoint(), self.file());
        let told =
            [("endpoint", endpoint.as_str()), ("file", file.to_str().unwrap()), ("bandwidth", death.bandwidth())];
        let process = ChildProcess::spawn("killed_uploads::a_process_that_uploads", &told, &[]).unwrap();
        let dies = async {
            match death {
                Death::Replacing(times) => appears(file.with_extension("qsupload.new"), times).await,
                Death::At(_) | Death::Never => relay.wait_until_paused().await,
            }
        };
        let reported = process.report_or_kill(dies).await;
        reported.unwrap_or_else(|error| panic!("seed {}: {death:?}: {error}", self.seed))
    }

    async fn is_there(&self) -> bool {
        self.test.head_object("key", HeadObjectInput::new()).await.is_ok()
    }

    /// Uploads that nobody knows of may be left if a process dies when one has just begun: they must have no parts.
    async fn assert_nothing_is_paid_for(&self, most_unknown: u64) {
        let open = open_uploads(&self.test).await.unwrap();
        assert!(open.len() as u64 <= most_unknown, "seed {}: {open:?} are left", self.seed);
        for id in &open {
            let listed = self.test.list_multipart("key", ListMultipartInput::new(id)).await.unwrap();
            assert!(listed.object_parts.is_empty(), "seed {}: {id} is left with parts", self.seed);
        }
        let cleaned = self.test.abort_stale_uploads("", Duration::ZERO).await.unwrap();
        assert_eq!(cleaned.aborted.len(), open.len(), "seed {}", self.seed);
    }

    /// Of parts, from all runs.
    async fn received(self) -> u64 {
        self.test.stop().await;
        logged_upload_bytes(&self.folder.path().join("log")).unwrap()
    }
}

/// Waits until a file was seen so often to come into being.
async fn appears(path: PathBuf, times: u64) {
    let is_over = Arc::new(AtomicBool::new(false));
    let _ends = SetOnDrop(Arc::clone(&is_over));
    let looking = tokio::task::spawn_blocking(move || {
        let (mut seen, mut was_there) = (0, false);
        // It is there for as long as the disk takes to write it: too short to sleep.
        while !is_over.load(Ordering::Relaxed) && seen < times {
            let is_there = path.exists();
            seen += u64::from(is_there && !was_there);
            was_there = is_there;
            std::thread::yield_now();
        }
    });
    looking.await.unwrap();
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn one_upload(seed: u64) -> Ended {
    let mut random = Random::new(seed);
    let bytes = content(5 * PART + random.below(PART), seed);
    let size = bytes.len() as u64;
    let round = Round::new(seed, &bytes).await;
    let checkpoint = checkpoint_of(&round.file());
    let (mut ended, mut unknown, mut most_again) = (Ended::default(), 0, 0);
    loop {
        let death = if ended.kills < MAX_KILLS { Death::any(&mut random, size) } else { Death::Never };
        if let Some(report) = round.run(death).await {
            assert!(report.starts_with("Ok("), "seed {seed}: {death:?}: {report}");
            break;
        }
        ended.kills += 1;
        ended.phases.push(death.phase());
        most_again += death.most_in_flight();
        if !checkpoint.exists() {
            // It had ended, and was about to say so.
            if round.is_there().await {
                break;
            }
            unknown += 1;
        }
    }
    assert!(round.test.read("key").await.unwrap() == bytes, "seed {seed}");
    let files = fs::read_dir(round.file().parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "seed {seed}: something is left beside the file");
    round.assert_nothing_is_paid_for(unknown).await;
    let received = round.received().await;
    ended.sent_again = received.checked_sub(size).unwrap_or_else(|| panic!("seed {seed}: {received} of {size} bytes"));
    let Ended { phases, sent_again, .. } = &ended;
    assert!(*sent_again <= most_again, "seed {seed}: {sent_again} bytes were sent again after kills {phases:?}");
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_an_upload_is_killed_the_next_one_ends_it() {
    let seeds = seeds("QINGSTOR_KILLS", USUAL);
    let wanted = seeds.len() as u64;
    let killed = Arc::new(AtomicU64::new(0));
    let ended = for_each_seed(seeds, 3, |seed| {
        let killed = Arc::clone(&killed);
        async move {
            if killed.load(Ordering::Relaxed) >= wanted {
                return Ended::default();
            }
            let ended = one_upload(seed).await;
            killed.fetch_add(ended.kills, Ordering::Relaxed);
            ended
        }
    });
    let ended = ended.await;
    let uploads = ended.iter().filter(|ended| ended.kills > 0).count();
    let (kills, sent_again) = ended.iter().fold((0, 0), |sum, ended| (sum.0 + ended.kills, sum.1 + ended.sent_again));
    println!("{kills} kills of {uploads} uploads; {:.2} MiB were sent again for each", mebibytes(sent_again, kills));
    let mut phases = BTreeMap::<&str, u64>::new();
    for phase in ended.iter().flat_map(|ended| &ended.phases) {
        *phases.entry(phase).or_default() += 1;
    }
    println!("{phases:?}");
    if wanted >= USUAL {
        assert!(kills >= wanted, "{kills} of {wanted}");
        // A checkpoint is replaced within microseconds where the disk is memory: whether that is seen in time is chance.
        assert!(
            [BEGINS, IS_SENT, IS_COMPLETED].iter().all(|phase| phases.contains_key(phase)),
            "every phase has its kills: {phases:?}"
        );
    }
}

fn mebibytes(bytes: u64, kills: u64) -> f64 {
    bytes as f64 / (MIB * kills.max(1)) as f64
}
