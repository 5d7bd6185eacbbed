//! Request bodies whose length differs from the announced length.
//!
//! The tests check that the server never stores a body that fails or that is shorter or longer than announced. They
//! also check that the error names the problem of the body instead of a lost connection.

use bytes::Bytes;
use futures_util::stream;
use qingstor_sdk::operations::{
    HeadObjectInput, InitiateMultipartUploadInput, ListMultipartInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::{Body, Bucket, Error, ErrorKind};
use qingstor_tests::{TestBucket, retrying_bucket};

/// Starts an emulator. Returns its bucket twice: with a client that does not retry, and with a [retrying
/// client](retrying_bucket).
async fn start() -> (TestBucket, Bucket) {
    let test = TestBucket::start().await.unwrap();
    let bucket = retrying_bucket(&test).unwrap();
    (test, bucket)
}

/// Returns a stream body that announces `announced` bytes and then sends `chunks`.
fn stream_body(announced: u64, chunks: &[&'static str]) -> Body {
    let chunks: Vec<_> =
        chunks.iter().map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk.as_bytes()))).collect();
    Body::stream(announced, stream::iter(chunks))
}

fn assert_body_error(error: &Error, hint: &str) {
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    // A body that was announced as empty is checked before the request is sent.
    assert!(error.attempts() <= 1, "{error}");
    assert!(error.to_string().contains(hint), "no {hint:?} in: {error}");
}

async fn assert_not_stored(bucket: &Bucket) {
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn stream_with_a_wrong_length_is_not_stored() {
    let (_test, bucket) = start().await;
    for (body, hint) in [
        (stream_body(8, &["con", "tent"]), "the body ended after 7 of the 8 bytes announced"),
        (stream_body(1, &[]), "the body ended after 0 of the 1 bytes announced"),
        (stream_body(6, &["con", "tent"]), "the body is longer than announced"),
        (stream_body(7, &["con", "tent", "", "more"]), "the body is longer than announced"),
        (stream_body(0, &["content"]), "the body is longer than announced"),
    ] {
        let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
        assert_body_error(&error, hint);
        assert_eq!(error.operation(), Some("PutObject"));
        assert_not_stored(&bucket).await;
    }
}

#[tokio::test]
async fn large_stream_with_a_wrong_length_is_not_stored() {
    let (_test, bucket) = start().await;
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![7; 1 << 20]));
    for (announced, hint) in [((4 << 20) + 1, "ended after"), ((4 << 20) - 1, "longer than announced")] {
        let body = Body::stream(announced, stream::iter([chunk(), chunk(), chunk(), chunk()]));
        let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
        assert_body_error(&error, hint);
        assert_not_stored(&bucket).await;
    }
}

#[tokio::test]
async fn part_with_a_wrong_length_is_not_stored() {
    let (_test, bucket) = start().await;
    let upload = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
    let input = UploadMultipartInput::new(&upload.upload_id, 1).body(stream_body(8, &["content"]));
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_body_error(&error, "the body ended after 7 of the 8 bytes announced");
    let parts = bucket.list_multipart("key", ListMultipartInput::new(&upload.upload_id)).await.unwrap();
    assert!(parts.object_parts.is_empty());
}

#[tokio::test]
async fn stream_with_the_announced_length_is_stored() {
    let (_test, bucket) = start().await;
    for (body, length) in
        [(stream_body(7, &["con", "", "tent", ""]), 7), (stream_body(0, &[]), 0), (stream_body(0, &["", ""]), 0)]
    {
        bucket.put_object("key", PutObjectInput::new().content_length(length).body(body)).await.unwrap();
        let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.content_length, Some(length));
    }
}

#[tokio::test]
async fn error_of_a_stream_is_part_of_the_message_and_nothing_is_stored() {
    let (_test, bucket) = start().await;
    let failing = stream::iter([Ok(Bytes::from_static(b"con")), Err(std::io::Error::other("cannot read the source"))]);
    let input = PutObjectInput::new().body(Body::stream(7, failing));
    let error = bucket.put_object("key", input).await.unwrap_err();
    assert_body_error(&error, "cannot read the source");
    assert_not_stored(&bucket).await;
}

#[tokio::test]
async fn file_region_beyond_the_end_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "content").unwrap();
    for (offset, length) in [(0, 8), (4, 4), (8, 0), (u64::MAX, 1)] {
        let error = Body::file_region(file.path(), offset, length).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Body, 0), "{error}");
        assert!(error.to_string().contains("has 7 bytes, too few for"), "{error}");
        assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
    }
    assert_eq!(Body::file_region(file.path(), 7, 0).await.unwrap().len(), 0);
    let missing = Body::file(file.path().with_extension("missing")).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Body);
}

#[tokio::test]
async fn file_that_shrinks_during_the_upload_is_not_stored() {
    let (_test, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 20).unwrap();
    let body = Body::file(file.path()).await.unwrap();
    file.as_file().set_len(1000).unwrap();
    let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
    assert_body_error(&error, "became shorter while it was sent");
    assert_not_stored(&bucket).await;
}
