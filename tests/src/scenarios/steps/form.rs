//! Steps about uploads with an HTML form.

use std::time::Duration;

use base64::Engine;
use cucumber::{then, when};
use qingstor_sdk::operations::{GetObjectInput, PostObjectInput, PostObjectOutput};

use crate::scenarios::context::Context;
use crate::scenarios::scenario_bucket::ScenarioBucket;

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)"$"#)]
async fn post(context: &mut Context, key: String, content: String) {
    let input = PostObjectInput::new(key, content).content_type("text/x-own").metadata("colour", "blue");
    let result = context.bucket().post_object(input).await;
    context.record("post object", result);
}

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)" and redirect "(.*)"$"#)]
async fn post_and_redirect(context: &mut Context, key: String, content: String, redirect: String) {
    let result = context.bucket().post_object(PostObjectInput::new(key, content).redirect(redirect)).await;
    context.record("post object", result);
}

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)" and a wrong signature$"#)]
async fn post_with_wrong_signature(context: &mut Context, key: String, content: String) {
    let bucket = context.bucket();
    let input = PostObjectInput::new(&key, content)
        .access_key_id(access_key_id(&bucket))
        .policy(base64::engine::general_purpose::STANDARD.encode(format!("{{\"key\":\"{key}\"}}")))
        .signature("bm90IGEgc2lnbmF0dXJl");
    let result = bucket.post_object(input).await;
    context.record("post object", result);
}

/// Returns the access key id of the client, which is a parameter of every presigned URL.
fn access_key_id(bucket: &ScenarioBucket) -> String {
    let presigned = bucket.presign_object("form", GetObjectInput::new(), Duration::from_secs(60)).unwrap();
    let parameters = presigned.url().split(['?', '&']);
    parameters.filter_map(|parameter| parameter.strip_prefix("access_key_id=")).next().unwrap().to_owned()
}

#[then(regex = r#"^post object redirects to "(.+)"$"#)]
fn redirects_to(context: &mut Context, url: String) {
    let location = context.output::<PostObjectOutput>("post object").location.as_deref().unwrap_or_default();
    assert!(location.starts_with(&url), "{location}");
}
