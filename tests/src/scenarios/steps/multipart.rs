//! Steps about multipart uploads of the official scenarios.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, HeadObjectInput, InitiateMultipartUploadInput,
    InitiateMultipartUploadOutput, ListMultipartInput, ListMultipartOutput, UploadMultipartInput,
};

use super::content;
use super::object::{MEBIBYTE, delete_existing};
use crate::scenarios::context::Context;

/// Sizes of the three parts in MiB. Parts other than the last must have at least 4 MiB.
const PART_SIZES: [usize; 3] = [5, 4, 3];
/// ETag in the completion request. The server accepts any value.
const ETAG: &str = "\"4072783b8efb99a9e5817067d68f61c6\"";

fn part(key: &str, number: usize) -> Vec<u8> {
    content(&format!("{key} {number}"), PART_SIZES[number] * MEBIBYTE)
}

pub(crate) fn upload_id(context: &Context) -> String {
    context.output::<InitiateMultipartUploadOutput>("initiate multipart upload").upload_id.clone()
}

#[when(regex = r#"^initiate multipart upload with key "(.+)"$"#)]
async fn initiate(context: &mut Context, key: String) {
    let input = InitiateMultipartUploadInput::new().content_type("text/plain");
    let result = context.bucket().initiate_multipart_upload(&key, input).await;
    context.record("initiate multipart upload", result);
}

#[when(regex = r#"^upload the (first|second|third) part with key "(.+)"$"#)]
async fn upload(context: &mut Context, which: String, key: String) {
    let number = ["first", "second", "third"].iter().position(|name| *name == which).unwrap();
    let input = UploadMultipartInput::new(upload_id(context), number as u32).body(part(&key, number));
    let result = context.bucket().upload_multipart(&key, input).await;
    context.record(&format!("upload the {which} part"), result);
}

#[when(regex = r#"^list multipart with key "(.+)"$"#)]
async fn list(context: &mut Context, key: String) {
    let result = context.bucket().list_multipart(&key, ListMultipartInput::new(upload_id(context))).await;
    context.record("list multipart", result);
}

#[then(regex = r"^list multipart object parts count is (\d+)$")]
fn parts_count_is(context: &mut Context, expected: usize) {
    let parts = &context.output::<ListMultipartOutput>("list multipart").object_parts;
    assert_eq!(parts.len(), expected, "{parts:?}");
    for (part, size) in parts.iter().zip(PART_SIZES) {
        assert_eq!(part.size, Some((size * MEBIBYTE) as u64), "{part:?}");
    }
}

#[when(regex = r#"^complete multipart upload with key "(.+)"$"#)]
async fn complete(context: &mut Context, key: String) {
    let parts = context.output::<ListMultipartOutput>("list multipart").object_parts.clone();
    let input = CompleteMultipartUploadInput::new(upload_id(context), parts).etag(ETAG);
    let bucket = context.bucket();
    let result = bucket.complete_multipart_upload(&key, input).await;
    context.record("complete multipart upload", result);
    let content = [part(&key, 0), part(&key, 1), part(&key, 2)].concat();
    assert!(bucket.read(&key).await.unwrap() == content, "the object is not the concatenation of its parts");
    let head = bucket.head_object(&key, HeadObjectInput::new()).await.unwrap();
    assert_eq!((head.etag.as_deref(), head.content_type.as_deref()), (Some(ETAG), Some("text/plain")));
}

#[when(regex = r#"^abort multipart upload with key "(.+)"$"#)]
async fn abort(context: &mut Context, key: String) {
    let input = AbortMultipartUploadInput::new(upload_id(context));
    let result = context.bucket().abort_multipart_upload(&key, input).await;
    context.record("abort multipart upload", result);
}

#[when(regex = r#"^delete the multipart object with key "(.+)"$"#)]
async fn delete(context: &mut Context, key: String) {
    delete_existing(context, "delete the multipart object", &key).await;
}
