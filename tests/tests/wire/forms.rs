//! PostObject: uploads with a multipart form.
//!
//! The tests check the exact bytes of a form and that its fields and its file can be parsed independently of the SDK.
//! They recompute the policy and its signature from the received form. They also check that the client refuses
//! invalid forms, and forms with an incomplete signature, without sending them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use hmac::{Hmac, KeyInit, Mac};
use qingstor_sdk::operations::PostObjectInput;
use qingstor_sdk::{Body, Bucket, Config, ErrorKind, QingStor, RetryConfig, sign, types};
use qingstor_tests::{RawRequest, RawResponse, RawServer, TestBucket};
use sha2::Sha256;

const CREATED: &str = "HTTP/1.1 201 Created\r\netag: \"abc\"\r\ncontent-length: 0\r\n\r\n";

fn bucket(server: &RawServer) -> Bucket {
    bucket_with(Config::new("FORMKEY", "form-secret"), server)
}

fn bucket_with(config: Config, server: &RawServer) -> Bucket {
    let retry = RetryConfig::default().initial_backoff(std::time::Duration::from_millis(1));
    QingStor::new(config.endpoint(server.endpoint()).retry(retry)).unwrap().bucket("bucket", "pek3b")
}

async fn server_with(response: impl Into<RawResponse>) -> RawServer {
    RawServer::start([response]).await.unwrap()
}

fn boundary(request: &RawRequest) -> String {
    let kind = request.header("content-type").unwrap();
    kind.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned()
}

/// Returns the names and values of all fields of a form in order, parsed independently of the SDK.
fn fields(request: &RawRequest) -> Vec<(String, Vec<u8>)> {
    let delimiter = format!("\r\n--{}", boundary(request));
    let mut rest = [b"\r\n".as_slice(), &request.body].concat();
    let mut fields = Vec::new();
    while let Some(at) = find(&rest, delimiter.as_bytes()) {
        let part = rest[..at].to_vec();
        rest = rest[at + delimiter.len()..].to_vec();
        if let Some(head) = find(&part, b"\r\n\r\n") {
            let text = String::from_utf8(part[..head].to_vec()).unwrap();
            let name = text.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            fields.push((name, part[head + 4..].to_vec()));
        }
    }
    assert_eq!(rest, b"--\r\n", "the form must end with the closing delimiter");
    fields
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len()).position(|window| window == pattern)
}

fn text(fields: &[(String, Vec<u8>)], name: &str) -> String {
    let (_, value) =
        fields.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("the form has no field `{name}`"));
    String::from_utf8(value.clone()).unwrap()
}

#[tokio::test]
async fn form_has_the_expected_bytes() {
    let server = server_with(CREATED).await;
    let config = Config::anonymous();
    let input = PostObjectInput::new("a \"key\"/ü", "content").content_type("text/plain").metadata("Name", "value");
    let output = bucket_with(config, &server).post_object(input).await.unwrap();
    assert_eq!((output.response.status.as_u16(), output.etag.as_deref()), (201, Some("\"abc\"")));

    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/bucket"));
    assert_eq!((request.header("authorization"), request.header("transfer-encoding")), (None, None));
    let b = boundary(request);
    let expected = format!(
        "--{b}\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\na \"key\"/ü\r\n\
         --{b}\r\ncontent-disposition: form-data; name=\"Content-Type\"\r\n\r\ntext/plain\r\n\
         --{b}\r\ncontent-disposition: form-data; name=\"x-qs-meta-Name\"\r\n\r\nvalue\r\n\
         --{b}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
         content-type: application/octet-stream\r\n\r\ncontent\r\n--{b}--\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&request.body), expected);
    assert_eq!(request.header("content-length"), Some(expected.len().to_string().as_str()));
}

#[tokio::test]
async fn policy_contains_all_other_fields_and_is_signed() {
    let server = server_with(CREATED).await;
    let input = PostObjectInput::new("key", "content")
        .redirect("https://example.com/?a=b&c")
        .content_type("text/plain; charset=\"utf-8\"")
        .storage_class(types::StorageClass::StandardIa)
        .metadata("name", "a value");
    bucket(&server).post_object(input).await.unwrap();

    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), None, "a signed form must not have an authorization header");
    let fields = fields(request);
    assert_eq!(fields.last().unwrap(), &("file".to_owned(), b"content".to_vec()));
    assert_eq!(text(&fields, "access_key_id"), "FORMKEY");
    let policy = text(&fields, "policy");
    let listed: serde_json::Value = serde_json::from_slice(&STANDARD.decode(&policy).unwrap()).unwrap();
    let not_in_policy = ["access_key_id", "policy", "signature", "file"];
    let others = fields.iter().filter(|(name, _)| !not_in_policy.contains(&name.as_str()));
    let others = others.map(|(name, value)| (name.clone(), String::from_utf8(value.clone()).unwrap().into()));
    assert_eq!(listed, serde_json::Value::Object(others.collect()));
    assert_eq!(listed["x-qs-storage-class"], "STANDARD_IA");

    let mut mac = Hmac::<Sha256>::new_from_slice(b"form-secret").unwrap();
    mac.update(policy.as_bytes());
    assert_eq!(text(&fields, "signature"), STANDARD.encode(mac.finalize().into_bytes()));
}

#[tokio::test]
async fn file_body_is_sent_completely_by_every_attempt() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    std::fs::write(file.path(), &content).unwrap();
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start([unavailable, CREATED]).await.unwrap();
    let body = Body::file(file.path()).await.unwrap();
    let output = bucket(&server).post_object(PostObjectInput::new("key", body)).await.unwrap();
    assert_eq!(output.response.attempts, 2);
    for request in server.requests() {
        assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
        assert!(fields(&request).last().unwrap().1 == content);
    }
}

#[tokio::test]
async fn stream_with_a_wrong_length_is_an_error() {
    for announced in [4, 6] {
        let server = server_with(RawResponse::stalled()).await;
        let chunks = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))]);
        let input = PostObjectInput::new("key", Body::stream(announced, chunks));
        let error = bucket(&server).post_object(input).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{announced}: {error}");
        assert!(server.requests().is_empty(), "the server received a complete form");
    }
    let server = server_with(CREATED).await;
    let chunks = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"12345"))]);
    bucket(&server).post_object(PostObjectInput::new("key", Body::stream(5, chunks))).await.unwrap();
    assert_eq!(fields(&server.requests()[0]).last().unwrap().1, b"12345");
}

#[tokio::test]
async fn empty_body_is_sent_as_an_empty_file() {
    let server = server_with(CREATED).await;
    bucket(&server).post_object(PostObjectInput::new("key", Body::empty())).await.unwrap();
    assert_eq!(fields(&server.requests()[0]).last().unwrap(), &("file".to_owned(), Vec::new()));
}

#[tokio::test]
async fn redirect_is_a_success_and_not_followed() {
    let location = "https://example.com/done?bucket=bucket&key=key";
    let server = server_with(format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")).await;
    let input = PostObjectInput::new("key", "content").redirect("https://example.com/done");
    let output = bucket(&server).post_object(input).await.unwrap();
    assert_eq!((output.response.status.as_u16(), output.location.as_deref()), (302, Some(location)));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn policy_and_signature_of_the_input_are_sent_unchanged() {
    let server = server_with(CREATED).await;
    let input =
        PostObjectInput::new("key", "content").access_key_id("OTHER").policy("cG9saWN5").signature("c2lnbmF0dXJl");
    bucket(&server).post_object(input).await.unwrap();
    let fields = fields(&server.requests()[0]);
    assert_eq!(text(&fields, "access_key_id"), "OTHER");
    assert_eq!((text(&fields, "policy"), text(&fields, "signature")), ("cG9saWN5".into(), "c2lnbmF0dXJl".into()));
}

#[tokio::test]
async fn form_is_refused_if_its_signed_policy_has_another_key() {
    let bucket = TestBucket::start().await.unwrap();
    let emulator = bucket.emulator();
    let policy = STANDARD.encode(r#"{"key":"photo.jpg","Content-Type":"image/jpeg"}"#);
    let signature = sign::signature(&emulator.secret_access_key().into(), &policy);

    let config = Config::anonymous().endpoint(emulator.endpoint()).retry(RetryConfig::disabled());
    let anonymous = QingStor::new(config).unwrap().bucket("bucket", emulator.zone());
    let signed = |key| {
        let input = PostObjectInput::new(key, "content").content_type("image/jpeg");
        input.access_key_id(emulator.access_key_id()).policy(&policy).signature(signature.as_str())
    };
    anonymous.post_object(signed("photo.jpg")).await.unwrap();
    assert_eq!(bucket.read("photo.jpg").await.unwrap(), b"content");
    let error = anonymous.post_object(signed("other.jpg")).await.unwrap_err();
    assert_eq!(error.code(), Some("form_policy_violated"), "{error}");
}

#[tokio::test]
async fn invalid_form_is_not_sent() {
    let server = server_with(CREATED).await;
    let bucket = bucket(&server);
    for input in [
        PostObjectInput::new("", "content"),
        PostObjectInput::new("key", "content").signature("c2lnbmF0dXJl"),
        PostObjectInput::new("key", "content").access_key_id("OTHER"),
        PostObjectInput::new("key", "content").metadata("not a name", "value"),
        PostObjectInput::new("key", "content").metadata("x-qs-meta-name", "value"),
        PostObjectInput::new("key", "content").metadata("name", "one").metadata("NAME", "two"),
    ] {
        let error = bucket.post_object(input).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
        assert!(error.to_string().contains("PostObject"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn anonymous_client_does_not_send_a_form_without_signature() {
    let server = server_with(CREATED).await;
    let bucket = bucket_with(Config::anonymous(), &server);
    let input = PostObjectInput::new("key", "content").access_key_id("OTHER").policy("cG9saWN5");
    let error = bucket.post_object(input).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
    assert!(error.to_string().contains("has access_key_id and policy, but not signature"), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn presigning_a_form_is_refused() {
    let server = server_with(CREATED).await;
    let hour = std::time::Duration::from_secs(3600);
    let error = bucket(&server).presign(PostObjectInput::new("key", "content"), hour).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    assert!(text.contains("a form cannot be presigned") && text.contains("module `sign`"), "{text}");
}

#[test]
fn debug_output_hides_the_signature() {
    let input = PostObjectInput::new("key", "content").signature("c2lnbmF0dXJl");
    assert!(!format!("{input:?}").contains("c2lnbmF0dXJl"));
}
