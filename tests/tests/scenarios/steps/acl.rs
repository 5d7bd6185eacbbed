//! Steps about who may do what with a bucket: ACL, and what anybody may.

use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{GetBucketACLInput, GetBucketACLOutput, PutBucketACLInput};

use super::object::Received;
use super::{assert_same, document};
use crate::scene::Scene;

#[when("put bucket ACL:")]
async fn put(scene: &mut Scene, step: &Step) {
    let grants: Vec<qingstor_sdk::types::Grant> = document(step, "acl");
    let input = grants.into_iter().fold(PutBucketACLInput::new(), |mut input, grant| {
        input.acl.push(grant);
        input
    });
    let result = scene.bucket().put_bucket_acl(input).await;
    scene.record("put bucket ACL", result);
}

#[when("put empty bucket ACL")]
async fn put_empty(scene: &mut Scene) {
    let bucket = scene.bucket();
    let result = bucket.put_bucket_acl(PutBucketACLInput::new()).await;
    scene.record("put empty bucket ACL", result);
    assert!(bucket.get_bucket_acl(GetBucketACLInput::new()).await.unwrap().acl.is_empty());
}

#[when("get bucket ACL")]
async fn get(scene: &mut Scene) {
    let result = scene.bucket().get_bucket_acl(GetBucketACLInput::new()).await;
    scene.record("get bucket ACL", result);
}

#[then(regex = r#"^get bucket ACL should have grantee name "(.+)"$"#)]
fn grantee_is(scene: &mut Scene, name: String) {
    let output: &GetBucketACLOutput = scene.answer("get bucket ACL");
    assert!(output.owner.is_some());
    assert!(output.acl.iter().any(|grant| grant.grantee.name.as_deref() == Some(name.as_str())), "{:?}", output.acl);
}

#[then("get bucket ACL is:")]
fn acl_is(scene: &mut Scene, step: &Step) {
    assert_same(&scene.answer::<GetBucketACLOutput>("get bucket ACL").acl, step, "acl");
}

#[when(regex = r#"^anybody gets object "([^"]+)"$"#)]
async fn anybody_gets(scene: &mut Scene, key: String) {
    let bucket = scene.bucket();
    let url = format!("{}/{}/{key}", bucket.emulator().endpoint(), bucket.name());
    let answer = qingstor_tests::PlainRequest::new("GET", url).send().await.unwrap();
    scene.record("anybody gets object", Ok(Received::plain(answer)));
}
