//! Steps about requests with a range or a condition.

use std::time::{Duration, SystemTime};

use cucumber::when;
use qingstor_sdk::Timestamp;
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput};

use super::object::receive;
use super::object_sources::source;
use crate::scenarios::context::Context;

const DAY: Duration = Duration::from_secs(86_400);

/// Returns the ETag of an object if `which` is `its`, or an ETag that no object has.
async fn etag(context: &Context, key: &str, which: &str) -> String {
    match which {
        "its" => head(context, key).await.etag.unwrap(),
        _ => "\"0123456789abcdef0123456789abcdef\"".to_owned(),
    }
}

async fn head(context: &Context, key: &str) -> HeadObjectOutput {
    context.bucket().head_object(key, HeadObjectInput::new()).await.unwrap()
}

fn yesterday() -> Timestamp {
    (SystemTime::now() - DAY).into()
}

fn tomorrow() -> Timestamp {
    (SystemTime::now() + DAY).into()
}

#[when(regex = r#"^get object "([^"]+)" with range "(.*)"$"#)]
async fn get_range(context: &mut Context, key: String, range: String) {
    let result = receive(context, &key, GetObjectInput::new().range(range)).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" with If-Match and (its|another) ETag$"#)]
async fn get_if_match(context: &mut Context, key: String, which: String) {
    let input = GetObjectInput::new().if_match(etag(context, &key, &which).await);
    let result = receive(context, &key, input).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" with If-None-Match and (its|another) ETag$"#)]
async fn get_if_none_match(context: &mut Context, key: String, which: String) {
    let input = GetObjectInput::new().if_none_match(etag(context, &key, &which).await);
    let result = receive(context, &key, input).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" with If-Modified-Since (yesterday|its own date)$"#)]
async fn get_if_modified(context: &mut Context, key: String, which: String) {
    let since = match which.as_str() {
        "yesterday" => yesterday(),
        _ => head(context, &key).await.last_modified.unwrap(),
    };
    let result = receive(context, &key, GetObjectInput::new().if_modified_since(since)).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "([^"]+)" with If-Unmodified-Since (yesterday|tomorrow)$"#)]
async fn get_if_unmodified(context: &mut Context, key: String, which: String) {
    let since = if which == "yesterday" { yesterday() } else { tomorrow() };
    let result = receive(context, &key, GetObjectInput::new().if_unmodified_since(since)).await;
    context.record("get object", result);
}

#[when(regex = r#"^copy object "([^"]+)" to "([^"]+)" with If-Match and (its|another) ETag$"#)]
async fn copy_if_match(context: &mut Context, key: String, to: String, which: String) {
    let etag = etag(context, &key, &which).await;
    let input = PutObjectInput::new().copy_source(source(context, &key)).copy_source_if_match(etag);
    let result = context.bucket().put_object(&to, input).await;
    context.record("copy object", result);
}
