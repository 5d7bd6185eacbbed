//! Uploads in parts, from beginning to end, against a server that keeps the service's rules.
//!
//! Protects: the flow of the official guide works as it is written there, an object is exactly its parts in order,
//! and everything that can go wrong on the way is told by code and status.

use bytes::Bytes;
use futures_util::stream;
use md5::{Digest, Md5};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, GetObjectInput, HeadObjectInput,
    InitiateMultipartUploadInput, ListMultipartInput, PutBucketInput, UploadMultipartInput, UploadMultipartOutput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Body, Bucket, Config, Error, ErrorKind, QingStor};
use qingstor_tests::TestBucket;

const MIB: usize = 1 << 20;

/// Bytes that differ from place to place and from part to part.
fn content(part: u32, size: usize) -> Vec<u8> {
    (0..size as u32).map(|place| (place.wrapping_add(part << 24).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn quoted_md5(bytes: &[u8]) -> String {
    let digest: String = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digest}\"")
}

async fn tiny_parts() -> TestBucket {
    TestBucket::on(Emulator::builder().allow_tiny_parts(true)).await.unwrap()
}

async fn initiate(bucket: &Bucket, key: &str) -> String {
    bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await.unwrap().upload_id
}

async fn upload(
    bucket: &Bucket,
    key: &str,
    upload_id: &str,
    number: u32,
    body: impl Into<Body>,
) -> qingstor_sdk::Result<UploadMultipartOutput> {
    bucket.upload_multipart(key, UploadMultipartInput::new(upload_id, number).body(body)).await
}

async fn complete(bucket: &Bucket, key: &str, upload_id: &str, numbers: &[u32]) -> qingstor_sdk::Result<()> {
    let parts = numbers.iter().copied().map(ObjectPart::new);
    bucket.complete_multipart_upload(key, CompleteMultipartUploadInput::new(upload_id, parts)).await.map(drop)
}

async fn listed(bucket: &Bucket, key: &str, upload_id: &str) -> Vec<ObjectPart> {
    bucket.list_multipart(key, ListMultipartInput::new(upload_id)).await.unwrap().object_parts
}

fn assert_upload_not_exists(error: &Error) {
    assert_eq!(error.code(), Some("upload_not_exists"), "{error}");
    assert!(error.is_not_found());
}

#[tokio::test]
async fn the_guide_from_beginning_to_end() {
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

    let parts = [content(0, 5 * MIB), content(1, 4 * MIB), content(2, 3 * MIB)];
    // The second part is a region in the middle of a file.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [&b"before"[..], &parts[1], b"after"].concat()).unwrap();
    let pieces: Vec<_> =
        parts[2].chunks(100_000).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let bodies = [
        Body::from(parts[0].clone()),
        Body::file_region(file.path(), 6, parts[1].len() as u64).await.unwrap(),
        Body::stream(parts[2].len() as u64, stream::iter(pieces)),
    ];
    for ((number, body), part) in (0..).zip(bodies).zip(&parts) {
        let input = UploadMultipartInput::new(&id, number).content_length(part.len() as u64).body(body);
        let uploaded = bucket.upload_multipart(key, input).await.unwrap();
        assert_eq!(uploaded.response.status, 201);
        assert_eq!(uploaded.etag, Some(quoted_md5(part)));
    }

    let wrong = UploadMultipartInput::new("no-such-upload", 0).content_length(4).body("part");
    let error = bucket.upload_multipart(key, wrong).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_upload_not_exists(&error);

    let listing = bucket.list_multipart(key, ListMultipartInput::new(&id)).await.unwrap();
    assert_eq!(listing.count, Some(3));
    let sizes: Vec<_> = listing.object_parts.iter().map(|part| (part.part_number, part.size)).collect();
    assert_eq!(sizes, [(0, Some(5 << 20)), (1, Some(4 << 20)), (2, Some(3 << 20))]);
    assert!(bucket.get_object(key, GetObjectInput::new()).await.unwrap_err().is_not_found(), "there is no object yet");

    let input = CompleteMultipartUploadInput::new(&id, listing.object_parts);
    let completed = bucket.complete_multipart_upload(key, input).await.unwrap();
    assert_eq!(completed.response.status, 201);

    let head = bucket.head_object(key, HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(head.content_length, Some(12 << 20));
    assert_eq!(head.metadata.get("director").map(String::as_str), Some("Ang Lee"));
    let object = bucket.get_object(key, GetObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("video/mp4"));
    assert!(object.body.bytes().await.unwrap() == parts.concat(), "the content differs");

    let error = bucket.list_multipart(key, ListMultipartInput::new(&id)).await.unwrap_err();
    assert_upload_not_exists(&error);
}

#[tokio::test]
async fn the_etag_is_the_callers_or_else_no_md5() {
    let bucket = tiny_parts().await;
    for (etag, expected) in [(Some("\"0c2f573d\""), Some("\"0c2f573d\"")), (None, None)] {
        let id = initiate(&bucket, "key").await;
        upload(&bucket, "key", &id, 0, "content").await.unwrap();
        let mut input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0)]);
        input.etag = etag.map(str::to_owned);
        bucket.complete_multipart_upload("key", input).await.unwrap();
        let stored = bucket.head_object("key", HeadObjectInput::new()).await.unwrap().etag.unwrap();
        match expected {
            Some(expected) => assert_eq!(stored, expected),
            None => assert!(stored.starts_with('"') && stored.ends_with('"') && stored.len() != 34, "{stored}"),
        }
    }
}

#[tokio::test]
async fn aborting_leaves_nothing_and_may_be_repeated() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload(&bucket, "key", &id, 0, "content").await.unwrap();
    for _ in 0..2 {
        let aborted = bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new(&id)).await.unwrap();
        assert_eq!(aborted.response.status, 204);
    }
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
    for error in [
        upload(&bucket, "key", &id, 1, "more").await.unwrap_err(),
        bucket.list_multipart("key", ListMultipartInput::new(&id)).await.unwrap_err(),
        complete(&bucket, "key", &id, &[0]).await.unwrap_err(),
    ] {
        assert_upload_not_exists(&error);
    }
}

#[tokio::test]
async fn a_completed_upload_is_gone_and_aborting_it_leaves_the_object() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload(&bucket, "key", &id, 0, "content").await.unwrap();
    complete(&bucket, "key", &id, &[0]).await.unwrap();
    assert_upload_not_exists(&complete(&bucket, "key", &id, &[0]).await.unwrap_err());
    bucket.abort_multipart_upload("key", AbortMultipartUploadInput::new(&id)).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"content");
}

#[tokio::test]
async fn a_part_that_is_uploaded_again_replaces_the_first() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload(&bucket, "key", &id, 3, "a first try that is longer").await.unwrap();
    upload(&bucket, "key", &id, 3, "the second").await.unwrap();
    let parts = listed(&bucket, "key", &id).await;
    assert_eq!(parts.len(), 1);
    assert_eq!((parts[0].part_number, parts[0].size), (3, Some(10)));
    complete(&bucket, "key", &id, &[3]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"the second");
}

#[tokio::test]
async fn numbers_may_have_gaps_and_parts_may_be_left_out() {
    let bucket = tiny_parts().await;
    bucket.put("key", "the object that will be replaced").await.unwrap();
    let id = initiate(&bucket, "key").await;
    for (number, text) in [(10_000, "last"), (7, "left out"), (5, "middle,"), (0, "first,")] {
        upload(&bucket, "key", &id, number, text).await.unwrap();
    }
    let numbers: Vec<_> = listed(&bucket, "key", &id).await.iter().map(|part| part.part_number).collect();
    assert_eq!(numbers, [0, 5, 7, 10_000]);
    complete(&bucket, "key", &id, &[0, 5, 10_000]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"first,middle,last");
}

#[tokio::test]
async fn uploads_of_one_key_are_independent() {
    let bucket = TestBucket::start().await.unwrap();
    let (first, second) = (initiate(&bucket, "key").await, initiate(&bucket, "key").await);
    assert_ne!(first, second);
    upload(&bucket, "key", &first, 0, "first").await.unwrap();
    upload(&bucket, "key", &second, 0, "second").await.unwrap();
    assert_upload_not_exists(&upload(&bucket, "another key", &first, 0, "x").await.unwrap_err());
    complete(&bucket, "key", &second, &[0]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"second");
    complete(&bucket, "key", &first, &[0]).await.unwrap();
    assert_eq!(bucket.read("key").await.unwrap(), b"first");
}

#[tokio::test]
async fn a_part_that_is_too_small_is_told_at_completion_and_can_be_made_good() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload(&bucket, "key", &id, 0, vec![1; 4 * MIB - 1]).await.unwrap();
    upload(&bucket, "key", &id, 1, "the last may be small").await.unwrap();
    let error = complete(&bucket, "key", &id, &[0, 1]).await.unwrap_err();
    assert_eq!(error.code(), Some("entity_too_small"), "{error}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    upload(&bucket, "key", &id, 0, vec![1; 4 * MIB]).await.unwrap();
    complete(&bucket, "key", &id, &[0, 1]).await.unwrap();
    let head = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.content_length, Some((4 << 20) + 21));
}

#[tokio::test]
async fn a_completion_that_makes_no_sense_is_refused_and_changes_nothing() {
    let bucket = tiny_parts().await;
    let id = initiate(&bucket, "key").await;
    for number in [0, 1] {
        upload(&bucket, "key", &id, number, "content").await.unwrap();
    }
    let error = complete(&bucket, "key", &id, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    for numbers in [&[0, 2][..], &[1, 0], &[0, 0]] {
        let error = complete(&bucket, "key", &id, numbers).await.unwrap_err();
        assert_eq!(error.code(), Some("invalid_argument"), "{numbers:?}: {error}");
    }
    let input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0).etag("0c2f573d81194064b129e940edcefe9b")]);
    let error = bucket.complete_multipart_upload("key", input).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_argument"), "{error}");
    assert_eq!(listed(&bucket, "key", &id).await.len(), 2);
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_damaged_part_is_refused_and_the_one_before_it_stays() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    upload(&bucket, "key", &id, 0, "good").await.unwrap();
    let md5_of_nothing = "1B2M2Y8AsgTpgAmY7PhCfg==";
    let input = UploadMultipartInput::new(&id, 0).content_md5(md5_of_nothing).body("damaged");
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_eq!(error.code(), Some("bad_digest"), "{error}");
    let parts = listed(&bucket, "key", &id).await;
    assert_eq!((parts.len(), parts[0].size), (1, Some(4)));
}

#[tokio::test]
async fn a_part_is_never_sent_with_a_length_that_is_not_its_own() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    let input = UploadMultipartInput::new(&id, 0).content_length(5).body("four");
    let error = bucket.upload_multipart("key", input).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
    let short = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"four"))]);
    let error = upload(&bucket, "key", &id, 0, Body::stream(5, short)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body, "{error}");
    assert!(listed(&bucket, "key", &id).await.is_empty());
}
