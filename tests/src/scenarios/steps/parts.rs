//! Steps about single parts of a multipart upload.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, ListMultipartInput, ListMultipartOutput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;

use super::content;
use super::multipart::upload_id;
use super::object::MEBIBYTE;
use super::object_sources::source;
use crate::scenarios::context::Context;

/// Parses part numbers that are separated by commas.
fn numbers(listed: &str) -> Vec<u32> {
    listed.split(", ").filter(|number| !number.is_empty()).map(|number| number.parse().unwrap()).collect()
}

#[when(regex = r#"^upload multipart part (\d+) of "([^"]+)" with (\d+) MiB$"#)]
async fn upload(context: &mut Context, number: u32, key: String, size: usize) {
    let body = content(&format!("{key} {number}"), size * MEBIBYTE);
    let input = UploadMultipartInput::new(upload_id(context), number).body(body);
    let result = context.bucket().upload_multipart(&key, input).await;
    context.record("upload multipart", result);
}

#[when(regex = r#"^upload multipart part (\d+) of "([^"]+)" as a copy of "([^"]+)", range "(.*)"$"#)]
async fn copy(context: &mut Context, number: u32, key: String, from: String, range: String) {
    let input =
        UploadMultipartInput::new(upload_id(context), number).copy_source(source(context, &from)).copy_range(range);
    let result = context.bucket().upload_multipart(&key, input).await;
    context.record("upload multipart", result);
}

#[when(regex = r#"^list multipart of "([^"]+)" with limit (\d+)$"#)]
async fn list_first(context: &mut Context, key: String, limit: u32) {
    let input = ListMultipartInput::new(upload_id(context)).limit(limit);
    let result = context.bucket().list_multipart(&key, input).await;
    context.record("list multipart", result);
}

#[when(regex = r#"^list multipart of "([^"]+)" after part (\d+) with limit (\d+)$"#)]
async fn list_after(context: &mut Context, key: String, marker: u32, limit: u32) {
    let input = ListMultipartInput::new(upload_id(context)).part_number_marker(marker).limit(limit);
    let result = context.bucket().list_multipart(&key, input).await;
    context.record("list multipart", result);
}

#[then(regex = r#"^list multipart part numbers are "(.*)"$"#)]
fn part_numbers_are(context: &mut Context, expected: String) {
    let parts = &context.output::<ListMultipartOutput>("list multipart").object_parts;
    let listed: Vec<u32> = parts.iter().map(|part| part.part_number).collect();
    assert_eq!(listed, numbers(&expected));
}

#[when(regex = r#"^complete multipart upload of "([^"]+)" from parts "(.*)"$"#)]
async fn complete(context: &mut Context, key: String, parts: String) {
    let parts = numbers(&parts).into_iter().map(ObjectPart::new);
    let input = CompleteMultipartUploadInput::new(upload_id(context), parts);
    let result = context.bucket().complete_multipart_upload(&key, input).await;
    context.record("complete multipart upload", result);
}
