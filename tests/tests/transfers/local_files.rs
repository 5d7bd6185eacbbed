//! Files of transfers that are links or pipes, report a wrong size, have long names or restricted permissions.
//!
//! An upload stores what reading the file returns, or fails. A download changes no file other than its target, and the
//! target is not accessible to more users than the file that it replaces.

#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_sdk::{Body, Download, ErrorKind, Result, Upload};
use qingstor_tests::{ChildArguments, ChildProcess, TestBucket, content, open_uploads};
use tokio::time::timeout;

use crate::support::{PART, TEST_TIMEOUT, bucket_at, drop_when, file_names, progress_signal, temp_file};

/// Content of a file that no transfer may change.
const FOREIGN: &[u8] = b"of another program";

/// A bucket with an object of three parts, and a folder.
struct Setup {
    bucket: TestBucket,
    bytes: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Setup {
    async fn new() -> Self {
        let this = Self {
            bucket: TestBucket::start().await.unwrap(),
            bytes: content(2 * PART + 9, 1),
            folder: tempfile::tempdir().unwrap(),
        };
        this.bucket.upload("key").bytes(this.bytes.clone()).part_size(PART).send().await.unwrap();
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn download(&self, target: &str) -> Download {
        self.bucket.download("key").to_file(self.path(target)).part_size(PART).concurrency(1)
    }

    /// Returns an upload of a file, which is created with the content of the object unless it exists.
    fn upload(&self, file: &str, checkpoint: &str) -> Upload {
        if !self.path(file).exists() {
            fs::write(self.path(file), &self.bytes).unwrap();
        }
        self.bucket.upload("copy").file(self.path(file)).part_size(PART).checkpoint(self.path(checkpoint))
    }

    /// Creates a file that no transfer may change.
    fn foreign_file(&self) -> PathBuf {
        let path = self.path("foreign");
        fs::write(&path, FOREIGN).unwrap();
        path
    }

    fn create_pipe(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    #[track_caller]
    fn assert_downloaded(&self, target: &str) {
        assert!(fs::read(self.path(target)).unwrap() == self.bytes, "{target}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs a transfer that would hang if it opened a pipe and waited for another process.
async fn without_hanging<T>(transfer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(TEST_TIMEOUT, transfer).await.expect("the transfer hangs")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_that_reports_another_size_than_it_has_is_uploaded_only_by_reader() {
    let setup = Setup::new().await;
    // The first file reports 0 bytes, the second one 4096.
    for path in ["/proc/self/status", "/sys/class/net/lo/mtu"] {
        if !Path::new(path).exists() {
            println!("skipped: {path} does not exist");
            continue;
        }
        for checkpoint in [false, true] {
            let upload = setup.bucket.upload("status").file(path);
            let upload = if checkpoint { upload.checkpoint(setup.path("c")) } else { upload };
            let error = upload.send().await.unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Body, "{text}");
            assert!(text.contains(path) && text.contains("upload it with `reader`"), "{text}");
        }
        assert_eq!(Body::file(path).await.unwrap_err().kind(), ErrorKind::Body, "{path}");
        assert!(setup.bucket.read("status").await.unwrap_err().is_not_found(), "{path}");
        let reader = tokio::fs::File::open(path).await.unwrap();
        assert!(setup.bucket.upload("by reader").reader(reader).send().await.unwrap().size > 0, "{path}");
    }
}

#[tokio::test]
async fn partial_file_that_is_a_link_or_a_pipe_is_refused_and_kept() {
    let setup = Setup::new().await;
    let (foreign, partial) = (setup.foreign_file(), setup.path("db.tar.qsdownload"));
    type Create = fn(&Setup, &Path, &Path);
    let cases: [(Create, &str); 4] = [
        (|_, foreign, partial| symlink(foreign, partial).unwrap(), "is a link"),
        (|_, _, partial| symlink("missing", partial).unwrap(), "is a link"),
        (|_, foreign, partial| fs::hard_link(foreign, partial).unwrap(), "hard links"),
        (|setup, _, _| setup.create_pipe("db.tar.qsdownload"), "a pipe"),
    ];
    for (create, problem) in cases {
        create(&setup, &foreign, &partial);
        let error = without_hanging(setup.download("db.tar").send()).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Body, "{text}");
        assert!(text.contains(problem) && text.contains("db.tar.qsdownload") && text.contains("remove"), "{text}");
        assert_eq!(fs::read(&foreign).unwrap(), FOREIGN, "{text}");
        assert_eq!(file_names(setup.folder.path()), ["db.tar.qsdownload", "foreign"], "{text}");
        fs::remove_file(&partial).unwrap();
    }
    setup.download("db.tar").send().await.unwrap();
    setup.assert_downloaded("db.tar");
}

#[tokio::test]
async fn checkpoint_that_is_a_link_or_a_pipe_is_refused_and_kept() {
    let setup = Setup::new().await;
    let foreign = setup.foreign_file();
    for name in ["c", "c.lock"] {
        for is_link in [true, false] {
            let target = if name == "c" { foreign.clone() } else { setup.path("missing") };
            if is_link {
                symlink(target, setup.path(name)).unwrap()
            } else {
                setup.create_pipe(name)
            }
            let download = setup.download("db.tar").checkpoint(setup.path("c")).send();
            let downloaded = without_hanging(download).await.unwrap_err();
            let uploaded = without_hanging(setup.upload("file", "c").send()).await.unwrap_err();
            for text in [downloaded.to_string(), uploaded.to_string()] {
                assert!(text.contains("is a link, a folder, a pipe or a device: remove it"), "{text}");
                assert!(text.contains(&format!("{} is", setup.path(name).display())), "{text}");
            }
            let mut files = vec!["file", "foreign", name];
            files.sort_unstable();
            assert_eq!(file_names(setup.folder.path()), files);
            fs::remove_file(setup.path(name)).unwrap();
        }
    }
    assert_eq!(fs::read(&foreign).unwrap(), FOREIGN);
    assert!(open_uploads(&setup.bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn links_and_pipes_at_the_default_checkpoint_are_replaced() {
    let setup = Setup::new().await;
    let (foreign, checkpoint) = (setup.foreign_file(), setup.path("db.tar.qsdownload.json"));
    symlink(&foreign, &checkpoint).unwrap();
    setup.download("db.tar").send().await.unwrap();
    setup.create_pipe("db.tar.qsdownload.json");
    without_hanging(setup.download("db.tar").send()).await.unwrap();
    setup.assert_downloaded("db.tar");
    assert_eq!(fs::read(&foreign).unwrap(), FOREIGN);
    assert_eq!(file_names(setup.folder.path()), ["db.tar", "foreign"]);
}

/// A large checkpoint is not read into memory.
#[tokio::test]
async fn large_checkpoint_is_refused_and_kept() {
    let setup = Setup::new().await;
    let large = fs::File::create(setup.path("c")).unwrap();
    large.set_len(1 << 40).unwrap();
    let error = setup.upload("file", "c").send().await.unwrap_err().to_string();
    assert!(error.contains("is no resume journal, or is damaged: it has more than 4194304 bytes"), "{error}");
    assert_eq!(large.metadata().unwrap().len(), 1 << 40);
}

#[tokio::test]
async fn checkpoint_that_would_overwrite_a_file_of_the_transfer_is_refused() {
    let setup = Setup::new().await;
    for (target, checkpoint) in [("db.tar", "db.tar"), ("db.tar", "db.tar.qsdownload"), ("c.lock", "c"), ("c.new", "c")]
    {
        let download = setup.download(target).checkpoint(setup.path(checkpoint));
        let error = download.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("which the transfer reads or writes: use another checkpoint"), "{error}");
    }
    assert!(file_names(setup.folder.path()).is_empty());
    for file in ["c", "c.lock", "c.new"] {
        let error = setup.upload(file, "c").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(fs::read(setup.path(file)).unwrap() == setup.bytes, "{file}");
        fs::remove_file(setup.path(file)).unwrap();
    }
}

#[tokio::test]
async fn download_keeps_the_permissions_of_the_file_that_it_replaces() {
    let setup = Setup::new().await;
    let (target, partial) = (setup.path("db.tar"), setup.path("db.tar.qsdownload"));
    for permissions in [0o600, 0o640, 0o444, 0o755] {
        fs::write(&target, "before").unwrap();
        set_mode(&target, permissions);
        let (observed, modes) = std::sync::mpsc::channel();
        let path = partial.clone();
        let download = setup.download("db.tar").on_progress(move |_| {
            // The last call is made after the partial file has replaced the target.
            if let Ok(found) = fs::metadata(&path) {
                observed.send(found.permissions().mode() & 0o777).unwrap();
            }
        });
        download.send().await.unwrap();
        assert_eq!(mode(&target), permissions, "{permissions:o}");
        let modes: Vec<u32> = modes.try_iter().collect();
        assert!(!modes.is_empty() && modes.iter().all(|mode| *mode == 0o600), "{permissions:o}: {modes:?}");
        fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn download_of_a_new_file_follows_the_umask() {
    let setup = Setup::new().await;
    fs::write(setup.path("other"), "").unwrap();
    setup.download("db.tar").send().await.unwrap();
    assert_eq!(mode(&setup.path("db.tar")), mode(&setup.path("other")));
}

#[tokio::test]
async fn resumed_download_restricts_the_partial_file_if_the_target_is_private() {
    let setup = Setup::new().await;
    let (target, partial) = (setup.path("db.tar"), setup.path("db.tar.qsdownload"));
    let (on_progress, fetched) = progress_signal(|progress| progress.parts > 0);
    drop_when(fetched, setup.download("db.tar").on_progress(on_progress).send()).await;
    set_mode(&partial, 0o644);
    fs::write(&target, "before").unwrap();
    set_mode(&target, 0o600);
    let (on_progress, started) = progress_signal(|progress| progress.resumed_bytes > 0);
    drop_when(started, setup.download("db.tar").on_progress(on_progress).send()).await;
    assert_eq!(mode(&partial), 0o600);
    setup.download("db.tar").send().await.unwrap();
    assert_eq!(mode(&target), 0o600);
    setup.assert_downloaded("db.tar");
}

#[tokio::test]
async fn names_of_any_length_are_downloaded_and_uploaded_with_a_checkpoint() {
    let setup = Setup::new().await;
    setup.bucket.put("small", "abc").await.unwrap();
    for length in 230..=255 {
        let name = "n".repeat(length);
        let downloaded = setup.bucket.download("small").to_file(setup.path(&name)).send().await;
        downloaded.unwrap_or_else(|error| panic!("{length}: {error}"));
        assert_eq!(file_names(setup.folder.path()), [name.as_str()]);
        fs::remove_file(setup.path(&name)).unwrap();
    }
    for length in [236, 250, 252, 255] {
        let name = "c".repeat(length);
        let (on_progress, sent) = progress_signal(|progress| progress.parts > 0);
        let upload = setup.upload("file", &name).concurrency(1).bandwidth(4 * PART).on_progress(on_progress);
        drop_when(sent, upload.send()).await;
        assert!(setup.path(&name).exists(), "{length}");
        let uploaded = setup.upload("file", &name).send().await.unwrap_or_else(|error| panic!("{length}: {error}"));
        assert!(uploaded.resumed_bytes >= PART, "{length}: {uploaded:?}");
        assert_eq!(file_names(setup.folder.path()), ["file"]);
    }
}

#[tokio::test]
async fn download_to_a_long_name_is_resumed() {
    let setup = Setup::new().await;
    for name in ["n".repeat(255), "ä".repeat(127)] {
        let (on_progress, fetched) = progress_signal(|progress| progress.parts > 0);
        drop_when(fetched, setup.download(&name).on_progress(on_progress).send()).await;
        // Another name with the same beginning has other files.
        let other = format!("{}~", &name[..252]);
        assert_eq!(setup.download(&other).send().await.unwrap().resumed_bytes, 0);
        let downloaded = setup.download(&name).send().await.unwrap();
        assert!(downloaded.resumed_bytes >= PART, "{downloaded:?}");
        setup.assert_downloaded(&name);
        assert_eq!(file_names(setup.folder.path()).len(), 2, "only the two targets are left");
        fs::remove_file(setup.path(&name)).unwrap();
        fs::remove_file(setup.path(&other)).unwrap();
    }
}

/// Runs in the child process, in which the target is a mount point.
#[tokio::test]
async fn child_process_downloads_to_a_mount_point() {
    let Some(arguments) = ChildArguments::of_this_process() else { return };
    let (on_progress, recorded) = crate::support::progress_recorder();
    let download = bucket_at(arguments.get("endpoint")).download("key").to_file(arguments.get("file"));
    let error = download.on_progress(on_progress).send().await.unwrap_err();
    let bytes = recorded.lock().unwrap().iter().map(|progress| progress.bytes).max();
    arguments.report(&format!("{} bytes; {error}", bytes.unwrap_or(0)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn target_that_is_a_mount_point_is_refused_before_the_first_range() {
    let setup = Setup::new().await;
    let target = setup.foreign_file();
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        println!("skipped: this user may not mount files");
        return;
    }
    let script = "file=$QINGSTOR_TEST_ARGUMENT_file; mount --bind \"$file\" \"$file\" && exec \"$0\" \"$@\"";
    let (endpoint, file) = (setup.bucket.emulator().endpoint(), target.display().to_string());
    let arguments = [("endpoint", endpoint.as_str()), ("file", file.as_str())];
    let test = "local_files::child_process_downloads_to_a_mount_point";
    let process = ChildProcess::spawn(test, &arguments, &["unshare", "-m", "sh", "-c", script]).unwrap();
    let report = process.report_or_kill(std::future::pending()).await.unwrap().unwrap();
    assert!(report.starts_with("0 bytes; ") && report.contains("foreign is a mount point"), "{report}");
    assert_eq!(fs::read(&target).unwrap(), FOREIGN);
    assert_eq!(file_names(setup.folder.path()), ["foreign"]);
}

#[tokio::test]
async fn local_errors_name_bucket_key_and_path() {
    let setup = Setup::new().await;
    let file = temp_file(b"content");
    let upload = || setup.bucket.upload("a key").file(file.path());
    let missing = setup.path("no/folder");
    fs::create_dir(setup.path("folder")).unwrap();
    let download = |target: &Path| setup.bucket.download("key").to_file(target).send();
    let errors = [
        (setup.bucket.upload("a key").file(&missing).send().await.map(drop), missing.clone()),
        (upload().checkpoint(&missing).send().await.map(drop), missing.clone()),
        (upload().checkpoint(setup.path("folder")).send().await.map(drop), setup.path("folder")),
        (download(&missing).await.map(drop), missing.clone()),
        (download(&setup.path("folder")).await.map(drop), setup.path("folder")),
        (upload().checkpoint("").send().await.map(drop), PathBuf::new()),
    ];
    for (outcome, path) in errors {
        let error = outcome.unwrap_err();
        let text = error.to_string();
        let is_upload = error.key() == Some("a key");
        let start =
            if is_upload { "upload of key \"a key\" in bucket \"bucket\": " } else { "download of key \"key\" in " };
        assert!(text.starts_with(start) && text.contains(&path.display().to_string()), "{text}");
        assert_eq!((error.operation(), error.bucket()), (start.split(' ').next(), Some("bucket")), "{text}");
    }
    assert!(fs::symlink_metadata(".lock").is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound));
}
