//! The programs `upload` and `download`, as people run them.
//!
//! Protects: what they print goes where it belongs and says what to do, they exit with what shells expect, and what was
//! interrupted goes on.

#![cfg(all(feature = "transfer", unix))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};

const SIZE: usize = 23 << 20;
const PART: u64 = 4 << 20;

/// A server, and a folder to work in.
struct Desk {
    emulator: Emulator,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Desk {
    async fn new() -> Self {
        Self::on(Emulator::builder()).await
    }

    async fn on(emulator: Builder) -> Self {
        let emulator = emulator.bucket("my-bucket").start().await.unwrap();
        let bytes: Vec<u8> = (0..SIZE).map(|place| (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spaß.bin"), &bytes).unwrap();
        Self { emulator, folder, bytes }
    }

    fn command(&self, example: &str, arguments: &[&str]) -> Command {
        let mut command = self.without_account(&program(example), arguments);
        command
            .env("QINGSTOR_ENDPOINT", self.emulator.endpoint())
            .env("QINGSTOR_ACCESS_KEY_ID", self.emulator.access_key_id())
            .env("QINGSTOR_SECRET_ACCESS_KEY", self.emulator.secret_access_key());
        command
    }

    fn without_account(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QINGSTOR_")) {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path());
        command
    }

    async fn run(&self, example: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(example, arguments)).await
    }

    /// Runs it until it says that more than so many bytes have moved, and sends a signal then.
    async fn interrupt(&self, example: &str, arguments: &[&str], after: u64, signal: &'static str) -> Ran {
        let mut command = self.command(example, arguments);
        let interrupting = move || {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let mut seen = String::new();
            while seen.lines().filter_map(moved).all(|bytes| bytes <= after) {
                assert_ne!(stderr.read_line(&mut seen).unwrap(), 0, "it ended before: {seen}");
            }
            let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            stderr.read_to_string(&mut seen).unwrap();
            let output = child.wait_with_output().unwrap();
            Ran { stderr: seen, ..Ran::from(output) }
        };
        tokio::task::spawn_blocking(interrupting).await.unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    async fn of(mut command: Command) -> Self {
        tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
    }

    fn assert(&self, code: i32, stderr: &str) {
        assert!(self.code == Some(code) && self.stderr.contains(stderr), "{:?} {}", self.code, self.stderr);
        assert!(code == 0 || self.stdout.is_empty(), "{}", self.stdout);
    }

    /// Returns the number of bytes that an earlier run had transferred.
    fn resumed(&self) -> u64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix("resumed ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// How many bytes a line of progress tells of: `4.60 MiB of 23.00 MiB`.
fn moved(line: &str) -> Option<u64> {
    let mebibytes: f64 = line.split_once(" MiB of ")?.0.parse().ok()?;
    Some((mebibytes * f64::from(1 << 20)) as u64)
}

/// Cargo builds examples whenever it tests all of the package, but not when it tests this file alone.
fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples").join(example);
    assert!(is_current(&program).unwrap_or(false), "run `cargo build -p qingstor-sdk --examples` first");
    program
}

/// Whether it is not older than any of the files that Cargo says it was built of.
fn is_current(program: &Path) -> io::Result<bool> {
    let built = fs::metadata(program)?.modified()?;
    let rule = fs::read_to_string(program.with_extension("d"))?;
    // In a path, a space is escaped.
    let rule = rule.replace("\\ ", "\0");
    for source in rule.split_whitespace().skip(1) {
        if fs::metadata(source.replace('\0', " "))?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

#[tokio::test]
async fn an_uploaded_file_can_be_downloaded() {
    let desk = Desk::new().await;
    let uploaded = desk.run("upload", &["spaß.bin", "--bucket", "my-bucket", "--key", "a b/ü?.bin"]).await;
    uploaded.assert(0, "");
    assert!(uploaded.stdout.contains("in 3 parts, by 3 requests"), "{}", uploaded.stdout);
    let downloaded = desk.run("download", &["out", "--bucket", "my-bucket", "--key", "a b/ü?.bin"]).await;
    downloaded.assert(0, "");
    assert!(downloaded.stdout.contains(", verified"), "{}", downloaded.stdout);
    assert!(fs::read(desk.path("out")).unwrap() == desk.bytes);
}

#[tokio::test]
async fn interrupted_and_killed_transfers_resume() {
    let desk = Desk::new().await;
    // One part after the other: when the next one moves, those before it are there.
    let in_parts = ["--bucket", "my-bucket", "--key", "k", "--part-size", "4MiB", "--concurrency", "1"];
    // What is interrupted would go on for seconds.
    let slow = |arguments: &[&'static str]| [arguments, &in_parts, &["--bandwidth", "4MiB"]].concat();

    let upload = ["spaß.bin", "--checkpoint", "c"];
    let interrupted = desk.interrupt("upload", &slow(&upload), PART, "-INT").await;
    interrupted.assert(130, "is kept: the checkpoint c resumes it\nthe same command continues the upload");
    let killed = desk.interrupt("upload", &slow(&upload), 2 * PART, "-KILL").await;
    assert_eq!(killed.code, None);
    let uploaded = desk.run("upload", &[upload.as_slice(), &in_parts].concat()).await;
    uploaded.assert(0, "");
    assert!(uploaded.resumed() >= 2 * PART, "{}", uploaded.stdout);
    assert!(!desk.path("c").exists() && !desk.path("c.lock").exists());

    let interrupted = desk.interrupt("download", &slow(&["out"]), PART, "-INT").await;
    interrupted
        .assert(130, "out.qsdownload is kept, and a download to the same file continues with it\nthe same command");
    let downloaded = desk.run("download", &[["out"].as_slice(), &in_parts].concat()).await;
    downloaded.assert(0, "");
    assert!(downloaded.resumed() >= PART, "{}", downloaded.stdout);
    assert!(fs::read(desk.path("out")).unwrap() == desk.bytes);

    let aborted = desk.interrupt("upload", &slow(&["spaß.bin"]), PART, "-INT").await;
    aborted.assert(130, "was aborted\nwith --checkpoint spaß.bin.qsupload the same command could continue the upload");
}

#[tokio::test]
async fn standard_input_is_uploaded() {
    let desk = Desk::new().await;
    let named = ["--bucket", "my-bucket", "--key", "k"];
    let mut piped = desk.command("upload", &[["-"].as_slice(), &named].concat());
    piped.stdin(File::open(desk.path("spaß.bin")).unwrap());
    let uploaded = Ran::of(piped).await;
    uploaded.assert(0, "");
    assert!(uploaded.stdout.contains("\"k\" has 24117248 bytes in 3 parts, by 3 requests"), "{}", uploaded.stdout);
    desk.run("download", &[["out"].as_slice(), &named].concat()).await.assert(0, "");
    assert!(fs::read(desk.path("out")).unwrap() == desk.bytes);
}

#[tokio::test]
async fn a_flipped_bit_is_unnoticed_only_without_a_checksum() {
    for (arguments, requests, is_whole) in [([].as_slice(), 4, true), (&["--checksum", "none"], 3, false)] {
        let flips = FaultRule::new(Fault::FlipReceivedBit { at: None }).operation("UploadMultipart").count(1);
        let desk = Desk::on(Emulator::builder().faults(FaultPlan::new().rule(flips))).await;
        let named = ["--bucket", "my-bucket", "--key", "k"];
        let uploaded = desk.run("upload", &[["spaß.bin"].as_slice(), &named, arguments].concat()).await;
        uploaded.assert(0, "");
        let told = format!("in 3 parts, by {requests} requests");
        assert!(uploaded.stdout.contains(&told), "{arguments:?}: {}", uploaded.stdout);
        desk.run("download", &[["out"].as_slice(), &named].concat()).await.assert(0, "");
        assert_eq!(fs::read(desk.path("out")).unwrap() == desk.bytes, is_whole, "{arguments:?}");
    }
}

#[tokio::test]
async fn without_an_account_there_is_a_server_that_keeps_what_it_gets() {
    let desk = Desk::new().await;
    // Its objects are kept beside the program.
    let beside = tempfile::tempdir_in(program("upload").parent().unwrap()).unwrap();
    let told = format!(
        "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY): using a local \
         server\nwith bucket \"example-bucket\", which keeps its objects in {}/example-data",
        beside.path().display()
    );
    for (example, arguments) in [("upload", ["spaß.bin"].as_slice()), ("download", &["out", "--key", "spaß.bin"])] {
        let program_there = beside.path().join(example);
        fs::hard_link(program(example), &program_there).unwrap();
        Ran::of(desk.without_account(&program_there, arguments)).await.assert(0, &told);
    }
    assert!(fs::read(desk.path("out")).unwrap() == desk.bytes);
}

#[tokio::test]
async fn errors_are_printed_with_a_remedy() {
    let desk = Desk::new().await;
    let to_bucket = ["--bucket", "my-bucket", "--key", "k"];
    for (example, arguments, code, problem) in [
        ("upload", ["spaß.bin"].as_slice(), 1, "a bucket is required: use --bucket NAME"),
        ("upload", &["missing"], 1, "missing cannot be uploaded: No such file"),
        ("upload", &["."], 1, ". is a folder"),
        ("upload", &["-"], 1, "a key is required: use --key KEY"),
        ("upload", &["spaß.bin", "--part-size", "8"], 2, "did you mean 8MiB?"),
        ("upload", &["spaß.bin", "--part-size", "8TB"], 2, "use KiB, MiB or GiB"),
        ("upload", &["spaß.bin", "--bandwidth", "0"], 2, "size must be greater than 0"),
        ("upload", &["spaß.bin", "--bucket", "nope"], 1, "is the bucket's name right, and its zone"),
        (
            "upload",
            &[["spaß.bin", "--concurrency", "0"].as_slice(), &to_bucket].concat(),
            1,
            "a transfer needs at least 1",
        ),
        (
            "upload",
            &[["spaß.bin", "--checkpoint", "no/c"].as_slice(), &to_bucket].concat(),
            1,
            "because its folder does not exist",
        ),
        ("download", &[["no/out"].as_slice(), &to_bucket].concat(), 1, "there is no folder no"),
        ("download", &[["."].as_slice(), &to_bucket].concat(), 1, ". is a folder: name a file in it"),
        ("download", &[["out"].as_slice(), &to_bucket].concat(), 1, "is there such a bucket"),
    ] {
        desk.run(example, arguments).await.assert(code, problem);
    }
    for (name, value, problem) in [
        ("QINGSTOR_SECRET_ACCESS_KEY", "wrong", "are the keys right (QINGSTOR_ACCESS_KEY_ID"),
        ("QINGSTOR_ENDPOINT", "http://127.0.0.1:1", "is the endpoint right (QINGSTOR_ENDPOINT)"),
    ] {
        let mut command = desk.command("upload", &[["spaß.bin"].as_slice(), &to_bucket].concat());
        command.env(name, value);
        Ran::of(command).await.assert(1, problem);
    }
}
