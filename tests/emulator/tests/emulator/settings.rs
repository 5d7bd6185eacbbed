//! Settings and statistics of buckets.

use crate::support::Client;
use qingstor_emulator::{Emulator, operations};
use serde_json::{Value, json};

/// Returns for each setting: the sub-resource, the response if it is not set, a valid body, an invalid body, and the
/// invalid field.
fn settings() -> Vec<(&'static str, Value, Value, Value, &'static str)> {
    let user = json!({"type": "user", "id": "usr-1"});
    vec![
        (
            "acl",
            json!({"acl": []}),
            json!({"acl": [{"grantee": user, "permission": "WRITE"}]}),
            json!({"acl": [{"grantee": user, "permission": "OWN"}]}),
            "acl[0].permission",
        ),
        (
            "cors",
            json!({"cors_rules": []}),
            json!({"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET"], "max_age_seconds": 1}]}),
            json!({"cors_rules": [{"allowed_origin": "*", "allowed_methods": "GET"}]}),
            "cors_rules[0].allowed_methods",
        ),
        (
            "lifecycle",
            json!({"rule": []}),
            json!({"rule": [{"id": "a", "status": "enabled", "filter": {"prefix": ""}, "expiration": {"days": 1}}]}),
            json!({"rule": [{"id": "a", "status": "enabled", "filter": {}, "expiration": {"days": 0}}]}),
            "rule[0].expiration.days",
        ),
        (
            "logging",
            json!({}),
            json!({"target_bucket": "logs", "target_prefix": "p/"}),
            json!({"target_bucket": "logs"}),
            "target_prefix",
        ),
        (
            "mirror",
            json!({}),
            json!({"source_site": "http://example.com:80/image/"}),
            json!({"source_site": "ftp://example.com/"}),
            "source_site",
        ),
        (
            "notification",
            json!({"notifications": []}),
            json!({"notifications": [{"id": "n", "event_types": ["create_object"], "cloudfunc": "notifier"}]}),
            json!({"notifications": [{"id": "n", "event_types": ["create_object"], "cloudfunc": "other"}]}),
            "notifications[0].cloudfunc",
        ),
        (
            "policy",
            json!({"statement": []}),
            json!({"statement": [{"id": "s", "user": ["*"], "action": ["get_object"], "effect": "allow"}]}),
            json!({"statement": [{"id": "s", "user": ["*"], "action": ["get_object"]}]}),
            "effect",
        ),
        (
            "replication",
            json!({"rules": []}),
            json!({"rules": [{"id": "r", "filters": {"prefix": "a"}, "destination": {"bucket": "other-bucket"}}]}),
            json!({"rules": [{"id": "r", "filters": {"prefix": "a"}, "destination": {}}]}),
            "bucket",
        ),
    ]
}

fn without_owner(mut response: Value) -> Value {
    response.as_object_mut().unwrap().remove("owner");
    response
}

#[tokio::test]
async fn every_setting_is_set_read_replaced_and_deleted() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    for (name, unset, body, bad, field) in settings() {
        let target = format!("/b?{name}");
        let read = async || without_owner(client.get(&target).await.expect(200).json());
        assert_eq!(read().await, unset, "{name}");

        let mut more = body.clone();
        more["unknown"] = json!(1);
        let response = client.put(&target, more.to_string()).await.expect(200);
        assert!(response.body.is_empty());
        assert_eq!(read().await, body, "{name}");

        let response = client.put(&target, bad.to_string()).await.expect(400);
        assert_eq!(response.code(), "invalid_request");
        let message = response.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(field), "{name}: {message}");
        let response = client.put(&target, "{").await.expect(400);
        assert_eq!(response.code(), "invalid_json");
        assert_eq!(read().await, body, "{name}");

        if name == "acl" {
            let response = client.delete(&target).await.expect(405);
            assert_eq!(response.code(), "method_not_allowed");
            client.put(&target, "{}").await.expect(200);
        } else {
            client.delete(&target).await.expect(204);
            client.delete(&target).await.expect(204);
        }
        assert_eq!(read().await, unset, "{name}");
        assert_eq!(client.post(&target, "{}").await.expect(405).code(), "method_not_allowed");
    }
}

#[tokio::test]
async fn acl_contains_the_owner() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let listed = client.get("/b").await.json();
    let acl = client.get("/b?acl").await.json();
    assert_eq!(acl["owner"], listed["owner"]);
    assert!(acl["owner"]["id"].is_string() && acl["owner"]["name"].is_string());
}

#[tokio::test]
async fn settings_survive_a_restart_and_are_deleted_with_their_bucket() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || Emulator::builder().data_dir(directory.path()).bucket("b").start().await.unwrap();
    let emulator = start().await;
    let client = Client::new(&emulator);
    for (name, _, body, _, _) in settings() {
        client.put(&format!("/b?{name}"), body.to_string()).await.expect(200);
        for response in
            [client.put(&format!("/none?{name}"), body.to_string()).await, client.get(&format!("/none?{name}")).await]
        {
            assert_eq!(response.expect(404).code(), "bucket_not_exists", "{name}");
        }
    }
    client.put("/b?cname", r#"{"domain":"example.com"}"#).await.expect(200);
    emulator.stop().await;

    let emulator = start().await;
    let client = Client::new(&emulator);
    for (name, _, body, _, _) in settings() {
        assert_eq!(without_owner(client.get(&format!("/b?{name}")).await.json()), body, "{name}");
    }
    assert_eq!(client.get("/b?cname").await.json()["count"], 1);
    client.delete("/b").await.expect(204);
    emulator.stop().await;

    let emulator = start().await;
    let client = Client::new(&emulator);
    for (name, unset, _, _, _) in settings() {
        assert_eq!(without_owner(client.get(&format!("/b?{name}")).await.json()), unset, "{name}");
    }
    assert_eq!(client.get("/b?cname").await.json()["count"], 0);
}

#[tokio::test]
async fn binds_and_unbinds_domains() {
    let emulator = Emulator::builder().bucket("b").bucket("c").start().await.unwrap();
    let client = Client::new(&emulator);
    let domains = async |target: &str| {
        let response = client.get(target).await.expect(200).json();
        let records = response["cname_records"].as_array().unwrap().clone();
        assert_eq!(response["count"], records.len());
        assert!(records.iter().all(|record| record["created"].as_str().unwrap().ends_with('Z')));
        records.iter().map(|record| format!("{} {}", record["domain"], record["type"])).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(domains("/b?cname").await, "");
    for body in [
        r#"{"domain":"a.example.com","type":"normal"}"#,
        r#"{"domain":"b.example.com"}"#,
        r#"{"domain":"w.example.com","type":"website"}"#,
    ] {
        client.put("/b?cname", body).await.expect(200);
    }
    let normal = r#""a.example.com" "normal", "b.example.com" "normal""#;
    assert_eq!(domains("/b?cname").await, normal);
    assert_eq!(domains("/b?cname&type=normal").await, normal);
    assert_eq!(domains("/b?cname&type=website").await, r#""w.example.com" "website""#);
    assert_eq!(client.get("/b?cname&type=other").await.expect(400).code(), "invalid_argument");

    let taken = client.put("/c?cname", r#"{"domain":"A.example.com"}"#).await.expect(400);
    assert_eq!(taken.code(), "cname_error");
    for (body, code) in [
        (r#"{"type":"normal"}"#, "invalid_request"),
        (r#"{"domain":"example.com","type":"x"}"#, "invalid_request"),
        (r#"{"domain":"no domain"}"#, "invalid_request"),
        ("", "invalid_request"),
        ("{", "invalid_json"),
    ] {
        assert_eq!(client.put("/b?cname", body).await.expect(400).code(), code, "{body}");
    }

    let delete = async |body: &str| client.send("DELETE", "/b?cname", &[], body).await;
    delete(r#"{"domain":"a.example.com"}"#).await.expect(204);
    delete(r#"{"domain":"a.example.com"}"#).await.expect(204);
    assert_eq!(delete("").await.expect(400).code(), "invalid_request");
    assert_eq!(domains("/b?cname").await, r#""b.example.com" "normal""#);
    client.put("/c?cname", r#"{"domain":"A.example.com"}"#).await.expect(200);
}

#[tokio::test]
async fn statistics_count_objects() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let empty = client.get("/b?stats").await.expect(200).json();
    assert_eq!((&empty["count"], &empty["size"]), (&json!(0), &json!(0)));
    client.put("/b/one", "12345").await.expect(201);
    client.put("/b/one", "123").await.expect(201);
    client.send("PUT", "/b/two", &[("x-qs-storage-class", "STANDARD_IA")], "12").await.expect(201);
    client.initiate("/b/unfinished").await;
    let stats = client.get("/b?stats").await.expect(200).json();
    assert_eq!((&stats["count"], &stats["size"]), (&json!(2), &json!(5)));
    assert_eq!(stats["storage_classes"]["STANDARD"], json!({"count": 1, "size": 3, "billing_size": 3}));
    assert_eq!(stats["storage_classes"]["STANDARD_IA"], json!({"count": 1, "size": 2, "billing_size": 2}));
    let listed = client.get("/").await.json();
    for (mine, theirs) in [("name", "name"), ("location", "location"), ("url", "url"), ("created", "created")] {
        assert_eq!(stats[mine], listed["buckets"][0][theirs], "{mine}");
    }
    assert_eq!(stats["status"], "active");
    assert_eq!(client.get("/none?stats").await.expect(404).code(), "bucket_not_exists");
}

#[tokio::test]
async fn every_listed_operation_is_served() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let routes = operations().iter().flat_map(|operation| operation.paths().iter().map(move |path| (operation, path)));
    for (operation, path) in routes {
        let target = path.replace("{bucketName}", "b").replace("{objectKey}", "k");
        let form = [("content-type", "multipart/form-data; boundary=x")];
        let headers = if operation.id() == "PostObject" { &form[..] } else { &[] };
        let response = client.send(operation.method(), &target, headers, "").await;
        let status = response.status.as_u16();
        assert!(!matches!(status, 405 | 500 | 501), "{} at {path} is answered with {status}", operation.id());
    }
    assert!(operations().iter().all(|operation| operation.id() != "ImageProcess"));
}
