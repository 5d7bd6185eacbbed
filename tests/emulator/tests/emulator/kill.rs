//! After `kill -9` during writes, every answered change exists, and a change without a response exists completely or not at
//! all.

use crate::support::process::Running;
use crate::support::{Client, Response, data};
use tokio::sync::mpsc::UnboundedSender;

/// Number of responses to each writer before the server is killed.
const ANSWERS: usize = 25;

/// Counts a response and returns it, if there is one.
fn told<T>(answered: &UnboundedSender<()>, response: reqwest::Result<T>) -> Option<T> {
    response.ok().inspect(|_| answered.send(()).unwrap_or_default())
}

/// The created versions: id and data. A delete marker has no data.
type Versions = Vec<(String, Option<Vec<u8>>)>;

async fn write_versions(client: Client, path: String, answered: UnboundedSender<()>) -> Versions {
    let mut made = Versions::new();
    for number in 0.. {
        let body = (number % 4 != 3).then(|| data(number, 500));
        let response = match &body {
            Some(body) => client.try_send("PUT", &path, &[], body.clone()).await,
            None => client.try_send("DELETE", &path, &[], "").await,
        };
        let Some(response) = told(&answered, response) else { break };
        made.push((response.header("x-qs-version-id").to_owned(), body));
    }
    made
}

fn piece(number: u64) -> Vec<u8> {
    data(number, 1000 + number as usize)
}

/// Returns the number of appended pieces.
async fn append_pieces(client: Client, path: String, answered: UnboundedSender<()>) -> u64 {
    let mut position = 0;
    for number in 0.. {
        let target = format!("{path}?append&position={position}");
        let response = client.try_send("POST", &target, &[], piece(number)).await;
        let Some(response) = told(&answered, response) else { return number };
        position += piece(number).len();
        assert_eq!(response.expect(200).header("x-qs-next-append-position"), position.to_string());
    }
    0
}

/// Returns the number of moved objects.
async fn move_objects(client: Client, path: String, answered: UnboundedSender<()>) -> u64 {
    for number in 0.. {
        let (from, to) = (format!("{path}-from-{number}"), format!("{path}-to-{number}"));
        if client.try_send("PUT", &from, &[], data(number, 300)).await.is_err() {
            return number;
        }
        let response = client.try_send("PUT", &to, &[("x-qs-move-source", &from)], "").await;
        if told(&answered, response).is_none() {
            return number;
        }
    }
    0
}

async fn check_versions(client: &Client, key: &str, made: &Versions) {
    let listed = client.get(&format!("/b?versions&prefix={key}&limit=1000")).await.expect(200).json();
    let listed: Vec<&str> =
        listed["keys"].as_array().unwrap().iter().rev().map(|key| key["version_id"].as_str().unwrap()).collect();
    let known: Vec<&str> = made.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(listed[..known.len()], known);
    assert!(listed.len() <= known.len() + 1, "{listed:?}");
    for (id, body) in made {
        let response = client.get(&format!("/b/{key}?version_id={id}")).await;
        match body {
            Some(body) => assert!(response.expect(200).body == *body),
            None => drop(response.expect(405)),
        }
    }
}

async fn check_pieces(client: &Client, path: &str, appended: u64) {
    let body = client.get(path).await.expect(200).body;
    let whole = |pieces: u64| (0..pieces).flat_map(piece).collect::<Vec<u8>>();
    assert!(body == whole(appended) || body == whole(appended + 1), "{} bytes", body.len());
    let response = client.post(&format!("{path}?append&position={}", body.len()), "end").await;
    response.expect(200);
}

async fn check_moves(client: &Client, path: &str, moved: u64) {
    let is_there = |response: &Response| response.status == 200;
    for number in 0..=moved {
        let from = client.get(&format!("{path}-from-{number}")).await;
        let to = client.get(&format!("{path}-to-{number}")).await;
        if number < moved {
            assert!(is_there(&to) && !is_there(&from), "{number}");
        } else {
            assert!(!(is_there(&to) && is_there(&from)), "{number}");
        }
        for response in [from, to].iter().filter(|response| is_there(response)) {
            assert!(response.body == data(number, 300));
        }
    }
}

#[tokio::test]
async fn answered_changes_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let mut running = Running::start(directory.path());
        // The first round runs without versioning, the others with it.
        if round == 1 {
            running.client.put("/b?versioning", r#"{"status":"ENABLED"}"#).await.expect(200);
        }
        let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
        let client = || running.client.clone();
        let path = |what: &str| format!("/b/{what}{round}");
        let pieces = tokio::spawn(append_pieces(client(), path("log"), answered.clone()));
        let moves = tokio::spawn(move_objects(client(), path("m"), answered.clone()));
        let versions = (round > 0).then(|| tokio::spawn(write_versions(client(), path("v"), answered)));
        for _ in 0..3 * ANSWERS {
            answers.recv().await.unwrap();
        }
        running.kill();
        let (pieces, moves) = (pieces.await.unwrap(), moves.await.unwrap());

        let running = Running::start(directory.path());
        check_pieces(&running.client, &path("log"), pieces).await;
        check_moves(&running.client, &path("m"), moves).await;
        if let Some(versions) = versions {
            check_versions(&running.client, &format!("v{round}"), &versions.await.unwrap()).await;
        }
    }
}
