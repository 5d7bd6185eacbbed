//! Appending to objects.

use std::collections::BTreeSet;

use crate::support::{Client, MIB, Response, data, md5_base64, start};
use qingstor_emulator::Emulator;

const NEXT: &str = "x-qs-next-append-position";
const VERSION_ID: &str = "x-qs-version-id";

async fn append(client: &Client, position: usize, body: impl Into<Vec<u8>>) -> Response {
    client.post(&format!("/b/log?append&position={position}"), body).await
}

#[tokio::test]
async fn append_extends_an_object() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().bucket("b").data_dir(directory.path());
    let emulator = builder.clone().start().await.unwrap();
    let client = Client::new(&emulator);
    let parts = [data(1, MIB + 3), data(2, 10), data(3, 1)];
    let headers = [("content-type", "text/x"), ("x-qs-meta-a", "1"), ("x-qs-storage-class", "STANDARD_IA")];
    let response = client.send("POST", "/b/log?append&position=0", &headers, parts[0].clone()).await.expect(200);
    assert_eq!(response.header(NEXT), (MIB + 3).to_string());
    assert!(response.body.is_empty());
    let first = client.send("HEAD", "/b/log", &[], "").await.expect(200);

    // Only the first request sets the properties of the object.
    let headers = [("content-type", "text/y"), ("x-qs-meta-b", "2"), ("content-md5", &*md5_base64(&parts[1]))];
    let target = format!("/b/log?position={}&append=", MIB + 3);
    client.send("POST", &target, &headers, parts[1].clone()).await.expect(200);
    emulator.stop().await;

    let emulator = builder.start().await.unwrap();
    let client = Client::new(&emulator);
    let response = append(&client, MIB + 13, parts[2].clone()).await.expect(200);
    assert_eq!(response.header(NEXT), (MIB + 14).to_string());
    let response = client.get("/b/log").await.expect(200);
    assert_eq!(response.body, parts.concat());
    assert_eq!(response.header("x-qs-object-type"), "");
    let head = client.send("HEAD", "/b/log", &[], "").await.expect(200);
    assert_eq!((head.header("x-qs-object-type"), head.header(NEXT)), ("appendable", &*(MIB + 14).to_string()));
    assert_eq!((head.header("content-type"), head.header("x-qs-meta-a")), ("text/x", "1"));
    assert_eq!((head.header("x-qs-meta-b"), head.header("x-qs-storage-class")), ("", "STANDARD_IA"));
    assert_ne!(head.header("etag"), first.header("etag"));
    let listed = client.get("/b").await.expect(200).json();
    assert_eq!(listed["keys"][0]["size"], MIB + 14);
    assert_eq!(listed["keys"][0]["etag"], head.header("etag"));
}

#[tokio::test]
async fn rejects_invalid_appends() {
    let (_emulator, client) = start().await;
    append(&client, 0, "0123").await.expect(200);
    for position in [0, 3, 5] {
        assert_eq!(append(&client, position, "x").await.expect(400).code(), "invalid_argument", "{position}");
    }
    for target in ["/b/log?append", "/b/log?append&position=", "/b/log?append&position=-1", "/b/new?append&position=1"]
    {
        assert_eq!(client.post(target, "x").await.expect(400).code(), "invalid_argument", "{target}");
    }
    let md5 = [("content-md5", &*md5_base64(b"other"))];
    let response = client.send("POST", "/b/log?append&position=4", &md5, "data").await.expect(400);
    assert_eq!(response.code(), "bad_digest");
    let class = [("x-qs-storage-class", "COLD")];
    let response = client.send("POST", "/b/new?append&position=0", &class, "data").await.expect(400);
    assert_eq!(response.code(), "invalid_request");
    let sse = [
        ("x-qs-encryption-customer-algorithm", "AES256"),
        ("x-qs-encryption-customer-key", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="),
        ("x-qs-encryption-customer-key-md5", "3I/h1kl+vSP1l12NKhxegQ=="),
    ];
    let response = client.send("POST", "/b/new?append&position=0", &sse, "data").await.expect(400);
    assert_eq!(response.code(), "invalid_argument");
    client.get("/b/new").await.expect(404);
    assert_eq!(client.get("/b/log").await.expect(200).body, b"0123");
    assert_eq!(client.post("/none-such/k?append&position=0", "").await.expect(404).code(), "bucket_not_exists");
    let target = "/b/log?append&position=4&version_id=null";
    assert_eq!(client.post(target, "x").await.expect(400).code(), "invalid_argument");
}

#[tokio::test]
async fn only_appendable_objects_can_be_appended_to() {
    let (_emulator, client) = start().await;
    append(&client, 0, "data").await.expect(200);
    let copy = [("x-qs-copy-source", "/b/log")];
    client.send("PUT", "/b/copy", &copy, "").await.expect(201);
    client.put("/b/put", "").await.expect(201);
    for target in ["/b/copy?append&position=4", "/b/put?append&position=0"] {
        assert_eq!(client.post(target, "x").await.expect(400).code(), "invalid_object_state", "{target}");
    }
    let moved = [("x-qs-move-source", "/b/log")];
    client.send("PUT", "/b/moved", &moved, "").await.expect(201);
    client.post("/b/moved?append&position=4", "+").await.expect(200);
    assert_eq!(client.get("/b/moved").await.expect(200).body, b"data+");
    assert_eq!(client.get("/b/copy").await.expect(200).body, b"data");
    client.put("/b/moved", "put").await.expect(201);
    assert_eq!(client.post("/b/moved?append&position=3", "x").await.expect(400).code(), "invalid_object_state");
    client.delete("/b/moved").await.expect(204);
    client.post("/b/moved?append&position=0", "").await.expect(200);
    assert_eq!(client.post("/b/moved?append&position=0", "new").await.expect(200).header(NEXT), "3");
}

#[tokio::test]
async fn one_of_concurrent_appends_succeeds() {
    let (emulator, _client) = start().await;
    let emulator = std::sync::Arc::new(emulator);
    let mut expected = Vec::new();
    for round in 0..5 {
        let position = expected.len();
        let attempts: Vec<_> = (0..8)
            .map(|writer| {
                let client = Client::new(&emulator);
                let body = data(round * 8 + writer, 600 * 1024);
                tokio::spawn(async move {
                    let response = append(&client, position, body.clone()).await;
                    (response.status.as_u16(), body)
                })
            })
            .collect();
        let mut successful = Vec::new();
        for attempt in attempts {
            match attempt.await.unwrap() {
                (200, body) => successful.push(body),
                (status, _) => assert_eq!(status, 400),
            }
        }
        assert_eq!(successful.len(), 1, "round {round}");
        expected.extend(successful.remove(0));
    }
    assert!(Client::new(&emulator).get("/b/log").await.expect(200).body == expected);
}

#[tokio::test]
async fn append_keeps_the_version() {
    let (_emulator, client) = start().await;
    client.put("/b?versioning", r#"{"status":"ENABLED"}"#).await.expect(200);
    let first = append(&client, 0, "one").await.expect(200).header(VERSION_ID).to_owned();
    assert!(!first.is_empty());
    assert_eq!(append(&client, 3, "two").await.expect(200).header(VERSION_ID), first);
    client.delete("/b/log").await.expect(204);
    // An object before a delete marker is an earlier version, which cannot be appended to.
    assert_eq!(append(&client, 6, "x").await.expect(400).code(), "invalid_argument");
    let second = append(&client, 0, "new").await.expect(200).header(VERSION_ID).to_owned();
    assert_eq!(client.get(&format!("/b/log?version_id={first}")).await.expect(200).body, b"onetwo");
    assert_eq!(client.get(&format!("/b/log?version_id={second}")).await.expect(200).body, b"new");
    client.put("/b/log", "put").await.expect(201);
    assert_eq!(append(&client, 3, "x").await.expect(400).code(), "invalid_object_state");
    let listed = client.get("/b?versions").await.expect(200).json();
    let ids: BTreeSet<&str> =
        listed["keys"].as_array().unwrap().iter().map(|key| key["version_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 4);
}
