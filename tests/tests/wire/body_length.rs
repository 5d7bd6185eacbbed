//! Bodies that turn out not to be what was announced.
//!
//! Protects: the service never stores, as if it were whole, what is shorter, longer or broken, and the error says what
//! was wrong with the body rather than that the connection broke.

use bytes::Bytes;
use futures_util::stream;
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    HeadObjectInput, InitiateMultipartUploadInput, ListMultipartInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor};

async fn start() -> (Emulator, Bucket) {
    let emulator = Emulator::builder().bucket("bucket").start().await.unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    (emulator, bucket)
}

fn pieces(announced: u64, pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))).collect();
    Body::stream(announced, stream::iter(pieces))
}

fn assert_body_error(error: &Error, hint: &str) {
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert_eq!(error.attempts(), 1, "{error}");
    assert!(error.to_string().contains(hint), "no {hint:?} in: {error}");
}

async fn assert_not_stored(bucket: &Bucket) {
    let error = bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn streams_of_another_length_are_not_stored() {
    let (_emulator, bucket) = start().await;
    for (body, hint) in [
        (pieces(8, &["con", "tent"]), "the body ended after 7 of the 8 bytes announced"),
        (pieces(1, &[]), "the body ended after 0 of the 1 bytes announced"),
        (pieces(6, &["con", "tent"]), "the body is longer than announced"),
        (pieces(7, &["con", "tent", "", "more"]), "the body is longer than announced"),
        (pieces(0, &["content"]), "the body is longer than announced"),
    ] {
        let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
        assert_body_error(&error, hint);
        assert_eq!(error.operation(), Some("PutObject"));
        assert_not_stored(&bucket).await;
    }
}

#[tokio::test]
async fn large_streams_of_another_length_are_not_stored() {
    let (_emulator, bucket) = start().await;
    let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![7; 1 << 20]));
    for (announced, hint) in [((4 << 20) + 1, "ended after"), ((4 << 20) - 1, "longer than announced")] {
        let body = Body::stream(announced, stream::iter([piece(), piece(), piece(), piece()]));
        let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
        assert_body_error(&error, hint);
        assert_not_stored(&bucket).await;
    }
}

#[tokio::test]
async fn a_part_of_another_length_is_not_stored() {
    let (_emulator, bucket) = start().await;
    let upload = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
    let input = UploadMultipartInput::new(&upload.upload_id, 1).body(pieces(8, &["content"]));
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_body_error(&error, "the body ended after 7 of the 8 bytes announced");
    let parts = bucket.list_multipart("key", ListMultipartInput::new(&upload.upload_id)).await.unwrap();
    assert!(parts.object_parts.is_empty());
}

#[tokio::test]
async fn streams_of_the_right_length_are_stored() {
    let (_emulator, bucket) = start().await;
    for (body, length) in [(pieces(7, &["con", "", "tent", ""]), 7), (pieces(0, &[]), 0), (pieces(0, &["", ""]), 0)] {
        bucket.put_object("key", PutObjectInput::new().content_length(length).body(body)).await.unwrap();
        let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.content_length, Some(length));
    }
}

#[tokio::test]
async fn a_stream_that_fails_is_told_with_its_reason() {
    let (_emulator, bucket) = start().await;
    let broken = stream::iter([Ok(Bytes::from_static(b"con")), Err(std::io::Error::other("the tape tore"))]);
    let input = PutObjectInput::new().body(Body::stream(7, broken));
    let error = bucket.put_object("key", input).await.unwrap_err();
    assert_body_error(&error, "the tape tore");
    assert_not_stored(&bucket).await;
}

#[tokio::test]
async fn a_file_must_have_the_region() {
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
async fn a_file_that_shrinks_on_its_way_is_not_stored() {
    let (_emulator, bucket) = start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 20).unwrap();
    let body = Body::file(file.path()).await.unwrap();
    file.as_file().set_len(1000).unwrap();
    let error = bucket.put_object("key", PutObjectInput::new().body(body)).await.unwrap_err();
    assert_body_error(&error, "became shorter while it was sent");
    assert_not_stored(&bucket).await;
}
