//! Downloads to where they cannot be written.
//!
//! Protects: a disk that is full, before or in the middle, is an error that names the file, and the target is what it was;
//! with room again, the download goes on; what can never be a target is refused before anything is fetched; and a folder
//! that cannot be synced, as some file systems' cannot, is no reason to say that a file is not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator};
use qingstor_sdk::{Bucket, Config, ErrorKind, MIB, QingStor, RetryConfig};
use qingstor_tests::{ChildArguments, ChildProcess, TestBucket, content, logged_requests_of, on_sdk_event};
use tokio::sync::Notify;

const PART: u64 = 4 * MIB;
const SIZE: u64 = 6 * PART;
const BEFORE: &[u8] = b"what was there before";

fn client(endpoint: &str) -> Bucket {
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY).retry(RetryConfig::disabled());
    QingStor::new(config.endpoint(endpoint)).unwrap().bucket("bucket", DEFAULT_ZONE)
}

/// What the process does whose files must not become long.
#[tokio::test]
async fn a_process_that_downloads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let bucket = client(arguments.get("endpoint"));
    let download = bucket.download("key").to_file(arguments.get("file")).part_size(PART).concurrency(2);
    let report = match download.send().await {
        Ok(downloaded) => format!("{downloaded:?}"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    arguments.report(&report);
}

/// Downloads in a process whose files may have 8 MiB, or 16 where the shell counts in KiB: what is beyond is refused by the
/// system as a full disk refuses it, at whichever write that is.
async fn download_to_a_full_disk(test: &TestBucket, target: &Path) -> String {
    let (endpoint, file) = (test.emulator().endpoint(), target.display().to_string());
    let told = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
    // The signal that comes with the refusal would end the process.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 16384; exec \"$0\" \"$@\""];
    let process = ChildProcess::spawn("unwritable_targets::a_process_that_downloads", &told, &limited).unwrap();
    process.report_or_kill(std::future::pending()).await.unwrap().unwrap()
}

struct Target {
    test: TestBucket,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Target {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder().access_log(folder.path().join("log"));
        let this = Self { test: TestBucket::on(emulator).await.unwrap(), folder, bytes: content(SIZE, 1) };
        this.test.upload("key").bytes(this.bytes.clone()).part_size(PART).send().await.unwrap();
        fs::create_dir(this.folder.path().join("targets")).unwrap();
        fs::write(this.path(), BEFORE).unwrap();
        this
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("targets/db.tar")
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path().join("targets")).unwrap().count()
    }

    /// Fetches one part and is dropped.
    async fn interrupt(&self) {
        let enough = Arc::new(Notify::new());
        let tell = Arc::clone(&enough);
        let download = self.test.download("key").to_file(self.path()).part_size(PART).concurrency(1);
        let download = download.on_progress(move |progress| {
            if progress.parts > 0 {
                tell.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = enough.notified() => {}
            outcome = download.send() => panic!("it was not interrupted: {outcome:?}"),
        }
    }

    fn assert_failed(&self, report: &str) {
        let partial = format!("{}.qsdownload could not be written", self.path().display());
        assert!(report.starts_with("Body: ") && report.contains(&partial), "{report}");
        assert!(report.contains("File too large"), "the system's reason: {report}");
        assert_eq!(fs::read(self.path()).unwrap(), BEFORE, "{report}");
    }

    async fn assert_goes_on(&self, least_resumed: u64) {
        let downloaded = self.test.download("key").to_file(self.path()).part_size(PART).send().await.unwrap();
        assert!(downloaded.is_verified && downloaded.resumed_bytes >= least_resumed, "{downloaded:?}");
        assert!(fs::read(self.path()).unwrap() == self.bytes);
        assert_eq!(self.files(), 1, "something is left beside the target");
    }

    fn fetched(&self) -> usize {
        logged_requests_of(&self.folder.path().join("log"), "GetObject").unwrap().len()
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_has_no_room_is_noticed_before_anything_is_fetched() {
    let target = Target::new().await;
    let report = download_to_a_full_disk(&target.test, &target.path()).await;
    target.assert_failed(&report);
    assert_eq!((target.fetched(), target.files()), (0, 1), "nothing was fetched, and nothing is left");
    target.assert_goes_on(0).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_becomes_full_leaves_the_target_alone_and_the_download_to_go_on() {
    let target = Target::new().await;
    // It has its full length from now on, and takes up what was written.
    target.interrupt().await;
    let report = download_to_a_full_disk(&target.test, &target.path()).await;
    target.assert_failed(&report);
    target.assert_goes_on(PART).await;
}

#[tokio::test]
async fn invalid_targets_are_refused_before_a_request() {
    let target = Target::new().await;
    let folder = target.folder.path().join("targets");
    fs::create_dir(folder.join("a_folder")).unwrap();
    for (path, problem) in [
        ("a_folder", "a_folder is a folder"),
        ("no/such/folder/db.tar", "no/such/folder"),
        ("db.tar/is_no_folder", "db.tar/is_no_folder"),
        ("", "targets/ is a folder"),
    ] {
        let error = target.test.download("key").to_file(folder.join(path)).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{path}: {error}");
        assert!(error.to_string().contains(problem), "{path}: {error}");
    }
    assert_eq!((target.fetched(), target.files()), (0, 2), "nothing was fetched, and nothing is left");
    assert_eq!(fs::read(target.path()).unwrap(), BEFORE);
}

#[tokio::test]
async fn a_process_that_tells_of_folders() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let target = PathBuf::from(arguments.get("file"));
    let has_heard = Arc::new(AtomicBool::new(false));
    let (there, heard) = (target.clone(), Arc::clone(&has_heard));
    // After the target had come into it.
    let is_there = move || fs::metadata(&there).is_ok_and(|target| target.len() == SIZE);
    on_sdk_event(move |field, value| {
        if field == "message" && format!("{value:?}").contains("the folder could not be synced") && is_there() {
            heard.store(true, Ordering::Relaxed);
        }
    })
    .unwrap();
    let download = client(arguments.get("endpoint")).download("key").to_file(&target);
    let outcome = download.send().await.map(|downloaded| downloaded.size);
    arguments.report(&format!("{outcome:?}, {}", has_heard.load(Ordering::Relaxed)));
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_of_what_was_downloaded_is_synced_and_need_not_be_able_to() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::process::Command;

    let target = Target::new().await;
    let folder = target.folder.path().join("targets");
    let may = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    // Files can be made and renamed in it, and nobody can open it.
    may(0o300);
    let is_root = fs::metadata(&folder).unwrap().uid() == 0;
    let no_longer_almighty =
        ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-dac_override,-dac_read_search"];
    if is_root && Command::new(no_longer_almighty[0]).arg("--version").output().is_err() {
        println!("not tried: for root any folder can be opened, and there is no setpriv to become less");
        return;
    }
    let wrapper = if is_root { no_longer_almighty.as_slice() } else { &[] };
    let (endpoint, file) = (target.test.emulator().endpoint(), target.path().display().to_string());
    let told = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
    let process = ChildProcess::spawn("unwritable_targets::a_process_that_tells_of_folders", &told, wrapper).unwrap();
    let report = process.report_or_kill(std::future::pending()).await.unwrap().unwrap();
    may(0o700);
    assert_eq!(report, format!("Ok({SIZE}), true"), "done, and it was tried to sync the folder");
    assert!(fs::read(target.path()).unwrap() == target.bytes);
    assert_eq!(target.files(), 1);
}
