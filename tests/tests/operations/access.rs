//! Missing resources, access rights, and clients whose clock is off.

use std::array;
use std::future::Future;
use std::pin::Pin;

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsInput,
    DeleteObjectInput, GetObjectInput, HeadBucketInput, HeadObjectInput, InitiateMultipartUploadInput,
    ListBucketsInput, ListMultipartInput, ListMultipartUploadsInput, ListObjectsInput, PutBucketInput, PutObjectInput,
    UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{Bucket, Config, Error, QingStor, Result, RetryConfig};
use qingstor_tests::TestBucket;

use crate::support::{assert_error, initiate};

/// Asserts that the server refused the only attempt with this status and error code.
#[track_caller]
fn assert_refused(error: &Error, status: u16, code: &str) {
    assert_error(error, status, code);
    assert_eq!(error.attempts(), 1, "{error}");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn missing_object_or_bucket_is_a_not_found_error() {
    let bucket = TestBucket::start().await.unwrap();
    let error = bucket.get_object("missing", GetObjectInput::new()).await.unwrap_err();
    assert_refused(&error, 404, "object_not_exists");
    assert!(error.is_not_found());
    let error = bucket.head_object("missing", HeadObjectInput::new()).await.unwrap_err();
    assert!(error.is_not_found() && error.code().is_none(), "{error}");

    let missing = bucket.account().bucket("no-such-bucket", "pek3a");
    let errors = [
        missing.get_object("key", GetObjectInput::new()).await.map(drop),
        missing.put_object("key", PutObjectInput::new().body("content")).await.map(drop),
        missing.delete_object("key", DeleteObjectInput::new()).await.map(drop),
        missing.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.map(drop),
        missing.list_objects(ListObjectsInput::new()).await.map(drop),
        missing.list_multipart_uploads(ListMultipartUploadsInput::new()).await.map(drop),
        missing.delete_bucket(DeleteBucketInput::new()).await.map(drop),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_refused(&error, 404, "bucket_not_exists");
        assert!(error.is_not_found());
        assert_eq!(error.bucket(), Some("no-such-bucket"));
    }
}

#[tokio::test]
async fn bucket_is_created_once_and_deleted_when_empty() {
    let bucket = TestBucket::start().await.unwrap();
    let other = bucket.account().bucket("another-bucket", "pek3a");
    assert!(other.head_bucket(HeadBucketInput::new()).await.unwrap_err().is_not_found());
    assert_eq!(other.put_bucket(PutBucketInput::new()).await.unwrap().response.status, 201);
    assert_refused(&other.put_bucket(PutBucketInput::new()).await.unwrap_err(), 409, "bucket_already_exists");
    assert_eq!(other.head_bucket(HeadBucketInput::new()).await.unwrap().response.status, 200);
    other.put_object("key", PutObjectInput::new()).await.unwrap();
    assert_refused(&other.delete_bucket(DeleteBucketInput::new()).await.unwrap_err(), 409, "bucket_not_empty");
    other.delete_object("key", DeleteObjectInput::new()).await.unwrap();
    assert_eq!(other.delete_bucket(DeleteBucketInput::new()).await.unwrap().response.status, 204);
    assert!(other.head_bucket(HeadBucketInput::new()).await.unwrap_err().is_not_found());
    let invalid = bucket.account().bucket("Bad_Name", "pek3a").put_bucket(PutBucketInput::new()).await.unwrap_err();
    assert_refused(&invalid, 400, "invalid_bucket_name");
}

#[tokio::test]
async fn wrong_access_key_is_refused() {
    let bucket = TestBucket::start().await.unwrap();
    let emulator = bucket.emulator();
    for (id, secret, code) in [
        (emulator.access_key_id(), "wrong", "signature_not_matched"),
        ("WRONG", emulator.secret_access_key(), "invalid_access_key_id"),
    ] {
        let account = QingStor::new(Config::new(id, secret).endpoint(emulator.endpoint())).unwrap();
        let list = account.list_buckets(ListBucketsInput::new()).await.unwrap_err();
        let put = account.bucket("bucket", None).put_object("key", PutObjectInput::new()).await.unwrap_err();
        for error in [list, put] {
            assert_refused(&error, 401, code);
            assert!(error.is_access_denied());
            assert!(!error.to_string().contains(emulator.secret_access_key()));
        }
    }
    assert!(bucket.list_objects(ListObjectsInput::new()).await.unwrap().keys.is_empty());
}

#[tokio::test]
async fn anonymous_client_reads_public_objects_only() {
    for is_public in [false, true] {
        let bucket = TestBucket::on(Emulator::builder().allow_anonymous(is_public)).await.unwrap();
        bucket.put("key", "content").await.unwrap();
        let config = Config::anonymous().endpoint(bucket.emulator().endpoint());
        let anonymous = QingStor::new(config).unwrap().bucket("bucket", None);
        let outcome = anonymous.get_object("key", GetObjectInput::new()).await;
        if is_public {
            assert_eq!(outcome.unwrap().body.bytes().await.unwrap(), "content");
        } else {
            assert_refused(&outcome.unwrap_err(), 403, "permission_denied");
        }
        let error = anonymous.list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_refused(&error, 403, "permission_denied");
        assert!(error.is_access_denied());
    }
}

/// A call that returns its number of attempts.
type Call = Pin<Box<dyn Future<Output = Result<u32>> + Send>>;

macro_rules! call {
    ($receiver:expr, $method:ident($($argument:expr),*)) => {{
        let receiver = $receiver.clone();
        Box::pin(async move { Ok(receiver.$method($($argument),*).await?.response.attempts) }) as Call
    }};
}

/// Returns one call of each common operation with the operation's name. All calls succeed if they run in this order.
///
/// The calls complete the upload `upload_id` and abort the upload `aborted_id`.
fn named_calls(account: &QingStor, bucket: &Bucket, upload_id: &str, aborted_id: &str) -> Vec<(&'static str, Call)> {
    let [first, second, third] = array::from_fn(|_| upload_id.to_owned());
    let aborted_id = aborted_id.to_owned();
    let other = account.bucket("another-bucket", "pek3a");
    vec![
        ("PutBucket", call!(other, put_bucket(PutBucketInput::new()))),
        ("HeadBucket", call!(other, head_bucket(HeadBucketInput::new()))),
        ("DeleteBucket", call!(other, delete_bucket(DeleteBucketInput::new()))),
        ("ListBuckets", call!(account, list_buckets(ListBucketsInput::new()))),
        ("PutObject", call!(bucket, put_object("key", PutObjectInput::new().body("content")))),
        ("GetObject", call!(bucket, get_object("key", GetObjectInput::new()))),
        ("HeadObject", call!(bucket, head_object("key", HeadObjectInput::new()))),
        ("DeleteObject", call!(bucket, delete_object("key", DeleteObjectInput::new()))),
        ("ListObjects", call!(bucket, list_objects(ListObjectsInput::new()))),
        (
            "DeleteMultipleObjects",
            call!(bucket, delete_multiple_objects(DeleteMultipleObjectsInput::new([ObjectSummary::new("key")]))),
        ),
        (
            "InitiateMultipartUpload",
            call!(bucket, initiate_multipart_upload("key", InitiateMultipartUploadInput::new())),
        ),
        (
            "UploadMultipart",
            call!(bucket, upload_multipart("key", UploadMultipartInput::new(first, 0).body("content"))),
        ),
        ("ListMultipart", call!(bucket, list_multipart("key", ListMultipartInput::new(second)))),
        ("ListMultipartUploads", call!(bucket, list_multipart_uploads(ListMultipartUploadsInput::new()))),
        (
            "CompleteMultipartUpload",
            call!(
                bucket,
                complete_multipart_upload("key", CompleteMultipartUploadInput::new(third, [ObjectPart::new(0)]))
            ),
        ),
        (
            "AbortMultipartUpload",
            call!(bucket, abort_multipart_upload("key", AbortMultipartUploadInput::new(aborted_id))),
        ),
    ]
}

#[tokio::test]
async fn first_call_takes_two_attempts_if_the_clock_is_an_hour_off() {
    for offset in [3600, -3600] {
        let bucket = TestBucket::on(Emulator::builder().clock_offset(offset)).await.unwrap();
        let (upload_id, aborted_id) = (initiate(&bucket, "key").await, initiate(&bucket, "key").await);
        let count = named_calls(bucket.account(), &bucket, &upload_id, &aborted_id).len();
        for index in 0..count {
            // A new client does not know the server's time yet.
            let fresh = QingStor::new(bucket.config().retry(RetryConfig::disabled())).unwrap();
            let fresh_bucket = fresh.bucket("bucket", "pek3a");
            let (name, call) = named_calls(&fresh, &fresh_bucket, &upload_id, &aborted_id).swap_remove(index);
            assert_eq!(call.await.unwrap(), 2, "{name} {offset}");
            let second = fresh.list_buckets(ListBucketsInput::new()).await.unwrap();
            assert_eq!(second.response.attempts, 1, "after {name}");
        }
        assert_eq!(bucket.read("key").await.unwrap(), b"content");
    }
}
