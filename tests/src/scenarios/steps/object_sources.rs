//! Steps that copy and move objects.

use cucumber::when;
use qingstor_sdk::ObjectSource;
use qingstor_sdk::operations::{HeadObjectInput, PutObjectInput};
use qingstor_sdk::types::MetadataDirective;

use super::object::DEFAULT_SIZE;
use super::{content, with_suffix};
use crate::scenarios::context::Context;

/// Returns the source for a copy or move of an object in the context's bucket.
pub(crate) fn source(context: &Context, key: &str) -> ObjectSource {
    let bucket = context.bucket();
    ObjectSource::new(bucket.name(), bucket.key(key))
}

#[when(regex = r#"^copy object with key "(.+)"$"#)]
async fn copy(context: &mut Context, key: String) {
    let copy = with_suffix(&key, "_copy");
    let bucket = context.bucket();
    let result = bucket.put_object(&copy, PutObjectInput::new().copy_source(source(context, &key))).await;
    context.record("copy object", result);
    assert!(bucket.read(&copy).await.unwrap() == content(&key, DEFAULT_SIZE), "the copy has other content");
}

#[when(regex = r#"^move object with key "(.+)"$"#)]
async fn rename(context: &mut Context, key: String) {
    let (copy, moved) = (with_suffix(&key, "_copy"), with_suffix(&key, "_move"));
    let bucket = context.bucket();
    let result = bucket.put_object(&moved, PutObjectInput::new().move_source(source(context, &copy))).await;
    context.record("move object", result);
    assert!(bucket.read(&moved).await.unwrap() == content(&key, DEFAULT_SIZE), "the moved object has other content");
    assert!(bucket.head_object(&copy, HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)"$"#)]
async fn copy_without_check(context: &mut Context, key: String, to: String) {
    let result = context.bucket().put_object(&to, PutObjectInput::new().copy_source(source(context, &key))).await;
    context.record("copy object", result);
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)" and replace its metadata by "(.+)":"(.+)"$"#)]
async fn copy_and_replace_metadata(context: &mut Context, key: String, to: String, name: String, value: String) {
    let input = PutObjectInput::new()
        .copy_source(source(context, &key))
        .metadata_directive(MetadataDirective::Replace)
        .metadata(name, value);
    let result = context.bucket().put_object(&to, input).await;
    context.record("copy object", result);
}
