//! Removes everything below a prefix: multipart uploads, objects and versions.

use qingstor_sdk::operations::{
    AbortMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsInput, DeleteObjectInput,
    GetBucketVersioningInput, ListMultipartUploadsInput, ListObjectVersionsInput, ListObjectsInput,
};
use qingstor_sdk::types::{ObjectSummary, VersioningStatus};
use qingstor_sdk::{Bucket, Result};

use super::pause;

/// Maximum number of objects in a request that deletes several.
const MAX_DELETES: usize = 1000;
/// Maximum number of times that the prefix is cleaned.
const MAX_ROUNDS: u32 = 10;
/// Maximum number of attempts to delete a bucket. The service refuses it for about a minute after the creation.
const MAX_BUCKET_ATTEMPTS: u32 = 45;

/// Removes everything below `prefix`, and returns a description of each thing that could not be removed.
///
/// The prefix is cleaned until two lists in a row are empty. The service may execute a request after the client has
/// dropped it, and its lists may be older than the latest write.
pub(super) async fn clean_up(bucket: &Bucket, prefix: &str) -> Vec<String> {
    let mut empty_rounds = 0;
    let mut problems = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let (removed, failed) = clean_once(bucket, prefix).await;
        empty_rounds = if removed == 0 && failed.is_empty() { empty_rounds + 1 } else { 0 };
        problems = failed;
        if empty_rounds == 2 {
            return problems;
        }
        pause(1).await;
    }
    if problems.is_empty() {
        problems.push(format!("after {MAX_ROUNDS} attempts, lists still contain keys below {prefix:?}"));
    }
    problems
}

/// Returns the number of things that were removed, and a description of each one that could not be removed.
async fn clean_once(bucket: &Bucket, prefix: &str) -> (usize, Vec<String>) {
    let (mut removed, mut problems) = (0, Vec::new());
    let steps = [
        abort_uploads(bucket, prefix).await,
        delete_objects(bucket, prefix).await,
        delete_versions(bucket, prefix).await,
    ];
    for step in steps {
        match step {
            Ok((count, failed)) => {
                removed += count;
                problems.extend(failed);
            }
            Err(error) => problems.push(format!("keys below {prefix:?}: {error}")),
        }
    }
    (removed, problems)
}

async fn abort_uploads(bucket: &Bucket, prefix: &str) -> Result<(usize, Vec<String>)> {
    let mut uploads = bucket.paginate(ListMultipartUploadsInput::new().prefix(prefix)).items();
    let mut listed = Vec::new();
    while let Some(upload) = uploads.next().await {
        listed.push(upload?);
    }
    let mut problems = Vec::new();
    for upload in &listed {
        let input = AbortMultipartUploadInput::new(&upload.upload_id);
        if let Err(error) = bucket.abort_multipart_upload(&upload.key, input).await {
            problems.push(format!("multipart upload {} of {:?}: {error}", upload.upload_id, upload.key));
        }
    }
    Ok((listed.len(), problems))
}

async fn delete_objects(bucket: &Bucket, prefix: &str) -> Result<(usize, Vec<String>)> {
    let mut objects = bucket.paginate(ListObjectsInput::new().prefix(prefix).limit(1000)).items();
    let mut listed = Vec::new();
    while let Some(object) = objects.next().await {
        listed.push(ObjectSummary::new(object?.key));
    }
    let mut problems = Vec::new();
    for page in listed.chunks(MAX_DELETES) {
        let output = bucket.delete_multiple_objects(DeleteMultipleObjectsInput::new(page.to_vec()).quiet(true)).await?;
        problems.extend(output.errors.iter().map(|error| format!("object: {error:?}")));
    }
    Ok((listed.len(), problems))
}

/// Deletes versions, if the bucket has ever kept versions. A key that may not read this setting may not delete versions
/// either.
async fn delete_versions(bucket: &Bucket, prefix: &str) -> Result<(usize, Vec<String>)> {
    let status = bucket.get_bucket_versioning(GetBucketVersioningInput::new()).await.ok().and_then(|it| it.status);
    if !matches!(status, Some(VersioningStatus::Enabled | VersioningStatus::Suspended)) {
        return Ok((0, Vec::new()));
    }
    let mut versions = bucket.paginate(ListObjectVersionsInput::new().prefix(prefix)).items();
    let mut listed = Vec::new();
    while let Some(version) = versions.next().await {
        listed.push(version?);
    }
    let mut problems = Vec::new();
    for version in &listed {
        let mut input = DeleteObjectInput::new();
        input.version_id = version.version_id.clone();
        if let Err(error) = bucket.delete_object(&version.key, input).await {
            problems.push(format!("version {:?} of {:?}: {error}", version.version_id, version.key));
        }
    }
    Ok((listed.len(), problems))
}

/// Deletes a bucket, and returns a description of the problem if it could not be deleted.
pub(super) async fn delete_bucket(bucket: &Bucket) -> Option<String> {
    for attempt in 1.. {
        match bucket.delete_bucket(DeleteBucketInput::new()).await {
            Ok(_) => return None,
            Err(error) if error.code() == Some("lease_not_ready") && attempt < MAX_BUCKET_ATTEMPTS => pause(2).await,
            Err(error) => return Some(format!("bucket {}: {error}", bucket.name())),
        }
    }
    None
}
