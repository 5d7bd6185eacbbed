//! Steps about versions of objects.

use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteObjectInput, DeleteObjectOutput, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput,
    ListObjectVersionsInput, ListObjectVersionsOutput, PutBucketVersioningInput, PutObjectInput,
};
use qingstor_sdk::types::{ObjectVersion, VersioningStatus};

use super::object::receive;
use super::object_sources::source;
use crate::scene::Scene;

#[when(regex = r#"^put bucket versioning "(.+)"$"#)]
async fn put_versioning(scene: &mut Scene, status: String) {
    let input = PutBucketVersioningInput::new(VersioningStatus::from(status.as_str()));
    let result = scene.bucket().put_bucket_versioning(input).await;
    scene.record("put bucket versioning", result);
}

#[when("get bucket versioning")]
async fn get_versioning(scene: &mut Scene) {
    let result = scene.bucket().get_bucket_versioning(GetBucketVersioningInput::new()).await;
    scene.record("get bucket versioning", result);
}

#[then(regex = r#"^get bucket versioning status is "(.+)"$"#)]
fn versioning_is(scene: &mut Scene, expected: String) {
    let status = scene.answer::<GetBucketVersioningOutput>("get bucket versioning").status.as_ref();
    assert_eq!(status.map(VersioningStatus::as_str), Some(expected.as_str()));
}

#[when("list object versions")]
async fn list(scene: &mut Scene) {
    let result = scene.bucket().list_object_versions(ListObjectVersionsInput::new()).await;
    scene.record("list object versions", result);
}

#[when(regex = r"^list object versions page by page, (\d+) a page$")]
async fn list_page_by_page(scene: &mut Scene, limit: u64) {
    let bucket = scene.bucket();
    let mut input = ListObjectVersionsInput::new().limit(limit);
    let mut all = Vec::new();
    let mut last = loop {
        let page = bucket.list_object_versions(input.clone()).await.unwrap();
        assert!(page.keys.len() as u64 <= limit, "a page of {} versions", page.keys.len());
        all.extend(page.keys.iter().cloned());
        match (&page.next_key_marker, &page.next_version_id_marker) {
            (Some(key), Some(version)) if page.has_more == Some(true) => {
                input = input.key_marker(key).version_id_marker(version);
            }
            _ => break page,
        }
    };
    last.keys = all;
    scene.record("list object versions", Ok(last));
}

/// `report: 12 bytes, the latest`, the newest first.
fn in_words(version: &ObjectVersion) -> String {
    let what = match (version.delete_marker, version.size) {
        (Some(true), _) => "deleted".to_owned(),
        (_, size) => format!("{} bytes", size.unwrap_or_default()),
    };
    format!("{} {what}{}", version.key, if version.is_latest == Some(true) { " (latest)" } else { "" })
}

#[then(regex = r#"^list object versions are "(.*)"$"#)]
fn versions_are(scene: &mut Scene, expected: String) {
    let output: &ListObjectVersionsOutput = scene.answer("list object versions");
    let versions: Vec<String> = output.keys.iter().map(in_words).collect();
    assert_eq!(versions.join(", "), expected);
}

/// The id of the version so many before the latest.
async fn version_id(scene: &Scene, key: &str, before: usize) -> String {
    let listed = scene.bucket().list_object_versions(ListObjectVersionsInput::new().prefix(key)).await.unwrap();
    let mut versions = listed.keys.into_iter().filter(|version| version.key == key);
    versions.nth(before).and_then(|version| version.version_id).unwrap()
}

#[when(regex = r#"^get object "([^"]+)" as it was (\d+) versions? ago$"#)]
async fn get_version(scene: &mut Scene, key: String, before: usize) {
    let id = version_id(scene, &key, before).await;
    let result = receive(scene, &key, GetObjectInput::new().version_id(id)).await;
    scene.record("get object", result);
}

#[when(regex = r#"^copy object "([^"]+)" as it was (\d+) versions? ago to "([^"]+)"$"#)]
async fn copy_version(scene: &mut Scene, key: String, before: usize, to: String) {
    let source = source(scene, &key).version_id(version_id(scene, &key, before).await);
    let result = scene.bucket().put_object(&to, PutObjectInput::new().copy_source(source)).await;
    scene.record("copy object", result);
}

#[when(regex = r#"^delete object "([^"]+)" in its latest version$"#)]
async fn delete_latest(scene: &mut Scene, key: String) {
    let id = version_id(scene, &key, 0).await;
    let result = scene.bucket().delete_object(&key, DeleteObjectInput::new().version_id(id)).await;
    scene.record("delete object", result);
}

#[then("delete object left a delete marker")]
fn left_marker(scene: &mut Scene) {
    let output: &DeleteObjectOutput = scene.answer("delete object");
    assert_eq!(output.delete_marker, Some(true));
    assert!(output.version_id.is_some());
}
