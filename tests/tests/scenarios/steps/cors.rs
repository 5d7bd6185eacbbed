//! Steps about what other sites' pages may do: CORS, and the question that browsers ask before.

use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteBucketCORSInput, GetBucketCORSInput, GetBucketCORSOutput, OptionsObjectInput, OptionsObjectOutput,
    PutBucketCORSInput,
};

use super::{assert_same, document};
use crate::scene::Scene;

#[when("put bucket CORS:")]
async fn put(scene: &mut Scene, step: &Step) {
    let rules: Vec<qingstor_sdk::types::CorsRule> = document(step, "cors_rules");
    let result = scene.bucket().put_bucket_cors(PutBucketCORSInput::new(rules)).await;
    scene.record("put bucket CORS", result);
}

#[when("get bucket CORS")]
async fn get(scene: &mut Scene) {
    let result = scene.bucket().get_bucket_cors(GetBucketCORSInput::new()).await;
    scene.record("get bucket CORS", result);
}

#[then(regex = r#"^get bucket CORS should have allowed origin "(.+)"$"#)]
fn allowed_origin_is(scene: &mut Scene, origin: String) {
    let rules = &scene.answer::<GetBucketCORSOutput>("get bucket CORS").cors_rules;
    assert!(rules.iter().any(|rule| rule.allowed_origin == origin), "{rules:?}");
}

#[then("get bucket CORS is:")]
fn cors_is(scene: &mut Scene, step: &Step) {
    assert_same(&scene.answer::<GetBucketCORSOutput>("get bucket CORS").cors_rules, step, "cors_rules");
}

#[when("delete bucket CORS")]
async fn delete(scene: &mut Scene) {
    let bucket = scene.bucket();
    let result = bucket.delete_bucket_cors(DeleteBucketCORSInput::new()).await;
    scene.record("delete bucket CORS", result);
    assert!(bucket.get_bucket_cors(GetBucketCORSInput::new()).await.unwrap().cors_rules.is_empty());
}

#[when(regex = r#"^options object "(.+)" with method "([^"]*)" and origin "([^"]*)"$"#)]
async fn options(scene: &mut Scene, key: String, method: String, origin: String) {
    let result = scene.bucket().options_object(&key, OptionsObjectInput::new(origin, method)).await;
    scene.record("options object", result);
}

#[when(regex = r#"^options object "(.+)" with method "([^"]*)", origin "([^"]*)" and headers "([^"]*)"$"#)]
async fn options_with_headers(scene: &mut Scene, key: String, method: String, origin: String, headers: String) {
    let input = OptionsObjectInput::new(origin, method).access_control_request_headers(headers);
    let result = scene.bucket().options_object(&key, input).await;
    scene.record("options object", result);
}

#[then(regex = r#"^options object allows origin "(.+)" for (\d+) seconds$"#)]
fn allows(scene: &mut Scene, origin: String, seconds: String) {
    let output: &OptionsObjectOutput = scene.answer("options object");
    assert_eq!(output.access_control_allow_origin, Some(origin));
    assert_eq!(output.access_control_max_age, Some(seconds));
}

#[then(regex = r#"^options object exposes header "(.+)"$"#)]
fn exposes(scene: &mut Scene, header: String) {
    let exposed = scene.answer::<OptionsObjectOutput>("options object").access_control_expose_headers.as_deref();
    let exposed = exposed.unwrap_or_default();
    assert!(exposed.split(',').any(|name| name.trim().eq_ignore_ascii_case(&header)), "{exposed:?}");
}

#[then("options object allows nothing")]
fn allows_nothing(scene: &mut Scene) {
    let output: &OptionsObjectOutput = scene.answer("options object");
    assert_eq!((&output.access_control_allow_origin, &output.access_control_allow_methods), (&None, &None));
}
