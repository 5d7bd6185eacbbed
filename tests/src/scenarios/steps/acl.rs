//! Steps about the ACL of a bucket, and about requests without signature.

use std::time::Duration;

use crate::PlainRequest;
use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{GetBucketACLInput, GetBucketACLOutput, GetObjectInput, PutBucketACLInput};

use super::object::Received;
use super::{assert_matches_document, document};
use crate::scenarios::context::Context;

#[when("put bucket ACL:")]
async fn put(context: &mut Context, step: &Step) {
    let grants: Vec<qingstor_sdk::types::Grant> = document(step, "acl");
    let input = grants.into_iter().fold(PutBucketACLInput::new(), |mut input, grant| {
        input.acl.push(grant);
        input
    });
    let result = context.bucket().put_bucket_acl(input).await;
    context.record("put bucket ACL", result);
}

#[when("put empty bucket ACL")]
async fn put_empty(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.put_bucket_acl(PutBucketACLInput::new()).await;
    context.record("put empty bucket ACL", result);
    assert!(bucket.get_bucket_acl(GetBucketACLInput::new()).await.unwrap().acl.is_empty());
}

#[when("get bucket ACL")]
async fn get(context: &mut Context) {
    let result = context.bucket().get_bucket_acl(GetBucketACLInput::new()).await;
    context.record("get bucket ACL", result);
}

#[then(regex = r#"^get bucket ACL should have grantee name "(.+)"$"#)]
fn grantee_is(context: &mut Context, name: String) {
    let output: &GetBucketACLOutput = context.output("get bucket ACL");
    assert!(output.owner.is_some());
    assert!(output.acl.iter().any(|grant| grant.grantee.name.as_deref() == Some(name.as_str())), "{:?}", output.acl);
}

#[then("get bucket ACL is:")]
fn acl_is(context: &mut Context, step: &Step) {
    assert_matches_document(&context.output::<GetBucketACLOutput>("get bucket ACL").acl, step, "acl");
}

#[when(regex = r#"^get object "([^"]+)" without signature$"#)]
async fn get_object_without_signature(context: &mut Context, key: String) {
    let bucket = context.bucket();
    let presigned = bucket.presign_object(&key, GetObjectInput::new(), Duration::from_secs(60)).unwrap();
    let response = bucket.send(&PlainRequest::without_signature(&presigned)).await.unwrap();
    context.record("get object without signature", Ok(Received::from_plain(response)));
}
