//! The command: its options, its errors, and its data after a kill.

use crate::support::process::{Process, command};
use crate::support::{MIB, data};

#[tokio::test]
async fn committed_data_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path());
    let client = &process.client;
    let parts = [data(1, 4 * MIB), data(2, 100)];
    client.put("/b/kept", "old").await.expect(201);
    client.put("/b/kept", "new").await.expect(201);
    client.put("/b/gone", "data").await.expect(201);
    client.delete("/b/gone").await.expect(204);
    let done = client.initiate("/b/done").await;
    let open = client.initiate("/b/open").await;
    for (number, part) in (0..).zip(&parts) {
        for (path, upload) in [("/b/done", &done), ("/b/open", &open)] {
            client.part(path, upload, number, part.clone()).await.expect(201);
        }
    }
    client.complete("/b/done", &done, &[0, 1]).await.expect(201);
    client.put("/b?logging", r#"{"target_bucket":"old","target_prefix":""}"#).await.expect(200);
    client.put("/b?logging", r#"{"target_bucket":"new","target_prefix":""}"#).await.expect(200);
    client.put("/b?mirror", r#"{"source_site":"example.com"}"#).await.expect(200);
    client.delete("/b?mirror").await.expect(204);
    process.kill();

    let mut process = Process::start(directory.path());
    let client = &process.client;
    assert_eq!(client.get("/b/kept").await.expect(200).body, b"new");
    client.get("/b/gone").await.expect(404);
    assert_eq!(client.get("/b?logging").await.json()["target_bucket"], "new");
    assert_eq!(client.get("/b?mirror").await.body, b"{}");
    assert_eq!(client.get("/b/done").await.expect(200).body, parts.concat());
    client.get("/b/open").await.expect(404);
    client.complete("/b/open", &open, &[0, 1]).await.expect(201);
    process.kill();

    let process = Process::start(directory.path());
    let response = process.client.get("/b/open").await.expect(200);
    assert_eq!(response.body, parts.concat());
}

#[tokio::test]
async fn directory_in_use_is_refused_and_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path());
    let upload = process.client.initiate("/b/k").await;
    process.client.part("/b/k", &upload, 0, data(1, 10)).await.expect(201);
    let output = command().args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let path = directory.path().display();
    let expected = format!("error: cannot use the data directory {path}: it is in use by another process\n");
    assert_eq!(error, expected);
    process.client.complete("/b/k", &upload, &[0]).await.expect(201);
    process.kill();

    let process = Process::start(directory.path());
    assert_eq!(process.client.get("/b/k").await.expect(200).body, data(1, 10));
}

#[test]
fn invalid_status_is_a_one_line_error() {
    let output = command().args(["--listen", "127.0.0.1:0", "--upload-not-exists-status", "500"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: the status of upload_not_exists must be 400 or 404, not 500\n");
}

#[test]
fn port_in_use_is_a_one_line_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command().args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!("error: cannot listen on {address}: ");
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn unusable_directory_is_a_one_line_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = command().args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: cannot use the data directory "), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[tokio::test]
async fn secret_access_key_is_read_from_the_environment_and_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    // The process gets the secret in the variable.
    let process = Process::start(directory.path());
    process.client.get("/b").await.expect(200);

    let output = command().env("QINGSTOR_EMULATOR_SECRET_ACCESS_KEY", "hunter2").arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("QINGSTOR_EMULATOR_SECRET_ACCESS_KEY") && !help.contains("hunter2"), "{help}");
}

#[test]
fn help_lists_every_option_in_the_readme() {
    let output = command().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let options = include_str!("../../README.md").lines().filter_map(|line| line.strip_prefix("| `--"));
    let options: Vec<_> = options.map(|rest| rest.split(['`', ' ']).next().unwrap()).collect();
    assert!(options.len() > 10, "{options:?}");
    for option in options {
        assert!(help.contains(&format!("--{option}")), "{option}");
    }
}
