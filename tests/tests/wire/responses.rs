//! Decoding of status, headers and object bodies of successful responses.
//!
//! The tests check that the output contains the status, the request id, every header that the specification declares,
//! and the unchanged body.

use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, DeleteBucketInput, DeleteObjectInput, GetObjectInput,
    HeadBucketInput, HeadObjectInput, ImageProcessInput, PutBucketInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, StorageClass};
use qingstor_sdk::{ErrorKind, ResponseInfo};
use qingstor_tests::REQUEST_ID;
use wiremock::ResponseTemplate;

use crate::{bucket_with, status, time};

fn assert_info(info: &ResponseInfo, status: u16) {
    assert_eq!(info.status, status);
    assert_eq!(info.request_id.as_deref(), Some(REQUEST_ID));
    assert_eq!(info.attempts, 1);
}

#[tokio::test]
async fn outputs_of_empty_responses_have_status_and_request_id() {
    let (bucket_201, _server) = bucket_with(status(201)).await;
    assert_info(&bucket_201.put_bucket(PutBucketInput::new()).await.unwrap().response, 201);
    let complete = CompleteMultipartUploadInput::new("id", [ObjectPart::new(0)]);
    let completed = bucket_201.complete_multipart_upload("key", complete).await.unwrap();
    assert_info(&completed.response, 201);

    let (bucket_200, _server) = bucket_with(status(200)).await;
    assert_info(&bucket_200.head_bucket(HeadBucketInput::new()).await.unwrap().response, 200);

    let (bucket_204, _server) = bucket_with(status(204)).await;
    assert_info(&bucket_204.delete_bucket(DeleteBucketInput::new()).await.unwrap().response, 204);
    assert_info(&bucket_204.delete_object("key", DeleteObjectInput::new()).await.unwrap().response, 204);
    let abort = AbortMultipartUploadInput::new("id");
    assert_info(&bucket_204.abort_multipart_upload("key", abort).await.unwrap().response, 204);
}

#[tokio::test]
async fn headers_of_put_upload_and_complete_are_decoded() {
    let response = status(201)
        .insert_header("etag", "\"0123\"")
        .insert_header("x-qs-encryption-customer-algorithm", "AES256")
        .insert_header("x-qs-version-id", "v1")
        .insert_header("x-qs-content-copy-range", "bytes 0-9/100");
    let (bucket, _server) = bucket_with(response).await;
    let object = bucket.put_object("key", PutObjectInput::new()).await.unwrap();
    assert_eq!(object.etag.as_deref(), Some("\"0123\""));
    assert_eq!(object.encryption_customer_algorithm.as_deref(), Some("AES256"));
    assert_eq!(object.version_id.as_deref(), Some("v1"));
    assert_info(&object.response, 201);

    let part = bucket.upload_multipart("key", UploadMultipartInput::new("id", 0)).await.unwrap();
    assert_eq!(part.etag.as_deref(), Some("\"0123\""));
    assert_eq!(part.content_copy_range.as_deref(), Some("bytes 0-9/100"));
    assert_info(&part.response, 201);

    let complete = CompleteMultipartUploadInput::new("id", [ObjectPart::new(0)]);
    let completed = bucket.complete_multipart_upload("key", complete).await.unwrap();
    assert_eq!(completed.encryption_customer_algorithm.as_deref(), Some("AES256"));
}

#[tokio::test]
async fn delete_object_returns_the_delete_marker() {
    let response = status(204).insert_header("x-qs-delete-marker", "true").insert_header("x-qs-version-id", "v2");
    let (bucket, _server) = bucket_with(response).await;
    let deleted = bucket.delete_object("key", DeleteObjectInput::new()).await.unwrap();
    assert_eq!(deleted.delete_marker, Some(true));
    assert_eq!(deleted.version_id.as_deref(), Some("v2"));
}

/// Adds the headers of a stored object to `response`.
fn with_object_headers(response: ResponseTemplate) -> ResponseTemplate {
    response
        .insert_header("etag", "\"0123\"")
        .insert_header("last-modified", "Wed, 10 Dec 2014 17:20:31 GMT")
        .insert_header("content-type", "text/plain; charset=utf-8")
        .insert_header("cache-control", "max-age=60")
        .insert_header("expires", "never")
        .insert_header("x-qs-storage-class", "STANDARD_IA")
        .insert_header("X-QS-Meta-Author", "Zoë".as_bytes())
        .insert_header("x-qs-meta-a.b_c-1", "value with spaces")
        .insert_header("x-qs-metadata", "not user metadata")
}

#[tokio::test]
async fn get_object_returns_content_and_headers() {
    let response = with_object_headers(status(200)).set_body_raw("the content", "text/plain");
    let (bucket, _server) = bucket_with(response).await;
    let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    assert_info(&object.response, 200);
    assert_eq!(object.content_length, Some(11));
    assert_eq!(object.content_type.as_deref(), Some("text/plain"));
    assert_eq!(object.last_modified, Some(time("2014-12-10T17:20:31Z")));
    assert_eq!(object.storage_class, Some(StorageClass::StandardIa));
    // `expires` is arbitrary text, which need not be a date.
    assert_eq!(object.expires.as_deref(), Some("never"));
    assert_eq!(object.metadata.len(), 2, "{:?}", object.metadata);
    assert_eq!(object.metadata["author"], "Zoë");
    assert_eq!(object.metadata["a.b_c-1"], "value with spaces");
    assert_eq!(object.body.remaining(), Some(11));
    assert_eq!(object.body.bytes().await.unwrap(), "the content");
}

#[tokio::test]
async fn get_object_with_a_range_returns_the_range() {
    let response = status(206).insert_header("content-range", "bytes 4-6/11").set_body_raw("con", "text/plain");
    let (bucket, _server) = bucket_with(response).await;
    let input = GetObjectInput::new().range(4..7);
    let object = bucket.get_object("key", input).await.unwrap();
    assert_info(&object.response, 206);
    assert_eq!(object.content_range.as_deref(), Some("bytes 4-6/11"));
    assert_eq!(object.body.bytes().await.unwrap(), "con");
}

#[tokio::test]
async fn status_304_is_an_error_of_each_read() {
    let (bucket, _server) = bucket_with(status(304).insert_header("etag", "\"0123\"")).await;
    let get = bucket.get_object("key", GetObjectInput::new().if_none_match("\"0123\"")).await.unwrap_err();
    let image = bucket.image_process("key", ImageProcessInput::new("info")).await.unwrap_err();
    let head = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    for error in [get, image, head] {
        assert!(error.is_not_modified() && error.kind() == ErrorKind::Service, "{error}");
    }
}

#[tokio::test]
async fn get_object_does_not_decode_json_and_gzip() {
    let content = b"\x1f\x8b not really gzip".to_vec();
    let response =
        status(200).insert_header("content-encoding", "gzip").set_body_raw(content.clone(), "application/json");
    let (bucket, server) = bucket_with(response).await;
    let object = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    assert_eq!(object.content_encoding.as_deref(), Some("gzip"));
    assert_eq!(object.body.bytes().await.unwrap(), content);
    let requests = server.received_requests().await.unwrap();
    // Otherwise a proxy might compress the content.
    assert_eq!(requests[0].headers["accept-encoding"], "identity");
}

#[tokio::test]
async fn head_object_returns_the_headers() {
    let response = with_object_headers(status(200))
        .insert_header("content-length", "5368709120")
        .insert_header("x-qs-object-type", "appendable")
        .insert_header("x-qs-next-append-position", "42");
    let (bucket, _server) = bucket_with(response).await;
    let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_info(&object.response, 200);
    assert_eq!(object.content_length, Some(5 << 30));
    assert_eq!(object.last_modified, Some(time("2014-12-10T17:20:31Z")));
    assert_eq!(object.object_type.as_deref(), Some("appendable"));
    assert_eq!(object.next_append_position, Some(42));
    assert_eq!(object.metadata["author"], "Zoë");
}
