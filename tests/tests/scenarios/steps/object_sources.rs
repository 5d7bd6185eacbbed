//! Steps about objects that are made of others: copy and move.

use cucumber::when;
use qingstor_sdk::ObjectSource;
use qingstor_sdk::operations::{HeadObjectInput, PutObjectInput};
use qingstor_sdk::types::MetadataDirective;

use super::object::MEBIBYTE;
use crate::contents::{content, with_suffix};
use crate::scene::Scene;

/// How an object is named where another one is made of it.
pub(crate) fn source(scene: &Scene, key: &str) -> ObjectSource {
    ObjectSource::new(scene.bucket().name(), key)
}

#[when(regex = r#"^copy object with key "(.+)"$"#)]
async fn copy(scene: &mut Scene, key: String) {
    let copy = with_suffix(&key, "_copy");
    let bucket = scene.bucket();
    let result = bucket.put_object(&copy, PutObjectInput::new().copy_source(source(scene, &key))).await;
    scene.record("copy object", result);
    assert!(bucket.read(&copy).await.unwrap() == content(&key, MEBIBYTE), "the copy has another content");
}

#[when(regex = r#"^move object with key "(.+)"$"#)]
async fn rename(scene: &mut Scene, key: String) {
    let (copy, moved) = (with_suffix(&key, "_copy"), with_suffix(&key, "_move"));
    let bucket = scene.bucket();
    let result = bucket.put_object(&moved, PutObjectInput::new().move_source(source(scene, &copy))).await;
    scene.record("move object", result);
    assert!(bucket.read(&moved).await.unwrap() == content(&key, MEBIBYTE), "the moved object has another content");
    assert!(bucket.head_object(&copy, HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)"$"#)]
async fn copy_any(scene: &mut Scene, key: String, to: String) {
    let result = scene.bucket().put_object(&to, PutObjectInput::new().copy_source(source(scene, &key))).await;
    scene.record("copy object", result);
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)" with metadata "(.+)":"(.+)" in place of its own$"#)]
async fn copy_with_metadata(scene: &mut Scene, key: String, to: String, name: String, value: String) {
    let input = PutObjectInput::new()
        .copy_source(source(scene, &key))
        .metadata_directive(MetadataDirective::Replace)
        .metadata(name, value);
    let result = scene.bucket().put_object(&to, input).await;
    scene.record("copy object", result);
}
