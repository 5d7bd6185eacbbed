//! Runs the examples `basic`, `upload` and `download` as a user does.
//!
//! The tests check that the examples print results to standard output, and errors with advice to standard error. They
//! also check that the exit codes are those that shells expect, and that the next run resumes an interrupted transfer.

#![cfg(all(feature = "transfer", unix))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule};

const SIZE: usize = 23 << 20;
const PART_SIZE: u64 = 4 << 20;

/// An emulator with a bucket, and a working folder with the file `spaß.bin`.
struct Setup {
    emulator: Emulator,
    folder: tempfile::TempDir,
    /// Content of the file.
    content: Vec<u8>,
}

impl Setup {
    async fn new() -> Self {
        Self::on(Emulator::builder()).await
    }

    async fn on(emulator: Builder) -> Self {
        let emulator = emulator.bucket("my-bucket").start().await.unwrap();
        let content: Vec<u8> = (0..SIZE).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spaß.bin"), &content).unwrap();
        Self { emulator, folder, content }
    }

    /// Returns a command that runs an example with the emulator's endpoint and access keys.
    fn command(&self, example: &str, arguments: &[&str]) -> Command {
        let mut command = self.command_without_access_keys(&program(example), arguments);
        command
            .env("QINGSTOR_ENDPOINT", self.emulator.endpoint())
            .env("QINGSTOR_ACCESS_KEY_ID", self.emulator.access_key_id())
            .env("QINGSTOR_SECRET_ACCESS_KEY", self.emulator.secret_access_key());
        command
    }

    fn command_without_access_keys(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QINGSTOR_")) {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path());
        command
    }

    async fn run(&self, example: &str, arguments: &[&str]) -> Finished {
        Finished::run(self.command(example, arguments)).await
    }

    /// Runs an example and sends it a signal when it reports more than `after` transferred bytes.
    async fn interrupt(&self, example: &str, arguments: &[&str], after: u64, signal: &'static str) -> Finished {
        let mut command = self.command(example, arguments);
        command.stdout(Stdio::piped());
        Finished::interrupt(command, after, signal).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Exit code and output of an example. The code is `None` if a signal ended it.
struct Finished {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Finished {
    async fn run(mut command: Command) -> Self {
        tokio::task::spawn_blocking(move || command.output().unwrap().into()).await.unwrap()
    }

    /// Runs a command and sends it a signal when it reports more than `after` transferred bytes.
    async fn interrupt(mut command: Command, after: u64, signal: &'static str) -> Self {
        let interrupting = move || {
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let mut printed = String::new();
            while printed.lines().filter_map(transferred_bytes).all(|bytes| bytes <= after) {
                assert_ne!(
                    stderr.read_line(&mut printed).unwrap(),
                    0,
                    "the example ended before the signal: {printed}"
                );
            }
            let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            assert!(sent.success());
            stderr.read_to_string(&mut printed).unwrap();
            let output = child.wait_with_output().unwrap();
            Self { stderr: printed, ..Self::from(output) }
        };
        tokio::task::spawn_blocking(interrupting).await.unwrap()
    }

    /// Asserts the exit code and a part of standard error. Standard output must be empty after an error.
    fn assert(&self, code: i32, stderr: &str) {
        assert!(self.code == Some(code) && self.stderr.contains(stderr), "{:?} {}", self.code, self.stderr);
        assert!(code == 0 || self.stdout.is_empty(), "{}", self.stdout);
    }

    /// Returns the number of bytes that an earlier run had transferred.
    fn resumed_bytes(&self) -> u64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix("resumed ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Returns the number of transferred bytes in a line of progress such as `4.60 MiB of 23.00 MiB`.
fn transferred_bytes(line: &str) -> Option<u64> {
    let mebibytes: f64 = line.split_once(" MiB of ")?.0.parse().ok()?;
    Some((mebibytes * f64::from(1 << 20)) as u64)
}

/// Returns the path of an example.
///
/// Cargo builds the examples when it tests the whole package, but not when it tests this file alone.
fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples").join(example);
    assert!(is_current(&program).unwrap_or(false), "run `cargo build -p qingstor-sdk --examples` first");
    program
}

/// Returns true if a program is newer than all its source files, which are listed in the dependency file that Cargo wrote.
fn is_current(program: &Path) -> io::Result<bool> {
    let built_at = fs::metadata(program)?.modified()?;
    let dependencies = fs::read_to_string(program.with_extension("d"))?;
    // Cargo escapes a space in a path with a backslash.
    let dependencies = dependencies.replace("\\ ", "\0");
    for source in dependencies.split_whitespace().skip(1) {
        if fs::metadata(source.replace('\0', " "))?.modified()? > built_at {
            return Ok(false);
        }
    }
    Ok(true)
}

#[tokio::test]
async fn basic_stores_reads_lists_and_deletes_an_object() {
    let setup = Setup::new().await;
    let expected = [
        "put     greetings/hello.txt",
        "get     greetings/hello.txt: \"Hello, QingStor!\"",
        "head    greetings/hello.txt: 16 bytes, text/plain",
        "list    greetings/hello.txt",
        "delete  greetings/hello.txt",
        "get     greetings/hello.txt: not found\n",
    ]
    .join("\n");
    let finished = setup.run("basic", &["my-bucket"]).await;
    finished.assert(0, "");
    assert_eq!(finished.stdout, expected);
    let finished = Finished::run(setup.command_without_access_keys(&program("basic"), &[])).await;
    finished.assert(0, "");
    assert_eq!(
        finished.stdout,
        format!("No access keys are configured, so this example uses a local server.\n{expected}")
    );
    setup.run("basic", &[]).await.assert(1, "name a bucket, as in `basic my-bucket`");
}

/// The official JavaScript SDK writes such a file when it is used for the first time.
#[tokio::test]
async fn basic_runs_with_the_configuration_file_of_the_javascript_sdk() {
    let setup = Setup::new().await;
    let file = "access_key_id: ''\nsecret_access_key: ''\nendpoint: 'https://qingstor.com'\nhost: 'qingstor.com'\n\
                port: 443\nprotocol: 'https'\nconnection_retries: 3\nlog_level: 'warn'\n";
    fs::create_dir(setup.path(".qingstor")).unwrap();
    fs::write(setup.path(".qingstor/config.yaml"), file).unwrap();
    setup.run("basic", &["my-bucket"]).await.assert(0, "");
    Finished::run(setup.command_without_access_keys(&program("basic"), &[])).await.assert(0, "");
}

#[tokio::test]
async fn uploaded_file_can_be_downloaded() {
    let setup = Setup::new().await;
    let uploaded = setup.run("upload", &["spaß.bin", "--bucket", "my-bucket", "--key", "a b/ü?.bin"]).await;
    uploaded.assert(0, "");
    assert!(uploaded.stdout.contains("in 3 parts with 3 requests"), "{}", uploaded.stdout);
    let downloaded = setup.run("download", &["out", "--bucket", "my-bucket", "--key", "a b/ü?.bin"]).await;
    downloaded.assert(0, "");
    assert!(downloaded.stdout.contains(", verified"), "{}", downloaded.stdout);
    assert!(fs::read(setup.path("out")).unwrap() == setup.content);
}

#[tokio::test]
async fn interrupted_and_killed_transfers_resume() {
    let setup = Setup::new().await;
    // Parts are transferred one at a time, so that all earlier parts are complete when a part makes progress.
    let in_parts = ["--bucket", "my-bucket", "--key", "k", "--part-size", "4MiB", "--concurrency", "1"];
    // The bandwidth limit makes a transfer take several seconds, so that the signal arrives before the transfer ends.
    let slowly = |arguments: &[&'static str]| [arguments, &in_parts, &["--bandwidth", "4MiB"]].concat();

    let upload = ["spaß.bin", "--checkpoint", "c"];
    let interrupted = setup.interrupt("upload", &slowly(&upload), PART_SIZE, "-INT").await;
    interrupted.assert(
        130,
        "was kept; call again with the checkpoint c to resume it\nrun the same command again to continue the upload",
    );
    let killed = setup.interrupt("upload", &slowly(&upload), 2 * PART_SIZE, "-KILL").await;
    assert_eq!(killed.code, None);
    let uploaded = setup.run("upload", &[upload.as_slice(), &in_parts].concat()).await;
    uploaded.assert(0, "");
    assert!(uploaded.resumed_bytes() >= 2 * PART_SIZE, "{}", uploaded.stdout);
    assert!(!setup.path("c").exists() && !setup.path("c.lock").exists());

    let interrupted = setup.interrupt("download", &slowly(&["out"]), PART_SIZE, "-INT").await;
    interrupted
        .assert(130, "out.qsdownload is kept, and a download to the same file continues with it\nrun the same command again to continue");
    let downloaded = setup.run("download", &[["out"].as_slice(), &in_parts].concat()).await;
    downloaded.assert(0, "");
    assert!(downloaded.resumed_bytes() >= PART_SIZE, "{}", downloaded.stdout);
    assert!(fs::read(setup.path("out")).unwrap() == setup.content);

    let aborted = setup.interrupt("upload", &slowly(&["spaß.bin"]), PART_SIZE, "-INT").await;
    aborted.assert(130, "was aborted\nuse --checkpoint spaß.bin.qsupload to be able to continue an interrupted upload");
}

#[tokio::test]
async fn standard_input_is_uploaded() {
    let setup = Setup::new().await;
    let target = ["--bucket", "my-bucket", "--key", "k"];
    let mut piped = setup.command("upload", &[["-"].as_slice(), &target].concat());
    piped.stdin(File::open(setup.path("spaß.bin")).unwrap());
    let uploaded = Finished::run(piped).await;
    uploaded.assert(0, "");
    assert!(
        uploaded.stdout.contains("uploaded \"k\": 24117248 bytes in 3 parts with 3 requests"),
        "{}",
        uploaded.stdout
    );
    setup.run("download", &[["out"].as_slice(), &target].concat()).await.assert(0, "");
    assert!(fs::read(setup.path("out")).unwrap() == setup.content);
}

#[tokio::test]
async fn object_is_written_to_standard_output() {
    let setup = Setup::new().await;
    let (source, in_parts) = (["--bucket", "my-bucket", "--key", "k"], ["--part-size", "4MiB"]);
    setup.run("upload", &[["spaß.bin"].as_slice(), &source, &in_parts].concat()).await.assert(0, "");
    let download =
        |arguments: &[&str]| setup.command("download", &[["-"].as_slice(), &source, &in_parts, arguments].concat());

    let mut complete = download(&[]);
    complete.stdout(File::create(setup.path("out")).unwrap());
    let complete = Finished::run(complete).await;
    complete.assert(0, "downloaded \"k\" to standard output: 24117248 bytes in 6 parts with 6 requests\nETag");
    complete.assert(0, ", verified\n");
    assert!(fs::read(setup.path("out")).unwrap() == setup.content);

    let mut interrupted = download(&["--bandwidth", "4MiB"]);
    interrupted.stdout(File::create(setup.path("out")).unwrap());
    let interrupted = Finished::interrupt(interrupted, PART_SIZE, "-INT").await;
    interrupted.assert(130, "was cancelled\nthe output is incomplete");
}

#[tokio::test]
async fn download_ends_without_a_message_if_its_standard_output_is_closed() {
    let setup = Setup::new().await;
    let source = ["--bucket", "my-bucket", "--key", "k"];
    setup.run("upload", &[["spaß.bin"].as_slice(), &source].concat()).await.assert(0, "");
    let mut download = setup.command("download", &[["-"].as_slice(), &source].concat());
    let reading = move || {
        let mut child = download.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut start = [0; 1000];
        child.stdout.take().unwrap().read_exact(&mut start).unwrap();
        (start, Finished::from(child.wait_with_output().unwrap()))
    };
    let (start, finished) = tokio::task::spawn_blocking(reading).await.unwrap();
    assert!(setup.content.starts_with(&start));
    assert_eq!(finished.code, Some(141), "{}", finished.stderr);
    assert!(!finished.stderr.contains("error"), "{}", finished.stderr);
}

#[tokio::test]
async fn flipped_bit_is_stored_only_without_a_checksum() {
    for (arguments, requests, is_intact) in [([].as_slice(), 4, true), (&["--checksum", "none"], 3, false)] {
        let flips = FaultRule::new(Fault::FlipReceivedBit { at: None }).operation("UploadMultipart").count(1);
        let setup = Setup::on(Emulator::builder().faults(FaultPlan::new().rule(flips))).await;
        let target = ["--bucket", "my-bucket", "--key", "k"];
        let uploaded = setup.run("upload", &[["spaß.bin"].as_slice(), &target, arguments].concat()).await;
        uploaded.assert(0, "");
        let summary = format!("in 3 parts with {requests} requests");
        assert!(uploaded.stdout.contains(&summary), "{arguments:?}: {}", uploaded.stdout);
        setup.run("download", &[["out"].as_slice(), &target].concat()).await.assert(0, "");
        assert_eq!(fs::read(setup.path("out")).unwrap() == setup.content, is_intact, "{arguments:?}");
    }
}

#[tokio::test]
async fn examples_without_access_keys_use_a_local_server_that_keeps_its_objects() {
    let setup = Setup::new().await;
    // The local server stores its objects in the folder of the program.
    let program_folder = tempfile::tempdir_in(program("upload").parent().unwrap()).unwrap();
    let notice = format!(
        "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY): using a local server with \
         the bucket \"example-bucket\"\nits objects are stored in {}/example-data",
        program_folder.path().display()
    );
    for (example, arguments) in [("upload", ["spaß.bin"].as_slice()), ("download", &["out", "--key", "spaß.bin"])] {
        let linked_program = program_folder.path().join(example);
        fs::hard_link(program(example), &linked_program).unwrap();
        Finished::run(setup.command_without_access_keys(&linked_program, arguments)).await.assert(0, &notice);
    }
    assert!(fs::read(setup.path("out")).unwrap() == setup.content);
}

#[tokio::test]
async fn errors_are_printed_with_advice() {
    let setup = Setup::new().await;
    let to_bucket = ["--bucket", "my-bucket", "--key", "k"];
    for (example, arguments, code, problem) in [
        ("upload", ["spaß.bin"].as_slice(), 1, "a bucket is required: use --bucket NAME"),
        ("upload", &["missing"], 1, "missing cannot be uploaded: No such file"),
        ("upload", &["."], 1, ". is a folder, not a file"),
        ("upload", &["-"], 1, "a key is required: use --key KEY"),
        ("upload", &["spaß.bin", "--part-size", "8"], 2, "did you mean 8MiB?"),
        ("upload", &["spaß.bin", "--part-size", "8TB"], 2, "use KiB, MiB or GiB"),
        ("upload", &["spaß.bin", "--bandwidth", "0"], 2, "size must be greater than 0"),
        ("upload", &["spaß.bin", "--bucket", "nope"], 1, "check the name of the bucket and its zone"),
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
        ("download", &[["no/out"].as_slice(), &to_bucket].concat(), 1, "the folder no does not exist"),
        ("download", &[["."].as_slice(), &to_bucket].concat(), 1, ". is a folder: name a file in that folder"),
        ("download", &[["out"].as_slice(), &to_bucket].concat(), 1, "check that the bucket and the object"),
    ] {
        setup.run(example, arguments).await.assert(code, problem);
    }
    for (name, value, problem) in [
        ("QINGSTOR_SECRET_ACCESS_KEY", "wrong", "check the access keys (QINGSTOR_ACCESS_KEY_ID"),
        ("QINGSTOR_ENDPOINT", "http://127.0.0.1:1", "check the network and the endpoint (QINGSTOR_ENDPOINT)"),
    ] {
        let mut command = setup.command("upload", &[["spaß.bin"].as_slice(), &to_bucket].concat());
        command.env(name, value);
        Finished::run(command).await.assert(1, problem);
    }
}
