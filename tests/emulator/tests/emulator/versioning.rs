//! Versions and delete markers.

use crate::support::{Client, Response, md5_base64, start};
use qingstor_emulator::Emulator;

const VERSION_ID: &str = "x-qs-version-id";
const DELETE_MARKER: &str = "x-qs-delete-marker";
const ENABLED: &str = r#"{"status":"ENABLED"}"#;
const SUSPENDED: &str = r#"{"status":"SUSPENDED"}"#;

async fn start_with_versioning() -> (Emulator, Client) {
    let (emulator, client) = start().await;
    client.put("/b?versioning", ENABLED).await.expect(200);
    (emulator, client)
}

fn version_id(response: &Response) -> String {
    let id = response.header(VERSION_ID).to_owned();
    assert!(!id.is_empty());
    id
}

async fn put(client: &Client, path: &str, body: &str) -> String {
    version_id(&client.put(path, body).await.expect(201))
}

#[tokio::test]
async fn status_of_versioning_can_be_set_and_read() {
    let (_emulator, client) = start().await;
    let status = async || client.get("/b?versioning").await.expect(200).json()["status"].clone();
    assert_eq!(status().await, "DISABLED");
    for (body, code) in [
        (r#"{"status":"DISABLED"}"#, "invalid_argument"),
        (r#"{"status":"enabled"}"#, "invalid_argument"),
        (r#"{"status":1}"#, "invalid_argument"),
        ("{}", "invalid_argument"),
        ("", "invalid_json"),
    ] {
        assert_eq!(client.put("/b?versioning", body).await.expect(400).code(), code, "{body}");
    }
    assert_eq!(status().await, "DISABLED");
    assert!(client.put("/b?versioning", SUSPENDED).await.expect(200).body.is_empty());
    assert_eq!(status().await, "SUSPENDED");
    client.put("/b?versioning=", ENABLED).await.expect(200);
    assert_eq!(status().await, "ENABLED");
    assert_eq!(client.get("/none-such?versioning").await.expect(404).code(), "bucket_not_exists");
    assert_eq!(client.put("/none-such?versioning", ENABLED).await.expect(404).code(), "bucket_not_exists");
    client.delete("/b?versioning").await.expect(405);
}

#[tokio::test]
async fn every_write_creates_a_version() {
    let (_emulator, client) = start_with_versioning().await;
    let mut ids = vec![put(&client, "/b/k", "put").await];
    put(&client, "/b/other", "other").await;
    for header in ["x-qs-copy-source", "x-qs-move-source"] {
        let response = client.send("PUT", "/b/k", &[(header, "/b/other")], "").await.expect(201);
        ids.push(version_id(&response));
    }
    let upload = client.initiate("/b/k").await;
    client.part("/b/k", &upload, 0, b"part".to_vec()).await.expect(201);
    ids.push(version_id(&client.complete("/b/k", &upload, &[0]).await.expect(201)));

    for (id, body) in ids.iter().zip(["put", "other", "other", "part"]) {
        for (method, body) in [("GET", body), ("HEAD", "")] {
            let response = client.send(method, &format!("/b/k?version_id={id}"), &[], "").await.expect(200);
            assert_eq!(response.body, body.as_bytes());
            assert_eq!(response.header(VERSION_ID), id);
            assert_eq!(response.header(DELETE_MARKER), "");
        }
    }
    assert_eq!(&version_id(&client.get("/b/k").await.expect(200)), ids.last().unwrap());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn bucket_without_versioning_has_only_the_null_version() {
    let (_emulator, client) = start().await;
    assert_eq!(client.put("/b/k", "one").await.expect(201).header(VERSION_ID), "");
    assert_eq!(client.get("/b/k").await.expect(200).header(VERSION_ID), "");
    let response = client.delete("/b/k").await.expect(204);
    assert_eq!((response.header(VERSION_ID), response.header(DELETE_MARKER)), ("", ""));
    assert_eq!(client.get("/b/k").await.expect(404).header(DELETE_MARKER), "");
    client.put("/none", "").await;
    assert_eq!(client.get("/b?versions").await.expect(200).json()["keys"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn removing_a_delete_marker_restores_the_object() {
    let (_emulator, client) = start_with_versioning().await;
    let old = put(&client, "/b/k", "old").await;
    let new = put(&client, "/b/k", "new").await;
    let deleted = client.delete("/b/k").await.expect(204);
    assert_eq!(deleted.header(DELETE_MARKER), "true");
    let marker = version_id(&deleted);

    for (target, status) in [("/b/k", 404), (&*format!("/b/k?version_id={marker}"), 405)] {
        for method in ["GET", "HEAD"] {
            let response = client.send(method, target, &[], "").await.expect(status);
            assert_eq!(response.header(DELETE_MARKER), "true", "{method} {target}");
            assert_eq!(response.header(VERSION_ID), marker);
        }
    }
    assert_eq!(client.get("/b/k").await.code(), "object_not_exists");
    assert_eq!(client.get(&format!("/b/k?version_id={marker}")).await.code(), "method_not_allowed");
    assert_eq!(client.get("/b").await.json()["keys"].as_array().unwrap().len(), 0);
    assert_eq!(client.get(&format!("/b/k?version_id={old}")).await.expect(200).body, b"old");

    let removed = client.delete(&format!("/b/k?version_id={marker}")).await.expect(204);
    assert_eq!(removed.header(DELETE_MARKER), "true");
    assert_eq!(removed.header(VERSION_ID), marker);
    assert_eq!(client.get("/b/k").await.expect(200).body, b"new");

    let removed = client.delete(&format!("/b/k?version_id={new}")).await.expect(204);
    assert_eq!((removed.header(DELETE_MARKER), removed.header(VERSION_ID)), ("", &*new));
    assert_eq!(client.get("/b/k").await.expect(200).body, b"old");
    let gone = client.get(&format!("/b/k?version_id={new}")).await.expect(404);
    assert_eq!((gone.code().as_str(), gone.header(DELETE_MARKER)), ("object_not_exists", ""));
    // Deleting a version that does not exist succeeds and creates nothing.
    for id in [&*new, "null", "made-up"] {
        let response = client.delete(&format!("/b/k?version_id={id}")).await.expect(204);
        assert_eq!((response.header(DELETE_MARKER), response.header(VERSION_ID)), ("", ""), "{id}");
    }
    assert_eq!(client.get("/b/k").await.expect(200).body, b"old");
}

#[tokio::test]
async fn deleting_an_unknown_key_creates_a_delete_marker() {
    let (_emulator, client) = start_with_versioning().await;
    let first = version_id(&client.delete("/b/k").await.expect(204));
    let second = version_id(&client.delete("/b/k").await.expect(204));
    assert_ne!(first, second);
    client.delete("/none-such/k").await.expect(404);
    assert_eq!(client.delete("/b").await.expect(409).code(), "bucket_not_empty");
    for id in [first, second] {
        client.delete(&format!("/b/k?version_id={id}")).await.expect(204);
    }
    client.delete("/b").await.expect(204);
}

#[tokio::test]
async fn bucket_without_versioning_returns_no_version_ids() {
    let (_emulator, client) = start().await;
    for target in ["/b/k", "/b/k?version_id=null", "/b/k?version_id=made-up"] {
        assert_eq!(client.put("/b/k", "data").await.expect(201).header(VERSION_ID), "");
        assert_eq!(client.get("/b/k").await.expect(200).header(VERSION_ID), "");
        let deleted = client.delete(target).await.expect(204);
        assert_eq!((deleted.header(VERSION_ID), deleted.header(DELETE_MARKER)), ("", ""), "{target}");
    }
}

#[tokio::test]
async fn suspended_versioning_replaces_the_null_version() {
    let (_emulator, client) = start().await;
    client.put("/b/k", "before").await.expect(201);
    client.put("/b?versioning", ENABLED).await.expect(200);
    assert_eq!(client.get("/b/k").await.expect(200).header(VERSION_ID), "null");
    let kept = put(&client, "/b/k", "kept").await;
    assert_eq!(client.get("/b/k?version_id=null").await.expect(200).body, b"before");
    client.put("/b?versioning", SUSPENDED).await.expect(200);

    assert_eq!(client.put("/b/k", "after").await.expect(201).header(VERSION_ID), "");
    assert_eq!(client.get("/b/k?version_id=null").await.expect(200).body, b"after");
    assert_eq!(client.get("/b/k").await.expect(200).header(VERSION_ID), "null");
    let deleted = client.delete("/b/k").await.expect(204);
    assert_eq!((deleted.header(DELETE_MARKER), deleted.header(VERSION_ID)), ("true", "null"));
    client.get("/b/k?version_id=null").await.expect(405);
    let removed = client.delete("/b/k?version_id=null").await.expect(204);
    assert_eq!(removed.header(DELETE_MARKER), "true");
    let response = client.get("/b/k").await.expect(200);
    assert_eq!((response.body.as_slice(), response.header(VERSION_ID)), (&b"kept"[..], &*kept));
}

#[tokio::test]
async fn copy_restores_an_earlier_version() {
    let (_emulator, client) = start_with_versioning().await;
    let meta = [("x-qs-meta-a", "1")];
    let first = client.send("PUT", "/b/a%3Fversion_id=1", &meta, "first").await.expect(201);
    let (first, etag) = (version_id(&first), first.header("etag").to_owned());
    put(&client, "/b/a%3Fversion_id=1", "second").await;
    let marker = version_id(&client.delete("/b/a%3Fversion_id=1").await.expect(204));
    let copy =
        async |source: &str| client.send("PUT", "/b/a%3Fversion_id=1", &[("x-qs-copy-source", source)], "").await;

    assert_eq!(copy("/b/a%3Fversion_id=1").await.expect(404).code(), "object_not_exists");
    let of_marker = copy(&format!("/b/a%3Fversion_id=1?version_id={marker}")).await.expect(400);
    assert_eq!((of_marker.code().as_str(), of_marker.header(DELETE_MARKER)), ("invalid_request", ""));
    assert_eq!(copy("/b/a%3Fversion_id=1?version_id=made-up").await.expect(404).code(), "object_not_exists");
    let restored = copy(&format!("/b/a%3Fversion_id=1?version_id={first}")).await.expect(201);
    assert_eq!(restored.header("etag"), etag);
    assert_ne!(version_id(&restored), first);
    let response = client.get("/b/a%3Fversion_id=1").await.expect(200);
    assert_eq!((response.body.as_slice(), response.header("x-qs-meta-a")), (&b"first"[..], "1"));

    let upload = client.initiate("/b/parts").await;
    let target = format!("/b/parts?part_number=0&upload_id={upload}");
    let source = format!("/b/a%3Fversion_id=1?version_id={first}");
    let headers = [("x-qs-copy-source", source.as_str()), ("x-qs-copy-range", "bytes=1-3")];
    client.send("PUT", &target, &headers, "").await.expect(201);
    client.complete("/b/parts", &upload, &[0]).await.expect(201);
    assert_eq!(client.get("/b/parts").await.expect(200).body, b"irs");

    let headers = [("x-qs-move-source", source.as_str())];
    assert_eq!(client.send("PUT", "/b/x", &headers, "").await.expect(400).code(), "invalid_argument");
    assert_eq!(client.put(&format!("/b/x?version_id={first}"), "").await.expect(400).code(), "invalid_argument");
}

#[tokio::test]
async fn deleting_many_objects_creates_delete_markers() {
    let (_emulator, client) = start_with_versioning().await;
    let id = put(&client, "/b/a", "data").await;
    let body = r#"{"objects":[{"key":"a"},{"key":"never"}]}"#;
    let md5 = [("content-md5", &*md5_base64(body.as_bytes()))];
    let response = client.send("POST", "/b?delete", &md5, body).await.expect(200).json();
    assert_eq!(response["deleted"].as_array().unwrap().len(), 2);
    for path in ["/b/a", "/b/never"] {
        assert_eq!(client.get(path).await.expect(404).header(DELETE_MARKER), "true");
    }
    assert_eq!(client.get(&format!("/b/a?version_id={id}")).await.expect(200).body, b"data");
}

#[tokio::test]
async fn conditions_and_ranges_apply_to_versions() {
    let (_emulator, client) = start_with_versioning().await;
    let first = client.put("/b/k", "0123456789").await.expect(201);
    let etag = first.header("etag").to_owned();
    let target = format!("/b/k?version_id={}", version_id(&first));
    put(&client, "/b/k", "new").await;
    let response = client.send("GET", &target, &[("range", "bytes=-3")], "").await.expect(206);
    assert_eq!((response.body.as_slice(), response.header(VERSION_ID)), (&b"789"[..], version_id(&first).as_str()));
    let response = client.send("GET", &target, &[("if-none-match", &etag)], "").await.expect(304);
    assert_eq!(response.header(VERSION_ID), version_id(&first));
    client.send("GET", "/b/k", &[("if-match", &etag)], "").await.expect(412);
}
