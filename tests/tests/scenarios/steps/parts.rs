//! Steps about single parts of an upload.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, ListMultipartInput, ListMultipartOutput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;

use super::multipart::upload_id;
use super::object::MEBIBYTE;
use super::object_sources::source;
use crate::contents::content;
use crate::scene::Scene;

fn numbers(listed: &str) -> Vec<u32> {
    listed.split(", ").filter(|number| !number.is_empty()).map(|number| number.parse().unwrap()).collect()
}

#[when(regex = r#"^upload multipart part (\d+) of "([^"]+)" with (\d+) MiB$"#)]
async fn upload(scene: &mut Scene, number: u32, key: String, size: usize) {
    let body = content(&format!("{key} {number}"), size * MEBIBYTE);
    let input = UploadMultipartInput::new(upload_id(scene), number).body(body);
    let result = scene.bucket().upload_multipart(&key, input).await;
    scene.record("upload multipart", result);
}

#[when(regex = r#"^upload multipart part (\d+) of "([^"]+)" as a copy of "([^"]+)", range "(.*)"$"#)]
async fn copy(scene: &mut Scene, number: u32, key: String, from: String, range: String) {
    let input = UploadMultipartInput::new(upload_id(scene), number).copy_source(source(scene, &from)).copy_range(range);
    let result = scene.bucket().upload_multipart(&key, input).await;
    scene.record("upload multipart", result);
}

#[when(regex = r#"^list multipart of "([^"]+)", at most (\d+)$"#)]
async fn list_first(scene: &mut Scene, key: String, limit: u32) {
    let input = ListMultipartInput::new(upload_id(scene)).limit(limit);
    let result = scene.bucket().list_multipart(&key, input).await;
    scene.record("list multipart", result);
}

#[when(regex = r#"^list multipart of "([^"]+)" after part (\d+), at most (\d+)$"#)]
async fn list_after(scene: &mut Scene, key: String, marker: u32, limit: u32) {
    let input = ListMultipartInput::new(upload_id(scene)).part_number_marker(marker).limit(limit);
    let result = scene.bucket().list_multipart(&key, input).await;
    scene.record("list multipart", result);
}

#[then(regex = r#"^list multipart part numbers are "(.*)"$"#)]
fn part_numbers_are(scene: &mut Scene, expected: String) {
    let parts = &scene.answer::<ListMultipartOutput>("list multipart").object_parts;
    let listed: Vec<u32> = parts.iter().map(|part| part.part_number).collect();
    assert_eq!(listed, numbers(&expected));
}

#[when(regex = r#"^complete multipart upload of "([^"]+)" from parts "(.*)"$"#)]
async fn complete(scene: &mut Scene, key: String, parts: String) {
    let parts = numbers(&parts).into_iter().map(ObjectPart::new);
    let input = CompleteMultipartUploadInput::new(upload_id(scene), parts);
    let result = scene.bucket().complete_multipart_upload(&key, input).await;
    scene.record("complete multipart upload", result);
}
