//! Conditional requests for objects and for the sources of copies: `If-Match`, `If-None-Match`, `If-Modified-Since` and
//! `If-Unmodified-Since`.

use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, PutObjectInput};
use qingstor_sdk::{Error, Timestamp};
use qingstor_tests::TestBucket;

use crate::support::assert_error;

const OTHER_ETAG: &str = "\"0c2f573d81194064b129e940edcefe9b\"";

/// Returns a bucket with the object `key`, and the object's ETag and time of modification.
async fn bucket_with_object() -> (TestBucket, String, Timestamp) {
    let bucket = TestBucket::start().await.unwrap();
    let etag = bucket.put("key", "content").await.unwrap();
    let head = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    (bucket, etag, head.last_modified.unwrap())
}

fn minute_before(time: Timestamp) -> Timestamp {
    Timestamp::from_unix(time.as_unix() - 60).unwrap()
}

#[track_caller]
fn assert_precondition_failed(error: &Error) {
    assert!(error.is_precondition_failed(), "{error}");
    assert_error(error, 412, "precondition_failed");
}

#[tokio::test]
async fn get_whose_condition_is_met_returns_the_content() {
    let (bucket, etag, modified) = bucket_with_object().await;
    for input in [
        GetObjectInput::new().if_match(&etag),
        GetObjectInput::new().if_none_match(OTHER_ETAG),
        GetObjectInput::new().if_unmodified_since(modified),
        GetObjectInput::new().if_modified_since(minute_before(modified)),
    ] {
        let got = bucket.get_object("key", input).await.unwrap();
        assert_eq!(got.response.status, 200);
        assert_eq!(got.body.bytes().await.unwrap(), "content");
    }
}

#[tokio::test]
async fn unmodified_object_is_an_error_of_get_and_head() {
    let (bucket, etag, modified) = bucket_with_object().await;
    let assert_not_modified = |error: Error| {
        assert!(error.is_not_modified(), "{error}");
        assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (304, 1));
    };
    for input in [GetObjectInput::new().if_none_match(&etag), GetObjectInput::new().if_modified_since(modified)] {
        assert_not_modified(bucket.get_object("key", input).await.unwrap_err());
    }
    for input in [HeadObjectInput::new().if_none_match(&etag), HeadObjectInput::new().if_modified_since(modified)] {
        assert_not_modified(bucket.head_object("key", input).await.unwrap_err());
    }
}

#[tokio::test]
async fn failed_precondition_is_an_error() {
    let (bucket, _, modified) = bucket_with_object().await;
    for input in
        [GetObjectInput::new().if_match(OTHER_ETAG), GetObjectInput::new().if_unmodified_since(minute_before(modified))]
    {
        assert_precondition_failed(&bucket.get_object("key", input).await.unwrap_err());
    }
    // The response to HEAD has no body and therefore no error code.
    let error = bucket.head_object("key", HeadObjectInput::new().if_match(OTHER_ETAG)).await.unwrap_err();
    assert!(error.is_precondition_failed());
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn copy_is_made_only_if_the_conditions_on_its_source_are_met() {
    let (bucket, etag, modified) = bucket_with_object().await;
    let copy = || PutObjectInput::new().copy_source("/bucket/key");
    for input in [
        copy().copy_source_if_match(OTHER_ETAG),
        copy().copy_source_if_none_match(&etag),
        copy().copy_source_if_modified_since(modified),
        copy().copy_source_if_unmodified_since(minute_before(modified)),
    ] {
        assert_precondition_failed(&bucket.put_object("copy", input).await.unwrap_err());
        assert!(bucket.read("copy").await.unwrap_err().is_not_found());
    }
    for input in [
        copy().copy_source_if_match(&etag),
        copy().copy_source_if_none_match(OTHER_ETAG),
        copy().copy_source_if_modified_since(minute_before(modified)),
        copy().copy_source_if_unmodified_since(modified),
    ] {
        assert_eq!(bucket.put_object("copy", input).await.unwrap().response.status, 201);
    }
    assert_eq!(bucket.read("copy").await.unwrap(), b"content");
}
