//! Connections that are kept alive and used for several requests.

use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{InitiateMultipartUploadInput, PutObjectInput};
use qingstor_tests::{RawResponse, RawServer};

use crate::{bucket, quick_retries};

fn response() -> RawResponse {
    RawResponse::from("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").then_keep_alive()
}

#[tokio::test]
async fn connection_is_used_for_the_next_request() {
    let server = RawServer::start([response()]).await.unwrap();
    let bucket = bucket(server.endpoint(), quick_retries());
    for _ in 0..3 {
        bucket.put_object("key", PutObjectInput::new().body("data")).await.unwrap();
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn request_on_a_kept_connection_that_the_server_closes_is_retried() {
    for closed in [RawResponse::from(""), RawResponse::connection_reset()] {
        let server = RawServer::start([response(), closed, response()]).await.unwrap();
        let bucket = bucket(server.endpoint(), quick_retries());
        bucket.put_object("key", PutObjectInput::new().body("data")).await.unwrap();
        bucket.put_object("key", PutObjectInput::new().body("data")).await.unwrap();
        assert_eq!((server.requests().len(), server.connections()), (3, 2));
        assert!(server.requests().iter().all(|request| request.body == b"data"));
    }
}

#[tokio::test]
async fn request_that_is_not_idempotent_is_not_repeated_after_a_kept_connection_broke() {
    let server = RawServer::start([response(), RawResponse::connection_reset(), response()]).await.unwrap();
    let bucket = bucket(server.endpoint(), quick_retries());
    bucket.put_object("key", PutObjectInput::new().body("data")).await.unwrap();
    let input = InitiateMultipartUploadInput::new();
    let error = bucket.initiate_multipart_upload("key", input).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert_eq!(server.requests().len(), 2);
}
