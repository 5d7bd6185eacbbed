//! Who may do what, and what is not there.
//!
//! Protects: refusals are told apart by code and status, an anonymous client sends what is public unsigned, and a
//! machine whose clock is wrong is helped once and then knows the time.

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

fn assert_refused(error: &Error, status: u16, code: &str) {
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (status, Some(code)), "{error}");
    assert_eq!(error.attempts(), 1, "{error}");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn errors_name_the_missing_resource() {
    let bucket = TestBucket::start().await.unwrap();
    let error = bucket.get_object("missing", GetObjectInput::new()).await.unwrap_err();
    assert_refused(&error, 404, "object_not_exists");
    assert!(error.is_not_found());
    let error = bucket.head_object("missing", HeadObjectInput::new()).await.unwrap_err();
    assert!(error.is_not_found() && error.code().is_none(), "{error}");

    let nowhere = bucket.account().bucket("no-such-bucket", "pek3a");
    let errors = [
        nowhere.get_object("key", GetObjectInput::new()).await.map(drop),
        nowhere.put_object("key", PutObjectInput::new().body("content")).await.map(drop),
        nowhere.delete_object("key", DeleteObjectInput::new()).await.map(drop),
        nowhere.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.map(drop),
        nowhere.list_objects(ListObjectsInput::new()).await.map(drop),
        nowhere.list_multipart_uploads(ListMultipartUploadsInput::new()).await.map(drop),
        nowhere.delete_bucket(DeleteBucketInput::new()).await.map(drop),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_refused(&error, 404, "bucket_not_exists");
        assert!(error.is_not_found());
        assert_eq!(error.bucket(), Some("no-such-bucket"));
    }
}

#[tokio::test]
async fn buckets_come_and_go() {
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
    let bad = bucket.account().bucket("Bad_Name", "pek3a").put_bucket(PutBucketInput::new()).await.unwrap_err();
    assert_refused(&bad, 400, "invalid_bucket_name");
}

#[tokio::test]
async fn wrong_keys_are_refused() {
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
async fn an_anonymous_client_has_what_is_public() {
    for public in [false, true] {
        let bucket = TestBucket::on(Emulator::builder().allow_anonymous(public)).await.unwrap();
        bucket.put("key", "content").await.unwrap();
        let config = Config::anonymous().endpoint(bucket.emulator().endpoint());
        let anonymous = QingStor::new(config).unwrap().bucket("bucket", None);
        let got = anonymous.get_object("key", GetObjectInput::new()).await;
        if public {
            assert_eq!(got.unwrap().body.bytes().await.unwrap(), "content");
        } else {
            assert_refused(&got.unwrap_err(), 403, "permission_denied");
        }
        let error = anonymous.list_objects(ListObjectsInput::new()).await.unwrap_err();
        assert_refused(&error, 403, "permission_denied");
        assert!(error.is_access_denied());
    }
}

type Call = Pin<Box<dyn Future<Output = Result<u32>> + Send>>;

macro_rules! call {
    ($receiver:expr, $method:ident($($argument:expr),*)) => {{
        let receiver = $receiver.clone();
        Box::pin(async move { Ok(receiver.$method($($argument),*).await?.response.attempts) }) as Call
    }};
}

/// Every operation once, in an order in which each succeeds.
fn every_operation(account: &QingStor, bucket: &Bucket, id: &str, abandoned: &str) -> Vec<(&'static str, Call)> {
    let (upload, abandoned) = (id.to_owned(), abandoned.to_owned());
    let ids = [upload.clone(), upload.clone(), upload];
    let [first, second, third] = ids;
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
            call!(bucket, abort_multipart_upload("key", AbortMultipartUploadInput::new(abandoned))),
        ),
    ]
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_costs_one_request() {
    for offset in [3600, -3600] {
        let bucket = TestBucket::on(Emulator::builder().clock_offset(offset)).await.unwrap();
        let initiate = || bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new());
        let ids = [initiate().await.unwrap().upload_id, initiate().await.unwrap().upload_id];
        let count = every_operation(bucket.account(), &bucket, &ids[0], &ids[1]).len();
        for index in 0..count {
            // A client that has not asked this server for anything yet.
            let fresh = QingStor::new(bucket.config().retry(RetryConfig::disabled())).unwrap();
            let fresh_bucket = fresh.bucket("bucket", "pek3a");
            let (name, first) = every_operation(&fresh, &fresh_bucket, &ids[0], &ids[1]).swap_remove(index);
            assert_eq!(first.await.unwrap(), 2, "{name} {offset}");
            let again = fresh.list_buckets(ListBucketsInput::new()).await.unwrap();
            assert_eq!(again.response.attempts, 1, "after {name}");
        }
        assert_eq!(bucket.read("key").await.unwrap(), b"content");
    }
}
