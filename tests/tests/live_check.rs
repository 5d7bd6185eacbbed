//! The program `live-check`: its report on emulators with and without the default behaviour, and its clean-up.

use std::process::Stdio;

use qingstor_emulator::{Builder, Emulator, Fault, FaultPlan, FaultRule, Variant};
use qingstor_sdk::operations::{HeadBucketInput, ListObjectVersionsInput, ListObjectsInput, PutBucketVersioningInput};
use qingstor_sdk::types::VersioningStatus;
use qingstor_tests::{TestBucket, open_uploads};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

const SECRET: &str = "a-secret-that-no-report-contains";

fn emulator() -> Builder {
    Emulator::builder().credentials("LIVECHECKACCESSKEY", SECRET)
}

/// Returns a command that runs the program with the access keys of the emulator.
fn command(test: &TestBucket, home: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_live-check"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QINGSTOR_") && name != "QINGSTOR_SCENARIOS")
    {
        command.env_remove(name);
    }
    let emulator = test.emulator();
    command
        .args(["--zone", emulator.zone()])
        .args(arguments)
        .env("HOME", home.path())
        .env("QINGSTOR_ENDPOINT", emulator.endpoint())
        .env("QINGSTOR_ACCESS_KEY_ID", emulator.access_key_id())
        .env("QINGSTOR_SECRET_ACCESS_KEY", emulator.secret_access_key())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs the program and returns its exit status and report.
async fn run(test: &TestBucket, arguments: &[&str]) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let output = command(test, &home, arguments).output().await.unwrap();
    let (report, progress) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    println!("{report}");
    for secret in [SECRET, "LIVECHECKACCESSKEY"] {
        assert!(!report.contains(secret) && !progress.contains(secret), "the output contains an access key");
    }
    assert!(report.contains("Everything that this check created was removed."), "{progress}");
    (output.status.code(), report)
}

/// Returns the rows of the table of differences.
fn differences(report: &str) -> Vec<&str> {
    let section = report.split("## Differences\n").nth(1).unwrap().split("\n## ").next().unwrap();
    section.lines().filter(|line| line.starts_with('|')).skip(2).collect()
}

async fn assert_is_empty(test: &TestBucket) {
    assert_eq!(test.list_objects(ListObjectsInput::new()).await.unwrap().keys, []);
    assert_eq!(open_uploads(test).await.unwrap(), Vec::<String>::new());
    assert_eq!(test.list_object_versions(ListObjectVersionsInput::new()).await.unwrap().keys, []);
}

#[tokio::test]
async fn default_emulator_has_no_differences() {
    let test = TestBucket::on(emulator()).await.unwrap();
    let (status, report) = run(&test, &["--bucket", "live-check-bucket", "--create-bucket", "--size", "16"]).await;
    assert_eq!(differences(&report), Vec::<&str>::new());
    assert_eq!(status, Some(0));
    let not_made = report.split("## Checks that were not made\n").nth(1).unwrap().trim_start();
    let not_made = not_made.split("\n\n").next().unwrap();
    let allowed = |row: &str| row.contains("scenarios") || row.starts_with("| check ") || row.starts_with("| --- ");
    assert!(not_made.lines().all(allowed), "{not_made}");
    let created = test.account().bucket("live-check-bucket", test.zone());
    assert!(created.head_bucket(HeadBucketInput::new()).await.unwrap_err().is_not_found());
}

/// Asserts that the differences on an emulator name exactly these settings, and that nothing remains in the bucket.
async fn assert_settings(emulator: Builder, expected: &[&str]) {
    let test = TestBucket::on(emulator).await.unwrap();
    let (status, report) = run(&test, &["--bucket", "bucket", "--size", "16"]).await;
    let settings: Vec<&str> =
        differences(&report).iter().map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap()).collect();
    assert_eq!(settings, expected);
    assert_eq!(status, Some(1));
    assert_is_empty(&test).await;
}

#[tokio::test]
async fn each_difference_names_the_setting_of_the_emulator() {
    let emulator = emulator().upload_not_exists_status(400).refuse_chunked(true).variant(Variant::NoPartEtag);
    let expected = ["`--upload-not-exists-status`", "`--variant no-part-etag`", "`--refuse-chunked`"];
    assert_settings(emulator, &expected).await;
}

#[tokio::test]
async fn each_difference_names_the_variant_of_the_emulator() {
    let variants = [
        Variant::ConditionalWrites,
        Variant::Md5OfMultipart,
        Variant::CountOfPage,
        Variant::MarkerZeroListsPartZero,
        Variant::ListLimit100,
    ];
    let expected = [
        "`--variant md5-of-multipart`",
        "`--variant count-of-page`",
        "`--variant marker-zero-lists-part-zero`",
        "`--variant list-limit-100`",
        "`--variant conditional-writes`",
    ];
    assert_settings(variants.into_iter().fold(emulator(), Builder::variant), &expected).await;
}

#[tokio::test]
async fn existing_bucket_is_not_created() {
    let test = TestBucket::on(emulator()).await.unwrap();
    test.put("mine", "content").await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let output = command(&test, &home, &["--bucket", "bucket", "--create-bucket"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("bucket_already_exists"));
    assert_eq!(test.read("mine").await.unwrap(), b"content");
}

#[cfg(unix)]
#[tokio::test]
async fn interrupted_check_removes_everything() {
    // The upload takes several seconds, so the signal arrives while parts are in flight.
    let slow = FaultRule::new(Fault::Bandwidth { bytes_per_second: 20_000_000 }).key_prefix("live-check");
    let plan = FaultPlan::new().rule(slow.operation("UploadMultipart"));
    let test = TestBucket::on(emulator().faults(plan)).await.unwrap();
    test.put_bucket_versioning(PutBucketVersioningInput::new(VersioningStatus::Enabled)).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = command(&test, &home, &["--bucket", "bucket", "--size", "100"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut progress = BufReader::new(child.stderr.take().unwrap()).lines();
    let is_in_transfer = |line: &str| {
        let uploaded = line.strip_prefix("uploaded ").and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        uploaded.is_some_and(|uploaded| uploaded >= 10)
    };
    while !is_in_transfer(&progress.next_line().await.unwrap().expect("the program ended before the transfer")) {}
    assert!(!open_uploads(&test).await.unwrap().is_empty());
    let interrupt = Command::new("kill").args(["-INT", &child.id().unwrap().to_string()]).status().await.unwrap();
    assert!(interrupt.success());
    while progress.next_line().await.unwrap().is_some() {}
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(130), "{report}");
    assert!(report.contains("**The check was interrupted**"), "{report}");
    assert!(report.contains("Everything that this check created was removed."), "{report}");
    assert_is_empty(&test).await;
}
