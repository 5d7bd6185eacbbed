//! The most parts an upload can have.
//!
//! Protects: an upload of 10,000 parts goes through from beginning to end, listing them takes no more than the pages
//! they fill, and one more is told by its own code.

use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_emulator::Emulator;
use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, InitiateMultipartUploadInput, ListMultipartInput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_tests::TestBucket;

const MOST: u32 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_parts_and_not_one_more() {
    let bucket = TestBucket::on(Emulator::builder().allow_tiny_parts(true)).await.unwrap();
    let id = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap().upload_id;
    let text = |number: u32| format!("{number},");
    let uploads = (0..MOST).map(|number| {
        let input = UploadMultipartInput::new(&id, number).body(text(number));
        bucket.upload_multipart("key", input)
    });
    stream::iter(uploads).buffer_unordered(32).try_for_each(|_| async { Ok(()) }).await.unwrap();

    let one_more = UploadMultipartInput::new(&id, MOST).body("too many");
    let error = bucket.upload_multipart("key", one_more).await.unwrap_err();
    assert_eq!(error.code(), Some("max_parts_exceeded"), "{error}");
    assert_eq!(error.status().unwrap(), 400);
    // But one that is there already may be uploaded again.
    let again = UploadMultipartInput::new(&id, 17).body(text(17));
    bucket.upload_multipart("key", again).await.unwrap();

    let mut parts: Vec<ObjectPart> = Vec::new();
    for _ in 0..MOST / 1000 {
        let mut input = ListMultipartInput::new(&id).limit(1000);
        input.part_number_marker = parts.last().map(|part| part.part_number);
        parts.extend(bucket.list_multipart("key", input).await.unwrap().object_parts);
    }
    assert!(parts.iter().map(|part| part.part_number).eq(0..MOST));

    bucket.complete_multipart_upload("key", CompleteMultipartUploadInput::new(&id, parts)).await.unwrap();
    let expected: String = (0..MOST).map(text).collect();
    assert!(bucket.read("key").await.unwrap() == expected.as_bytes(), "the parts are not in order");
}

#[tokio::test]
async fn part_numbers_end_at_ten_thousand() {
    let bucket = TestBucket::start().await.unwrap();
    let id = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap().upload_id;
    let part = |number| bucket.upload_multipart("key", UploadMultipartInput::new(&id, number).body("part"));
    part(MOST).await.unwrap();
    let error = part(MOST + 1).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.status()), (ErrorKind::InvalidInput, 0, None), "{error}");
    assert!(error.to_string().contains("part_number is 10001"), "{error}");
}
