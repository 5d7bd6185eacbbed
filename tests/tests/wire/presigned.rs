//! Presigned requests, which the SDK signs and any HTTP client sends.
//!
//! The tests check that the server accepts an unchanged presigned request until it expires, for operations of objects,
//! of buckets and of the account, and that it refuses a changed request.

use std::time::Duration;

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, DeleteMultipleObjectsInput, DeleteObjectInput, GetObjectInput, HeadObjectInput,
    InitiateMultipartUploadInput, ListBucketsInput, ListObjectsInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{Config, ErrorKind, PresignedRequest, QingStor};
use qingstor_tests::{PlainRequest, PlainResponse, TestBucket};
use serde_json::Value;

const MINUTE: Duration = Duration::from_secs(60);
const KEY: &str = "dir/a key + ü.txt";

async fn send(presigned: &PresignedRequest) -> PlainResponse {
    PlainRequest::of(presigned).send().await.unwrap()
}

fn json(response: &PlainResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

fn assert_refused(response: &PlainResponse, status: u16, code: &str) {
    assert_eq!((response.status, &json(response)["code"]), (status, &code.into()), "{response:?}");
}

#[tokio::test]
async fn get_object_needs_no_headers_and_accepts_a_range() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put(KEY, "content").await.unwrap();
    let presigned = bucket.presign_object(KEY, GetObjectInput::new(), MINUTE).unwrap();
    assert!(presigned.headers().is_empty() && presigned.body().is_none());
    let response = send(&presigned).await;
    assert_eq!((response.status, response.text().as_str()), (200, "content"));
    let ranged = PlainRequest::of(&presigned).header("range", "bytes=1-3").send().await.unwrap();
    assert_eq!((ranged.status, ranged.text().as_str()), (206, "ont"));
}

#[tokio::test]
async fn get_object_can_override_content_disposition_and_content_type() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put(KEY, "content").await.unwrap();
    let disposition = "attachment; filename=\"50% of a+b & c.txt\"";
    let input = GetObjectInput::new().response_content_disposition(disposition).response_content_type("text/x-own");
    let response = send(&bucket.presign_object(KEY, input, MINUTE).unwrap()).await;
    assert_eq!(response.header("content-disposition"), Some(disposition));
    assert_eq!(response.header("content-type"), Some("text/x-own"));
    assert_eq!(response.text(), "content");
}

#[tokio::test]
async fn put_object_needs_exactly_the_presigned_headers() {
    let bucket = TestBucket::start().await.unwrap();
    let input = PutObjectInput::new().content_type("text/x-own").metadata("Colour", "light blue");
    let presigned = bucket.presign_object(KEY, input, MINUTE).unwrap();
    assert_eq!(presigned.headers()["content-type"], "text/x-own");
    assert_eq!(presigned.headers()["x-qs-meta-colour"], "light blue");
    let request = PlainRequest::of(&presigned).body("content");
    assert_eq!(request.send().await.unwrap().status, 201);
    let head = bucket.head_object(KEY, HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/x-own"));
    assert_eq!(head.metadata["colour"], "light blue");

    for other in [
        PlainRequest::new("PUT", presigned.url()).body("content"),
        request.clone().header("content-type", "text/plain"),
        request.clone().header("x-qs-meta-colour", "red"),
        request.clone().header("x-qs-storage-class", "STANDARD_IA"),
    ] {
        assert_refused(&other.send().await.unwrap(), 401, "signature_not_matched");
    }
}

#[tokio::test]
async fn head_object_and_delete_object_succeed() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put(KEY, "content").await.unwrap();
    let head = send(&bucket.presign_object(KEY, HeadObjectInput::new(), MINUTE).unwrap()).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("7")));
    let deletion = bucket.presign_object(KEY, DeleteObjectInput::new(), MINUTE).unwrap();
    assert_eq!(send(&deletion).await.status, 204);
    assert!(bucket.read(KEY).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn multipart_upload_succeeds() {
    let bucket = TestBucket::on(Emulator::builder().allow_tiny_parts(true)).await.unwrap();
    let initiation = bucket.presign_object(KEY, InitiateMultipartUploadInput::new(), MINUTE).unwrap();
    let initiated = json(&send(&initiation).await);
    let id = initiated["upload_id"].as_str().unwrap();
    for (number, text) in [(0, "first,"), (1, "last")] {
        let presigned = bucket.presign_object(KEY, UploadMultipartInput::new(id, number), MINUTE).unwrap();
        assert_eq!(PlainRequest::of(&presigned).body(text).send().await.unwrap().status, 201);
    }
    let completion = CompleteMultipartUploadInput::new(id, [ObjectPart::new(0), ObjectPart::new(1)]);
    let presigned = bucket.presign_object(KEY, completion, MINUTE).unwrap();
    assert!(presigned.body().is_some());
    assert_eq!(send(&presigned).await.status, 201);
    assert_eq!(bucket.read(KEY).await.unwrap(), b"first,last");
}

#[tokio::test]
async fn operations_of_bucket_and_account_succeed() {
    let bucket = TestBucket::start().await.unwrap();
    for key in ["a/1", "a/2", "b"] {
        bucket.put(key, "content").await.unwrap();
    }
    let input = ListObjectsInput::new().prefix("a/").limit(1);
    let listed = json(&send(&bucket.presign(input, MINUTE).unwrap()).await);
    assert_eq!(listed["keys"][0]["key"], "a/1");
    assert_eq!(listed["has_more"], true);

    let buckets = json(&send(&bucket.account().presign(ListBucketsInput::new(), MINUTE).unwrap()).await);
    assert_eq!(buckets["buckets"][0]["name"], "bucket");

    let deletion = DeleteMultipleObjectsInput::new([ObjectSummary::new("a/1"), ObjectSummary::new("b")]);
    let presigned = bucket.presign(deletion, MINUTE).unwrap();
    assert_eq!(presigned.headers()["content-type"], "application/json");
    assert!(presigned.headers().contains_key("content-md5"));
    let deleted = json(&send(&presigned).await);
    assert_eq!(deleted["deleted"].as_array().unwrap().len(), 2);
    let left = bucket.list_objects(ListObjectsInput::new()).await.unwrap().keys;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].key, "a/2");
}

#[tokio::test]
async fn request_expires_by_the_servers_clock() {
    let ahead = Emulator::builder().clock_offset(3600);
    let bucket = TestBucket::on(ahead).await.unwrap();
    let presign = |lifetime| bucket.presign_object("key", GetObjectInput::new(), lifetime).unwrap();
    assert_refused(&send(&presign(MINUTE)).await, 403, "request_expired");
    assert_refused(&send(&presign(MINUTE * 120)).await, 404, "object_not_exists");

    // The response to this request corrects the client's clock, so the next presigned request is valid.
    bucket.put("key", "content").await.unwrap();
    assert_eq!(send(&presign(MINUTE)).await.status, 200);
}

#[tokio::test]
async fn changed_requests_are_refused() {
    let bucket = TestBucket::start().await.unwrap();
    for key in ["key", "key2"] {
        bucket.put(key, "content").await.unwrap();
    }
    let presigned = bucket.presign_object("key", GetObjectInput::new(), MINUTE).unwrap();
    let expires = format!("expires={}", presigned.expires().as_unix());
    let url = presigned.url();
    assert!(url.contains(&expires), "{url}");
    let later = format!("expires={}", presigned.expires().as_unix() + 1);
    let get = |url: String| PlainRequest::new("GET", url);
    for request in [
        get(url.replace("/key?", "/key2?")),
        get(url.replace(&expires, &later)),
        get(url.replace("signature=", "signature=A")),
        get(format!("{url}&response-content-type=text%2Fhtml")),
        get(format!("{url}&upload_id=1")),
        PlainRequest::new("PUT", url).body("other content"),
        PlainRequest::new("DELETE", url),
    ] {
        assert_refused(&request.send().await.unwrap(), 401, "signature_not_matched");
    }
    let unsigned = get(url.split("&signature=").next().unwrap().to_owned());
    assert_refused(&unsigned.send().await.unwrap(), 401, "signature_not_matched");
    let other_access_key = get(url.replace("access_key_id=", "access_key_id=X"));
    assert_refused(&other_access_key.send().await.unwrap(), 401, "invalid_access_key_id");
    assert_eq!(send(&presigned).await.text(), "content", "the unchanged request must succeed");
}

#[tokio::test]
async fn presigning_refuses_anonymous_clients_invalid_inputs_and_lifetimes() {
    let bucket = TestBucket::start().await.unwrap();
    let anonymous = QingStor::new(Config::anonymous().endpoint(bucket.emulator().endpoint())).unwrap();
    let error = anonymous.presign(ListBucketsInput::new(), MINUTE).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Config, Some("ListBuckets")), "{error}");
    let error = anonymous.bucket("bucket", None).presign_object("key", GetObjectInput::new(), MINUTE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");

    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::MAX] {
        let error = bucket.presign_object("key", GetObjectInput::new(), lifetime).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{lifetime:?}: {error}");
    }
    for (key, number) in [("", 0), ("a/../b", 0), ("key", 10_001)] {
        let error = bucket.presign_object(key, UploadMultipartInput::new("id", number), MINUTE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{key:?} {number}: {error}");
    }
}

#[tokio::test]
async fn debug_output_hides_the_signature() {
    let bucket = TestBucket::start().await.unwrap();
    let presigned = bucket.presign_object("key", GetObjectInput::new(), MINUTE).unwrap();
    let signature = presigned.url().split("signature=").nth(1).unwrap();
    let shown = format!("{presigned:?}");
    assert!(shown.contains("/bucket/key") && !shown.contains(signature), "{shown}");
}
