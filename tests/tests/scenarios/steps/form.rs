//! Steps about the form that browsers send.

use base64::Engine;
use cucumber::{then, when};
use qingstor_sdk::operations::{PostObjectInput, PostObjectOutput};

use crate::scene::Scene;

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)"$"#)]
async fn post(scene: &mut Scene, key: String, content: String) {
    let input = PostObjectInput::new(key, content).content_type("text/x-own").metadata("colour", "blue");
    let result = scene.bucket().post_object(input).await;
    scene.record("post object", result);
}

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)" and redirect "(.*)"$"#)]
async fn post_and_redirect(scene: &mut Scene, key: String, content: String, redirect: String) {
    let result = scene.bucket().post_object(PostObjectInput::new(key, content).redirect(redirect)).await;
    scene.record("post object", result);
}

#[when(regex = r#"^post object "([^"]+)" with content "([^"]*)" and a policy that nobody signed$"#)]
async fn post_unsigned(scene: &mut Scene, key: String, content: String) {
    let bucket = scene.bucket();
    let input = PostObjectInput::new(&key, content)
        .access_key_id(bucket.emulator().access_key_id())
        .policy(base64::engine::general_purpose::STANDARD.encode(format!("{{\"key\":\"{key}\"}}")))
        .signature("bm90IGEgc2lnbmF0dXJl");
    let result = bucket.post_object(input).await;
    scene.record("post object", result);
}

#[then(regex = r#"^post object leads to "(.+)"$"#)]
fn leads_to(scene: &mut Scene, place: String) {
    let location = scene.answer::<PostObjectOutput>("post object").location.as_deref().unwrap_or_default();
    assert!(location.starts_with(&place), "{location}");
}
