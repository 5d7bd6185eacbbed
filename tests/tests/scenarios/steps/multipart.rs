//! Steps about objects that are uploaded in parts.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, HeadObjectInput, InitiateMultipartUploadInput,
    InitiateMultipartUploadOutput, ListMultipartInput, ListMultipartOutput, UploadMultipartInput,
};

use super::object::{MEBIBYTE, delete_for_good};
use crate::contents::content;
use crate::scene::Scene;

/// Sizes of the three parts of the official scenario in MiB: all but the last reach the least that parts may have.
const SIZES: [usize; 3] = [5, 4, 3];
/// What the upload is given for an ETag. The server takes any.
const ETAG: &str = "\"4072783b8efb99a9e5817067d68f61c6\"";

fn part(key: &str, number: usize) -> Vec<u8> {
    content(&format!("{key} {number}"), SIZES[number] * MEBIBYTE)
}

pub(crate) fn upload_id(scene: &Scene) -> String {
    scene.answer::<InitiateMultipartUploadOutput>("initiate multipart upload").upload_id.clone()
}

#[when(regex = r#"^initiate multipart upload with key "(.+)"$"#)]
async fn initiate(scene: &mut Scene, key: String) {
    let input = InitiateMultipartUploadInput::new().content_type("text/plain");
    let result = scene.bucket().initiate_multipart_upload(&key, input).await;
    scene.record("initiate multipart upload", result);
}

#[when(regex = r#"^upload the (first|second|third) part with key "(.+)"$"#)]
async fn upload(scene: &mut Scene, which: String, key: String) {
    let number = ["first", "second", "third"].iter().position(|name| *name == which).unwrap();
    let input = UploadMultipartInput::new(upload_id(scene), number as u32).body(part(&key, number));
    let result = scene.bucket().upload_multipart(&key, input).await;
    scene.record(&format!("upload the {which} part"), result);
}

#[when(regex = r#"^list multipart with key "(.+)"$"#)]
async fn list(scene: &mut Scene, key: String) {
    let result = scene.bucket().list_multipart(&key, ListMultipartInput::new(upload_id(scene))).await;
    scene.record("list multipart", result);
}

#[then(regex = r"^list multipart object parts count is (\d+)$")]
fn parts_count_is(scene: &mut Scene, expected: usize) {
    let parts = &scene.answer::<ListMultipartOutput>("list multipart").object_parts;
    assert_eq!(parts.len(), expected, "{parts:?}");
    for (part, size) in parts.iter().zip(SIZES) {
        assert_eq!(part.size, Some((size * MEBIBYTE) as u64), "{part:?}");
    }
}

#[when(regex = r#"^complete multipart upload with key "(.+)"$"#)]
async fn complete(scene: &mut Scene, key: String) {
    let parts = scene.answer::<ListMultipartOutput>("list multipart").object_parts.clone();
    let input = CompleteMultipartUploadInput::new(upload_id(scene), parts).etag(ETAG);
    let bucket = scene.bucket();
    let result = bucket.complete_multipart_upload(&key, input).await;
    scene.record("complete multipart upload", result);
    let whole = [part(&key, 0), part(&key, 1), part(&key, 2)].concat();
    assert!(bucket.read(&key).await.unwrap() == whole, "the object is not its parts one after the other");
    let head = bucket.head_object(&key, HeadObjectInput::new()).await.unwrap();
    assert_eq!((head.etag.as_deref(), head.content_type.as_deref()), (Some(ETAG), Some("text/plain")));
}

#[when(regex = r#"^abort multipart upload with key "(.+)"$"#)]
async fn abort(scene: &mut Scene, key: String) {
    let input = AbortMultipartUploadInput::new(upload_id(scene));
    let result = scene.bucket().abort_multipart_upload(&key, input).await;
    scene.record("abort multipart upload", result);
}

#[when(regex = r#"^delete the multipart object with key "(.+)"$"#)]
async fn delete(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete the multipart object", &key).await;
}
