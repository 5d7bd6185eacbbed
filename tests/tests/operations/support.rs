//! Helpers that several modules share.

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{CompleteMultipartUploadInput, InitiateMultipartUploadInput};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Bucket, Error, Result};
use qingstor_tests::TestBucket;

/// Starts an emulator that accepts parts of any size. By default, all parts but the last must have at least 4 MiB.
pub(crate) async fn bucket_with_tiny_parts() -> TestBucket {
    TestBucket::on(Emulator::builder().allow_tiny_parts(true)).await.unwrap()
}

/// Initiates a multipart upload and returns its id.
pub(crate) async fn initiate(bucket: &Bucket, key: &str) -> String {
    bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await.unwrap().upload_id
}

/// Completes a multipart upload with the given part numbers.
pub(crate) async fn complete(
    bucket: &Bucket,
    key: &str,
    upload_id: &str,
    numbers: impl IntoIterator<Item = u32>,
) -> Result<()> {
    let parts = numbers.into_iter().map(ObjectPart::new);
    bucket.complete_multipart_upload(key, CompleteMultipartUploadInput::new(upload_id, parts)).await.map(drop)
}

/// Asserts that the server responded with this status and error code.
#[track_caller]
pub(crate) fn assert_error(error: &Error, status: u16, code: &str) {
    assert_eq!((error.status().unwrap().as_u16(), error.code()), (status, Some(code)), "{error}");
}
