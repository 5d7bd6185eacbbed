//! Steps about buckets and listings of their content.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsOutput, HeadBucketInput,
    InitiateMultipartUploadInput, InitiateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectsInput, ListObjectsOutput, PutBucketInput,
};

use super::document;
use crate::scenarios::context::Context;

/// Key of the multipart upload that the official scenario lists.
const LISTED_UPLOAD: &str = "list_multipart_uploads_object_key";

#[when("initialize the bucket")]
fn initialize(context: &mut Context) {
    let test_bucket = context.bucket();
    let bucket = test_bucket.account().bucket(test_bucket.name(), test_bucket.zone());
    assert_eq!((bucket.name(), bucket.zone()), (test_bucket.name(), test_bucket.zone()));
}

#[then("the bucket is initialized")]
async fn is_initialized(context: &mut Context) {
    context.bucket().head_bucket(HeadBucketInput::new()).await.unwrap();
}

#[given(regex = r#"^a bucket "(.+)"$"#)]
#[when(regex = r#"^put bucket "(.+)"$"#)]
async fn put_bucket(context: &mut Context, name: String) {
    let bucket = context.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).put_bucket(PutBucketInput::new()).await;
    context.record("put bucket", result);
}

#[when(regex = r#"^delete bucket "(.+)"$"#)]
async fn delete_bucket(context: &mut Context, name: String) {
    let bucket = context.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).delete_bucket(DeleteBucketInput::new()).await;
    context.record("delete bucket", result);
}

#[when("delete the bucket")]
async fn delete_the_bucket(context: &mut Context) {
    let result = context.bucket().delete_bucket(DeleteBucketInput::new()).await;
    context.record("delete bucket", result);
}

#[when("head bucket")]
async fn head_bucket(context: &mut Context) {
    let result = context.bucket().head_bucket(HeadBucketInput::new()).await;
    context.record("head bucket", result);
}

#[when(regex = r#"^head bucket "(.+)"$"#)]
async fn head_other_bucket(context: &mut Context, name: String) {
    let bucket = context.bucket();
    let result = bucket.account().bucket(name, bucket.zone()).head_bucket(HeadBucketInput::new()).await;
    context.record("head bucket", result);
}

#[when("list objects")]
async fn list_objects(context: &mut Context) {
    let result = context.bucket().list_objects(ListObjectsInput::new()).await;
    context.record("list objects", result);
}

#[when(regex = r#"^list objects with prefix "(.*)" and delimiter "(.*)"$"#)]
async fn list_objects_with_delimiter(context: &mut Context, prefix: String, delimiter: String) {
    let input = ListObjectsInput::new().prefix(prefix).delimiter(delimiter);
    let result = context.bucket().list_objects(input).await;
    context.record("list objects", result);
}

#[when(regex = r"^list objects in pages of (\d+)$")]
async fn list_objects_in_pages(context: &mut Context, limit: u32) {
    let mut pages = context.bucket().pages_of_objects(limit).await.unwrap().into_iter();
    let mut all = pages.next().expect("the listing has no page");
    for page in pages {
        assert!(page.keys.len() <= limit as usize, "a page has {} keys", page.keys.len());
        all.keys.extend(page.keys);
    }
    context.record("list objects", Ok(all));
}

#[then(regex = r"^list objects keys count is (\d+)$")]
fn keys_count_is(context: &mut Context, expected: usize) {
    let output: &ListObjectsOutput = context.output("list objects");
    assert_eq!(output.keys.len(), expected, "{:?}", output.keys);
}

#[then(regex = r#"^list objects keys are "(.*)"$"#)]
fn keys_are(context: &mut Context, expected: String) {
    let output: &ListObjectsOutput = context.output("list objects");
    let keys: Vec<&str> = output.keys.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys.join(", "), expected);
}

#[then(regex = r#"^list objects common prefixes are "(.*)"$"#)]
fn common_prefixes_are(context: &mut Context, expected: String) {
    let output: &ListObjectsOutput = context.output("list objects");
    assert_eq!(output.common_prefixes.join(", "), expected);
}

#[when("delete multiple objects:")]
async fn delete_multiple_objects(context: &mut Context, step: &Step) {
    let bucket = context.bucket();
    let objects: Vec<qingstor_sdk::types::ObjectSummary> = document(step, "objects");
    for object in &objects {
        bucket.put(&object.key, "to be deleted").await.unwrap();
    }
    let quiet: bool = document(step, "quiet");
    let result = bucket.delete_multiple_objects(objects.clone(), quiet).await;
    if let Ok(output) = &result {
        assert!(output.errors.is_empty(), "{:?}", output.errors);
        assert_eq!(output.deleted.len(), if quiet { 0 } else { objects.len() });
    }
    for object in &objects {
        assert!(bucket.read(&object.key).await.unwrap_err().is_not_found());
    }
    context.record("delete multiple objects", result);
}

#[then(regex = r#"^delete multiple objects reports "(.*)" as deleted$"#)]
fn deleted_are(context: &mut Context, expected: String) {
    let output: &DeleteMultipleObjectsOutput = context.output("delete multiple objects");
    let keys: Vec<&str> = output.deleted.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys.join(", "), expected);
}

#[given("an object created by initiate multipart upload")]
async fn given_an_upload(context: &mut Context) {
    let result = context.bucket().initiate_multipart_upload(LISTED_UPLOAD, InitiateMultipartUploadInput::new()).await;
    context.record("initiate multipart upload", result);
}

#[when("list multipart uploads")]
async fn list_multipart_uploads(context: &mut Context) {
    let result = context.bucket().list_multipart_uploads(ListMultipartUploadsInput::new()).await;
    context.record("list multipart uploads", result);
}

#[when("list multipart uploads with prefix")]
async fn list_multipart_uploads_with_prefix(context: &mut Context) {
    let input = ListMultipartUploadsInput::new().prefix(LISTED_UPLOAD);
    let result = context.bucket().list_multipart_uploads(input).await;
    context.record("list multipart uploads with prefix", result);
    let other_prefix = ListMultipartUploadsInput::new().prefix("another");
    assert!(context.bucket().list_multipart_uploads(other_prefix).await.unwrap().uploads.is_empty());
}

#[then(regex = r"^(list multipart uploads(?: with prefix)?) count is (\d+)$")]
async fn uploads_count_is(context: &mut Context, name: String, expected: usize) {
    let uploads = &context.output::<ListMultipartUploadsOutput>(&name).uploads;
    assert_eq!(uploads.len(), expected, "{uploads:?}");
    let upload: &InitiateMultipartUploadOutput = context.output("initiate multipart upload");
    assert!(uploads.iter().any(|listed| listed.upload_id == upload.upload_id), "{uploads:?}");
}

#[then("the multipart upload can be aborted")]
async fn upload_can_be_aborted(context: &mut Context) {
    let upload: &InitiateMultipartUploadOutput = context.output("initiate multipart upload");
    let input = AbortMultipartUploadInput::new(&upload.upload_id);
    let bucket = context.bucket();
    bucket.abort_multipart_upload(LISTED_UPLOAD, input).await.unwrap();
    assert!(bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads.is_empty());
}

#[then(regex = r"^list objects returns one key of (\d+) bytes$")]
fn only_key_has_length(context: &mut Context, expected: usize) {
    let output: &ListObjectsOutput = context.output("list objects");
    let [object] = output.keys.as_slice() else { panic!("not exactly one object: {:?}", output.keys) };
    assert_eq!(object.key.len(), expected, "{:?}", object.key);
}
