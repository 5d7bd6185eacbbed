//! Limits on the number of parts in a multipart upload.

use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{CompleteMultipartUploadInput, ListMultipartInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;
use qingstor_tests::TestBucket;

use crate::support::{assert_error, bucket_with_tiny_parts, initiate};

/// Maximum number of parts in an upload. It is also the highest part number. Part numbers start at 0 and may have gaps,
/// so there is one more number than there can be parts.
const MAX_PARTS: u32 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepts_10000_parts_and_rejects_one_more() {
    let bucket = bucket_with_tiny_parts().await;
    let id = initiate(&bucket, "key").await;
    let text = |number: u32| format!("{number},");
    let uploads = (0..MAX_PARTS).map(|number| {
        let input = UploadMultipartInput::new(&id, number).body(text(number));
        bucket.upload_multipart("key", input)
    });
    stream::iter(uploads).buffer_unordered(32).try_for_each(|_| async { Ok(()) }).await.unwrap();

    let one_more = UploadMultipartInput::new(&id, MAX_PARTS).body("too many");
    let error = bucket.upload_multipart("key", one_more).await.unwrap_err();
    assert_error(&error, 400, "max_parts_exceeded");
    // A part that exists may be replaced.
    let again = UploadMultipartInput::new(&id, 17).body(text(17));
    bucket.upload_multipart("key", again).await.unwrap();

    let mut parts: Vec<ObjectPart> = Vec::new();
    for _ in 0..MAX_PARTS / 1000 {
        let mut input = ListMultipartInput::new(&id).limit(1000);
        input.part_number_marker = parts.last().map(|part| part.part_number);
        parts.extend(bucket.list_multipart("key", input).await.unwrap().object_parts);
    }
    assert!(parts.iter().map(|part| part.part_number).eq(0..MAX_PARTS));

    bucket.complete_multipart_upload("key", CompleteMultipartUploadInput::new(&id, parts)).await.unwrap();
    let expected: String = (0..MAX_PARTS).map(text).collect();
    assert!(bucket.read("key").await.unwrap() == expected.as_bytes(), "the object is not its parts in order");
}

#[tokio::test]
async fn rejects_part_number_10001() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    let part = |number| bucket.upload_multipart("key", UploadMultipartInput::new(&id, number).body("part"));
    part(MAX_PARTS).await.unwrap();
    let error = part(MAX_PARTS + 1).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.status()), (ErrorKind::InvalidInput, 0, None), "{error}");
    assert!(error.to_string().contains("part_number is 10001"), "{error}");
}
