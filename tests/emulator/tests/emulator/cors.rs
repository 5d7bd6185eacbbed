//! CORS rules: preflight requests, and headers of other responses.

use crate::support::{Client, Response};
use http::{HeaderMap, HeaderName};
use qingstor_emulator::Emulator;

const RULES: &str = r#"{"cors_rules":[{"allowed_origin":"http://*.example.com","allowed_methods":["PUT","GET"],
    "allowed_headers":["X-QS-Date","Content-Type"],"expose_headers":["ETag"],"max_age_seconds":200}]}"#;
const ORIGIN: (&str, &str) = ("origin", "http://www.example.com");

async fn start_with_rules() -> (Emulator, Client) {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b?cors", RULES).await.expect(200);
    client.put("/b/k", "data").await.expect(201);
    (emulator, client)
}

/// Sends a preflight request, which has no signature.
async fn preflight(client: &Client, target: &str, headers: &[(&str, &str)]) -> Response {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    client.send_as_is("OPTIONS", target, headers, "").await
}

#[tokio::test]
async fn responds_to_preflight_requests() {
    let (_emulator, client) = start_with_rules().await;
    let put = ("access-control-request-method", "PUT");
    let headers = ("access-control-request-headers", "content-type,x-qs-date");
    for target in ["/b/k", "/b/not-there", "/b", "/b/k?upload_id=1&part_number=0", "/b/k?signature=x&expires=1"] {
        let response = preflight(&client, target, &[ORIGIN, put, headers]).await.expect(200);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1, "{target}");
        assert_eq!(response.header("access-control-allow-methods"), "PUT, GET");
        assert_eq!(response.header("access-control-allow-headers"), "content-type, x-qs-date");
        assert_eq!(response.header("access-control-expose-headers"), "ETag");
        assert_eq!(response.header("access-control-max-age"), "200");
    }
    let delete = ("access-control-request-method", "DELETE");
    let other = ("origin", "http://www.example.org");
    let cookie = ("access-control-request-headers", "cookie");
    for headers in [&[ORIGIN, delete][..], &[other, put], &[ORIGIN, put, cookie]] {
        let response = preflight(&client, "/b/k", headers).await.expect(200);
        assert!(response.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{headers:?}");
    }
    for headers in [&[ORIGIN][..], &[put], &[]] {
        let response = preflight(&client, "/b/k", headers).await.expect(400);
        assert_eq!(response.code(), "invalid_argument");
    }
    assert_eq!(preflight(&client, "/none/k", &[ORIGIN, put]).await.expect(404).code(), "bucket_not_exists");
    let signed = client.send("OPTIONS", "/b/k", &[ORIGIN, put], "").await.expect(200);
    assert_eq!(signed.header("access-control-allow-origin"), ORIGIN.1);

    client.delete("/b?cors").await.expect(204);
    let response = preflight(&client, "/b/k", &[ORIGIN, put]).await.expect(200);
    assert_eq!(response.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn responses_have_cors_headers() {
    let (_emulator, client) = start_with_rules().await;
    for (method, target, status) in
        [("GET", "/b/k", 200), ("PUT", "/b/k", 201), ("GET", "/b", 200), ("GET", "/b/x", 404)]
    {
        let response = client.send(method, target, &[ORIGIN], "").await.expect(status);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1, "{method} {target}");
        assert_eq!(response.header("access-control-expose-headers"), "ETag");
        assert_eq!(response.header("access-control-allow-methods"), "");
    }
    // A web page can read errors too.
    let refused = client
        .send_as_is("GET", "/b/k", [("origin".parse().unwrap(), ORIGIN.1.parse().unwrap())].into_iter().collect(), "")
        .await;
    assert_eq!(refused.expect(403).header("access-control-allow-origin"), ORIGIN.1);
    for (method, target, origin) in
        [("HEAD", "/b/k", ORIGIN), ("GET", "/b/k", ("origin", "http://example.com")), ("GET", "/", ORIGIN)]
    {
        let response = client.send(method, target, &[origin], "").await.expect(200);
        assert_eq!(response.header("access-control-allow-origin"), "", "{method} {target}");
    }
    assert_eq!(client.get("/b/k").await.header("access-control-allow-origin"), "");
}
