//! Content of the requests that the client repeats.
//!
//! The tests check that every attempt sends the complete body with a valid date and signature, and that a body that is
//! not rewindable is sent once.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use qingstor_emulator::signature;
use qingstor_sdk::operations::{DeleteMultipleObjectsInput, ListObjectsInput, PutObjectInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectSummary;
use qingstor_sdk::{Body, Bucket, Config, ErrorKind, QingStor, RetryConfig};
use qingstor_tests::{RawResponse, RawServer, mock_server};

use crate::{requests, status, success};

const SECRET: &str = "retry-secret";

fn bucket(endpoint: &str) -> Bucket {
    let config = Config::new("RETRYKEY", SECRET)
        .endpoint(endpoint)
        .retry(RetryConfig::default().initial_backoff(Duration::from_millis(1)));
    QingStor::new(config).unwrap().bucket("bucket", None)
}

#[tokio::test]
async fn every_attempt_sends_the_complete_body() {
    let content: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [b"before".as_slice(), &content, b"after"].concat()).unwrap();
    let region = Body::file_region(file.path(), 6, content.len() as u64).await.unwrap();
    for body in [content.clone().into(), region] {
        let server = mock_server([status(503), status(500), success()]).await;
        let input = UploadMultipartInput::new("id", 1).body(body);
        let bucket = bucket(&server.uri());
        bucket.upload_multipart("key", input).await.unwrap();
        let requests = requests(&server).await;
        assert_eq!(requests.len(), 3);
        assert!(requests.iter().all(|request| request.body == content));
    }
}

#[tokio::test]
async fn stream_body_is_sent_once() {
    let stream_body = || Body::stream(7, stream::iter([Ok::<_, std::io::Error>(Bytes::from("content"))]));
    let server = mock_server([status(503), success()]).await;
    let input = PutObjectInput::new().body(stream_body());
    let error = bucket(&server.uri()).put_object("key", input).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (503, 1));
    assert_eq!(requests(&server).await.len(), 1);

    let server = RawServer::start([RawResponse::connection_reset()]).await.unwrap();
    let input = PutObjectInput::new().body(stream_body());
    let error = bucket(server.endpoint()).put_object("key", input).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 1));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn every_attempt_has_a_date_and_a_valid_signature() {
    for operation in ["PutObject", "ListObjects", "DeleteMultipleObjects"] {
        let server = mock_server([status(503)]).await;
        let bucket = bucket(&server.uri());
        let outcome = match operation {
            "PutObject" => bucket.put_object("a key", PutObjectInput::new().body("content")).await.map(drop),
            "ListObjects" => bucket.list_objects(ListObjectsInput::new().prefix("a b")).await.map(drop),
            _ => {
                let input = DeleteMultipleObjectsInput::new([ObjectSummary::new("key")]);
                bucket.delete_multiple_objects(input).await.map(drop)
            }
        };
        assert_eq!(outcome.unwrap_err().attempts(), 3);
        for request in requests(&server).await {
            let target = match request.url.query() {
                Some(query) => format!("{}?{query}", request.url.path()),
                None => request.url.path().to_owned(),
            };
            let headers: &HeaderMap = &request.headers;
            assert!(headers.contains_key("date"));
            let method = request.method.as_str();
            let to_sign = signature::string_to_sign(method, &target, None, headers, None);
            let expected = format!("QS RETRYKEY:{}", signature::sign(SECRET, &to_sign));
            assert_eq!(headers["authorization"], expected, "{operation}: {to_sign}");
        }
    }
}
