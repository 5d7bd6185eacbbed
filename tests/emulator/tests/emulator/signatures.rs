//! Signatures, dates, presigned URLs, hosts and anonymous requests.

use crate::support::{Client, RawConnection, epoch, http_date};
use http::HeaderMap;
use qingstor_emulator::{Emulator, signature};

#[tokio::test]
async fn error_for_a_wrong_signature_contains_the_string_to_sign() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let id = emulator.access_key_id();
    let client = Client::at(&emulator.endpoint(), id, "wrong");
    let target = "/b/k?part_number=0&limit=1&upload_id=u";
    let headers = client.sign("PUT", target, None, &[("content-type", "text/x")]);
    let expected = signature::string_to_sign("PUT", target, None, &headers, None);
    let response = client.send_as_is("PUT", target, headers, "body").await;
    let response = response.expect(401);
    assert_eq!(response.code(), "signature_not_matched");
    let body = response.json();
    assert_eq!(body["string_to_sign"], expected);
    assert_eq!(body["request_id"], response.header("x-qs-request-id"));
    assert!(body["url"].is_string() && body["message"].is_string());
    assert!(!String::from_utf8_lossy(&response.body).contains("secret"));

    let response = client.send("HEAD", "/b/k", &[], "").await.expect(401);
    assert!(response.body.is_empty());
}

#[tokio::test]
async fn string_to_sign_contains_no_encryption_keys() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::at(&emulator.endpoint(), emulator.access_key_id(), "wrong");
    let key = "x-qs-encryption-customer-key";
    let source_key = "x-qs-copy-source-encryption-customer-key";
    let digest = ("x-qs-encryption-customer-key-md5", "the-digest");
    let response = client.send("PUT", "/b/k", &[(key, "hunter2"), (source_key, "hunter2"), digest], "").await;
    let text = response.expect(401).json()["string_to_sign"].as_str().unwrap().to_owned();
    assert!(!text.contains("hunter2"), "{text}");
    for line in [format!("{key}:<redacted>"), format!("{source_key}:<redacted>"), format!("{}:{}", digest.0, digest.1)]
    {
        assert!(text.lines().any(|other| other == line), "{text}");
    }
}

#[tokio::test]
async fn unknown_and_missing_credentials_are_refused() {
    let emulator =
        Emulator::builder().bucket("b").credentials("first", "1").credentials("second", "2").start().await.unwrap();
    let endpoint = emulator.endpoint();
    Client::at(&endpoint, "first", "1").get("/b").await.expect(200);
    Client::at(&endpoint, "second", "2").get("/b").await.expect(200);
    let wrong_client = Client::at(&endpoint, "third", "3");
    let response = wrong_client.get("/b").await.expect(401);
    assert_eq!(response.code(), "invalid_access_key_id");
    let response = wrong_client.send_as_is("GET", "/b", HeaderMap::new(), "").await;
    assert_eq!(response.expect(403).code(), "permission_denied");
}

#[tokio::test]
async fn accepts_dates_within_15_minutes() {
    let emulator = Emulator::builder().bucket("b").clock_offset(3600).start().await.unwrap();
    let client = Client::new(&emulator);
    let response = client.get("/b").await.expect(403);
    assert_eq!(response.code(), "request_expired");
    // A client can correct its clock with the date in the response.
    let date = response.header("date").to_owned();
    let headers = [("date", date.as_str())];
    client.send("GET", "/b", &headers, "").await.expect(200);
    for (offset, status) in [(3600 - 890, 200), (3600 + 890, 200), (3600 + 910, 403)] {
        let date = http_date(offset);
        let headers = [("x-qs-date", date.as_str())];
        client.send("GET", "/b", &headers, "").await.expect(status);
    }
}

#[tokio::test]
async fn accepts_presigned_urls() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b/k", "data").await.expect(201);
    let presigned = |expires: u64| {
        let target = "/b/k?response-content-type=a%2Fb%20c";
        let text = signature::string_to_sign("GET", target, None, &HeaderMap::new(), Some(expires));
        let signature = signature::sign(emulator.secret_access_key(), &text)
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        format!("{target}&access_key_id={}&expires={expires}&signature={signature}", emulator.access_key_id())
    };
    let get = async |target: &str| client.send_as_is("GET", target, HeaderMap::new(), "").await;
    let response = get(&presigned(epoch() + 60)).await.expect(200);
    assert_eq!(response.body, b"data");
    assert_eq!(response.header("content-type"), "a/b c");
    let response = get(&presigned(epoch() - 1)).await.expect(403);
    assert_eq!(response.code(), "request_expired");
    let forged = presigned(epoch() + 60).replace("/b/k", "/b/other");
    let response = get(&forged).await.expect(401);
    assert_eq!(response.code(), "signature_not_matched");
}

#[tokio::test]
async fn accepts_the_bucket_in_the_host() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b/a%20key", "data").await.expect(201);
    for host in ["b.localhost:1", "b.pek3b.localhost", "b.pek3a.qingstor.com:443"] {
        for (method, target) in [("GET", "/a%20key"), ("GET", "/"), ("HEAD", "/")] {
            let mut headers = client.sign(method, target, Some("b"), &[]);
            headers.insert("host", host.parse().unwrap());
            let mut raw = RawConnection::connect(&emulator).await;
            raw.write_head(method, target, &headers).await;
            raw.read_response(method).await.expect(200);
        }
    }
}

#[tokio::test]
async fn global_host_redirects_to_the_zone() {
    let emulator = Emulator::builder().bucket("b").zone("gd2").start().await.unwrap();
    let client = Client::new(&emulator);
    let signed = client.sign("HEAD", "/b", None, &[]);
    for (mut headers, host, target, location) in [
        (signed, "qingstor.com", "/b", "http://gd2.qingstor.com/b"),
        // A client asks for the zone before it signs a request for the host of the zone.
        (HeaderMap::new(), "qingstor.com", "/b", "http://gd2.qingstor.com/b"),
        (HeaderMap::new(), "b.qingstor.com", "/", "http://b.gd2.qingstor.com"),
    ] {
        headers.insert("host", host.parse().unwrap());
        let mut raw = RawConnection::connect(&emulator).await;
        raw.write_head("HEAD", target, &headers).await;
        let response = raw.read_response("HEAD").await.expect(301);
        assert_eq!(response.header("location"), location);
    }
}

#[tokio::test]
async fn allow_anonymous_allows_reading_and_writing_objects() {
    let emulator = Emulator::builder().bucket("b").allow_anonymous(true).start().await.unwrap();
    let client = Client::new(&emulator);
    let anonymous = async |method: &str, target: &str| client.send_as_is(method, target, HeaderMap::new(), "").await;
    anonymous("PUT", "/b/k").await.expect(201);
    anonymous("GET", "/b/k").await.expect(200);
    anonymous("GET", "/b").await.expect(403);
    anonymous("DELETE", "/b/k").await.expect(403);
}

#[tokio::test]
async fn unsigned_request_sets_only_the_content_type() {
    let emulator = Emulator::builder().bucket("b").allow_anonymous(true).start().await.unwrap();
    let client = Client::new(&emulator);
    let sent = [
        ("content-type", "text/x"),
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "identity"),
        ("expires", "0"),
    ];
    let headers: HeaderMap =
        sent.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).into_iter().collect();
    client.send_as_is("PUT", "/b/k", headers, "data").await.expect(201);
    let response = client.get("/b/k").await.expect(200);
    assert_eq!(response.header("content-type"), "text/x");
    for (name, _) in &sent[1..] {
        assert_eq!(response.header(name), "", "{name}");
    }
    client.send("PUT", "/b/k", &sent, "data").await.expect(201);
    assert_eq!(client.get("/b/k").await.header("expires"), "0");
}

#[tokio::test]
async fn invalid_authorization_header_is_refused() {
    for allowed in [false, true] {
        let emulator = Emulator::builder().bucket("b").allow_anonymous(allowed).start().await.unwrap();
        let mut raw = RawConnection::connect(&emulator).await;
        for value in [&b""[..], b"QS \xfc:x"] {
            let head = [b"GET /b/k HTTP/1.1\r\nhost: localhost\r\nauthorization: ", value, b"\r\n\r\n"].concat();
            raw.write(head).await;
            assert_eq!(raw.read_response("GET").await.expect(401).code(), "invalid_access_key_id");
        }
    }
}

#[tokio::test]
async fn repeated_signed_header_is_refused() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let mut headers = client.sign("PUT", "/b/k", None, &[("x-qs-meta-a", "signed"), ("content-length", "0")]);
    headers.insert("host", "localhost".parse().unwrap());
    headers.append("x-qs-meta-a", "not signed".parse().unwrap());
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &headers).await;
    assert_eq!(raw.read_response("PUT").await.expect(400).code(), "invalid_argument");
    client.get("/b/k").await.expect(404);
}
