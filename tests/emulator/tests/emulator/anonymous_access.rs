//! Unsigned requests to buckets whose ACL grants a permission to everyone.

use crate::support::{Client, Response};
use http::HeaderMap;
use qingstor_emulator::Emulator;

async fn start_with_grant(permission: &str) -> (Emulator, Client) {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let acl =
        format!(r#"{{"acl":[{{"grantee":{{"type":"group","name":"QS_ALL_USERS"}},"permission":"{permission}"}}]}}"#);
    client.put("/b/k", "data").await.expect(201);
    client.put("/b?acl", acl).await.expect(200);
    (emulator, client)
}

async fn unsigned(client: &Client, method: &str, target: &str) -> Response {
    client.send_as_is(method, target, HeaderMap::new(), "").await
}

#[tokio::test]
async fn read_grant_allows_only_reading() {
    let (_emulator, client) = start_with_grant("READ").await;
    assert_eq!(unsigned(&client, "GET", "/b/k").await.expect(200).body, b"data");
    unsigned(&client, "HEAD", "/b/k").await.expect(200);
    unsigned(&client, "GET", "/b/none").await.expect(404);
    for (method, target) in [
        ("PUT", "/b/k"),
        ("DELETE", "/b/k"),
        ("GET", "/b/k?response-content-type=a"),
        ("GET", "/b"),
        ("GET", "/b?acl"),
        ("GET", "/"),
        ("GET", "/none/k"),
    ] {
        let response = unsigned(&client, method, target).await.expect(403);
        assert_eq!(response.code(), "permission_denied", "{method} {target}");
    }
    unsigned(&client, "HEAD", "/b").await.expect(403);
    assert_eq!(client.get("/b/k").await.body, b"data");
}

#[tokio::test]
async fn write_grant_allows_only_writing() {
    let (_emulator, client) = start_with_grant("WRITE").await;
    unsigned(&client, "PUT", "/b/new").await.expect(201);
    let upload = unsigned(&client, "POST", "/b/parts?uploads").await.expect(200).json()["upload_id"].clone();
    let target = format!("/b/parts?upload_id={}", upload.as_str().unwrap());
    unsigned(&client, "PUT", &format!("{target}&part_number=0")).await.expect(201);
    let parts = r#"{"object_parts":[{"part_number":0}]}"#;
    client.send_as_is("POST", &target, HeaderMap::new(), parts).await.expect(201);
    let upload = unsigned(&client, "POST", "/b/left?uploads").await.expect(200).json()["upload_id"].clone();
    unsigned(&client, "DELETE", &format!("/b/left?upload_id={}", upload.as_str().unwrap())).await.expect(204);
    unsigned(&client, "POST", "/b/log?append&position=0").await.expect(200);
    for (method, target) in [("GET", "/b/k"), ("DELETE", "/b/k"), ("POST", "/b?delete"), ("PUT", "/b?acl")] {
        unsigned(&client, method, target).await.expect(403);
    }
    // Copying needs permission to read, and moving would delete the source.
    for name in ["x-qs-copy-source", "x-qs-move-source"] {
        let headers: HeaderMap = [(name.parse().unwrap(), "/b/k".parse().unwrap())].into_iter().collect();
        client.send_as_is("PUT", "/b/mine", headers, "").await.expect(403);
    }
    client.get("/b/mine").await.expect(404);
    client.get("/b/k").await.expect(200);
}

#[tokio::test]
async fn full_control_allows_reading_and_writing_until_it_is_revoked() {
    let (_emulator, client) = start_with_grant("FULL_CONTROL").await;
    unsigned(&client, "PUT", "/b/new").await.expect(201);
    unsigned(&client, "GET", "/b/new").await.expect(200);
    unsigned(&client, "DELETE", "/b/new").await.expect(403);
    let headers: HeaderMap = [("x-qs-copy-source".parse().unwrap(), "/b/k".parse().unwrap())].into_iter().collect();
    client.send_as_is("PUT", "/b/mine", headers, "").await.expect(201);
    client.put("/b?acl", "").await.expect(200);
    unsigned(&client, "GET", "/b/new").await.expect(403);
    unsigned(&client, "PUT", "/b/new").await.expect(403);
}

#[tokio::test]
async fn invalid_credentials_are_refused_despite_a_grant() {
    let (emulator, client) = start_with_grant("READ").await;
    let wrong_client = Client::at(&emulator.endpoint(), emulator.access_key_id(), "wrong");
    assert_eq!(wrong_client.get("/b/k").await.expect(401).code(), "signature_not_matched");
    let response = unsigned(&client, "GET", "/b/k?access_key_id=x&expires=9999999999&signature=x").await;
    assert_eq!(response.expect(401).code(), "invalid_access_key_id");
}
