//! Requests that are to be done only under a condition.
//!
//! Protects: a condition reaches the server as it was meant, "nothing new" is a success that can be told from one with
//! content, and a condition that does not hold is an error that programs can ask for.

use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, PutObjectInput};
use qingstor_sdk::{Error, Timestamp};
use qingstor_tests::TestBucket;

const OTHER: &str = "\"0c2f573d81194064b129e940edcefe9b\"";

/// An object, its ETag, and when it was last modified.
async fn with_object() -> (TestBucket, String, Timestamp) {
    let bucket = TestBucket::start().await.unwrap();
    let etag = bucket.put("key", "content").await.unwrap();
    let head = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    (bucket, etag, head.last_modified.unwrap())
}

fn minute_before(time: Timestamp) -> Timestamp {
    Timestamp::from_unix(time.as_unix() - 60).unwrap()
}

fn assert_precondition_failed(error: &Error) {
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (412, Some("precondition_failed")), "{error}");
}

#[tokio::test]
async fn a_met_condition_returns_the_content() {
    let (bucket, etag, modified) = with_object().await;
    for input in [
        GetObjectInput::new().if_match(&etag),
        GetObjectInput::new().if_none_match(OTHER),
        GetObjectInput::new().if_unmodified_since(modified),
        GetObjectInput::new().if_modified_since(minute_before(modified)),
    ] {
        let got = bucket.get_object("key", input).await.unwrap();
        assert_eq!(got.response.status, 200);
        assert_eq!(got.body.bytes().await.unwrap(), "content");
    }
}

#[tokio::test]
async fn an_unchanged_object_is_a_success_without_content() {
    let (bucket, etag, modified) = with_object().await;
    for input in [GetObjectInput::new().if_none_match(&etag), GetObjectInput::new().if_modified_since(modified)] {
        let got = bucket.get_object("key", input).await.unwrap();
        assert_eq!(got.response.status, 304);
        assert_eq!(got.etag.as_ref(), Some(&etag));
        assert!(got.body.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_failed_precondition_is_an_error() {
    let (bucket, _, modified) = with_object().await;
    for input in
        [GetObjectInput::new().if_match(OTHER), GetObjectInput::new().if_unmodified_since(minute_before(modified))]
    {
        assert_precondition_failed(&bucket.get_object("key", input).await.unwrap_err());
    }
    // The answer to HEAD has no body, and so no code.
    let error = bucket.head_object("key", HeadObjectInput::new().if_match(OTHER)).await.unwrap_err();
    assert!(error.is_precondition_failed());
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn a_copy_is_made_only_if_its_source_is_as_it_should_be() {
    let (bucket, etag, modified) = with_object().await;
    let copy = || PutObjectInput::new().copy_source("/bucket/key");
    for input in [
        copy().copy_source_if_match(OTHER),
        copy().copy_source_if_none_match(&etag),
        copy().copy_source_if_modified_since(modified),
        copy().copy_source_if_unmodified_since(minute_before(modified)),
    ] {
        assert_precondition_failed(&bucket.put_object("copy", input).await.unwrap_err());
        assert!(bucket.read("copy").await.unwrap_err().is_not_found());
    }
    for input in [
        copy().copy_source_if_match(&etag),
        copy().copy_source_if_none_match(OTHER),
        copy().copy_source_if_modified_since(minute_before(modified)),
        copy().copy_source_if_unmodified_since(modified),
    ] {
        assert_eq!(bucket.put_object("copy", input).await.unwrap().response.status, 201);
    }
    assert_eq!(bucket.read("copy").await.unwrap(), b"content");
}
