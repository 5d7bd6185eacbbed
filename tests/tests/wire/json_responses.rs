//! Decoding of JSON responses.
//!
//! The tests check that every field is decoded, including numbers beyond 32 bits, both forms of dates, and nested
//! lists.

use qingstor_sdk::ResponseInfo;
use qingstor_sdk::Timestamp;
use qingstor_sdk::operations::{
    DeleteMultipleObjectsInput, InitiateMultipartUploadInput, ListBucketsInput, ListMultipartInput,
    ListMultipartUploadsInput, ListObjectsInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary, StorageClass};
use qingstor_tests::REQUEST_ID;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::{account_with, bucket_with, status, time};

fn ok(document: serde_json::Value) -> ResponseTemplate {
    status(200).set_body_json(document)
}

fn assert_info(info: &ResponseInfo) {
    assert_eq!(info.status, 200);
    assert_eq!(info.request_id.as_deref(), Some(REQUEST_ID));
    assert_eq!(info.attempts, 1);
}

#[tokio::test]
async fn list_buckets_is_decoded() {
    let page = json!({"count": 2, "buckets": [
        {"name": "one", "location": "pek3a", "url": "https://one.example.com", "created": "2015-07-11T06:01:45Z"},
        {"name": "two"},
    ]});
    let (account, _server) = account_with(ok(page)).await;
    let output = account.list_buckets(ListBucketsInput::new()).await.unwrap();
    assert_info(&output.response);
    assert_eq!(output.count, Some(2));
    assert_eq!(output.buckets[0].location.as_deref(), Some("pek3a"));
    assert_eq!(output.buckets[0].created, Some(time("2015-07-11T06:01:45Z")));
    assert_eq!((output.buckets[1].name.as_str(), &output.buckets[1].created), ("two", &None));
}

#[tokio::test]
async fn list_objects_is_decoded() {
    let page = json!({
        "name": "bucket", "owner": {"id": "usr-1", "name": "me"}, "prefix": "a", "delimiter": "/", "limit": 2,
        "marker": "", "next_marker": "a2", "has_more": true, "common_prefixes": ["a/"],
        "keys": [{"key": "a ü", "etag": "\"0123\"", "size": 5_368_709_120_u64, "modified": 1_436_594_505,
            "mime_type": "text/plain", "encrypted": true, "created": "2015-07-11T14:01:45.5+08:00",
            "storage_class": "STANDARD"}],
    });
    let (bucket, _server) = bucket_with(ok(page)).await;
    let output = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_info(&output.response);
    assert_eq!(output.owner.unwrap().id.as_deref(), Some("usr-1"));
    assert_eq!((output.has_more, output.next_marker.as_deref()), (Some(true), Some("a2")));
    assert_eq!(output.common_prefixes, ["a/"]);
    let expected = ObjectSummary::new("a ü")
        .etag("\"0123\"")
        .size(5 << 30)
        .modified(Timestamp::from_unix(1_436_594_505).unwrap())
        .mime_type("text/plain")
        .encrypted(true)
        .created(time("2015-07-11T06:01:45.5Z"))
        .storage_class(StorageClass::Standard);
    assert_eq!(output.keys, [expected]);
}

#[tokio::test]
async fn delete_multiple_objects_is_decoded_with_partial_failures() {
    let outcome = json!({
        "deleted": [{"key": "gone"}],
        "errors": [{"key": "kept", "code": "permission_denied", "message": "not yours"}],
    });
    let (bucket, _server) = bucket_with(ok(outcome)).await;
    let input = DeleteMultipleObjectsInput::new([ObjectSummary::new("gone"), ObjectSummary::new("kept")]);
    let output = bucket.delete_multiple_objects(input).await.unwrap();
    assert_info(&output.response);
    assert_eq!(output.deleted, [ObjectSummary::new("gone")]);
    assert_eq!(output.errors[0].key, "kept");
    assert_eq!(output.errors[0].code.as_deref(), Some("permission_denied"));
}

#[tokio::test]
async fn multipart_uploads_and_parts_are_decoded() {
    let response = ok(json!({"bucket": "bucket", "key": "key", "upload_id": "id"}))
        .insert_header("x-qs-encryption-customer-algorithm", "AES256");
    let (bucket, _server) = bucket_with(response).await;
    let upload = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
    assert_info(&upload.response);
    assert_eq!(upload.upload_id, "id");
    assert_eq!(upload.encryption_customer_algorithm.as_deref(), Some("AES256"));

    let parts = json!({"count": 1, "object_parts": [
        {"part_number": 10000, "size": 4194304, "etag": "0123", "created": "2015-07-11T06:01:45.123Z"},
    ]});
    let (bucket, _server) = bucket_with(ok(parts)).await;
    let listed = bucket.list_multipart("key", ListMultipartInput::new("id")).await.unwrap();
    assert_info(&listed.response);
    let part = ObjectPart::new(10000).size(4 << 20).etag("0123").created(time("2015-07-11T06:01:45.123Z"));
    assert_eq!(listed.object_parts, [part]);

    let uploads = json!({
        "name": "bucket", "has_more": false, "next_key_marker": "k", "next_upload_id_marker": "u",
        "uploads": [{"key": "key", "upload_id": "id", "created": "2015-07-11T06:01:45Z"}], "common_prefixes": ["a/"],
    });
    let (bucket, _server) = bucket_with(ok(uploads)).await;
    let listed = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert_info(&listed.response);
    assert_eq!((listed.uploads[0].key.as_str(), listed.uploads[0].upload_id.as_str()), ("key", "id"));
    assert_eq!((listed.next_key_marker.as_deref(), listed.has_more), (Some("k"), Some(false)));
    assert_eq!(listed.common_prefixes, ["a/"]);
}
