//! Downloads to a target that cannot be written.
//!
//! If the disk is full, the error names the file, the target keeps its content, and the download resumes when there is
//! space again. An invalid target is rejected before a range is requested. A folder that cannot be synced is not an
//! error, because some file systems do not support it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qingstor_emulator::Emulator;
use qingstor_sdk::ErrorKind;
use qingstor_tests::{ChildArguments, ChildProcess, TestBucket, content, logged_requests_of, on_sdk_event};

use crate::support::{PART, bucket_at, drop_when, file_names, progress_signal};

const SIZE: u64 = 6 * PART;
/// Content of the target before the download.
const OLD_CONTENT: &[u8] = b"before";

/// Runs in the child process, which has a limit on the size of files.
#[tokio::test]
async fn child_process_downloads() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let download = bucket_at(arguments.get("endpoint")).download("key").to_file(arguments.get("file"));
    let report = match download.part_size(PART).concurrency(2).send().await {
        Ok(downloaded) => format!("{downloaded:?}"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    arguments.report(&report);
}

/// Downloads in a child process whose files are limited to 8 MiB, or to 16 MiB if `ulimit` counts blocks of 1 KiB
/// instead of 512 bytes.
///
/// Beyond this limit, writes fail as on a full disk. Returns the report of the process.
async fn download_to_a_full_disk(test: &TestBucket, target: &Path) -> String {
    let (endpoint, file) = (test.emulator().endpoint(), target.display().to_string());
    let arguments = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
    // A write beyond the limit also raises SIGXFSZ, which would end the process.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 16384; exec \"$0\" \"$@\""];
    let process = ChildProcess::spawn("unwritable_targets::child_process_downloads", &arguments, &limited).unwrap();
    process.report_or_kill(std::future::pending()).await.unwrap().unwrap()
}

/// A file in a folder of its own, and a bucket with an object to download.
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
        fs::write(this.path(), OLD_CONTENT).unwrap();
        this
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("targets/db.tar")
    }

    /// Returns the names of all files in the folder of the target.
    fn files(&self) -> Vec<String> {
        file_names(&self.folder.path().join("targets"))
    }

    /// Drops a download after its first part.
    async fn drop_after_first_part(&self) {
        let (on_progress, fetched) = progress_signal(|progress| progress.parts > 0);
        let download = self.test.download("key").to_file(self.path()).part_size(PART).concurrency(1);
        drop_when(fetched, download.on_progress(on_progress).send()).await;
    }

    /// Asserts that a child process reported a failed write and kept the content of the target.
    #[track_caller]
    fn assert_failed(&self, report: &str) {
        let partial = format!("{}.qsdownload could not be written", self.path().display());
        assert!(report.starts_with("Body: ") && report.contains(&partial), "{report}");
        assert!(report.contains("File too large"), "the error of the operating system is missing: {report}");
        assert_eq!(fs::read(self.path()).unwrap(), OLD_CONTENT, "{report}");
    }

    /// Downloads the object, and asserts that at least `min_resumed` bytes were not fetched again.
    async fn assert_resumes(&self, min_resumed: u64) {
        let downloaded = self.test.download("key").to_file(self.path()).part_size(PART).send().await.unwrap();
        assert!(downloaded.is_verified && downloaded.resumed_bytes >= min_resumed, "{downloaded:?}");
        assert!(fs::read(self.path()).unwrap() == self.bytes);
        assert_eq!(self.files(), ["db.tar"]);
    }

    /// Returns the number of ranges that were fetched.
    fn fetched_ranges(&self) -> usize {
        logged_requests_of(&self.folder.path().join("log"), "GetObject").unwrap().len()
    }
}

#[cfg(unix)]
#[tokio::test]
async fn download_to_a_full_disk_fails_before_the_first_range() {
    let target = Target::new().await;
    let report = download_to_a_full_disk(&target.test, &target.path()).await;
    target.assert_failed(&report);
    assert_eq!(target.fetched_ranges(), 0);
    assert_eq!(target.files(), ["db.tar"]);
    target.assert_resumes(0).await;
}

#[cfg(unix)]
#[tokio::test]
async fn download_to_a_disk_that_becomes_full_resumes_later() {
    let target = Target::new().await;
    // The partial file now has its full length, so that only a later write can fail.
    target.drop_after_first_part().await;
    let report = download_to_a_full_disk(&target.test, &target.path()).await;
    target.assert_failed(&report);
    target.assert_resumes(PART).await;
}

#[tokio::test]
async fn invalid_targets_are_rejected_before_the_first_range() {
    let target = Target::new().await;
    let folder = target.folder.path().join("targets");
    fs::create_dir(folder.join("a_folder")).unwrap();
    for (path, problem) in [
        ("a_folder", "a_folder is a folder"),
        ("no/such/folder/db.tar", "no/such/folder"),
        ("db.tar/is_no_folder", "db.tar/is_no_folder"),
        ("", "targets/ is a folder"),
        ("new_folder/", "does not end with the name of a file"),
        ("new_file/.", "does not end with the name of a file"),
        (&"n".repeat(256), "File name too long"),
    ] {
        let error = target.test.download("key").to_file(folder.join(path)).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{path}: {error}");
        assert!(error.to_string().contains(problem), "{path}: {error}");
    }
    let error = target.test.download("key").to_file("").send().await.unwrap_err().to_string();
    assert!(error.contains("the path \"\" is empty"), "{error}");
    assert!(!Path::new(".qsdownload").exists());
    assert_eq!(target.fetched_ranges(), 0);
    assert_eq!(target.files(), ["a_folder", "db.tar"]);
    assert_eq!(fs::read(target.path()).unwrap(), OLD_CONTENT);
}

/// Runs in the child process, which cannot open the folder of the target.
///
/// Reports the outcome and a flag. The flag is true if the SDK stored the target and then logged that it could not sync
/// the folder.
#[tokio::test]
async fn child_process_downloads_and_listens_to_events() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let target = PathBuf::from(arguments.get("file"));
    let is_logged = Arc::new(AtomicBool::new(false));
    let (path, flag) = (target.clone(), Arc::clone(&is_logged));
    let is_stored = move || fs::metadata(&path).is_ok_and(|metadata| metadata.len() == SIZE);
    on_sdk_event(move |field, value| {
        if field == "message" && format!("{value:?}").contains("the folder could not be synced") && is_stored() {
            flag.store(true, Ordering::Relaxed);
        }
    })
    .unwrap();
    let download = bucket_at(arguments.get("endpoint")).download("key").to_file(&target).durable(true);
    let outcome = download.send().await.map(|downloaded| downloaded.size);
    arguments.report(&format!("{outcome:?}, {}", is_logged.load(Ordering::Relaxed)));
}

#[cfg(unix)]
#[tokio::test]
async fn download_succeeds_although_its_folder_cannot_be_synced() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::process::Command;

    let target = Target::new().await;
    let folder = target.folder.path().join("targets");
    let set_mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    // Without read permission, files can be created and renamed in the folder, but the folder cannot be opened.
    set_mode(0o300);
    let is_root = fs::metadata(&folder).unwrap().uid() == 0;
    let without_privileges =
        ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-dac_override,-dac_read_search"];
    if is_root && Command::new(without_privileges[0]).arg("--version").output().is_err() {
        println!("skipped: root can open any folder, and setpriv, which would drop the privilege, is missing");
        return;
    }
    let wrapper = if is_root { without_privileges.as_slice() } else { &[] };
    let (endpoint, file) = (target.test.emulator().endpoint(), target.path().display().to_string());
    let arguments = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
    let test = "unwritable_targets::child_process_downloads_and_listens_to_events";
    let process = ChildProcess::spawn(test, &arguments, wrapper).unwrap();
    let report = process.report_or_kill(std::future::pending()).await.unwrap().unwrap();
    set_mode(0o700);
    assert_eq!(report, format!("Ok({SIZE}), true"), "the outcome, and true if the failed sync was logged");
    assert!(fs::read(target.path()).unwrap() == target.bytes);
    assert_eq!(target.files(), ["db.tar"]);
}
