//! Steps about versions of objects.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteObjectInput, DeleteObjectOutput, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput,
    ListObjectVersionsInput, ListObjectVersionsOutput, PutBucketVersioningInput, PutObjectInput,
};
use qingstor_sdk::types::{ObjectVersion, VersioningStatus};

use super::object::receive;
use super::object_sources::source;
use crate::scenarios::context::Context;

#[when(regex = r#"^put bucket versioning "(.+)"$"#)]
async fn put_versioning(context: &mut Context, status: String) {
    let input = PutBucketVersioningInput::new(VersioningStatus::from(status.as_str()));
    let result = context.bucket().put_bucket_versioning(input).await;
    context.record("put bucket versioning", result);
}

#[when("get bucket versioning")]
async fn get_versioning(context: &mut Context) {
    let result = context.bucket().get_bucket_versioning(GetBucketVersioningInput::new()).await;
    context.record("get bucket versioning", result);
}

#[then(regex = r#"^get bucket versioning status is "(.+)"$"#)]
fn versioning_is(context: &mut Context, expected: String) {
    let status = context.output::<GetBucketVersioningOutput>("get bucket versioning").status.as_ref();
    assert_eq!(status.map(VersioningStatus::as_str), Some(expected.as_str()));
}

#[when("list object versions")]
async fn list(context: &mut Context) {
    let result = context.bucket().list_object_versions(ListObjectVersionsInput::new()).await;
    context.record("list object versions", result);
}

#[when(regex = r"^list object versions in pages of (\d+)$")]
async fn list_in_pages(context: &mut Context, limit: u64) {
    let bucket = context.bucket();
    let mut input = ListObjectVersionsInput::new().limit(limit);
    let mut all = Vec::new();
    let mut last = loop {
        let page = bucket.list_object_versions(input.clone()).await.unwrap();
        assert!(page.keys.len() as u64 <= limit, "a page has {} versions", page.keys.len());
        all.extend(page.keys.iter().cloned());
        match (&page.next_key_marker, &page.next_version_id_marker) {
            (Some(key), Some(version)) if page.has_more == Some(true) => {
                input = input.key_marker(key).version_id_marker(version);
            }
            _ => break page,
        }
    };
    last.keys = all;
    context.record("list object versions", Ok(last));
}

/// Describes a version, for example `report 12 bytes (latest)`.
fn describe(version: &ObjectVersion) -> String {
    let state = match (version.delete_marker, version.size) {
        (Some(true), _) => "deleted".to_owned(),
        (_, size) => format!("{} bytes", size.unwrap_or_default()),
    };
    format!("{} {state}{}", version.key, if version.is_latest == Some(true) { " (latest)" } else { "" })
}

#[then(regex = r#"^list object versions are "(.*)"$"#)]
fn versions_are(context: &mut Context, expected: String) {
    let output: &ListObjectVersionsOutput = context.output("list object versions");
    let versions: Vec<String> = output.keys.iter().map(describe).collect();
    assert_eq!(versions.join(", "), expected);
}

/// Returns the id of the `latest` or the `previous` version of an object.
async fn version_id(context: &Context, key: &str, which: &str) -> String {
    let listed = context.bucket().list_object_versions(ListObjectVersionsInput::new().prefix(key)).await.unwrap();
    // The server lists the newest version first.
    let index = if which == "latest" { 0 } else { 1 };
    let mut versions = listed.keys.into_iter().filter(|version| version.key == key);
    versions.nth(index).and_then(|version| version.version_id).unwrap()
}

#[when(regex = r#"^get object "([^"]+)" with the (latest|previous) version id$"#)]
async fn get_version(context: &mut Context, key: String, which: String) {
    let id = version_id(context, &key, &which).await;
    let result = receive(context, &key, GetObjectInput::new().version_id(id)).await;
    context.record("get object", result);
}

#[when(regex = r#"^copy object "([^"]+)" with the (latest|previous) version id to "([^"]+)"$"#)]
async fn copy_version(context: &mut Context, key: String, which: String, to: String) {
    let source = source(context, &key).version_id(version_id(context, &key, &which).await);
    let result = context.bucket().put_object(&to, PutObjectInput::new().copy_source(source)).await;
    context.record("copy object", result);
}

#[when(regex = r#"^delete object "([^"]+)" with the (latest|previous) version id$"#)]
async fn delete_version(context: &mut Context, key: String, which: String) {
    let id = version_id(context, &key, &which).await;
    let result = context.bucket().delete_object(&key, DeleteObjectInput::new().version_id(id)).await;
    context.record("delete object", result);
}

#[then("delete object created a delete marker")]
fn created_delete_marker(context: &mut Context) {
    let output: &DeleteObjectOutput = context.output("delete object");
    assert_eq!(output.delete_marker, Some(true));
    assert!(output.version_id.is_some());
}
