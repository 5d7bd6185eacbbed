//! What must not be seen in anything that is printed.
//!
//! Protects: secret access key, customer encryption keys and signatures stay out of `Debug` and `Display`, of
//! inputs and errors alike.

#![allow(clippy::unwrap_used)]

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
const SOURCE_KEY: &str = "dGhlIHNvdXJjZSdzIGVuY3J5cHRpb24ga2V5Li4uLi4=";

fn assert_discreet(text: &str) {
    for secret in [SECRET_ACCESS_KEY, CUSTOMER_KEY, SOURCE_KEY] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
    // How every signature goes out.
    for sign in ["QS KEY:", "signature="] {
        assert!(!text.contains(sign), "{sign} in: {text}");
    }
}

fn config(endpoint: &str) -> Config {
    let retry = RetryConfig::default().initial_backoff(Duration::from_millis(1));
    Config::new("KEY", SECRET_ACCESS_KEY).endpoint(endpoint).retry(retry)
}

fn put() -> PutObjectInput {
    PutObjectInput::new()
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(CUSTOMER_KEY)
        .copy_source_encryption_customer_key(SOURCE_KEY)
}

#[test]
fn configurations_and_clients_do_not_show_the_secret() {
    let config = config("http://127.0.0.1:9");
    let credentials = Credentials::new("KEY", SECRET_ACCESS_KEY);
    let account = QingStor::new(config.clone()).unwrap();
    let bucket = account.bucket("bucket", None);
    let shown: [&dyn Debug; 4] = [&config, &credentials, &account, &bucket];
    for shown in shown {
        assert_discreet(&format!("{shown:?} {shown:#?}"));
    }
    for broken in ["the-secret-access-key\n", " the-secret-access-key"] {
        let error = QingStor::new(Config::new("KEY", broken)).unwrap_err();
        assert_discreet(&format!("{error} {error:?}"));
    }
    let error = QingStor::new(Config::new("", SECRET_ACCESS_KEY)).unwrap_err();
    assert_discreet(&format!("{error} {error:?}"));
}

#[test]
fn inputs_do_not_show_customer_keys() {
    let inputs: [&dyn Debug; 6] = [
        &put(),
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
        assert_discreet(&text);
    }
}

#[test]
fn presigned_requests_show_neither_signature_nor_keys() {
    let bucket = QingStor::new(config("http://127.0.0.1:9")).unwrap().bucket("bucket", None);
    let request = bucket.presign_object("key", put(), Duration::from_secs(60)).unwrap();
    assert!(request.url().contains("signature="));
    assert_discreet(&format!("{request:?} {request:#?}"));
    // The headers are there to be sent, and yet are not shown with them.
    assert_eq!(request.headers()["x-qs-encryption-customer-key"], CUSTOMER_KEY);
    assert_discreet(&format!("{:?}", request.headers()));
}

#[tokio::test]
async fn errors_do_not_show_secrets() {
    let refused = RawServer::start(["HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"]).await.unwrap();
    let lost = RawServer::start([RawResponse::connection_reset()]).await.unwrap();
    let nonsense = RawServer::start(["nonsense\r\n\r\n"]).await.unwrap();
    for endpoint in [refused.endpoint(), lost.endpoint(), nonsense.endpoint(), "http://127.0.0.1:1", "http://x.invalid"]
    {
        let bucket = QingStor::new(config(endpoint)).unwrap().bucket("bucket", None);
        for input in [put(), put().content_type("ü"), put().encryption_customer_key(format!("{CUSTOMER_KEY}\n"))] {
            let error = bucket.put_object("key", input).await.unwrap_err();
            let mut text = format!("{error} {error:?} {error:#?}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                write!(text, " {cause} {cause:?}").unwrap();
                source = cause.source();
            }
            assert_discreet(&text);
        }
    }
}
