//! Multipart uploads: initiate, upload parts, list parts, complete and abort.

use bytes::Bytes;
use futures_util::stream;
use md5::{Digest, Md5};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, GetObjectInput, HeadObjectInput,
    InitiateMultipartUploadInput, ListMultipartInput, PutBucketInput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, MIB, QingStor, Result};
use qingstor_tests::{TestBucket, content};

use crate::support::{assert_error, bucket_with_tiny_parts, complete, initiate};

fn quoted_md5(bytes: &[u8]) -> String {
    let digest: String = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digest}\"")
}

async fn upload_part(bucket: &Bucket, key: &str, upload_id: &str, number: u32, body: impl Into<Body>) -> Result<()> {
    bucket.upload_multipart(key, UploadMultipartInput::new(upload_id, number).body(body)).await.map(drop)
}

async fn list_parts(bucket: &Bucket, key: &str, upload_id: &str) -> Vec<ObjectPart> {
    bucket.list_multipart(key, ListMultipartInput::new(upload_id)).await.unwrap().object_parts
}

#[track_caller]
fn assert_upload_not_exists(error: &Error) {
    assert_error(error, 404, "upload_not_exists");
    assert!(error.is_not_found());
}

#[tokio::test]
async fn parts_from_bytes_file_and_stream_become_one_object() {
    let emulator = Emulator::start().await.unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config).unwrap().bucket("guide-bucket", "pek3a");
    bucket.put_bucket(PutBucketInput::new()).await.unwrap();

    let key = "movies/a film.mp4";
    let input = InitiateMultipartUploadInput::new().content_type("video/mp4").metadata("director", "Ang Lee");
    let initiated = bucket.initiate_multipart_upload(key, input).await.unwrap();
    assert_eq!(initiated.response.status, 200);
    assert_eq!((initiated.bucket.as_deref(), initiated.key.as_deref()), (Some("guide-bucket"), Some(key)));
    let id = initiated.upload_id;
    assert!(!id.is_empty());

    let parts = [content(5 * MIB, 0), content(4 * MIB, 1), content(3 * MIB, 2)];
    // The second part is a region of a file that has more bytes before and after it.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [&b"before"[..], &parts[1], b"after"].concat()).unwrap();
    let chunks: Vec<_> =
        parts[2].chunks(100_000).map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk))).collect();
    let bodies = [
        Body::from(parts[0].clone()),
        Body::file_region(file.path(), 6, parts[1].len() as u64).await.unwrap(),
        Body::stream(parts[2].len() as u64, stream::iter(chunks)),
    ];
    for ((number, body), part) in (0..).zip(bodies).zip(&parts) {
        let input = UploadMultipartInput::new(&id, number).content_length(part.len() as u64).body(body);
        let uploaded = bucket.upload_multipart(key, input).await.unwrap();
        assert_eq!(uploaded.response.status, 201);
        assert_eq!(uploaded.etag, Some(quoted_md5(part)));
    }

    let unknown = UploadMultipartInput::new("no-such-upload", 0).content_length(4).body("part");
    assert_upload_not_exists(&bucket.upload_multipart(key, unknown).await.unwrap_err());

    let listing = bucket.list_multipart(key, ListMultipartInput::new(&id)).await.unwrap();
    assert_eq!(listing.count, Some(3));
    let sizes: Vec<_> = listing.object_parts.iter().map(|part| (part.part_number, part.size)).collect();
    assert_eq!(sizes, [(0, Some(5 * MIB)), (1, Some(4 * MIB)), (2, Some(3 * MIB))]);
    assert!(
        bucket.get_object(key, GetObjectInput::new()).await.unwrap_err().is_not_found(),
        "the object exists before the completion"
    );

    let input = CompleteMultipartUploadInput::new(&id, listing.object_parts);
    let completed = bucket.complete_multipart_upload(key, input).await.unwrap();
    assert_eq!(completed.response.status, 201);

    let head = bucket.head_object(key, HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(head.content_length, Some(12 * MIB));
    assert_eq!(head.metadata.get("director").map(String::as_str), Some("Ang Lee"));
    let object = bucket.get_object(key, GetObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("video/mp4"));
    assert!(object.body.bytes().await.unwrap() == parts.concat(), "the content differs");

    let error = bucket.list_multipart(key, ListMultipartInput::new(&id)).await.unwrap_err();
    assert_upload_not_exists(&error);
}

#[tokio::test]
async fn completion_stores_the_etag_of_the_caller_or_one_that_is_no_md5() {
    let bucket = bucket_with_tiny_parts().await;
    for etag in [Some("\"0c2f573d\""), None] {
        let id = initiate(&bucket, "key").await;
        upload_part(&bucket, "key", &id, 0, "content").await.unwrap();
        let mut input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0)]);
        input.etag = etag.map(str::to_owned);
        bucket.complete_multipart_upload("key", input).await.unwrap();
        let stored = bucket.head_object("key", HeadObjectInput::new()).await.unwrap().etag.unwrap();
        match etag {
            Some(etag) => assert_eq!(stored, etag),
            None => assert!(stored.starts_with('"') && stored.ends_with('"') && stored.len() != 34, "{stored}"),
        }
    }
}

#[tokio::test]
async fn abort_removes_the_parts_and_succeeds_twice() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload_part(&bucket, "key", &id, 0, "content").await.unwrap();
    for _ in 0..2 {
        let aborted = bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new(&id)).await.unwrap();
        assert_eq!(aborted.response.status, 204);
    }
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    for error in [
        upload_part(&bucket, "key", &id, 1, "more").await.unwrap_err(),
        bucket.list_multipart("key", ListMultipartInput::new(&id)).await.unwrap_err(),
        complete(&bucket, "key", &id, [0]).await.unwrap_err(),
    ] {
        assert_upload_not_exists(&error);
    }
}

#[tokio::test]
async fn completed_upload_no_longer_exists_and_abort_keeps_the_object() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload_part(&bucket, "key", &id, 0, "content").await.unwrap();
    complete(&bucket, "key", &id, [0]).await.unwrap();
    assert_upload_not_exists(&complete(&bucket, "key", &id, [0]).await.unwrap_err());
    bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new(&id)).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"content");
}

#[tokio::test]
async fn second_upload_of_a_part_replaces_the_first() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload_part(&bucket, "key", &id, 3, "a longer first body").await.unwrap();
    upload_part(&bucket, "key", &id, 3, "the second").await.unwrap();
    let parts = list_parts(&bucket, "key", &id).await;
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].part_number, parts[0].size), (3, Some(10)));
    complete(&bucket, "key", &id, [3]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"the second");
}

#[tokio::test]
async fn completion_accepts_gaps_and_omitted_parts() {
    let bucket = bucket_with_tiny_parts().await;
    bucket.put("key", "an object that the upload replaces").await.unwrap();
    let id = initiate(&bucket, "key").await;
    for (number, text) in [(10_000, "last"), (7, "omitted"), (5, "middle,"), (0, "first,")] {
        upload_part(&bucket, "key", &id, number, text).await.unwrap();
    }
    let numbers: Vec<_> = list_parts(&bucket, "key", &id).await.iter().map(|part| part.part_number).collect();
    assert_eq!(numbers, [0, 5, 7, 10_000]);
    complete(&bucket, "key", &id, [0, 5, 10_000]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"first,middle,last");
}

#[tokio::test]
async fn concurrent_uploads_of_one_key_are_independent() {
    let bucket = TestBucket::start().await.unwrap();
    let (first, second) = (initiate(&bucket, "key").await, initiate(&bucket, "key").await);
    assert_ne!(first, second);
    upload_part(&bucket, "key", &first, 0, "first").await.unwrap();
    upload_part(&bucket, "key", &second, 0, "second").await.unwrap();
    assert_upload_not_exists(&upload_part(&bucket, "another key", &first, 0, "x").await.unwrap_err());
    complete(&bucket, "key", &second, [0]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"second");
    complete(&bucket, "key", &first, [0]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"first");
}

#[tokio::test]
async fn completion_rejects_a_small_part_until_it_is_replaced() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload_part(&bucket, "key", &id, 0, content(4 * MIB - 1, 0)).await.unwrap();
    upload_part(&bucket, "key", &id, 1, "the last may be small").await.unwrap();
    let error = complete(&bucket, "key", &id, [0, 1]).await.unwrap_err();
    assert_error(&error, 400, "entity_too_small");
    upload_part(&bucket, "key", &id, 0, content(4 * MIB, 0)).await.unwrap();
    complete(&bucket, "key", &id, [0, 1]).await.unwrap();
    let head = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_length, Some(4 * MIB + 21));
}

#[tokio::test]
async fn completion_with_invalid_parts_is_rejected_and_keeps_the_upload() {
    let bucket = bucket_with_tiny_parts().await;
    let id = initiate(&bucket, "key").await;
    for number in [0, 1] {
        upload_part(&bucket, "key", &id, number, "content").await.unwrap();
    }
    let error = complete(&bucket, "key", &id, []).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    for numbers in [[0, 2], [1, 0], [0, 0]] {
        let error = complete(&bucket, "key", &id, numbers).await.unwrap_err();
        assert_eq!(error.code(), Some("invalid_argument"), "{numbers:?}: {error}");
    }
    let input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0).etag("0c2f573d81194064b129e940edcefe9b")]);
    let error = bucket.complete_multipart_upload("key", input).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_argument"), "{error}");
    assert_eq!(list_parts(&bucket, "key", &id).await.len(), 2);
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn part_with_another_md5_is_rejected_and_the_stored_part_kept() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload_part(&bucket, "key", &id, 0, "good").await.unwrap();
    let md5_of_empty_body = "1B2M2Y8AsgTpgAmY7PhCfg==";
    let input = UploadMultipartInput::new(&id, 0).content_md5(md5_of_empty_body).body("damaged");
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_eq!(error.code(), Some("bad_digest"), "{error}");
    let parts = list_parts(&bucket, "key", &id).await;
    assert_eq!((parts.len(), parts[0].size), (1, Some(4)));
}

#[tokio::test]
async fn part_whose_body_has_another_length_is_rejected() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    let input = UploadMultipartInput::new(&id, 0).content_length(5).body("four");
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
    let short = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"four"))]);
    let error = upload_part(&bucket, "key", &id, 0, Body::stream(5, short)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(list_parts(&bucket, "key", &id).await.is_empty());
}
