//! Successful responses that differ from the specification.
//!
//! The tests check that the client accepts additions to the service, and responses with optional values that cannot be
//! used. They also check that a response that lacks a required value is an error that names the problem.

use std::fmt::Debug;

use qingstor_sdk::operations::{
    DeleteMultipleObjectsInput, GetBucketLifecycleInput, GetBucketStatisticsInput, GetObjectInput, HeadObjectInput,
    InitiateMultipartUploadInput, ListMultipartInput, ListMultipartUploadsInput, ListObjectsInput, PutObjectInput,
};
use qingstor_sdk::types::{ObjectSummary, StorageClass};
use qingstor_sdk::{Bucket, ErrorKind, Result, RetryConfig};
use qingstor_tests::{REQUEST_ID, account_with_response};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::status;

/// Returns a bucket whose client retries, at a server that always sends `response`.
async fn bucket_with(response: ResponseTemplate) -> (Bucket, MockServer) {
    let retry = RetryConfig::default().initial_backoff(std::time::Duration::from_millis(1));
    let (account, server) = account_with_response(response, retry).await.unwrap();
    (account.bucket("bucket", None), server)
}

/// Asserts that a response with status 200 led to an error without a retry, and that the message contains `hints`.
fn assert_unexpected_response<T: Debug>(outcome: Result<T>, operation: &str, hints: &[&str]) {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    assert_eq!(error.operation(), Some(operation));
    assert_eq!(error.status().unwrap(), 200);
    assert_eq!(error.request_id(), Some(REQUEST_ID));
    assert_eq!(error.attempts(), 1);
    let text = error.to_string();
    for hint in [operation, "status 200", "request id 0123456789abcdef"].iter().chain(hints) {
        assert!(text.contains(hint), "no {hint} in: {text}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let page = json!({"new": {"deep": [1]}, "keys": [{"key": "a", "also_new": null}]});
    let (bucket, _server) = bucket_with(status(200).set_body_json(page)).await;
    let output = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(output.keys[0].key, "a");
}

#[tokio::test]
async fn listing_without_a_body_is_an_error() {
    let (bucket, _server) = bucket_with(status(200)).await;
    assert_unexpected_response(bucket.list_objects(ListObjectsInput::new()).await, "ListObjects", &["is empty"]);
}

#[tokio::test]
async fn null_and_missing_lists_are_empty() {
    let null = json!({"keys": null, "common_prefixes": null, "owner": null, "object_parts": null, "uploads": null});
    for document in [null, json!({})] {
        let (bucket, _server) = bucket_with(status(200).set_body_json(document)).await;
        let objects = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        assert!(objects.keys.is_empty() && objects.common_prefixes.is_empty() && objects.owner.is_none());
        let parts = bucket.list_multipart("key", ListMultipartInput::new("id")).await.unwrap();
        assert!(parts.object_parts.is_empty());
        let uploads = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
        assert!(uploads.uploads.is_empty());
    }
}

#[tokio::test]
async fn unknown_enum_values_are_kept_and_sent_back_unchanged() {
    let page = json!({"keys": [{"key": "a", "storage_class": "GLACIAL"}]});
    let response = status(200).insert_header("x-qs-storage-class", "GLACIAL").set_body_json(page);
    let (bucket, server) = bucket_with(response).await;
    let listed = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    let class = listed.keys[0].storage_class.clone().unwrap();
    assert_eq!(class, StorageClass::Unknown("GLACIAL".to_owned()));
    let object = bucket.get_object("a", GetObjectInput::new()).await.unwrap();
    assert_eq!(object.storage_class.as_ref(), Some(&class));

    let deletion = DeleteMultipleObjectsInput::new(listed.keys);
    bucket.delete_multiple_objects(deletion).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(String::from_utf8_lossy(&requests[2].body).contains("GLACIAL"));
}

#[tokio::test]
async fn missing_required_field_is_an_error_with_its_name() {
    let (bucket, server) = bucket_with(status(200).set_body_json(json!({"key": "key"}))).await;
    let outcome = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await;
    assert_unexpected_response(outcome, "InitiateMultipartUpload", &["upload_id", "application/json", "key \"key\""]);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);

    let (bucket, _server) = bucket_with(status(200).set_body_json(json!({"object_parts": [{"size": 1}]}))).await;
    let outcome = bucket.list_multipart("key", ListMultipartInput::new("id")).await;
    assert_unexpected_response(outcome, "ListMultipart", &["part_number"]);
}

#[tokio::test]
async fn required_value_of_the_wrong_type_is_an_error_with_entry_and_field() {
    for (document, hints) in [
        (json!({"keys": {"key": "a"}}), vec!["keys: invalid type: map"]),
        (json!({"common_prefixes": "a/"}), vec!["common_prefixes: invalid type: string"]),
        (json!({"keys": [{"key": "a"}, {"key": 17, "size": 1}]}), vec!["keys[1].key", "17", r#"{"size":1}"#]),
        (json!({"keys": [{"key": "a"}, {"size": 123}]}), vec!["keys[1]", "`key`", r#"{"size":123}"#]),
        (json!({"keys": [{"key": "a"}, "b"]}), vec!["keys[1]", "\"b\""]),
        (json!([]), vec!["ListObjects"]),
    ] {
        let (bucket, _server) = bucket_with(status(200).set_body_json(document)).await;
        assert_unexpected_response(bucket.list_objects(ListObjectsInput::new()).await, "ListObjects", &hints);
    }
}

#[tokio::test]
async fn unusable_optional_values_are_none() {
    let keys: Vec<Value> =
        (0..1000).map(|n| json!({"key": n.to_string(), "created": "", "size": n.to_string()})).collect();
    let page = json!({
        "keys": keys, "limit": "many", "owner": {"id": "usr", "name": [1]}, "has_more": false,
        "common_prefixes": ["a/"], "count": 1, "created": "yesterday",
    });
    let (bucket, _server) = bucket_with(status(200).set_body_json(page)).await;
    let output = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(output.keys.len(), 1000);
    for (n, object) in output.keys.iter().enumerate() {
        assert_eq!((&*object.key, object.created, object.size), (&*n.to_string(), None, None));
    }
    assert_eq!((output.limit, output.has_more, output.common_prefixes.len()), (None, Some(false), 1));
    let owner = output.owner.unwrap();
    assert_eq!((owner.id.as_deref(), owner.name), (Some("usr"), None));
    let statistics = bucket.get_bucket_statistics(GetBucketStatisticsInput::new()).await.unwrap();
    assert_eq!((statistics.count, statistics.created), (Some(1), None));
}

#[tokio::test]
async fn usable_values_beside_unusable_ones_are_kept() {
    let page = json!({"keys": [
        {"key": "a", "created": "", "size": 1, "etag": "\"e\""},
        {"key": "b", "created": "2015-08-16T14:52:12Z", "size": -1, "modified": 1_439_736_732},
        {"key": "c", "modified": i64::MAX},
        {"key": "d", "modified": "1439736732"},
        {"key": "e", "modified": null},
    ]});
    let (bucket, _server) = bucket_with(status(200).set_body_json(page)).await;
    let keys = bucket.list_objects(ListObjectsInput::new()).await.unwrap().keys;
    assert_eq!((keys[0].created, keys[0].size, keys[0].etag.as_deref()), (None, Some(1), Some("\"e\"")));
    assert_eq!((keys[1].created.unwrap().as_unix(), keys[1].size), (1_439_736_732, None));
    assert_eq!(keys[1].modified, keys[1].created);
    assert_eq!(keys[2..].iter().map(|object| object.modified).collect::<Vec<_>>(), [None; 3]);
}

/// A caller that changes a setting and writes it back would delete a value that the client did not decode.
#[tokio::test]
async fn unusable_optional_value_of_a_setting_is_an_error_with_its_path() {
    let rules =
        json!({"rule": [{"id": "a", "status": "enabled", "filter": {"prefix": "p"}, "expiration": {"days": "30"}}]});
    let (bucket, _server) = bucket_with(status(200).set_body_json(rules)).await;
    let outcome = bucket.get_bucket_lifecycle(GetBucketLifecycleInput::new()).await;
    assert_unexpected_response(outcome, "GetBucketLifecycle", &["rule[0].expiration.days", "30"]);
}

/// Without the error of a key, the caller would believe that the object was deleted.
#[tokio::test]
async fn unreadable_key_in_the_result_of_a_deletion_is_an_error() {
    let body = r#"{"deleted": [], "errors": [{"key": "a\ud800", "code": "permission_denied"}]}"#;
    let (bucket, _server) = bucket_with(status(200).set_body_raw(body, "application/json")).await;
    let input = DeleteMultipleObjectsInput::new([ObjectSummary::new("a")]);
    let outcome = bucket.delete_multiple_objects(input).await;
    assert_unexpected_response(outcome, "DeleteMultipleObjects", &["errors[0].key is not UTF-8", r"a\ud800"]);
}

#[tokio::test]
async fn html_page_in_place_of_json_is_an_error_that_quotes_its_beginning() {
    let page = format!("<html>\n<title>Login</title>{}", "x".repeat(100_000));
    let (bucket, server) = bucket_with(status(200).set_body_raw(page, "text/html")).await;
    let outcome = bucket.list_objects(ListObjectsInput::new()).await;
    assert!(outcome.as_ref().unwrap_err().to_string().len() < 600);
    assert_unexpected_response(outcome, "ListObjects", &["text/html", "<html> <title>Login</title>"]);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn empty_response_to_initiate_multipart_upload_is_an_error() {
    let (bucket, _server) = bucket_with(status(200)).await;
    let outcome = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await;
    assert_unexpected_response(outcome, "InitiateMultipartUpload", &["upload_id"]);
}

#[tokio::test]
async fn unusable_optional_headers_are_none() {
    let response = status(200)
        .insert_header("Last-Modified", "yesterday")
        .insert_header("X-QS-Delete-Marker", "maybe")
        .insert_header("X-QS-Next-Append-Position", "-1")
        .insert_header("ETag", "\"e\"");
    let (bucket, _server) = bucket_with(response).await;
    let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(object.etag.as_deref(), Some("\"e\""));
    assert_eq!((object.last_modified, object.delete_marker, object.next_append_position), (None, None, None));
}

#[tokio::test]
async fn obsolete_forms_of_http_dates_are_parsed_and_empty_headers_are_none() {
    for date in ["Wednesday, 10-Dec-14 17:20:31 GMT", "Wed Dec 10 17:20:31 2014"] {
        let response = status(200).insert_header("last-modified", date).insert_header("etag", "");
        let (bucket, _server) = bucket_with(response).await;
        let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
        assert_eq!(object.last_modified.unwrap().as_unix(), 1_418_232_031, "{date}");
        assert_eq!(object.etag, None);
    }
}

#[tokio::test]
async fn different_values_of_a_repeated_header_are_joined() {
    let response = status(200)
        .append_header("x-qs-meta-a", "1")
        .append_header("x-qs-meta-a", "2")
        .append_header("cache-control", "private")
        .append_header("cache-control", "no-store")
        .append_header("etag", "\"a\"")
        .append_header("etag", "\"a\"");
    let (bucket, _server) = bucket_with(response).await;
    let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
    assert_eq!(object.metadata["a"], "1, 2");
    assert_eq!(object.cache_control.as_deref(), Some("private, no-store"));
    assert_eq!(object.etag.as_deref(), Some("\"a\""));
}

/// QingStor has changed the status of successful responses before.
#[tokio::test]
async fn any_status_of_class_2xx_is_a_success_of_a_write() {
    let (bucket, _server) = bucket_with(status(202)).await;
    let output = bucket.put_object("key", PutObjectInput::new()).await.unwrap();
    assert_eq!(output.response.status, 202);
}
