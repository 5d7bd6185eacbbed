//! Inputs that the client refuses without sending a request.
//!
//! The tests check that an input is an error if it cannot be sent or if the server would understand it as another
//! request, and that the error names the operation and the field.

use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, DeleteMultipleObjectsInput, DeleteObjectInput,
    GetObjectInput, HeadObjectInput, InitiateMultipartUploadInput, ListBucketsInput, ListMultipartInput,
    ListMultipartUploadsInput, ListObjectsInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{Body, Bucket, ByteRange, Config, Error, ErrorKind, QingStor, Result};
use qingstor_tests::RawServer;

/// A client and a server that accepts every request.
pub(crate) struct Setup {
    pub(crate) account: QingStor,
    pub(crate) bucket: Bucket,
    pub(crate) server: RawServer,
}

pub(crate) async fn setup() -> Setup {
    let server = RawServer::start(["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]).await.unwrap();
    let account = QingStor::new(Config::new("KEY", "secret").endpoint(server.endpoint())).unwrap();
    let bucket = account.bucket("bucket", None);
    Setup { account, bucket, server }
}

impl Setup {
    /// Asserts that an operation was refused with a message that contains `hints`, and that no request was sent.
    pub(crate) fn assert_refused<T>(&self, outcome: Result<T>, operation: &str, hints: &[&str]) -> Error {
        let Err(error) = outcome else { panic!("{operation} was accepted in spite of {hints:?}") };
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(error.operation(), Some(operation), "{error}");
        assert_eq!((error.attempts(), error.status()), (0, None), "{error}");
        let text = error.to_string();
        for hint in [operation, "nothing was sent"].iter().chain(hints) {
            assert!(text.contains(hint), "no {hint:?} in: {text}");
        }
        assert_eq!(self.server.requests().len(), 0, "{text}");
        error
    }
}

#[tokio::test]
async fn empty_upload_id_is_refused() {
    let setup = setup().await;
    let hints = ["upload_id is required, but empty"].as_slice();
    let bucket = &setup.bucket;
    let outcome = bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new("")).await;
    setup.assert_refused(outcome, "AbortMultipartUpload", hints);
    let outcome = bucket.upload_multipart("key", UploadMultipartInput::new("", 1)).await;
    setup.assert_refused(outcome, "UploadMultipart", hints);
    let outcome = bucket.list_multipart("key", ListMultipartInput::new("")).await;
    setup.assert_refused(outcome, "ListMultipart", hints);
    let input = CompleteMultipartUploadInput::new("", [ObjectPart::new(1)]);
    setup.assert_refused(bucket.complete_multipart_upload("key", input).await, "CompleteMultipartUpload", hints);
}

#[tokio::test]
async fn numbers_beyond_their_limits_are_refused() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    for number in [10001, u32::MAX] {
        let hint = format!("part_number is {number}, but must be at most 10000");
        let outcome = bucket.upload_multipart("key", UploadMultipartInput::new("id", number)).await;
        setup.assert_refused(outcome, "UploadMultipart", &[&hint]);
        let outcome = bucket.list_multipart("key", ListMultipartInput::new("id").part_number_marker(number)).await;
        setup.assert_refused(outcome, "ListMultipart", &["part_number_marker is"]);
    }
    for limit in [0, 1001] {
        let hint = format!("limit is {limit}, but must be 1 to 1000");
        let outcome = bucket.list_objects(ListObjectsInput::new().limit(limit)).await;
        setup.assert_refused(outcome, "ListObjects", &[&hint]);
        let outcome = bucket.list_multipart_uploads(ListMultipartUploadsInput::new().limit(limit)).await;
        setup.assert_refused(outcome, "ListMultipartUploads", &[&hint]);
    }
    let outcome = bucket.list_multipart("key", ListMultipartInput::new("id").limit(1001)).await;
    setup.assert_refused(outcome, "ListMultipart", &["limit is 1001"]);
}

#[tokio::test]
async fn numbers_and_keys_at_their_limits_are_sent() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    for limit in [1, 1000] {
        bucket.list_objects(ListObjectsInput::new().limit(limit)).await.unwrap();
    }
    for number in [0, 10000] {
        bucket.upload_multipart("key", UploadMultipartInput::new("id", number)).await.unwrap();
    }
    bucket.put_object(&"k".repeat(1023), PutObjectInput::new()).await.unwrap();
    assert_eq!(setup.server.requests().len(), 5);
}

#[tokio::test]
async fn keys_that_cannot_be_part_of_a_url_are_refused() {
    let setup = setup().await;
    let long = "k".repeat(1024);
    let long_in_bytes = "中".repeat(342);
    for (key, hint) in [
        ("", "key must not be empty"),
        (long.as_str(), "key is 1024 bytes long"),
        (long_in_bytes.as_str(), "key is 1026 bytes long"),
        (".", "path segment \".\""),
        ("..", "path segment \"..\""),
        ("a/./b", "path segment \".\""),
        ("a/../b", "path segment \"..\""),
        ("../bucket/other", "path segment \"..\""),
        ("a/..", "path segment \"..\""),
    ] {
        let bucket = &setup.bucket;
        setup.assert_refused(bucket.put_object(key, PutObjectInput::new()).await, "PutObject", &[hint]);
        setup.assert_refused(bucket.get_object(key, GetObjectInput::new()).await, "GetObject", &[hint]);
        setup.assert_refused(bucket.head_object(key, HeadObjectInput::new()).await, "HeadObject", &[hint]);
        let error =
            setup.assert_refused(bucket.delete_object(key, DeleteObjectInput::new()).await, "DeleteObject", &[hint]);
        assert_eq!(error.key(), Some(key));
    }
}

#[tokio::test]
async fn header_values_other_than_printable_ascii_are_refused() {
    let setup = setup().await;
    for value in ["a\nb", "a\r\nx-qs-acl: all", "a\0", "ü", "\u{7f}", " a", "a ", "a\t"] {
        let hint = |field: &str, header: &str| format!("{field} cannot be sent as the header {header}");
        let input = PutObjectInput::new().content_type(value);
        let outcome = setup.bucket.put_object("key", input).await;
        setup.assert_refused(outcome, "PutObject", &[&hint("content_type", "Content-Type")]);
        let input = GetObjectInput::new().if_match(value);
        setup.assert_refused(
            setup.bucket.get_object("key", input).await,
            "GetObject",
            &[&hint("if_match", "If-Match")],
        );
        let input = ListBucketsInput::new().location(value);
        setup.assert_refused(setup.account.list_buckets(input).await, "ListBuckets", &[&hint("location", "Location")]);
        let input = PutObjectInput::new().encryption_customer_key(value);
        let error = setup.assert_refused(
            setup.bucket.put_object("key", input).await,
            "PutObject",
            &["encryption_customer_key"],
        );
        assert!(
            !format!("{error:?}").contains(&format!("{value:?}")),
            "the error contains the secret value: {error:?}"
        );
    }
}

#[tokio::test]
async fn metadata_that_the_service_cannot_store_is_refused() {
    let setup = setup().await;
    let long = "n".repeat(513);
    let large = "v".repeat(2045);
    for (name, value, hint) in [
        ("", "v", "the name \"\""),
        ("na me", "v", "the name \"na me\""),
        ("näme", "v", "the name \"näme\""),
        ("a:b", "v", "the name \"a:b\""),
        ("a\r\nb", "v", "the name \"a\\r\\nb\""),
        (long.as_str(), "v", "names must be 1 to 512"),
        ("x-qs-meta-name", "v", "the prefix X-QS-Meta- is added when it is sent: use \"name\""),
        ("X-QS-Meta-Name", "v", "use \"Name\""),
        ("name", "ü", "a value for name"),
        ("name", "a\nb", "a value for name"),
        ("name", " v", "a value for name"),
        ("name", large.as_str(), "2049 bytes of names and values"),
    ] {
        let input = PutObjectInput::new().metadata(name, value);
        setup.assert_refused(setup.bucket.put_object("key", input).await, "PutObject", &["metadata has", hint]);
        let input = InitiateMultipartUploadInput::new().metadata(name, value);
        let outcome = setup.bucket.initiate_multipart_upload("key", input).await;
        setup.assert_refused(outcome, "InitiateMultipartUpload", &["metadata has", hint]);
    }
    let input = PutObjectInput::new().metadata("Name", "1").metadata("name", "2");
    setup.assert_refused(setup.bucket.put_object("key", input).await, "PutObject", &["name twice"]);
}

#[tokio::test]
async fn metadata_at_its_limits_is_sent() {
    let setup = setup().await;
    let longest = "n".repeat(512);
    let input = PutObjectInput::new()
        .metadata("A.b_c-1", " ~printable with spaces~!".trim())
        .metadata(&longest, "v".repeat(2048 - 512 - 7 - 24));
    setup.bucket.put_object("key", input).await.unwrap();
    let request = &setup.server.requests()[0];
    assert_eq!(request.header("x-qs-meta-a.b_c-1"), Some("~printable with spaces~!"));
    assert!(request.header(&format!("x-qs-meta-{longest}")).is_some());
}

#[tokio::test]
async fn content_length_other_than_the_length_of_the_body_is_refused() {
    let setup = setup().await;
    for announced in [0, 6, 8, u64::MAX] {
        let hint = format!("content_length is {announced}, but the body has 7 bytes");
        let input = PutObjectInput::new().content_length(announced).body("content");
        setup.assert_refused(setup.bucket.put_object("key", input).await, "PutObject", &[&hint]);
        let input = UploadMultipartInput::new("id", 1).body("content").content_length(announced);
        setup.assert_refused(setup.bucket.upload_multipart("key", input).await, "UploadMultipart", &[&hint]);
    }
    let input = PutObjectInput::new().content_length(7);
    setup.assert_refused(setup.bucket.put_object("key", input).await, "PutObject", &["the body has 0 bytes"]);
}

#[tokio::test]
async fn empty_reversed_and_malformed_ranges_are_refused() {
    let setup = setup().await;
    for (range, hint) in [
        (ByteRange::from(5..5), "range is \"5..5\", but must have at least one byte"),
        ("bytes=5-4".into(), "range is \"5..=4\", but must have at least one byte"),
        (ByteRange::last(0), "range is \"bytes=-0\", but must have at least one byte"),
        ("0-99".into(), "range is \"0-99\", but must be one range, such as bytes=0-99"),
        ("bytes=0-1,4-5".into(), "range is \"bytes=0-1,4-5\", but must be one range"),
    ] {
        let outcome = setup.bucket.get_object("key", GetObjectInput::new().range(range.clone())).await;
        setup.assert_refused(outcome, "GetObject", &[hint]);
        let copy = UploadMultipartInput::new("id", 1).copy_source("/bucket/source").copy_range(range);
        let outcome = setup.bucket.upload_multipart("key", copy).await;
        setup.assert_refused(outcome, "UploadMultipart", &[&format!("copy_{hint}")]);
    }
}

#[tokio::test]
async fn range_to_copy_without_both_ends_is_refused() {
    let setup = setup().await;
    for range in [ByteRange::from(5..), ByteRange::last(5)] {
        let hint = format!("copy_range is {range}, but must have a first and a last byte");
        let copy = UploadMultipartInput::new("id", 1).copy_source("/bucket/source").copy_range(range);
        setup.assert_refused(setup.bucket.upload_multipart("key", copy).await, "UploadMultipart", &[&hint]);
    }
}

#[tokio::test]
async fn error_lists_all_problems_of_an_input() {
    let setup = setup().await;
    let input = UploadMultipartInput::new("", 10001).content_md5("ü").content_length(1).body(Body::empty());
    let hints = [
        "key must not be empty",
        "upload_id is required",
        "part_number is 10001",
        "content_md5 cannot be sent",
        "content_length is 1, but the body has 0 bytes",
    ];
    setup.assert_refused(setup.bucket.upload_multipart("", input).await, "UploadMultipart", &hints);
}

#[tokio::test]
async fn presigning_refuses_invalid_inputs() {
    let setup = setup().await;
    let hour = std::time::Duration::from_secs(3600);
    setup.assert_refused(setup.bucket.presign_object("a/../b", GetObjectInput::new(), hour), "GetObject", &["key"]);
    setup.assert_refused(setup.bucket.presign(ListObjectsInput::new().limit(0), hour), "ListObjects", &["limit is 0"]);
    let input = DeleteMultipleObjectsInput::new([ObjectSummary::new("a")]).content_md5("ü");
    setup.assert_refused(setup.bucket.presign(input, hour), "DeleteMultipleObjects", &["content_md5"]);
}
