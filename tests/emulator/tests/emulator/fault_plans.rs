//! Fault plans: the same seed hits the same requests, a plan without hits has no effect, and invalid plans are refused.

use std::fs;

use crate::support::process::command;
use crate::support::{Client, Response, data, md5_base64};
use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};

const PLAN: &str = "
seed: 3
rules:
  - operation: UploadMultipart
    part: 1
    count: 1
    fault: { error_answer: { status: 503, code: service_unavailable, retry_after: 1 } }
  - operation: CompleteMultipartUpload
    fault: lose_answer
    count: 1
";

async fn start_with_plan(plan: FaultPlan) -> (Emulator, Client) {
    let emulator = Emulator::builder().bucket("b").allow_tiny_parts(true).faults(plan).start().await.unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn plan_hits_the_chosen_requests_of_an_upload() {
    let (emulator, client) = start_with_plan(FaultPlan::from_yaml("plan.yaml", PLAN).unwrap()).await;
    let upload = client.initiate("/b/k").await;
    client.part("/b/k", &upload, 0, data(0, 10)).await.expect(201);
    client.part("/b/k", &upload, 1, data(1, 10)).await.expect(503);
    client.part("/b/k", &upload, 1, data(1, 10)).await.expect(201);
    let body = r#"{"object_parts":[{"part_number":0},{"part_number":1}]}"#;
    let lost = client.try_send("POST", &format!("/b/k?upload_id={upload}"), &[], body).await;
    assert!(lost.is_err());
    assert_eq!(client.get("/b/k").await.expect(200).body, [data(0, 10), data(1, 10)].concat());
    assert_eq!(emulator.faults_fired(), [1, 1]);
}

async fn statuses(seed: u64) -> Vec<u16> {
    let unavailable = Fault::ErrorAnswer { status: 503, code: None, retry_after: None };
    let rules = [FaultRule::new(unavailable).probability(0.3), FaultRule::new(Fault::LoseAnswer).probability(0.2)];
    let plan = rules.into_iter().fold(FaultPlan::new().seed(seed), FaultPlan::rule);
    let (_emulator, client) = start_with_plan(plan).await;
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let response = client.try_send("PUT", "/b/k", &[], "data").await;
        statuses.push(response.map_or(0, |response| response.status.as_u16()));
    }
    statuses
}

#[tokio::test]
async fn same_seed_hits_the_same_requests() {
    let (first, again, other) = (statuses(1).await, statuses(1).await, statuses(2).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
    for status in [0, 201, 503] {
        assert!(first.contains(&status), "{first:?}");
    }
}

/// Returns a response as text, without values that differ each time.
fn summary(response: &Response) -> String {
    let mut headers = response.headers.clone();
    for name in ["date", "last-modified", "x-qs-request-id"] {
        headers.remove(name);
    }
    format!("{} {headers:?} {:?}", response.status, response.body)
}

async fn responses(plan: FaultPlan) -> Vec<String> {
    let (emulator, client) = start_with_plan(plan).await;
    let rules = emulator.faults_fired().len();
    let body = data(1, 100_000);
    let digest = [("content-md5", &*md5_base64(&body))];
    let mut summaries = Vec::new();
    for (method, target, headers, body) in [
        ("PUT", "/b/k", &digest[..], body.clone()),
        ("PUT", "/b/k", &digest[..], b"other".to_vec()),
        ("GET", "/b/k", &[("range", "bytes=10-99")], Vec::new()),
        ("GET", "/b/k", &[], Vec::new()),
        ("HEAD", "/b/k", &[], Vec::new()),
        ("GET", "/b/none", &[], Vec::new()),
        ("DELETE", "/b/k", &[], Vec::new()),
        ("GET", "/b?stats", &[], Vec::new()),
        ("PUT", "/none/k", &[], body),
    ] {
        let response = client.send(method, target, headers, body).await;
        if target != "/b?stats" && response.status.is_success() {
            summaries.push(summary(&response));
        } else {
            summaries.push(response.status.to_string());
        }
    }
    assert_eq!(emulator.faults_fired(), vec![0; rules]);
    summaries
}

#[tokio::test]
async fn plan_without_hits_does_not_change_responses() {
    let faults = [
        Fault::CloseOnAccept,
        Fault::ErrorAnswer { status: 503, code: None, retry_after: None },
        Fault::ResetInBody { after: Offset::Bytes(0) },
        Fault::StallInBody { after: Offset::Bytes(0), lasts: None },
        Fault::SlowReceive { bytes_per_second: 1 },
        Fault::Bandwidth { bytes_per_second: 1 },
        Fault::WrongEtag,
    ];
    let plan =
        faults.into_iter().fold(FaultPlan::new(), |plan, fault| plan.rule(FaultRule::new(fault).probability(0.0)));
    assert_eq!(responses(plan).await, responses(FaultPlan::new()).await);
}

#[tokio::test]
async fn emulator_with_an_invalid_plan_does_not_start() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("PutObjekt"));
    let error = Emulator::builder().faults(plan).start().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule 1 of the fault plan: there is no operation `PutObjekt`; did you mean `PutObject`?"
    );
}

#[test]
fn command_prints_the_position_of_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let plan = directory.path().join("plan.yaml");
    fs::write(&plan, PLAN.replace("lose_answer", "loose_answer")).unwrap();
    let output = command().args(["--listen", "127.0.0.1:0", "--faults"]).arg(&plan).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!("error: {}:9:12: rules[1].fault: unknown variant `loose_answer`, ", plan.display());
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!(error.lines().count(), 1);
}

/// Returns the number of kinds of faults. The error for an unknown fault has the names of all kinds in backquotes.
fn number_of_faults() -> usize {
    let error = FaultPlan::from_yaml("plan", "rules: [ { fault: unknown } ]").unwrap_err().to_string();
    error.split('`').count() / 2 - 1
}

/// Asserts that a plan is valid.
#[track_caller]
fn assert_valid(plan: &str) {
    assert_eq!(FaultPlan::from_yaml(plan, plan).map(|_| ()).map_err(|error| error.to_string()), Ok(()));
}

/// The help text has a plan, and then each fault with its fields.
#[test]
fn plan_in_help_is_valid_and_help_lists_every_fault() {
    let output = command().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, plan) = help.split_once("for --faults:").unwrap();
    let (plan, faults) = plan.split_once("Faults:").unwrap();
    assert_valid(plan);
    let faults: Vec<_> = faults.lines().filter(|line| line.starts_with("  ")).collect();
    for line in &faults {
        let (name, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let fault = match rest.trim() {
            fields if fields.starts_with('{') => format!("{{ {name}: {fields} }}"),
            _ => name.to_owned(),
        };
        assert_valid(&format!("rules: [ {{ fault: {fault} }} ]"));
    }
    assert_eq!(faults.len(), number_of_faults());
}

#[test]
fn plan_in_readme_is_valid_and_readme_lists_every_fault() {
    let readme = include_str!("../../README.md");
    let (_, plan) = readme.split_once("```yaml\n").unwrap();
    let (plan, rest) = plan.split_once("```").unwrap();
    assert_valid(plan);
    let (_, table) = rest.split_once("| fault | fields | effect |\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let names: Vec<_> = table.lines().skip(1).map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(names.len(), number_of_faults());
    for name in names {
        let plan = format!("rules: [ {{ fault: {name} }} ]");
        let error = FaultPlan::from_yaml("plan", &plan).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!error.contains("unknown variant"), "{error}");
    }
}
