//! What is made of the documents in which a bucket's settings come back.
//!
//! Protects: every field of them is understood, in the form that the API reference shows, and settings that were never
//! made are no error.

#![allow(clippy::unwrap_used)]

use qingstor_sdk::types::{
    BucketStatus, CloudFunction, CloudFunctionArguments, CnameType, CorsMethod, CorsRule, EventType, Grant, Grantee,
    GranteeType, IpAddressCondition, LifecycleExpiration, LifecycleFilter, LifecycleRule, LifecycleTransition,
    NotificationRule, NullCondition, Permission, PolicyAction, PolicyCondition, PolicyEffect, PolicyStatement,
    ReplicationDestination, ReplicationFilter, ReplicationRule, RuleStatus, StorageClass, StringCondition, Toggle,
    VersioningStatus,
};
use qingstor_sdk::{
    Bucket, GetBucketACLInput, GetBucketCNAMEInput, GetBucketCORSInput, GetBucketExternalMirrorInput,
    GetBucketLifecycleInput, GetBucketLoggingInput, GetBucketNotificationInput, GetBucketPolicyInput,
    GetBucketReplicationInput, GetBucketStatisticsInput, GetBucketVersioningInput, ListObjectVersionsInput,
    RetryConfig, Timestamp,
};
use qingstor_tests::account_answering;
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

async fn answering(document: Value) -> (Bucket, MockServer) {
    let answer = ResponseTemplate::new(200).set_body_json(document);
    let (account, server) = account_answering(answer, RetryConfig::disabled()).await.unwrap();
    (account.bucket("bucket", ""), server)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn one_text_in_a_policy_is_a_list_of_one() {
    let (bucket, _server) = answering(json!({"statement": [
        {"id": "one", "user": "*", "action": "head_bucket", "effect": "allow", "resource": "bucket",
         "condition": {"string_like": {"Referer": "*.example.com"}, "is_null": {"Referer": false}}},
        {"id": "many", "user": ["usr-1", "usr-2"], "action": ["get_object", "upload_object_part", "not_yet_known"],
         "effect": "deny", "resource": ["bucket/a/*"],
         "condition": {"not_ip_address": {"source_ip": ["172.16.0.0/24"]}}},
    ]}))
    .await;
    let output = bucket.get_bucket_policy(GetBucketPolicyInput::new()).await.unwrap();
    let one = PolicyStatement::new("one", ["*"], [PolicyAction::HeadBucket], PolicyEffect::Allow)
        .resource(["bucket"])
        .condition(
            PolicyCondition::new()
                .string_like(StringCondition::new().referer(["*.example.com"]))
                .is_null(NullCondition::new().referer(false)),
        );
    let actions = [PolicyAction::GetObject, PolicyAction::UploadObjectPart, "not_yet_known".into()];
    let many = PolicyStatement::new("many", ["usr-1", "usr-2"], actions, PolicyEffect::Deny)
        .resource(["bucket/a/*"])
        .condition(PolicyCondition::new().not_ip_address(IpAddressCondition::new().source_ip(["172.16.0.0/24"])));
    assert_eq!(output.statement, [one, many]);
}

#[tokio::test]
async fn access_control_list() {
    let (bucket, _server) = answering(json!({"owner": {"id": "usr-1", "name": "me"}, "acl": [
        {"grantee": {"type": "user", "id": "usr-1", "name": "me"}, "permission": "FULL_CONTROL"},
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
    ]}))
    .await;
    let output = bucket.get_bucket_acl(GetBucketACLInput::new()).await.unwrap();
    assert_eq!(output.owner.unwrap().name.as_deref(), Some("me"));
    let user = Grantee::new(GranteeType::User).id("usr-1").name("me");
    let group = Grantee::new(GranteeType::Group).name("QS_ALL_USERS");
    assert_eq!(output.acl, [Grant::new(user, Permission::FullControl), Grant::new(group, Permission::Read)]);
}

#[tokio::test]
async fn cors_rules() {
    let (bucket, _server) = answering(json!({"resp_vary": "enabled", "cors_rules": [
        {"allowed_origin": "https://*.example.com", "allowed_methods": ["PUT", "*"], "allowed_headers": ["x-qs-date"],
         "max_age_seconds": 200, "expose_headers": ["ETag"]},
        {"allowed_origin": "*", "allowed_methods": ["GET"], "allowed_headers": null},
    ]}))
    .await;
    let output = bucket.get_bucket_cors(GetBucketCORSInput::new()).await.unwrap();
    assert_eq!(output.resp_vary, Some(Toggle::Enabled));
    let first = CorsRule::new("https://*.example.com", [CorsMethod::Put, "*".into()])
        .allowed_headers(["x-qs-date"])
        .max_age_seconds(200)
        .expose_headers(["ETag"]);
    assert_eq!(output.cors_rules, [first, CorsRule::new("*", [CorsMethod::Get])]);
}

#[tokio::test]
async fn lifecycle_rules() {
    let (bucket, _server) = answering(json!({"rule": [
        {"id": "delete", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 7},
         "state": "unchecked", "created": 1_439_715_900},
        {"id": "move", "status": "disabled", "filter": {},
         "transition": {"storage_class": "STANDARD_IA", "days": 30}},
    ]}))
    .await;
    let output = bucket.get_bucket_lifecycle(GetBucketLifecycleInput::new()).await.unwrap();
    let delete = LifecycleRule::new("delete", RuleStatus::Enabled, LifecycleFilter::new().prefix("logs/"))
        .expiration(LifecycleExpiration::new().days(7));
    let transition = LifecycleTransition::new(StorageClass::StandardIa).days(30);
    let moving = LifecycleRule::new("move", RuleStatus::Disabled, LifecycleFilter::new()).transition(transition);
    assert_eq!(output.rule, [delete, moving]);
}

#[tokio::test]
async fn notification_rules() {
    let (bucket, _server) = answering(json!({"notifications": [
        {"id": "one", "event_types": ["create_object"], "cloudfunc": "image", "object_filters": "*.jpg",
         "cloudfunc_args": {"action": "info", "key_seprate": "-"}, "notify_url": "http://localhost/"},
    ]}))
    .await;
    let output = bucket.get_bucket_notification(GetBucketNotificationInput::new()).await.unwrap();
    let expected = NotificationRule::new("one", [EventType::CreateObject], CloudFunction::Image)
        .object_filters(["*.jpg"])
        .cloudfunc_args(CloudFunctionArguments::new("info").key_seprate("-"))
        .notify_url("http://localhost/");
    assert_eq!(output.notifications, [expected]);
}

#[tokio::test]
async fn replication_rules() {
    let (bucket, _server) = answering(json!({"rules": [
        {"id": "one", "status": "enabled", "filters": {"prefix": "image"}, "sync_marker": "disabled",
         "destination": {"zone": "pek3b", "bucket": "copy", "storage_class": "standard_ia"}},
    ]}))
    .await;
    let output = bucket.get_bucket_replication(GetBucketReplicationInput::new()).await.unwrap();
    // The API reference writes the class in lower case here: kept as it came.
    let destination = ReplicationDestination::new("copy")
        .zone("pek3b")
        .storage_class(StorageClass::Unknown("standard_ia".to_owned()));
    let expected = ReplicationRule::new("one", ReplicationFilter::new().prefix("image"), destination)
        .status(RuleStatus::Enabled)
        .sync_marker(Toggle::Disabled);
    assert_eq!(output.rules, [expected]);
}

#[tokio::test]
async fn statistics() {
    let (bucket, _server) = answering(json!({
        "count": 10, "size": 6_000_000_000_u64, "status": "active", "name": "bucket", "location": "pek3a",
        "created": "2015-07-22T02:23:04.000Z",
        "storage_classes": {"STANDARD_IA": {"count": 5, "billing_size": 3180, "size": 3000}},
    }))
    .await;
    let output = bucket.get_bucket_statistics(GetBucketStatisticsInput::new()).await.unwrap();
    assert_eq!((output.count, output.size), (Some(10), Some(6_000_000_000)));
    assert_eq!((output.status, output.created), (Some(BucketStatus::Active), Some(time("2015-07-22T02:23:04Z"))));
    assert_eq!(output.storage_classes["STANDARD_IA"].billing_size, Some(3180));
}

#[tokio::test]
async fn object_versions() {
    let (bucket, _server) = answering(json!({
        "has_more": true, "next_key_marker": "a", "next_version_id_marker": "Mg", "common_prefixes": [], "keys": [
            {"key": "a", "version_id": "Mg", "is_latest": true, "delete_marker": true, "size": 0, "etag": "",
             "modified": "2022-04-07T02:20:25.000Z", "storage_class": "STANDARD"},
            {"key": "a"},
        ],
    }))
    .await;
    let output = bucket.list_object_versions(ListObjectVersionsInput::new()).await.unwrap();
    assert_eq!((output.has_more, output.next_version_id_marker.as_deref()), (Some(true), Some("Mg")));
    let marker = &output.keys[0];
    assert_eq!((marker.is_latest, marker.delete_marker), (Some(true), Some(true)));
    assert_eq!((marker.size, &marker.modified), (Some(0), &Some(time("2022-04-07T02:20:25Z"))));
    assert_eq!((output.keys[1].key.as_str(), &output.keys[1].version_id), ("a", &None));
}

#[tokio::test]
async fn domain_names() {
    let (bucket, _server) = answering(json!({"count": 1, "cname_records": [
        {"domain": "example.com", "type": "website", "created": "2016-08-15T01:06:16.000Z"},
    ]}))
    .await;
    let output = bucket.get_bucket_cname(GetBucketCNAMEInput::new()).await.unwrap();
    let record = &output.cname_records[0];
    assert_eq!((record.domain.as_deref(), &record.r#type), (Some("example.com"), &Some(CnameType::Website)));
    assert_eq!((output.count, &record.created), (Some(1), &Some(time("2016-08-15T01:06:16Z"))));
}

#[tokio::test]
async fn settings_that_were_never_made_are_no_error() {
    let (bucket, _server) = answering(json!({})).await;
    assert!(bucket.get_bucket_acl(GetBucketACLInput::new()).await.unwrap().acl.is_empty());
    assert!(bucket.get_bucket_cname(GetBucketCNAMEInput::new()).await.unwrap().cname_records.is_empty());
    assert!(bucket.get_bucket_cors(GetBucketCORSInput::new()).await.unwrap().cors_rules.is_empty());
    let mirror = bucket.get_bucket_external_mirror(GetBucketExternalMirrorInput::new()).await.unwrap();
    assert_eq!(mirror.source_site, None);
    assert!(bucket.get_bucket_lifecycle(GetBucketLifecycleInput::new()).await.unwrap().rule.is_empty());
    let logging = bucket.get_bucket_logging(GetBucketLoggingInput::new()).await.unwrap();
    assert_eq!((logging.target_bucket, logging.target_prefix), (None, None));
    let notification = bucket.get_bucket_notification(GetBucketNotificationInput::new()).await.unwrap();
    assert!(notification.notifications.is_empty());
    assert!(bucket.get_bucket_policy(GetBucketPolicyInput::new()).await.unwrap().statement.is_empty());
    assert!(bucket.get_bucket_replication(GetBucketReplicationInput::new()).await.unwrap().rules.is_empty());
    let versioning = bucket.get_bucket_versioning(GetBucketVersioningInput::new()).await.unwrap();
    assert_eq!(versioning.status, None);
}

#[tokio::test]
async fn versioning() {
    let (bucket, _server) = answering(json!({"status": "DISABLED"})).await;
    let output = bucket.get_bucket_versioning(GetBucketVersioningInput::new()).await.unwrap();
    assert_eq!(output.status, Some(VersioningStatus::Disabled));
}
