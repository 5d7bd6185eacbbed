//! Decoding of the settings of a bucket.
//!
//! The tests check that every field of every setting is decoded from the JSON that the API reference shows. They also
//! check that a setting that was never put is decoded as empty and is not an error.

use qingstor_sdk::Bucket;
use qingstor_sdk::operations::{
    GetBucketACLInput, GetBucketCNAMEInput, GetBucketCORSInput, GetBucketExternalMirrorInput, GetBucketLifecycleInput,
    GetBucketLoggingInput, GetBucketNotificationInput, GetBucketPolicyInput, GetBucketReplicationInput,
    GetBucketStatisticsInput, GetBucketVersioningInput, ListObjectVersionsInput,
};
use qingstor_sdk::types::{
    AbortIncompleteMultipartUpload, BucketStatus, CloudFunction, CloudFunctionArguments, CnameType, CorsMethod,
    CorsRule, EventType, Grant, Grantee, GranteeType, IpAddressCondition, LifecycleExpiration, LifecycleFilter,
    LifecycleRule, LifecycleTransition, NoncurrentVersionExpiration, NoncurrentVersionTransition, NotificationRule,
    NullCondition, Permission, PolicyAction, PolicyCondition, PolicyEffect, PolicyStatement, ReplicationDestination,
    ReplicationFilter, ReplicationRule, RuleStatus, StorageClass, StringCondition, Toggle, VersioningStatus,
};
use serde_json::{Value, json};
use wiremock::MockServer;

use crate::{status, time};

async fn bucket_with_json(document: Value) -> (Bucket, MockServer) {
    crate::bucket_with(status(200).set_body_json(document)).await
}

#[tokio::test]
async fn policy_is_decoded_with_strings_in_place_of_lists() {
    let (bucket, _server) = bucket_with_json(json!({"statement": [
        {"id": "one", "user": "*", "action": "head_bucket", "effect": "allow", "resource": "bucket",
         "condition": {"string_like": {"Referer": "*.example.com"}, "is_null": {"Referer": false}}},
        {"id": "many", "user": ["usr-1", "usr-2"], "action": ["get_object", "upload_object_part", "not_yet_known"],
         "effect": "deny", "resource": ["bucket/a/*"],
         "condition": {"not_ip_address": {"source_ip": ["172.16.0.0/24"]}, "ip_address": {"source_ip": ["172.16.0.0/12"]},
                       "string_not_like": {"Referer": ["*.example.org", "*.example.net"]}}},
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
        .condition(
            PolicyCondition::new()
                .not_ip_address(IpAddressCondition::new().source_ip(["172.16.0.0/24"]))
                .ip_address(IpAddressCondition::new().source_ip(["172.16.0.0/12"]))
                .string_not_like(StringCondition::new().referer(["*.example.org", "*.example.net"])),
        );
    assert_eq!(output.statement, [one, many]);
}

#[tokio::test]
async fn access_control_list_is_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"owner": {"id": "usr-1", "name": "me"}, "acl": [
        {"grantee": {"type": "user", "id": "usr-1", "name": "me"}, "permission": "FULL_CONTROL"},
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
    ]}))
    .await;
    let output = bucket.get_bucket_acl(GetBucketACLInput::new()).await.unwrap();
    let owner = output.owner.unwrap();
    assert_eq!((owner.id.as_deref(), owner.name.as_deref()), (Some("usr-1"), Some("me")));
    let user = Grantee::new(GranteeType::User).id("usr-1").name("me");
    let group = Grantee::new(GranteeType::Group).name("QS_ALL_USERS");
    assert_eq!(output.acl, [Grant::new(user, Permission::FullControl), Grant::new(group, Permission::Read)]);
}

#[tokio::test]
async fn cors_rules_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"resp_vary": "enabled", "cors_rules": [
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
async fn lifecycle_rules_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"rule": [
        {"id": "delete", "status": "enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 7},
         "state": "unchecked", "created": 1_439_715_900},
        {"id": "move", "status": "disabled", "filter": {},
         "transition": {"storage_class": "STANDARD_IA", "days": 30}},
        {"id": "abort", "status": "enabled", "filter": {"prefix": ""},
         "abort_incomplete_multipart_upload": {"days_after_initiation": 2}},
        {"id": "delete old", "status": "enabled", "filter": {}, "noncurrent_version_expiration": {"days": 90}},
        {"id": "move old", "status": "enabled", "filter": {},
         "noncurrent_version_transition": {"storage_class": "STANDARD_IA", "days": 31}},
    ]}))
    .await;
    let output = bucket.get_bucket_lifecycle(GetBucketLifecycleInput::new()).await.unwrap();
    let delete = LifecycleRule::new("delete", RuleStatus::Enabled, LifecycleFilter::new().prefix("logs/"))
        .expiration(LifecycleExpiration::new().days(7));
    let transition = LifecycleTransition::new(StorageClass::StandardIa).days(30);
    let moving = LifecycleRule::new("move", RuleStatus::Disabled, LifecycleFilter::new()).transition(transition);
    let enabled = |id| LifecycleRule::new(id, RuleStatus::Enabled, LifecycleFilter::new());
    let mut abort = enabled("abort").abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(2));
    abort.filter.prefix = Some(String::new());
    let delete_old = enabled("delete old").noncurrent_version_expiration(NoncurrentVersionExpiration::new().days(90));
    let transition = NoncurrentVersionTransition::new(StorageClass::StandardIa).days(31);
    let move_old = enabled("move old").noncurrent_version_transition(transition);
    assert_eq!(output.rule, [delete, moving, abort, delete_old, move_old]);
}

#[tokio::test]
async fn notification_rules_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"notifications": [
        {"id": "one", "event_types": ["create_object"], "cloudfunc": "image", "object_filters": "*.jpg",
         "cloudfunc_args": {"action": "info", "key_prefix": "made", "key_seprate": "-", "save_bucket": "pictures"},
         "notify_url": "http://localhost/"},
    ]}))
    .await;
    let output = bucket.get_bucket_notification(GetBucketNotificationInput::new()).await.unwrap();
    let expected = NotificationRule::new("one", [EventType::CreateObject], CloudFunction::Image)
        .object_filters(["*.jpg"])
        .cloudfunc_args(CloudFunctionArguments::new("info").key_prefix("made").key_seprate("-").save_bucket("pictures"))
        .notify_url("http://localhost/");
    assert_eq!(output.notifications, [expected]);
}

#[tokio::test]
async fn replication_rules_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"rules": [
        {"id": "one", "status": "enabled", "filters": {"prefix": "image"}, "sync_marker": "disabled",
         "delete_marker": "enabled",
         "destination": {"zone": "pek3b", "bucket": "copy", "storage_class": "standard_ia"}},
    ]}))
    .await;
    let output = bucket.get_bucket_replication(GetBucketReplicationInput::new()).await.unwrap();
    // The API reference writes the storage class in lower case here, which the SDK decodes as an unknown value.
    let destination = ReplicationDestination::new("copy")
        .zone("pek3b")
        .storage_class(StorageClass::Unknown("standard_ia".to_owned()));
    let expected = ReplicationRule::new("one", ReplicationFilter::new().prefix("image"), destination)
        .status(RuleStatus::Enabled)
        .sync_marker(Toggle::Disabled)
        .delete_marker(Toggle::Enabled);
    assert_eq!(output.rules, [expected]);
}

#[tokio::test]
async fn statistics_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({
        "count": 10, "size": 6_000_000_000_u64, "status": "active", "name": "bucket", "location": "pek3a",
        "created": "2015-07-22T02:23:04.000Z", "url": "http://bucket.pek3a.qingstor.com",
        "storage_classes": {"STANDARD_IA": {"count": 5, "billing_size": 3180, "size": 3000}},
    }))
    .await;
    let output = bucket.get_bucket_statistics(GetBucketStatisticsInput::new()).await.unwrap();
    assert_eq!((output.count, output.size), (Some(10), Some(6_000_000_000)));
    assert_eq!((output.status, output.created), (Some(BucketStatus::Active), Some(time("2015-07-22T02:23:04Z"))));
    assert_eq!((output.name.as_deref(), output.location.as_deref()), (Some("bucket"), Some("pek3a")));
    assert_eq!(output.url.as_deref(), Some("http://bucket.pek3a.qingstor.com"));
    let class = &output.storage_classes["STANDARD_IA"];
    assert_eq!((class.count, class.billing_size, class.size), (Some(5), Some(3180), Some(3000)));
}

#[tokio::test]
async fn object_versions_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({
        "name": "bucket", "owner": {"id": "usr-1", "name": "me"}, "prefix": "a", "delimiter": "/", "limit": 2,
        "key_marker": "A", "version_id_marker": "MQ",
        "has_more": true, "next_key_marker": "a", "next_version_id_marker": "Mg", "common_prefixes": ["a/"], "keys": [
            {"key": "a", "version_id": "Mg", "is_latest": true, "delete_marker": true, "size": 0, "etag": "",
             "modified": "2022-04-07T02:20:25.000Z", "storage_class": "STANDARD"},
            {"key": "a", "size": 3, "etag": "\"0\"", "mime_type": "text/plain", "encrypted": true,
             "created": "2022-04-06T02:20:25.000Z"},
            {"key": "a"},
        ],
    }))
    .await;
    let output = bucket.list_object_versions(ListObjectVersionsInput::new()).await.unwrap();
    assert_eq!((output.has_more, output.next_version_id_marker.as_deref()), (Some(true), Some("Mg")));
    let marker = &output.keys[0];
    assert_eq!((marker.is_latest, marker.delete_marker), (Some(true), Some(true)));
    assert_eq!((marker.size, &marker.modified), (Some(0), &Some(time("2022-04-07T02:20:25Z"))));
    assert_eq!((marker.etag.as_deref(), &marker.storage_class), (Some(""), &Some(StorageClass::Standard)));
    let content = &output.keys[1];
    assert_eq!((content.mime_type.as_deref(), content.encrypted), (Some("text/plain"), Some(true)));
    assert_eq!((&content.created, content.etag.as_deref()), (&Some(time("2022-04-06T02:20:25Z")), Some("\"0\"")));
    assert_eq!((output.keys[2].key.as_str(), &output.keys[2].version_id), ("a", &None));
    assert_eq!((output.name.as_deref(), output.owner.unwrap().id.as_deref()), (Some("bucket"), Some("usr-1")));
    assert_eq!((output.prefix.as_deref(), output.delimiter.as_deref(), output.limit), (Some("a"), Some("/"), Some(2)));
    assert_eq!((output.key_marker.as_deref(), output.version_id_marker.as_deref()), (Some("A"), Some("MQ")));
    assert_eq!((output.next_key_marker.as_deref(), output.common_prefixes), (Some("a"), vec!["a/".to_owned()]));
}

#[tokio::test]
async fn domain_names_are_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"count": 1, "cname_records": [
        {"domain": "example.com", "type": "website", "created": "2016-08-15T01:06:16.000Z"},
    ]}))
    .await;
    let output = bucket.get_bucket_cname(GetBucketCNAMEInput::new()).await.unwrap();
    let record = &output.cname_records[0];
    assert_eq!((record.domain.as_deref(), &record.r#type), (Some("example.com"), &Some(CnameType::Website)));
    assert_eq!((output.count, &record.created), (Some(1), &Some(time("2016-08-15T01:06:16Z"))));
}

#[tokio::test]
async fn external_mirror_is_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"source_site": "http://example.com:80/image/"})).await;
    let output = bucket.get_bucket_external_mirror(GetBucketExternalMirrorInput::new()).await.unwrap();
    assert_eq!(output.source_site.as_deref(), Some("http://example.com:80/image/"));
}

#[tokio::test]
async fn logging_is_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"target_bucket": "records", "target_prefix": "bucket/"})).await;
    let output = bucket.get_bucket_logging(GetBucketLoggingInput::new()).await.unwrap();
    assert_eq!((output.target_bucket.as_deref(), output.target_prefix.as_deref()), (Some("records"), Some("bucket/")));
}

#[tokio::test]
async fn settings_that_were_never_put_are_empty() {
    let (bucket, _server) = bucket_with_json(json!({})).await;
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
async fn versioning_status_is_decoded() {
    let (bucket, _server) = bucket_with_json(json!({"status": "DISABLED"})).await;
    let output = bucket.get_bucket_versioning(GetBucketVersioningInput::new()).await.unwrap();
    assert_eq!(output.status, Some(VersioningStatus::Disabled));
}
