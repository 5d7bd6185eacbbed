//! Errors of connections.
//!
//! The tests check that an error names the server's scheme, host and port, and that different mistakes have different
//! texts.

use std::collections::HashSet;

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{GetObjectInput, PutObjectInput};
use qingstor_sdk::{Error, ErrorKind, RetryConfig};
use qingstor_tests::{RawResponse, RawServer};
use tokio::net::TcpListener;

use crate::bucket;

async fn put(endpoint: &str) -> Error {
    let bucket = bucket(endpoint, RetryConfig::disabled());
    bucket.put_object("key", PutObjectInput::new().body("content")).await.unwrap_err()
}

async fn closed_port() -> String {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn errors_name_the_server_and_the_mistake() {
    let emulator = Emulator::builder().start().await.unwrap();
    let http_port = emulator.endpoint().replace("http://", "https://");
    // A TLS server answers a request that is not encrypted with an alert.
    let https_port = RawServer::start([b"\x15\x03\x03\x00\x02\x02\x46".to_vec()]).await.unwrap();
    let resetting = RawServer::start([RawResponse::connection_reset()]).await.unwrap();
    let closing = RawServer::start([""]).await.unwrap();
    let mut texts = HashSet::new();
    for (endpoint, kind, text) in [
        (format!("http://{}", closed_port().await), ErrorKind::Connect, "refused"),
        (http_port, ErrorKind::Connect, "the server does not speak TLS on this port; is it a port for http?"),
        (https_port.endpoint().to_owned(), ErrorKind::Connection, "the response is not HTTP; is it a port for https?"),
        (resetting.endpoint().to_owned(), ErrorKind::Connection, "reset"),
        (closing.endpoint().to_owned(), ErrorKind::Connection, "closed"),
    ] {
        let error = put(&endpoint).await;
        assert_eq!(error.kind(), kind, "{error}");
        let message = error.to_string();
        assert!(message.contains(&endpoint) && message.contains(text), "{error}");
        assert!(texts.insert(message.replace(&endpoint, "")), "{error}");
    }
}

#[tokio::test]
async fn error_of_a_truncated_body_names_the_server() {
    let truncated = "HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\ncontent-length: 500\r\n\r\nthe beginning";
    let server = RawServer::start([truncated]).await.unwrap();
    let bucket = bucket(server.endpoint(), RetryConfig::disabled());
    let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    let error = object.body.bytes().await.unwrap_err();
    assert!(error.to_string().contains(&format!("the connection to {} broke", server.endpoint())), "{error}");
}
