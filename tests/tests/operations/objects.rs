//! Single objects: put, get, head, copy, move and delete.

use std::collections::BTreeMap;

use qingstor_sdk::operations::{
    DeleteMultipleObjectsInput, DeleteObjectInput, GetObjectInput, HeadObjectInput, ListObjectsInput, PutObjectInput,
};
use qingstor_sdk::types::{MetadataDirective, ObjectSummary, StorageClass};
use qingstor_sdk::{Bucket, ByteRange, Config, QingStor};
use qingstor_tests::{RawServer, TestBucket};

use crate::support::assert_error;

/// Returns an input that sets every header that describes an object.
fn input_with_headers() -> PutObjectInput {
    PutObjectInput::new()
        .content_type("text/x-own")
        .cache_control("max-age=60")
        .content_disposition("attachment; filename=\"a.txt\"")
        .content_encoding("own")
        .expires("Wed, 10 Dec 2014 17:20:31 GMT")
        .metadata("colour", "light blue")
        .storage_class(StorageClass::StandardIa)
}

#[tokio::test]
async fn get_and_head_return_the_headers_of_put() {
    let bucket = TestBucket::start().await.unwrap();
    let put = bucket.put_object("dir/key", input_with_headers().content_length(7).body("content")).await.unwrap();
    assert_eq!(put.response.status, 201);
    assert_eq!(put.etag.as_deref(), Some("\"9a0364b9e99bb480dd25e1f0284c8555\""));
    assert!(put.response.request_id.is_some());

    let head = bucket.head_object("dir/key", HeadObjectInput::new()).await.unwrap();
    let got = bucket.get_object("dir/key", GetObjectInput::new()).await.unwrap();
    assert_eq!(got.content_type.as_deref(), Some("text/x-own"));
    assert_eq!(got.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(got.content_disposition.as_deref(), Some("attachment; filename=\"a.txt\""));
    assert_eq!(got.content_encoding.as_deref(), Some("own"));
    assert_eq!(got.expires.as_deref(), Some("Wed, 10 Dec 2014 17:20:31 GMT"));
    assert_eq!(got.metadata.get("colour").map(String::as_str), Some("light blue"));
    assert_eq!(got.storage_class, Some(StorageClass::StandardIa));
    assert_eq!((got.content_length, &got.etag), (Some(7), &put.etag));
    assert_eq!(got.response.status, 200);
    assert!(got.last_modified.is_some());
    assert_eq!(got.content_type, head.content_type);
    assert_eq!(got.cache_control, head.cache_control);
    assert_eq!(got.content_disposition, head.content_disposition);
    assert_eq!(got.content_encoding, head.content_encoding);
    assert_eq!(got.expires, head.expires);
    assert_eq!(got.metadata, head.metadata);
    assert_eq!(got.storage_class, head.storage_class);
    assert_eq!((got.content_length, &got.etag), (head.content_length, &head.etag));
    assert_eq!(got.last_modified, head.last_modified);
    assert_eq!(got.body.bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn empty_object_is_stored_with_default_headers() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put_object("empty/", PutObjectInput::new()).await.unwrap();
    let head = bucket.head_object("empty/", HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_length.unwrap_or(0), 0);
    assert_eq!(head.content_type.as_deref(), Some("application/octet-stream"));
    assert_eq!(head.storage_class, Some(StorageClass::Standard));
    let mut got = bucket.get_object("empty/", GetObjectInput::new()).await.unwrap();
    assert!(got.body.next().await.unwrap().is_none());
    let listed = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!((listed.keys[0].key.as_str(), listed.keys[0].size), ("empty/", Some(0)));
}

#[tokio::test]
async fn second_put_replaces_content_and_headers() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put_object("key", input_with_headers().body("the first, which is longer")).await.unwrap();
    bucket.put("key", "the second").await.unwrap();
    let got = bucket.get_object("key", GetObjectInput::new()).await.unwrap();
    assert_eq!((got.content_type.as_deref(), got.metadata.len()), (Some("application/octet-stream"), 0));
    assert_eq!(got.body.bytes().await.unwrap(), "the second");
}

#[tokio::test]
async fn put_rejects_a_body_with_another_md5() {
    let bucket = TestBucket::start().await.unwrap();
    let input = || PutObjectInput::new().content_md5("mgNkuembtIDdJeHwKEyFVQ==");
    bucket.put_object("key", input().body("content")).await.unwrap();
    let error = bucket.put_object("key", input().body("damaged")).await.unwrap_err();
    assert_error(&error, 400, "bad_digest");
    assert_eq!(bucket.read("key").await.unwrap(), b"content");
}

#[tokio::test]
async fn get_returns_the_requested_range() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put("key", "0123456789").await.unwrap();
    for (range, content_range, content) in [
        (ByteRange::from(0..1), "bytes 0-0/10", "0"),
        ((2..=5).into(), "bytes 2-5/10", "2345"),
        ((..=1).into(), "bytes 0-1/10", "01"),
        ((8..).into(), "bytes 8-9/10", "89"),
        ("bytes=8-100".into(), "bytes 8-9/10", "89"),
        (ByteRange::last(3), "bytes 7-9/10", "789"),
        (ByteRange::last(100), "bytes 0-9/10", "0123456789"),
    ] {
        let part = bucket.get_object("key", GetObjectInput::new().range(range.clone())).await.unwrap();
        assert_eq!(part.response.status, 206, "{range}");
        assert_eq!(part.content_range.as_deref(), Some(content_range));
        assert_eq!(part.content_length, Some(content.len() as u64));
        assert_eq!(part.body.bytes().await.unwrap(), content);
    }
    let error = bucket.get_object("key", GetObjectInput::new().range(10..)).await.unwrap_err();
    assert_error(&error, 416, "invalid_range");
}

/// hyper accepts at most 100 headers by default.
#[tokio::test]
async fn largest_number_of_metadata_entries_is_written_and_read() {
    let characters: Vec<char> = ('a'..='z').chain('0'..='9').chain(['-', '_', '.']).collect();
    let short = characters.iter().map(char::to_string);
    let long = characters.iter().flat_map(|first| characters.iter().map(move |second| format!("{first}{second}")));
    let metadata: BTreeMap<String, String> = short.chain(long).take(1043).map(|name| (name, String::new())).collect();
    assert_eq!(metadata.keys().map(String::len).sum::<usize>(), 2047);
    let mut input = PutObjectInput::new();
    input.metadata = metadata.clone();

    let bucket = TestBucket::start().await.unwrap();
    bucket.put_object("key", input).await.unwrap();
    assert_eq!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap().metadata, metadata);
    assert_eq!(bucket.get_object("key", GetObjectInput::new()).await.unwrap().metadata, metadata);
}

#[tokio::test]
async fn copy_keeps_or_replaces_the_metadata() {
    let bucket = TestBucket::start().await.unwrap();
    let source = "dir/a + source ü";
    let etag = bucket.put_object(source, input_with_headers().body("content")).await.unwrap().etag;
    let copy = || PutObjectInput::new().copy_source(format!("/bucket/{source}"));
    let copied = bucket.put_object("same", copy()).await.unwrap();
    assert_eq!((copied.response.status.as_u16(), &copied.etag), (201, &etag));
    let replace = copy().metadata_directive(MetadataDirective::Replace).content_type("text/x-other").metadata("a", "b");
    bucket.put_object("replaced", replace).await.unwrap();

    let same = bucket.head_object("same", HeadObjectInput::new()).await.unwrap();
    assert_eq!(same.content_type.as_deref(), Some("text/x-own"));
    assert_eq!(same.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(same.metadata["colour"], "light blue");
    let replaced = bucket.head_object("replaced", HeadObjectInput::new()).await.unwrap();
    assert_eq!((replaced.content_type.as_deref(), replaced.cache_control), (Some("text/x-other"), None));
    assert_eq!(replaced.metadata.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
    for key in [source, "same", "replaced"] {
        assert_eq!(bucket.read(key).await.unwrap(), b"content");
    }
}

#[tokio::test]
async fn move_removes_the_source() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put_object("old + key", input_with_headers().body("content")).await.unwrap();
    let input = PutObjectInput::new().move_source("/bucket/old + key");
    assert_eq!(bucket.put_object("to", input).await.unwrap().response.status, 201);
    assert!(bucket.read("old + key").await.unwrap_err().is_not_found());
    let moved = bucket.get_object("to", GetObjectInput::new()).await.unwrap();
    assert_eq!((moved.content_type.as_deref(), moved.metadata.len()), (Some("text/x-own"), 1));
    assert_eq!(moved.body.bytes().await.unwrap(), "content");
    let again = PutObjectInput::new().move_source("/bucket/old + key");
    let error = bucket.put_object("to", again).await.unwrap_err();
    assert_eq!(error.code(), Some("object_not_exists"), "{error}");
}

#[tokio::test]
async fn delete_succeeds_twice() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put("key", "content").await.unwrap();
    for _ in 0..2 {
        let deleted = bucket.delete_object("key", DeleteObjectInput::new()).await.unwrap();
        assert_eq!(deleted.response.status, 204);
        assert!(bucket.read("key").await.unwrap_err().is_not_found());
    }
}

#[tokio::test]
async fn delete_multiple_objects_lists_the_deleted_keys_unless_quiet() {
    let bucket = TestBucket::start().await.unwrap();
    for quiet in [None, Some(false), Some(true)] {
        for key in ["a", "dir/ü", "kept"] {
            bucket.put(key, "content").await.unwrap();
        }
        let mut input = DeleteMultipleObjectsInput::new(["a", "dir/ü", "missing"].map(ObjectSummary::new));
        input.quiet = quiet;
        let output = bucket.delete_multiple_objects(input).await.unwrap();
        assert!(output.errors.is_empty());
        let deleted: Vec<_> = output.deleted.iter().map(|object| object.key.as_str()).collect();
        match quiet {
            Some(true) => assert!(deleted.is_empty()),
            _ => assert_eq!(deleted, ["a", "dir/ü", "missing"], "a missing key counts as deleted"),
        }
        let left = bucket.list_objects(ListObjectsInput::new()).await.unwrap().keys;
        assert_eq!(left.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["kept"]);
    }
}

fn bucket_on(server: &RawServer) -> Bucket {
    let config = Config::new("KEY", "secret").endpoint(server.endpoint());
    QingStor::new(config).unwrap().bucket("bucket", None)
}

#[tokio::test]
async fn delete_multiple_objects_reports_each_failed_key() {
    let body = r#"{"deleted":[{"key":"a"}],"errors":[{"key":"b","code":"permission_denied","message":"no"}]}"#;
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    let server = RawServer::start([head + body]).await.unwrap();
    let bucket = bucket_on(&server);
    let input = DeleteMultipleObjectsInput::new(["a", "b"].map(ObjectSummary::new));
    let output = bucket.delete_multiple_objects(input).await.unwrap();
    assert_eq!(output.deleted[0].key, "a");
    let failure = &output.errors[0];
    assert_eq!((failure.key.as_str(), failure.code.as_deref()), ("b", Some("permission_denied")));
    assert_eq!(failure.message.as_deref(), Some("no"));
    let sent: serde_json::Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(sent, serde_json::json!({"objects": [{"key": "a"}, {"key": "b"}]}));
}

#[tokio::test]
async fn head_returns_an_unknown_storage_class_unchanged() {
    let response = "HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\nx-qs-storage-class: FROZEN\r\ncontent-length: 0\r\n\r\n";
    let server = RawServer::start([response]).await.unwrap();
    let head = bucket_on(&server).head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.storage_class, Some(StorageClass::Unknown("FROZEN".to_owned())));
}
