//! Uploads with HTML forms.

use crate::support::{Client, MIB, RawConnection, Response, data, md5_hex, start};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use qingstor_emulator::{Emulator, signature};
use serde_json::Value;

const BOUNDARY: &str = "----boundary7MA4YWxk";

/// The body of a form.
#[derive(Default)]
struct Form {
    body: Vec<u8>,
}

impl Form {
    fn of(fields: &[(&str, &str)]) -> Self {
        fields.iter().fold(Self::default(), |form, (name, value)| form.field(name, value))
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.body.extend_from_slice(part.as_bytes());
        self
    }

    fn file(mut self, name: &str, content_type: &str, data: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(data);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }
}

/// Signs forms with the keys of an emulator.
struct Signer<'a>(&'a Emulator);

impl Signer<'_> {
    /// Returns a form with these fields and with a policy that allows exactly them.
    fn sign(&self, fields: &[(&str, &str)]) -> Form {
        let policy: serde_json::Map<String, Value> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        self.sign_policy(&STANDARD.encode(Value::from(policy).to_string()), fields)
    }

    /// Returns a form with these fields, this policy, and its signature.
    fn sign_policy(&self, policy: &str, fields: &[(&str, &str)]) -> Form {
        let signature = signature::sign(self.0.secret_access_key(), policy);
        let credentials = [("policy", policy), ("access_key_id", self.0.access_key_id()), ("signature", &signature)];
        Form::of(&[&credentials[..], fields].concat())
    }
}

async fn post(client: &Client, target: &str, body: Vec<u8>) -> Response {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers: HeaderMap = [("content-type".parse().unwrap(), content_type.parse().unwrap())].into_iter().collect();
    client.send_as_is("POST", target, headers, body).await
}

#[tokio::test]
async fn signed_form_creates_an_object() {
    let (emulator, client) = start().await;
    let file = data(3, 3 * MIB + 7);
    let fields = [
        ("key", "user/tom/${filename}"),
        ("Content-Type", "text/x"),
        ("Cache-Control", "no-store"),
        ("X-QS-Meta-Name", "value"),
        ("x-qs-storage-class", "STANDARD_IA"),
        ("charset", "UTF-8"),
        ("note", "ignored"),
    ];
    let form = Signer(&emulator).sign(&fields).file("C:\\fakepath\\icon.jpg", "text/x; charset=utf-8", &file);
    // Fields after the file are not signed and have no effect.
    let response = post(&client, "/b", form.field("key", "other").field("Upload", "go").end()).await.expect(201);
    let etag = format!("\"{}\"", md5_hex(&file));
    assert_eq!(response.header("etag"), etag);
    assert!(response.body.is_empty());
    let stored = client.get("/b/user/tom/icon.jpg").await.expect(200);
    assert!(stored.body == file);
    assert_eq!(stored.header("etag"), etag);
    assert_eq!(stored.header("content-type"), "text/x");
    assert_eq!(stored.header("cache-control"), "no-store");
    assert_eq!(stored.header("x-qs-meta-name"), "value");
    assert_eq!(stored.header("x-qs-storage-class"), "STANDARD_IA");
    assert_eq!(client.get("/b").await.json()["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn file_can_have_any_content_type_and_data() {
    let (emulator, client) = start().await;
    let signer = Signer(&emulator);
    // Data that looks like the boundary.
    let tricky = format!("\r\n-{BOUNDARY}\r\n--{}\r\n\r", &BOUNDARY[..BOUNDARY.len() - 1]);
    for (key, file, of_file, content_type) in [
        ("empty", "", "image/jpeg", "image/jpeg"),
        ("tricky", tricky.as_str(), "application/octet-stream", "application/octet-stream"),
    ] {
        let form = signer.sign(&[("key", key)]).file("f", of_file, file.as_bytes()).end();
        post(&client, "/b/", form).await.expect(201);
        let stored = client.get(&format!("/b/{key}")).await.expect(200);
        assert_eq!(stored.body, file.as_bytes());
        assert_eq!(stored.header("content-type"), content_type);
    }
    let typed =
        |of_file: &str| signer.sign(&[("key", "typed"), ("content-type", "text/plain")]).file("f", of_file, b"x").end();
    post(&client, "/b", typed("application/octet-stream")).await.expect(201);
    assert_eq!(client.get("/b/typed").await.header("content-type"), "text/plain");
    assert_eq!(post(&client, "/b", typed("image/png")).await.expect(400).code(), "invalid_argument");
}

#[tokio::test]
async fn fields_that_differ_from_the_policy_are_refused() {
    let (emulator, client) = start().await;
    let signer = Signer(&emulator);
    let fields = [("key", "k"), ("x-qs-meta-a", "1")];
    let policy = STANDARD.encode(r#"{"key":"k","x-qs-meta-a":"1"}"#);
    let code = async |form: Form, status: u16| {
        post(&client, "/b", form.file("f", "text/x", b"data").end()).await.expect(status).code()
    };
    assert_eq!(code(signer.sign_policy(&policy, &[("key", "other"), fields[1]]), 400).await, "form_policy_violated");
    assert_eq!(code(signer.sign_policy(&policy, &fields[..1]), 400).await, "form_policy_violated");
    let more = [&fields[..], &[("redirect", "http://evil/")]].concat();
    assert_eq!(code(signer.sign_policy(&policy, &more), 400).await, "form_policy_violated");
    assert_eq!(code(signer.sign_policy("no policy", &fields), 400).await, "invalid_argument");
    let id = ("access_key_id", emulator.access_key_id());
    let forged = [id, ("policy", policy.as_str()), ("signature", "AAAA"), fields[0], fields[1]];
    assert_eq!(code(Form::of(&forged), 401).await, "signature_not_matched");
    let unknown = [("access_key_id", "other"), ("policy", policy.as_str()), ("signature", "AAAA"), fields[0]];
    assert_eq!(code(Form::of(&unknown), 401).await, "invalid_access_key_id");
    assert_eq!(code(Form::of(&[id, fields[0]]), 400).await, "invalid_argument");
    assert_eq!(code(Form::of(&fields), 403).await, "permission_denied");
    client.get("/b/k").await.expect(404);
    post(&client, "/b", signer.sign_policy(&policy, &fields).file("f", "text/x", b"data").end()).await.expect(201);
}

#[tokio::test]
async fn unsigned_form_needs_a_grant() {
    let (_emulator, client) = start().await;
    let form = || {
        Form::of(&[("key", "k"), ("cache-control", "no-store"), ("x-qs-meta-a", "1")])
            .file("f", "text/x", b"data")
            .end()
    };
    post(&client, "/b", form()).await.expect(403);
    let acl = |permission: &str| {
        format!(r#"{{"acl":[{{"grantee":{{"type":"group","name":"QS_ALL_USERS"}},"permission":"{permission}"}}]}}"#)
    };
    client.put("/b?acl", acl("READ")).await.expect(200);
    post(&client, "/b", form()).await.expect(403);
    client.put("/b?acl", acl("WRITE")).await.expect(200);
    post(&client, "/b", form()).await.expect(201);
    let stored = client.get("/b/k").await.expect(200);
    assert_eq!(stored.header("cache-control"), "");
    assert_eq!(stored.header("x-qs-meta-a"), "1");
    // Invalid credentials are refused despite the grant.
    let forged = Form::of(&[("access_key_id", "x"), ("policy", "e30="), ("signature", "x"), ("key", "k")]);
    post(&client, "/b", forged.file("f", "text/x", b"").end()).await.expect(401);
}

#[tokio::test]
async fn form_in_a_signed_request_needs_no_policy() {
    let (_emulator, client) = start().await;
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str()), ("cache-control", "no-store")];
    let form = |key: &str| Form::of(&[("key", key)]).file("f", "text/x", b"data").end();
    client.send("POST", "/b/a%20key", &headers, form("a key")).await.expect(201);
    assert_eq!(client.get("/b/a%20key").await.expect(200).header("cache-control"), "no-store");
    client.send("POST", "/b", &headers, form("b")).await.expect(201);
    let response = client.send("POST", "/b/c", &headers, form("other")).await.expect(400);
    assert_eq!(response.code(), "invalid_argument");
    let response = client.send("POST", "/none", &headers, form("k")).await.expect(404);
    assert_eq!(response.code(), "bucket_not_exists");
}

#[tokio::test]
async fn headers_of_an_unsigned_request_with_a_signed_form_are_ignored() {
    let (emulator, client) = start().await;
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [
        ("content-type", content_type.as_str()),
        ("cache-control", "no-store"),
        ("content-disposition", "attachment"),
        ("content-encoding", "gzip"),
        ("expires", "0"),
        ("x-qs-meta-a", "1"),
        ("x-qs-storage-class", "STANDARD_IA"),
    ];
    let form = || Signer(&emulator).sign(&[("key", "k")]).file("f", "text/x", b"data").end();
    let sent = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    client.send_as_is("POST", "/b", sent, form()).await.expect(201);
    let stored = client.get("/b/k").await.expect(200);
    for (name, _) in &headers[1..6] {
        assert_eq!(stored.header(name), "", "{name}");
    }
    assert_eq!(stored.header("x-qs-storage-class"), "STANDARD");
    // A signed request sets its own headers.
    client.send("POST", "/b", &headers, form()).await.expect(201);
    assert_eq!(client.get("/b/k").await.expect(200).header("content-disposition"), "attachment");
}

#[tokio::test]
async fn redirects_the_browser() {
    let (emulator, client) = start().await;
    for (redirect, start) in [
        ("http://localhost:1/callback", "http://localhost:1/callback?status=201"),
        ("https://localhost:1/?a=b", "https://localhost:1/?a=b&status=201"),
    ] {
        let form = Signer(&emulator).sign(&[("key", "k"), ("redirect", redirect)]).file("f", "text/x", b"data").end();
        let mut raw = RawConnection::connect(&emulator).await;
        let head = [
            ("host", "b.localhost".to_owned()),
            ("content-type", format!("multipart/form-data; boundary=\"{BOUNDARY}\"")),
            ("content-length", form.len().to_string()),
        ];
        let headers = head.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        raw.write_head("POST", "/", &headers).await;
        raw.write(&form).await;
        let response = raw.read_response("POST").await.expect(302);
        assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(b"data")));
        let id = response.header("x-qs-request-id");
        let rest = format!("&code=created&message=Object+created&request_id={id}");
        assert_eq!(response.header("location"), format!("{start}{rest}"));
    }
    for redirect in ["/callback", "javascript:alert(1)", "http://a/\u{4e2d}"] {
        let form = Signer(&emulator).sign(&[("key", "k2"), ("redirect", redirect)]).file("f", "text/x", b"data").end();
        assert_eq!(post(&client, "/b", form).await.expect(400).code(), "invalid_argument", "{redirect}");
    }
    client.get("/b/k2").await.expect(404);
}

#[tokio::test]
async fn malformed_form_is_refused() {
    let (emulator, client) = start().await;
    let signer = Signer(&emulator);
    let whole = signer.sign(&[("key", "k")]).file("f", "text/x", b"data").end();
    let without_end = whole[..whole.len() - 10].to_vec();
    let long = "x".repeat(1100);
    let huge = "x".repeat(65 * 1024);
    let mut endless = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\nx: ").into_bytes();
    endless.resize(2 * MIB, b'x');
    for (body, status, code, part) in [
        (Vec::new(), 400, "incomplete_body", "closing boundary"),
        (without_end, 400, "incomplete_body", "closing boundary"),
        (Form::of(&[("key", "k")]).end(), 400, "invalid_argument", "\"file\""),
        (signer.sign(&[("note", "x")]).file("f", "text/x", b"").end(), 400, "invalid_argument", "\"key\""),
        (signer.sign(&[("key", "")]).file("f", "text/x", b"").end(), 400, "invalid_object_name", "empty"),
        (signer.sign(&[("key", &long)]).file("f", "text/x", b"").end(), 400, "invalid_object_name", "1100 bytes"),
        (
            Form::of(&[("key", "a"), ("key", "b")]).file("f", "t/x", b"").end(),
            400,
            "invalid_argument",
            "more than once",
        ),
        (Form::of(&[("note", &huge)]).file("f", "text/x", b"").end(), 400, "entity_too_large", "\"note\""),
        (endless, 400, "entity_too_large", "besides its file"),
        (signer.sign(&[("key", "k"), ("charset", "GBK")]).end(), 501, "not_implemented", "UTF-8"),
        (
            signer.sign(&[("key", "k"), ("x-qs-storage-class", "COLD")]).file("f", "text/x", b"").end(),
            400,
            "invalid_request",
            "storage class",
        ),
    ] {
        let response = post(&client, "/b", body).await.expect(status);
        assert_eq!(response.code(), code);
        let message = response.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(part), "{message}");
    }
    let headers = [("content-type", "multipart/form-data")];
    let response = client.send("POST", "/b", &headers, whole).await.expect(400);
    assert_eq!(response.code(), "invalid_argument");
    assert!(client.get("/b").await.json()["keys"].as_array().unwrap().is_empty());
}
