//! Steps about bucket settings that are lists of rules: lifecycle, notification, replication and policy.

use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteBucketLifecycleInput, DeleteBucketNotificationInput, DeleteBucketPolicyInput, DeleteBucketReplicationInput,
    GetBucketLifecycleInput, GetBucketLifecycleOutput, GetBucketNotificationInput, GetBucketNotificationOutput,
    GetBucketPolicyInput, GetBucketPolicyOutput, GetBucketReplicationInput, GetBucketReplicationOutput,
    PutBucketLifecycleInput, PutBucketNotificationInput, PutBucketPolicyInput, PutBucketReplicationInput,
};
use qingstor_sdk::types::{LifecycleRule, NotificationRule, PolicyStatement, ReplicationRule};

use super::{assert_matches_document, document};
use crate::scenarios::context::Context;

#[when("put bucket lifecycle:")]
async fn put_lifecycle(context: &mut Context, step: &Step) {
    let rules: Vec<LifecycleRule> = document(step, "rule");
    let result = context.bucket().put_bucket_lifecycle(PutBucketLifecycleInput::new(rules)).await;
    context.record("put bucket lifecycle", result);
}

#[when("get bucket lifecycle")]
async fn get_lifecycle(context: &mut Context) {
    let result = context.bucket().get_bucket_lifecycle(GetBucketLifecycleInput::new()).await;
    context.record("get bucket lifecycle", result);
}

#[then(regex = r#"^get bucket lifecycle should have filter prefix "(.+)"$"#)]
fn filter_prefix_is(context: &mut Context, prefix: String) {
    let rules = &context.output::<GetBucketLifecycleOutput>("get bucket lifecycle").rule;
    assert!(rules.iter().any(|rule| rule.filter.prefix.as_deref() == Some(prefix.as_str())), "{rules:?}");
}

#[then("get bucket lifecycle is:")]
fn lifecycle_is(context: &mut Context, step: &Step) {
    assert_matches_document(&context.output::<GetBucketLifecycleOutput>("get bucket lifecycle").rule, step, "rule");
}

#[when("delete bucket lifecycle")]
async fn delete_lifecycle(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_lifecycle(DeleteBucketLifecycleInput::new()).await;
    context.record("delete bucket lifecycle", result);
    assert!(bucket.get_bucket_lifecycle(GetBucketLifecycleInput::new()).await.unwrap().rule.is_empty());
}

#[when("put bucket notification:")]
async fn put_notification(context: &mut Context, step: &Step) {
    let rules: Vec<NotificationRule> = document(step, "notifications");
    let result = context.bucket().put_bucket_notification(PutBucketNotificationInput::new(rules)).await;
    context.record("put bucket notification", result);
}

#[when("get bucket notification")]
async fn get_notification(context: &mut Context) {
    let result = context.bucket().get_bucket_notification(GetBucketNotificationInput::new()).await;
    context.record("get bucket notification", result);
}

#[then(regex = r#"^get bucket notification should have cloudfunc "(.+)"$"#)]
fn cloudfunc_is(context: &mut Context, name: String) {
    let rules = &context.output::<GetBucketNotificationOutput>("get bucket notification").notifications;
    assert!(rules.iter().any(|rule| rule.cloudfunc.as_str() == name), "{rules:?}");
}

#[then("get bucket notification is:")]
fn notification_is(context: &mut Context, step: &Step) {
    let output: &GetBucketNotificationOutput = context.output("get bucket notification");
    assert_matches_document(&output.notifications, step, "notifications");
}

#[when("delete bucket notification")]
async fn delete_notification(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_notification(DeleteBucketNotificationInput::new()).await;
    context.record("delete bucket notification", result);
    let left = bucket.get_bucket_notification(GetBucketNotificationInput::new()).await.unwrap();
    assert!(left.notifications.is_empty());
}

#[when("put bucket replication:")]
async fn put_replication(context: &mut Context, step: &Step) {
    let rules: Vec<ReplicationRule> = document(step, "rules");
    let result = context.bucket().put_bucket_replication(PutBucketReplicationInput::new(rules)).await;
    context.record("put bucket replication", result);
}

#[when("get bucket replication")]
async fn get_replication(context: &mut Context) {
    let result = context.bucket().get_bucket_replication(GetBucketReplicationInput::new()).await;
    context.record("get bucket replication", result);
}

#[then("get bucket replication is:")]
fn replication_is(context: &mut Context, step: &Step) {
    assert_matches_document(
        &context.output::<GetBucketReplicationOutput>("get bucket replication").rules,
        step,
        "rules",
    );
}

#[when("delete bucket replication")]
async fn delete_replication(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_replication(DeleteBucketReplicationInput::new()).await;
    context.record("delete bucket replication", result);
    assert!(bucket.get_bucket_replication(GetBucketReplicationInput::new()).await.unwrap().rules.is_empty());
}

#[when("put bucket policy:")]
async fn put_policy(context: &mut Context, step: &Step) {
    let mut statements: Vec<PolicyStatement> = document(step, "statement");
    let bucket = context.bucket();
    // The statement of the official feature has no resource, because the name of the bucket depends on the run.
    for statement in statements.iter_mut().filter(|statement| statement.resource.is_empty()) {
        statement.resource.push(format!("{}/*", bucket.name()));
    }
    let result = bucket.put_bucket_policy(PutBucketPolicyInput::new(statements)).await;
    context.record("put bucket policy", result);
}

#[when("get bucket policy")]
async fn get_policy(context: &mut Context) {
    let result = context.bucket().get_bucket_policy(GetBucketPolicyInput::new()).await;
    context.record("get bucket policy", result);
}

#[then(regex = r#"^get bucket policy should have Referer "(.+)"$"#)]
fn referer_is(context: &mut Context, referer: String) {
    let statements = &context.output::<GetBucketPolicyOutput>("get bucket policy").statement;
    let conditions = statements.iter().filter_map(|statement| statement.condition.as_ref());
    let mut referers = conditions.filter_map(|condition| condition.string_like.as_ref()).flat_map(|like| &like.referer);
    assert!(referers.any(|known| *known == referer), "{statements:?}");
}

#[then("get bucket policy is:")]
fn policy_is(context: &mut Context, step: &Step) {
    assert_matches_document(&context.output::<GetBucketPolicyOutput>("get bucket policy").statement, step, "statement");
}

#[when("delete bucket policy")]
async fn delete_policy(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_policy(DeleteBucketPolicyInput::new()).await;
    context.record("delete bucket policy", result);
    assert!(bucket.get_bucket_policy(GetBucketPolicyInput::new()).await.unwrap().statement.is_empty());
}
