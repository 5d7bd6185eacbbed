//! After `kill -9` during writes, every change with a response exists. A change without a response exists completely or
//! not at all.

use crate::support::process::Process;
use crate::support::{Client, Response, data};
use tokio::sync::mpsc::UnboundedSender;

/// Average number of responses to each writer before the server is killed.
const RESPONSES: usize = 25;

/// Counts a response and returns it, if there is one.
fn count_response<T>(counter: &UnboundedSender<()>, response: reqwest::Result<T>) -> Option<T> {
    response.ok().inspect(|_| counter.send(()).unwrap_or_default())
}

/// The versions that a writer created: id and data. A delete marker has no data.
type Versions = Vec<(String, Option<Vec<u8>>)>;

async fn write_versions(client: Client, path: String, counter: UnboundedSender<()>) -> Versions {
    let mut created = Versions::new();
    for number in 0.. {
        let body = (number % 4 != 3).then(|| data(number, 500));
        let response = match &body {
            Some(body) => client.try_send("PUT", &path, &[], body.clone()).await,
            None => client.try_send("DELETE", &path, &[], "").await,
        };
        let Some(response) = count_response(&counter, response) else { break };
        created.push((response.header("x-qs-version-id").to_owned(), body));
    }
    created
}

fn chunk(number: u64) -> Vec<u8> {
    data(number, 1000 + number as usize)
}

/// Appends chunks until the server is killed. Returns the number of appended chunks.
async fn append_chunks(client: Client, path: String, counter: UnboundedSender<()>) -> u64 {
    let mut position = 0;
    for number in 0.. {
        let target = format!("{path}?append&position={position}");
        let response = client.try_send("POST", &target, &[], chunk(number)).await;
        let Some(response) = count_response(&counter, response) else { return number };
        position += chunk(number).len();
        assert_eq!(response.expect(200).header("x-qs-next-append-position"), position.to_string());
    }
    0
}

/// Moves objects until the server is killed. Returns the number of moved objects.
async fn move_objects(client: Client, path: String, counter: UnboundedSender<()>) -> u64 {
    for number in 0.. {
        let (from, to) = (format!("{path}-from-{number}"), format!("{path}-to-{number}"));
        if client.try_send("PUT", &from, &[], data(number, 300)).await.is_err() {
            return number;
        }
        let response = client.try_send("PUT", &to, &[("x-qs-move-source", &from)], "").await;
        if count_response(&counter, response).is_none() {
            return number;
        }
    }
    0
}

async fn check_versions(client: &Client, key: &str, created: &Versions) {
    let listed = client.get(&format!("/b?versions&prefix={key}&limit=1000")).await.expect(200).json();
    let listed: Vec<&str> =
        listed["keys"].as_array().unwrap().iter().rev().map(|key| key["version_id"].as_str().unwrap()).collect();
    let known: Vec<&str> = created.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(listed[..known.len()], known);
    assert!(listed.len() <= known.len() + 1, "{listed:?}");
    for (id, body) in created {
        let response = client.get(&format!("/b/{key}?version_id={id}")).await;
        match body {
            Some(body) => assert!(response.expect(200).body == *body),
            None => drop(response.expect(405)),
        }
    }
}

async fn check_chunks(client: &Client, path: &str, appended: u64) {
    let body = client.get(path).await.expect(200).body;
    let whole = |chunks: u64| (0..chunks).flat_map(chunk).collect::<Vec<u8>>();
    assert!(body == whole(appended) || body == whole(appended + 1), "{} bytes", body.len());
    let response = client.post(&format!("{path}?append&position={}", body.len()), "end").await;
    response.expect(200);
}

async fn check_moves(client: &Client, path: &str, moved: u64) {
    let exists = |response: &Response| response.status == 200;
    for number in 0..=moved {
        let from = client.get(&format!("{path}-from-{number}")).await;
        let to = client.get(&format!("{path}-to-{number}")).await;
        if number < moved {
            assert!(exists(&to) && !exists(&from), "{number}");
        } else {
            assert!(!(exists(&to) && exists(&from)), "{number}");
        }
        for response in [from, to].iter().filter(|response| exists(response)) {
            assert!(response.body == data(number, 300));
        }
    }
}

#[tokio::test]
async fn changes_with_a_response_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let mut process = Process::start(directory.path());
        // The bucket has versioning from the second round on.
        if round == 1 {
            process.client.put("/b?versioning", r#"{"status":"ENABLED"}"#).await.expect(200);
        }
        let (counter, mut responses) = tokio::sync::mpsc::unbounded_channel();
        let client = || process.client.clone();
        let path = |what: &str| format!("/b/{what}{round}");
        let chunks = tokio::spawn(append_chunks(client(), path("log"), counter.clone()));
        let moves = tokio::spawn(move_objects(client(), path("m"), counter.clone()));
        let versions = (round > 0).then(|| tokio::spawn(write_versions(client(), path("v"), counter)));
        for _ in 0..3 * RESPONSES {
            responses.recv().await.unwrap();
        }
        process.kill();
        let (chunks, moves) = (chunks.await.unwrap(), moves.await.unwrap());

        let process = Process::start(directory.path());
        check_chunks(&process.client, &path("log"), chunks).await;
        check_moves(&process.client, &path("m"), moves).await;
        if let Some(versions) = versions {
            check_versions(&process.client, &format!("v{round}"), &versions.await.unwrap()).await;
        }
    }
}
