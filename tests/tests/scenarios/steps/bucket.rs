//! Steps about a bucket and what is in it.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsInput, DeleteMultipleObjectsOutput,
    HeadBucketInput, InitiateMultipartUploadInput, InitiateMultipartUploadOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, PutBucketInput,
};

use super::document;
use crate::scene::Scene;

/// The key of the upload that the official scenario lists.
const LISTED_UPLOAD: &str = "list_multipart_uploads_object_key";

#[when("initialize the bucket")]
fn initialize(scene: &mut Scene) {
    let test_bucket = scene.bucket();
    let bucket = test_bucket.account().bucket(test_bucket.name(), test_bucket.zone());
    assert_eq!((bucket.name(), bucket.zone()), (test_bucket.name(), test_bucket.zone()));
}

#[then("the bucket is initialized")]
async fn is_initialized(scene: &mut Scene) {
    scene.bucket().head_bucket(HeadBucketInput::new()).await.unwrap();
}

#[given(regex = r#"^a bucket "(.+)"$"#)]
#[when(regex = r#"^put bucket "(.+)"$"#)]
async fn put_bucket(scene: &mut Scene, name: String) {
    let bucket = scene.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).put_bucket(PutBucketInput::new()).await;
    scene.record("put bucket", result);
}

#[when(regex = r#"^delete bucket "(.+)"$"#)]
async fn delete_bucket(scene: &mut Scene, name: String) {
    let bucket = scene.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).delete_bucket(DeleteBucketInput::new()).await;
    scene.record("delete bucket", result);
}

#[when("head bucket")]
async fn head_bucket(scene: &mut Scene) {
    let result = scene.bucket().head_bucket(HeadBucketInput::new()).await;
    scene.record("head bucket", result);
}

#[when(regex = r#"^head bucket "(.+)"$"#)]
async fn head_other_bucket(scene: &mut Scene, name: String) {
    let bucket = scene.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).head_bucket(HeadBucketInput::new()).await;
    scene.record("head bucket", result);
}

#[when("list objects")]
async fn list_objects(scene: &mut Scene) {
    let result = scene.bucket().list_objects(ListObjectsInput::new()).await;
    scene.record("list objects", result);
}

#[when(regex = r#"^list objects with prefix "(.*)" and delimiter "(.*)"$"#)]
async fn list_objects_below(scene: &mut Scene, prefix: String, delimiter: String) {
    let input = ListObjectsInput::new().prefix(prefix).delimiter(delimiter);
    let result = scene.bucket().list_objects(input).await;
    scene.record("list objects", result);
}

#[when(regex = r"^list objects page by page, (\d+) a page$")]
async fn list_objects_page_by_page(scene: &mut Scene, limit: u32) {
    let mut pages = scene.bucket().paginate(ListObjectsInput::new().limit(limit)).pages();
    let mut whole = pages.next().await.expect("at least one page").unwrap();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.keys.len() <= limit as usize, "a page of {} keys", page.keys.len());
        whole.keys.extend(page.keys);
    }
    scene.record("list objects", Ok(whole));
}

#[then(regex = r"^list objects keys count is (\d+)$")]
fn keys_count_is(scene: &mut Scene, expected: usize) {
    let output: &ListObjectsOutput = scene.answer("list objects");
    assert_eq!(output.keys.len(), expected, "{:?}", output.keys);
}

#[then(regex = r#"^list objects keys are "(.*)"$"#)]
fn keys_are(scene: &mut Scene, expected: String) {
    let output: &ListObjectsOutput = scene.answer("list objects");
    let keys: Vec<&str> = output.keys.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys.join(", "), expected);
}

#[then(regex = r#"^list objects common prefixes are "(.*)"$"#)]
fn common_prefixes_are(scene: &mut Scene, expected: String) {
    let output: &ListObjectsOutput = scene.answer("list objects");
    assert_eq!(output.common_prefixes.join(", "), expected);
}

#[when("delete multiple objects:")]
async fn delete_multiple_objects(scene: &mut Scene, step: &Step) {
    let bucket = scene.bucket();
    let objects: Vec<qingstor_sdk::types::ObjectSummary> = document(step, "objects");
    for object in &objects {
        bucket.put(&object.key, "to be deleted").await.unwrap();
    }
    let quiet: bool = document(step, "quiet");
    let result = bucket.delete_multiple_objects(DeleteMultipleObjectsInput::new(objects.clone()).quiet(quiet)).await;
    if let Ok(output) = &result {
        assert!(output.errors.is_empty(), "{:?}", output.errors);
        assert_eq!(output.deleted.len(), if quiet { 0 } else { objects.len() });
    }
    for object in &objects {
        assert!(bucket.read(&object.key).await.unwrap_err().is_not_found());
    }
    scene.record("delete multiple objects", result);
}

#[then(regex = r#"^delete multiple objects deleted "(.*)"$"#)]
fn deleted_are(scene: &mut Scene, expected: String) {
    let output: &DeleteMultipleObjectsOutput = scene.answer("delete multiple objects");
    let keys: Vec<&str> = output.deleted.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys.join(", "), expected);
}

#[given("an object created by initiate multipart upload")]
async fn an_upload(scene: &mut Scene) {
    let result = scene.bucket().initiate_multipart_upload(LISTED_UPLOAD, InitiateMultipartUploadInput::new()).await;
    scene.record("initiate multipart upload", result);
}

#[when("list multipart uploads")]
async fn list_multipart_uploads(scene: &mut Scene) {
    let result = scene.bucket().list_multipart_uploads(ListMultipartUploadsInput::new()).await;
    scene.record("list multipart uploads", result);
}

#[when("list multipart uploads with prefix")]
async fn list_multipart_uploads_with_prefix(scene: &mut Scene) {
    let input = ListMultipartUploadsInput::new().prefix(LISTED_UPLOAD);
    let result = scene.bucket().list_multipart_uploads(input).await;
    scene.record("list multipart uploads with prefix", result);
    let none = ListMultipartUploadsInput::new().prefix("another");
    assert!(scene.bucket().list_multipart_uploads(none).await.unwrap().uploads.is_empty());
}

#[then(regex = r"^(list multipart uploads(?: with prefix)?) count is (\d+)$")]
async fn uploads_count_is(scene: &mut Scene, named: String, expected: usize) {
    let uploads = &scene.answer::<ListMultipartUploadsOutput>(&named).uploads;
    assert_eq!(uploads.len(), expected, "{uploads:?}");
    let upload: &InitiateMultipartUploadOutput = scene.answer("initiate multipart upload");
    assert!(uploads.iter().any(|listed| listed.upload_id == upload.upload_id), "{uploads:?}");
}

#[then("the multipart upload is gone once it was aborted")]
async fn upload_can_be_aborted(scene: &mut Scene) {
    let upload: &InitiateMultipartUploadOutput = scene.answer("initiate multipart upload");
    let input = AbortMultipartUploadInput::new(&upload.upload_id);
    let bucket = scene.bucket();
    bucket.abort_multipart_upload(LISTED_UPLOAD, input).await.unwrap();
    assert!(bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads.is_empty());
}

#[then(regex = r"^list objects key is (\d+) bytes long$")]
fn key_is_as_long(scene: &mut Scene, expected: usize) {
    let output: &ListObjectsOutput = scene.answer("list objects");
    let [object] = output.keys.as_slice() else { panic!("one object was expected: {:?}", output.keys) };
    assert_eq!(object.key.len(), expected, "{:?}", object.key);
}
