//! The access log: one line for each request, with the transferred bytes and without credentials.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::process::command;
use crate::support::{Client, MIB, RawConnection, data, epoch};
use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset, signature};
use serde_json::Value;
use tempfile::TempDir;

/// An emulator with an access log.
struct LoggedEmulator {
    emulator: Emulator,
    client: Client,
    path: PathBuf,
    _directory: TempDir,
}

impl LoggedEmulator {
    async fn start(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        let plan = rules.into_iter().fold(FaultPlan::new(), FaultPlan::rule);
        let emulator = Emulator::builder().bucket("b").faults(plan).access_log(&path).start().await.unwrap();
        let client = Client::new(&emulator);
        Self { emulator, client, path, _directory: directory }
    }

    /// Stops the emulator and returns the log.
    async fn text(self) -> String {
        let Self { emulator, client, path, _directory } = self;
        drop(client);
        emulator.stop().await;
        fs::read_to_string(path).unwrap()
    }

    async fn lines(self) -> Vec<Value> {
        lines(&self.text().await)
    }
}

fn lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns method, target, operation, status, bytes received, bytes sent and fault of a line as text.
fn summary(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
    let [method, target, operation, fault] = ["method", "target", "operation", "fault"].map(text);
    let [status, received, sent] = ["status", "bytes_received", "bytes_sent"].map(|name| &line[name]);
    format!("{method} {target} {operation} {status} {received} {sent} {fault}")
}

fn summaries(lines: &[Value]) -> Vec<String> {
    lines.iter().map(summary).collect()
}

#[tokio::test]
async fn logs_requests_and_responses() {
    let logged = LoggedEmulator::start([]).await;
    let client = &logged.client;
    let put = client.put("/b/a%2Bb", data(1, 2 * MIB)).await.expect(201);
    client.get("/b/a%2Bb").await.expect(200);
    client.send("GET", "/b/a%2Bb", &[("range", "bytes=0-9")], "").await.expect(206);
    client.send("HEAD", "/b/a%2Bb", &[], "").await.expect(200);
    client.delete("/b/a%2Bb").await.expect(204);
    let missing = client.get("/b/none").await.expect(404);
    client.send("PATCH", "/b", &[], "data").await.expect(405);
    let lines = logged.lines().await;
    assert_eq!(
        summaries(&lines),
        [
            "PUT /b/a%2Bb PutObject 201 2097152 0 -".to_owned(),
            "GET /b/a%2Bb GetObject 200 0 2097152 -".to_owned(),
            "GET /b/a%2Bb GetObject 206 0 10 -".to_owned(),
            "HEAD /b/a%2Bb HeadObject 200 0 0 -".to_owned(),
            "DELETE /b/a%2Bb DeleteObject 204 0 0 -".to_owned(),
            format!("GET /b/none GetObject 404 0 {} -", missing.body.len()),
            format!("PATCH /b - 405 4 {} -", lines[6]["bytes_sent"]),
        ]
    );
    assert_eq!(lines[0]["request_id"], put.header("x-qs-request-id"));
    assert!(lines[0].as_object().unwrap().get("fault").is_none());
    let time: jiff::Timestamp = lines[0]["time"].as_str().unwrap().parse().unwrap();
    assert!(time.as_second().abs_diff(i64::try_from(epoch()).unwrap()) < 600);
}

#[tokio::test]
async fn redacts_credentials() {
    let logged = LoggedEmulator::start([]).await;
    let expires = epoch() + 60;
    let text = signature::string_to_sign("GET", "/b/k", None, &http::HeaderMap::new(), Some(expires));
    let signature = signature::sign(logged.emulator.secret_access_key(), &text).replace('+', "%2B");
    let key = logged.emulator.access_key_id().to_owned();
    let target = format!("/b/k?access_key_id={key}&expires={expires}&signature={signature}&x=1");
    logged.client.send_as_is("GET", &target, http::HeaderMap::new(), "").await.expect(404);
    logged.client.get("/b/k").await.expect(404);
    let text = logged.text().await;
    let lines = lines(&text);
    let expected = format!("/b/k?access_key_id=REDACTED&expires={expires}&signature=REDACTED&x=1");
    assert_eq!(lines[0]["target"], expected);
    assert!(!text.contains(&key));
    assert!(!text.contains(&signature));
}

fn once_for_k(fault: Fault) -> FaultRule {
    FaultRule::new(fault).key("k").count(1)
}

#[tokio::test]
async fn line_has_the_name_of_the_fault() {
    let unavailable = Fault::ErrorAnswer { status: 503, code: None, retry_after: None };
    let logged = LoggedEmulator::start([
        once_for_k(unavailable),
        once_for_k(Fault::ResetBeforeAnswer),
        once_for_k(Fault::LoseAnswer),
    ])
    .await;
    for _ in 0..4 {
        let _ = logged.client.try_send("PUT", "/b/k", &[], "data").await;
    }
    assert_eq!(
        summaries(&logged.lines().await),
        [
            "PUT /b/k PutObject 503 4 0 error_answer",
            "PUT /b/k PutObject null 4 0 reset_before_answer",
            "PUT /b/k PutObject null 4 0 lose_answer",
            "PUT /b/k PutObject 201 4 0 -",
        ]
    );
}

#[tokio::test]
async fn counts_the_bytes_before_a_cut() {
    let cut = once_for_k(Fault::CutAnswer { after: Offset::Bytes(1_000_001) }).operation("GetObject");
    let logged = LoggedEmulator::start([cut]).await;
    logged.client.put("/b/k", data(1, 2 * MIB)).await.expect(201);
    let mut raw = RawConnection::connect(&logged.emulator).await;
    raw.write_request(&logged.client, "GET", "/b/k", b"").await;
    raw.read_to_end().await.unwrap();
    drop(raw);
    let lines = logged.lines().await;
    assert_eq!(summary(&lines[1]), "GET /b/k GetObject 200 0 1000001 cut_answer");
}

#[tokio::test]
async fn counts_the_bytes_before_a_reset() {
    let logged = LoggedEmulator::start([once_for_k(Fault::ResetInBody { after: Offset::Bytes(1000) })]).await;
    let mut headers = logged.client.sign("PUT", "/b/k", None, &[("content-length", "100000")]);
    headers.insert("host", "localhost".parse().unwrap());
    let mut raw = RawConnection::connect(&logged.emulator).await;
    raw.write_head("PUT", "/b/k", &headers).await;
    raw.write([0; 1000]).await;
    raw.read_to_end().await.unwrap_err();
    assert_eq!(summaries(&logged.lines().await), ["PUT /b/k PutObject null 1000 0 reset_in_body"]);
}

#[tokio::test]
async fn logs_a_request_whose_client_disconnects() {
    let logged = LoggedEmulator::start([once_for_k(Fault::StallBeforeAnswer { lasts: None })]).await;
    let mut raw = RawConnection::connect(&logged.emulator).await;
    raw.write_request(&logged.client, "PUT", "/b/k", b"data").await;
    while logged.client.get("/b/k").await.status != 200 {}
    drop(raw);
    // The line is written before the emulator is stopped.
    let is_logged = || fs::read_to_string(&logged.path).unwrap().contains("stall_before_answer");
    while !is_logged() {
        tokio::task::yield_now().await;
    }
    let lines = logged.lines().await;
    let stalled = lines.iter().find(|line| line["method"] == "PUT").unwrap();
    assert_eq!(summary(stalled), "PUT /b/k PutObject null 4 0 stall_before_answer");
}

#[tokio::test]
async fn counts_the_received_bytes_of_a_refused_request() {
    let logged = LoggedEmulator::start([]).await;
    let mut raw = RawConnection::connect(&logged.emulator).await;
    raw.write_request(&logged.client, "PUT", "/none/k", &data(1, 8 * MIB)).await;
    raw.read_response("PUT").await.expect(404);
    drop(raw);
    let line = logged.lines().await.remove(0);
    let received = usize::try_from(line["bytes_received"].as_u64().unwrap()).unwrap();
    // The server does not count bytes that are in a buffer when it refuses the request.
    assert!((7 * MIB..=8 * MIB).contains(&received), "{received}");
    assert_eq!(line["status"], 404);
}

#[tokio::test]
async fn lines_of_concurrent_requests_do_not_mix() {
    let latency = FaultRule::new(Fault::Latency { delay: Duration::from_millis(1) });
    let logged = LoggedEmulator::start([latency]).await;
    let puts = (0..50).map(|number| {
        let client = logged.client.clone();
        tokio::spawn(async move { client.put(&format!("/b/{number}"), data(number, 100)).await.status })
    });
    for put in puts.collect::<Vec<_>>() {
        assert_eq!(put.await.unwrap(), 201);
    }
    let lines = logged.lines().await;
    let targets: std::collections::HashSet<_> = lines.iter().map(|line| line["target"].to_string()).collect();
    assert_eq!((lines.len(), targets.len()), (50, 50));
}

#[tokio::test]
async fn appends_to_an_existing_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.log");
    let builder = Emulator::builder().bucket("b").access_log(&path);
    for _ in 0..2 {
        let emulator = builder.clone().start().await.unwrap();
        Client::new(&emulator).get("/b/k").await.expect(404);
        emulator.stop().await;
    }
    assert_eq!(lines(&fs::read_to_string(path).unwrap()).len(), 2);
}

#[test]
fn unwritable_log_is_a_one_line_error() {
    let directory = tempfile::tempdir().unwrap();
    let output = command().args(["--listen", "127.0.0.1:0", "--access-log"]).arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!("error: cannot write the access log {}: ", directory.path().display());
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(error.lines().count(), 1);
}
