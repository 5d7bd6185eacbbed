//! Secrets in `Debug` and `Display` output.
//!
//! The tests check that secret access keys, customer encryption keys and signatures never appear in the output of
//! configurations, clients, inputs, presigned requests and errors.

use std::fmt::{Debug, Write};
use std::time::Duration;

use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, GetObjectInput, HeadObjectInput, InitiateMultipartUploadInput, PutObjectInput,
    UploadMultipartInput,
};
use qingstor_sdk::{Config, Credentials, QingStor, RetryConfig};
use qingstor_tests::{RawResponse, RawServer};

const SECRET_ACCESS_KEY: &str = "the-secret-access-key";
const CUSTOMER_KEY: &str = "dGhlIGN1c3RvbWVyJ3MgZW5jcnlwdGlvbiBrZXkuLi4=";
const PROXY_PASSWORD: &str = "the-password-of-the-proxy";
const SOURCE_KEY: &str = "dGhlIHNvdXJjZSdzIGVuY3J5cHRpb24ga2V5Li4uLi4=";

fn assert_contains_no_secret(text: &str) {
    for secret in [SECRET_ACCESS_KEY, CUSTOMER_KEY, SOURCE_KEY, PROXY_PASSWORD] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
    // Signatures follow these prefixes in the authorization header and in presigned URLs.
    for prefix in ["QS KEY:", "signature="] {
        assert!(!text.contains(prefix), "{prefix} in: {text}");
    }
}

fn config(endpoint: &str) -> Config {
    let retry = RetryConfig::default().initial_backoff(Duration::from_millis(1));
    Config::new("KEY", SECRET_ACCESS_KEY).endpoint(endpoint).retry(retry)
}

fn put_input() -> PutObjectInput {
    PutObjectInput::new()
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(CUSTOMER_KEY)
        .copy_source_encryption_customer_key(SOURCE_KEY)
}

#[test]
fn configurations_and_clients_hide_the_secret_access_key() {
    let config = config("http://127.0.0.1:9").proxy(format!("http://user:{PROXY_PASSWORD}@127.0.0.1:9"));
    let credentials = Credentials::new("KEY", SECRET_ACCESS_KEY);
    let account = QingStor::new(config.clone()).unwrap();
    let bucket = account.bucket("bucket", None);
    let values: [&dyn Debug; 4] = [&config, &credentials, &account, &bucket];
    for value in values {
        assert_contains_no_secret(&format!("{value:?} {value:#?}"));
    }
    for invalid in ["the-secret-access-key\n", " the-secret-access-key"] {
        let error = QingStor::new(Config::new("KEY", invalid)).unwrap_err();
        assert_contains_no_secret(&format!("{error} {error:?}"));
    }
    let error = QingStor::new(Config::new("", SECRET_ACCESS_KEY)).unwrap_err();
    assert_contains_no_secret(&format!("{error} {error:?}"));
}

#[test]
fn inputs_hide_customer_encryption_keys() {
    let inputs: [&dyn Debug; 6] = [
        &put_input(),
        &GetObjectInput::new().encryption_customer_key(CUSTOMER_KEY),
        &HeadObjectInput::new().encryption_customer_key(CUSTOMER_KEY),
        &InitiateMultipartUploadInput::new().encryption_customer_key(CUSTOMER_KEY),
        &CompleteMultipartUploadInput::new("id", []).encryption_customer_key(CUSTOMER_KEY),
        &UploadMultipartInput::new("id", 1)
            .encryption_customer_key(CUSTOMER_KEY)
            .copy_source_encryption_customer_key(SOURCE_KEY),
    ];
    for input in inputs {
        let text = format!("{input:?} {input:#?}");
        assert!(text.contains("encryption_customer_key: Some("), "{text}");
        assert_contains_no_secret(&text);
    }
}

#[test]
fn presigned_requests_hide_signature_and_customer_encryption_keys() {
    let bucket = QingStor::new(config("http://127.0.0.1:9")).unwrap().bucket("bucket", None);
    let request = bucket.presign_object("key", put_input(), Duration::from_secs(60)).unwrap();
    assert!(request.url().contains("signature="));
    assert_contains_no_secret(&format!("{request:?} {request:#?}"));
    // The header value is sent, but `Debug` hides it.
    assert_eq!(request.headers()["x-qs-encryption-customer-key"], CUSTOMER_KEY);
    assert_contains_no_secret(&format!("{:?}", request.headers()));
}

#[tokio::test]
async fn errors_hide_secrets() {
    let refused = RawServer::start(["HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"]).await.unwrap();
    let lost = RawServer::start([RawResponse::connection_reset()]).await.unwrap();
    let malformed = RawServer::start(["malformed\r\n\r\n"]).await.unwrap();
    for endpoint in
        [refused.endpoint(), lost.endpoint(), malformed.endpoint(), "http://127.0.0.1:1", "http://x.invalid"]
    {
        let bucket = QingStor::new(config(endpoint)).unwrap().bucket("bucket", None);
        for input in [
            put_input(),
            put_input().content_type("ü"),
            put_input().encryption_customer_key(format!("{CUSTOMER_KEY}\n")),
        ] {
            let error = bucket.put_object("key", input).await.unwrap_err();
            let mut text = format!("{error} {error:?} {error:#?}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                write!(text, " {cause} {cause:?}").unwrap();
                source = cause.source();
            }
            assert_contains_no_secret(&text);
        }
    }
}
