//! Steps about CORS rules and preflight requests.

use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteBucketCORSInput, GetBucketCORSInput, GetBucketCORSOutput, OptionsObjectInput, OptionsObjectOutput,
    PutBucketCORSInput,
};

use super::{assert_matches_document, document};
use crate::scenarios::context::Context;

#[when("put bucket CORS:")]
async fn put(context: &mut Context, step: &Step) {
    let rules: Vec<qingstor_sdk::types::CorsRule> = document(step, "cors_rules");
    let result = context.bucket().put_bucket_cors(PutBucketCORSInput::new(rules)).await;
    context.record("put bucket CORS", result);
}

#[when("get bucket CORS")]
async fn get(context: &mut Context) {
    let result = context.bucket().get_bucket_cors(GetBucketCORSInput::new()).await;
    context.record("get bucket CORS", result);
}

#[then(regex = r#"^get bucket CORS should have allowed origin "(.+)"$"#)]
fn allowed_origin_is(context: &mut Context, origin: String) {
    let rules = &context.output::<GetBucketCORSOutput>("get bucket CORS").cors_rules;
    assert!(rules.iter().any(|rule| rule.allowed_origin == origin), "{rules:?}");
}

#[then("get bucket CORS is:")]
fn cors_is(context: &mut Context, step: &Step) {
    assert_matches_document(&context.output::<GetBucketCORSOutput>("get bucket CORS").cors_rules, step, "cors_rules");
}

#[when("delete bucket CORS")]
async fn delete(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_cors(DeleteBucketCORSInput::new()).await;
    context.record("delete bucket CORS", result);
    assert!(bucket.get_bucket_cors(GetBucketCORSInput::new()).await.unwrap().cors_rules.is_empty());
}

#[when(regex = r#"^options object "(.+)" with method "([^"]*)" and origin "([^"]*)"$"#)]
async fn options(context: &mut Context, key: String, method: String, origin: String) {
    let result = context.bucket().options_object(&key, OptionsObjectInput::new(origin, method)).await;
    context.record("options object", result);
}

#[when(regex = r#"^options object "(.+)" with method "([^"]*)", origin "([^"]*)" and headers "([^"]*)"$"#)]
async fn options_with_headers(context: &mut Context, key: String, method: String, origin: String, headers: String) {
    let input = OptionsObjectInput::new(origin, method).access_control_request_headers(headers);
    let result = context.bucket().options_object(&key, input).await;
    context.record("options object", result);
}

#[then(regex = r#"^options object allows origin "(.+)" for (\d+) seconds$"#)]
fn allows(context: &mut Context, origin: String, seconds: String) {
    let output: &OptionsObjectOutput = context.output("options object");
    assert_eq!(output.access_control_allow_origin, Some(origin));
    assert_eq!(output.access_control_max_age, Some(seconds));
}

#[then(regex = r#"^options object exposes header "(.+)"$"#)]
fn exposes(context: &mut Context, header: String) {
    let exposed = context.output::<OptionsObjectOutput>("options object").access_control_expose_headers.as_deref();
    let exposed = exposed.unwrap_or_default();
    assert!(exposed.split(',').any(|name| name.trim().eq_ignore_ascii_case(&header)), "{exposed:?}");
}

#[then("options object allows nothing")]
fn allows_nothing(context: &mut Context) {
    let output: &OptionsObjectOutput = context.output("options object");
    assert_eq!((&output.access_control_allow_origin, &output.access_control_allow_methods), (&None, &None));
}
