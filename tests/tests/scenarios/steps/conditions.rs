//! Steps about requests that ask for a part, or only under a condition.

use std::time::{Duration, SystemTime};

use cucumber::when;
use qingstor_sdk::Timestamp;
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput};

use super::object::receive;
use super::object_sources::source;
use crate::scene::Scene;

const DAY: Duration = Duration::from_secs(86_400);

/// The object's ETag, or one that it never had.
async fn etag(scene: &Scene, key: &str, which: &str) -> String {
    match which {
        "its" => head(scene, key).await.etag.unwrap(),
        _ => "\"0123456789abcdef0123456789abcdef\"".to_owned(),
    }
}

async fn head(scene: &Scene, key: &str) -> HeadObjectOutput {
    scene.bucket().head_object(key, HeadObjectInput::new()).await.unwrap()
}

fn day(which: &str) -> Timestamp {
    let now = SystemTime::now();
    let moment = if which == "yesterday" { now - DAY } else { now + DAY };
    moment.into()
}

#[when(regex = r#"^get object "([^"]+)" with range "(.*)"$"#)]
async fn get_range(scene: &mut Scene, key: String, range: String) {
    let result = receive(scene, &key, GetObjectInput::new().range(range)).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" if it matches (its|another) ETag$"#)]
async fn get_if_match(scene: &mut Scene, key: String, which: String) {
    let input = GetObjectInput::new().if_match(etag(scene, &key, &which).await);
    let result = receive(scene, &key, input).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" unless it matches (its|another) ETag$"#)]
async fn get_if_none_match(scene: &mut Scene, key: String, which: String) {
    let input = GetObjectInput::new().if_none_match(etag(scene, &key, &which).await);
    let result = receive(scene, &key, input).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" if it was modified since (yesterday|tomorrow)$"#)]
async fn get_if_modified(scene: &mut Scene, key: String, which: String) {
    // A date in the future says nothing, so the object's own date stands for it.
    let since = match which.as_str() {
        "yesterday" => day(&which),
        _ => head(scene, &key).await.last_modified.unwrap(),
    };
    let result = receive(scene, &key, GetObjectInput::new().if_modified_since(since)).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" if it was not modified since (yesterday|tomorrow)$"#)]
async fn get_if_unmodified(scene: &mut Scene, key: String, which: String) {
    let result = receive(scene, &key, GetObjectInput::new().if_unmodified_since(day(&which))).await;
    scene.record("get object", result);
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)" if it matches (its|another) ETag$"#)]
async fn copy_if_match(scene: &mut Scene, key: String, to: String, which: String) {
    let etag = etag(scene, &key, &which).await;
    let input = PutObjectInput::new().copy_source(source(scene, &key)).copy_source_if_match(etag);
    let result = scene.bucket().put_object(&to, input).await;
    scene.record("copy object", result);
}
