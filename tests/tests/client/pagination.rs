//! Pagination: listings as streams of pages and of items.
//!
//! The tests check that a listing returns every item exactly once for any page size. They check that it ends even if
//! the server repeats a marker, and that it fails if the server announces more items without a marker. After an error
//! the caller can request the same page again. Both streams can be sent to another task.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    DeleteObjectInput, InitiateMultipartUploadInput, ListBucketsInput, ListMultipartInput, ListMultipartUploadsInput,
    ListObjectVersionsInput, ListObjectsInput, PutBucketVersioningInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectVersion, VersioningStatus};
use qingstor_sdk::{Bucket, Config, ErrorKind, Items, Pages, QingStor, RetryConfig};
use qingstor_tests::{TestBucket, mock_server};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::requests;

/// Returns a bucket at a server that sends the responses in order. The last response is repeated.
async fn bucket_with_responses(responses: impl IntoIterator<Item = ResponseTemplate>) -> (Bucket, MockServer) {
    let server = mock_server(responses).await;
    (account(&server).bucket("bucket", None), server)
}

fn account(server: &MockServer) -> QingStor {
    QingStor::new(Config::new("KEY", "secret").endpoint(server.uri()).retry(RetryConfig::disabled())).unwrap()
}

fn page(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn objects(keys: &[&str], next_marker: &str, has_more: Option<bool>) -> ResponseTemplate {
    let keys: Vec<Value> = keys.iter().map(|key| json!({ "key": key })).collect();
    page(json!({ "keys": keys, "next_marker": next_marker, "has_more": has_more }))
}

/// Returns the keys of all objects that `input` lists.
async fn list_keys(bucket: &Bucket, input: ListObjectsInput) -> Vec<String> {
    let all = bucket.paginate(input).items().into_vec().await.unwrap();
    all.into_iter().map(|object| object.key).collect()
}

/// Returns the value of the query parameter `name` in each request.
async fn query_values(server: &MockServer, name: &str) -> Vec<Option<String>> {
    let requests = requests(server).await;
    let value = |request: &wiremock::Request| {
        request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    requests.iter().map(value).collect()
}

fn owned(values: &[Option<&str>]) -> Vec<Option<String>> {
    values.iter().map(|value| value.map(str::to_owned)).collect()
}

#[tokio::test]
async fn next_page_is_requested_with_the_marker_of_the_previous_page() {
    let responses =
        [objects(&["a", "b"], "b", Some(true)), objects(&[], "m + ü", Some(true)), objects(&["z"], "", Some(false))];
    let (bucket, server) = bucket_with_responses(responses).await;
    assert_eq!(list_keys(&bucket, ListObjectsInput::new().prefix("p").limit(2)).await, ["a", "b", "z"]);
    assert_eq!(query_values(&server, "marker").await, owned(&[None, Some("b"), Some("m + ü")]));
    for name in ["prefix", "limit"] {
        let values = query_values(&server, name).await;
        assert!(values.iter().all(|value| *value == values[0] && value.is_some()), "{values:?}");
    }
}

#[tokio::test]
async fn listing_starts_at_the_marker_of_the_input() {
    let (bucket, server) = bucket_with_responses([objects(&["b"], "", None)]).await;
    assert_eq!(list_keys(&bucket, ListObjectsInput::new().marker("a")).await, ["b"]);
    assert_eq!(query_values(&server, "marker").await, owned(&[Some("a")]));
}

#[tokio::test]
async fn next_page_is_requested_only_when_all_items_were_read() {
    let (bucket, server) = bucket_with_responses([objects(&["a", "b"], "m", Some(true))]).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    assert!(requests(&server).await.is_empty());
    for _ in 0..2 {
        items.next().await.unwrap().unwrap();
    }
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn listing_ends_if_the_server_repeats_a_marker() {
    let (bucket, server) = bucket_with_responses([objects(&["a"], "m", Some(true))]).await;
    list_keys(&bucket, ListObjectsInput::new()).await;
    assert_eq!(query_values(&server, "marker").await, owned(&[None, Some("m")]));

    let cycle = ["b", "c", "b", "c", "b", "c", "b"].map(|next| objects(&["a"], next, None));
    let (bucket, server) = bucket_with_responses(cycle).await;
    list_keys(&bucket, ListObjectsInput::new()).await;
    assert!(requests(&server).await.len() <= 5);
}

#[tokio::test]
async fn listing_ends_if_the_server_repeats_the_marker_of_the_input() {
    let (bucket, server) = bucket_with_responses([objects(&["b"], "a", Some(true))]).await;
    list_keys(&bucket, ListObjectsInput::new().marker("a")).await;
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn listing_ends_if_has_more_is_false_or_there_is_no_marker() {
    for (next, has_more) in [("m", Some(false)), ("", Some(false)), ("", None)] {
        let (bucket, server) = bucket_with_responses([objects(&["a"], next, has_more)]).await;
        assert_eq!(list_keys(&bucket, ListObjectsInput::new()).await, ["a"]);
        assert_eq!(requests(&server).await.len(), 1, "{next:?} {has_more:?}");
    }
    // A response that contains neither `has_more` nor `next_marker`.
    let (bucket, server) = bucket_with_responses([page(json!({ "keys": [{ "key": "a" }] }))]).await;
    assert_eq!(list_keys(&bucket, ListObjectsInput::new()).await, ["a"]);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn listing_fails_if_the_server_has_more_items_but_sends_no_marker() {
    let missing = page(json!({ "keys": [{ "key": "b" }], "has_more": true }));
    for last in [missing, objects(&["b"], "", Some(true))] {
        let (bucket, server) = bucket_with_responses([objects(&["a"], "m", Some(true)), last]).await;
        let mut items = bucket.paginate(ListObjectsInput::new()).items();
        assert_eq!(items.next().await.unwrap().unwrap().key, "a");
        assert_eq!(items.next().await.unwrap().unwrap().key, "b");
        for _ in 0..2 {
            let error = items.next().await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some("ListObjects")));
            let text = error.to_string();
            assert!(text.contains("continues, but not where") && text.contains("\"bucket\""), "{text}");
            assert!(items.next().await.is_none());
            items.retry();
        }
        assert_eq!(requests(&server).await.len(), 2, "the listing must not start again");
    }
    let (bucket, _server) = bucket_with_responses([objects(&["a"], "", Some(true))]).await;
    let error = bucket.paginate(ListObjectsInput::new()).items().into_vec().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    let pages: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).pages()).await;
    assert!(matches!(pages.as_slice(), [Ok(_), Err(_)]), "{pages:?}");
}

#[tokio::test]
async fn retry_after_an_error_requests_the_same_page() {
    let failure = || ResponseTemplate::new(500);
    let responses = [objects(&["a"], "m", Some(true)), failure(), failure(), objects(&["b"], "", Some(false))];
    let (bucket, server) = bucket_with_responses(responses).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    assert_eq!(items.next().await.unwrap().unwrap().key, "a");
    for _ in 0..2 {
        let error = items.next().await.unwrap().unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
        assert!(items.next().await.is_none(), "the stream retried without a call of retry()");
        items.retry();
    }
    assert_eq!(items.next().await.unwrap().unwrap().key, "b");
    assert!(items.next().await.is_none());
    items.retry();
    assert!(items.next().await.is_none(), "retry() continued a listing that was complete");
    assert_eq!(query_values(&server, "marker").await, owned(&[None, Some("m"), Some("m"), Some("m")]));
}

#[tokio::test]
async fn listing_ends_after_the_first_error() {
    let (bucket, server) = bucket_with_responses([ResponseTemplate::new(403)]).await;
    let outcomes: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).items()).await;
    assert_eq!(outcomes.len(), 1);
    let pages: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).pages()).await;
    assert_eq!((pages.len(), requests(&server).await.len()), (1, 2));

    let mut pages = bucket.paginate(ListObjectsInput::new()).pages();
    let mut errors = 0;
    while let Some(page) = pages.next().await {
        errors += usize::from(page.is_err());
    }
    assert_eq!((errors, requests(&server).await.len()), (1, 3));
    pages.retry();
    assert!(pages.next().await.unwrap().is_err());
    assert_eq!(requests(&server).await.len(), 4);
}

#[tokio::test]
async fn invalid_input_is_an_error_and_nothing_is_sent() {
    let (bucket, server) = bucket_with_responses([objects(&[], "", None)]).await;
    let error = bucket.paginate(ListObjectsInput::new().limit(0)).items().into_vec().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(requests(&server).await.is_empty());
}

#[tokio::test]
async fn next_continues_the_request_of_a_dropped_call() {
    let slow = objects(&["a"], "", Some(false)).set_delay(std::time::Duration::from_millis(50));
    let (bucket, server) = bucket_with_responses([slow]).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    // The future is polled once and then dropped.
    assert!(futures_util::FutureExt::now_or_never(Box::pin(items.next())).is_none());
    assert_eq!(items.next().await.unwrap().unwrap().key, "a");
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn parts_that_the_server_lists_twice_are_returned_once() {
    let parts = |numbers: &[u32]| {
        let parts: Vec<Value> = numbers.iter().map(|number| json!({ "part_number": number })).collect();
        page(json!({ "count": 5, "object_parts": parts }))
    };
    // The second page starts with the part of the marker again. The third page contains only parts of the second one.
    let (bucket, server) = bucket_with_responses([parts(&[0, 1]), parts(&[1, 2, 7]), parts(&[2, 7])]).await;
    let mut pages = bucket.paginate_object("key", ListMultipartInput::new("id")).pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.push(page.unwrap().object_parts.iter().map(|part| part.part_number).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![0, 1], vec![2, 7]]);
    assert_eq!(query_values(&server, "part_number_marker").await, owned(&[None, Some("1"), Some("7")]));
}

#[tokio::test]
async fn listing_of_buckets_ends_if_the_server_ignores_the_offset() {
    let buckets = json!({ "count": 2, "buckets": [{ "name": "a" }, { "name": "b" }] });
    let server = mock_server([page(buckets.clone())]).await;
    let all = account(&server).paginate(ListBucketsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(query_values(&server, "offset").await, owned(&[None, Some("2")]));

    let shuffled = json!({ "count": 2, "buckets": [{ "name": "b" }, { "name": "a" }] });
    let server = mock_server([page(buckets), page(shuffled)]).await;
    let all = account(&server).paginate(ListBucketsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.iter().map(|bucket| bucket.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn next_page_of_uploads_is_requested_with_both_markers() {
    let uploads = |key: &str, id: &str, next: Value| {
        let mut body = json!({ "uploads": [{ "key": key, "upload_id": id }] });
        body.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        page(body)
    };
    let responses = [
        uploads("a", "1", json!({ "next_key_marker": "a", "next_upload_id_marker": "1" })),
        uploads("a", "2", json!({ "next_key_marker": "a", "next_upload_id_marker": "2" })),
        uploads("b", "3", json!({ "next_key_marker": "b" })),
        uploads("c", "4", json!({ "next_key_marker": "", "next_upload_id_marker": "" })),
    ];
    let (bucket, server) = bucket_with_responses(responses).await;
    let all = bucket.paginate(ListMultipartUploadsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(query_values(&server, "key_marker").await, owned(&[None, Some("a"), Some("a"), Some("b")]));
    assert_eq!(query_values(&server, "upload_id_marker").await, owned(&[None, Some("1"), Some("2"), None]));
}

#[tokio::test]
async fn objects_are_listed_once_for_every_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    let expected: Vec<String> = (0..320).map(|number| format!("dir{}/key + {number:03} ü", number % 3)).collect();
    let puts = expected.iter().map(|key| bucket.put(key, "x"));
    stream::iter(puts).buffer_unordered(16).try_collect::<Vec<_>>().await.unwrap();
    let mut sorted = expected.clone();
    sorted.sort();
    for limit in [1, 2, 7, 99, 100, 319, 320, 321, 1000] {
        assert_eq!(list_keys(&bucket, ListObjectsInput::new().limit(limit)).await, sorted, "{limit}");
        let with_prefix = list_keys(&bucket, ListObjectsInput::new().limit(limit).prefix("dir1/")).await;
        assert_eq!(with_prefix.len(), 107, "{limit}");
    }
    assert_eq!(list_keys(&bucket, ListObjectsInput::new()).await, sorted);
    assert!(list_keys(&bucket, ListObjectsInput::new().prefix("nothing")).await.is_empty());

    let mut pages = bucket.paginate(ListObjectsInput::new().delimiter("/").limit(2)).pages();
    let mut folders = Vec::new();
    while let Some(page) = pages.next().await {
        folders.extend(page.unwrap().common_prefixes);
    }
    assert_eq!(folders, ["dir0/", "dir1/", "dir2/"]);
}

#[tokio::test]
async fn uploads_are_listed_once_for_every_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    let mut expected = BTreeSet::new();
    for key in 0..11 {
        for _ in 0..3 {
            let input = InitiateMultipartUploadInput::new();
            let upload = bucket.initiate_multipart_upload(&format!("key{key}"), input).await.unwrap();
            assert!(expected.insert(upload.upload_id));
        }
    }
    for limit in [1, 7, 33, 150, 151, 1000] {
        let all = bucket.paginate(ListMultipartUploadsInput::new().limit(limit)).items().into_vec().await.unwrap();
        let ids: BTreeSet<String> = all.iter().map(|upload| upload.upload_id.clone()).collect();
        assert_eq!((all.len(), &ids), (33, &expected), "{limit}");
    }
}

#[tokio::test]
async fn parts_are_listed_once_for_every_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    let initiate = || bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new());
    let (id, other_id) = (initiate().await.unwrap().upload_id, initiate().await.unwrap().upload_id);
    bucket.upload_multipart("key", UploadMultipartInput::new(other_id, 1).body("part")).await.unwrap();
    let numbers: Vec<u32> = (0..150).map(|number| number * 3).collect();
    for &number in &numbers {
        bucket.upload_multipart("key", UploadMultipartInput::new(&id, number).body("part")).await.unwrap();
    }
    for limit in [1, 7, 33, 150, 151, 1000] {
        let input = ListMultipartInput::new(&id).limit(limit);
        let parts = bucket.paginate_object("key", input).items().into_vec().await.unwrap();
        assert_eq!(parts.iter().map(|part| part.part_number).collect::<Vec<_>>(), numbers, "{limit}");
    }
    let after_440 = ListMultipartInput::new(&id).part_number_marker(440);
    assert_eq!(bucket.paginate_object("key", after_440).items().into_vec().await.unwrap().len(), 3);
}

#[tokio::test]
async fn buckets_are_listed_once_for_every_page_size() {
    let mut builder = Emulator::builder();
    for number in 0..23 {
        builder = builder.bucket(format!("bucket{number:02}"));
    }
    let emulator = builder.start().await.unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let account = QingStor::new(config).unwrap();
    for limit in [1, 5, 23, 200] {
        let all = account.paginate(ListBucketsInput::new().limit(limit)).items().into_vec().await.unwrap();
        let names: BTreeSet<String> = all.iter().map(|bucket| bucket.name.clone()).collect();
        assert_eq!((all.len(), names.len()), (23, 23), "{limit}");
    }
}

#[tokio::test]
async fn versions_and_delete_markers_are_listed_once_for_every_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    bucket.put("never versioned", "x").await.unwrap();
    bucket.put_bucket_versioning(PutBucketVersioningInput::new(VersioningStatus::Enabled)).await.unwrap();
    for content in ["1", "22", "333"] {
        for key in ["a", "a/b", "ü + c"] {
            bucket.put(key, content).await.unwrap();
        }
    }
    bucket.delete_object("a/b", DeleteObjectInput::new()).await.unwrap();
    bucket.put("z", "x").await.unwrap();

    /// Returns the key, true for a delete marker, and the size of any other version.
    fn summary(version: &ObjectVersion) -> (&str, bool, Option<u64>) {
        let is_marker = version.delete_marker == Some(true);
        (&version.key, is_marker, version.size.filter(|_| !is_marker))
    }
    let content = |key, size| (key, false, Some(size));
    let expected = [
        [content("a", 3), content("a", 2), content("a", 1)].as_slice(),
        &[("a/b", true, None), content("a/b", 3), content("a/b", 2), content("a/b", 1)],
        &[content("never versioned", 1), content("z", 1)],
        &[content("ü + c", 3), content("ü + c", 2), content("ü + c", 1)],
    ]
    .concat();
    for limit in [1, 2, 3, 11, 12, 13, 100] {
        let input = ListObjectVersionsInput::new().limit(limit);
        let all = bucket.paginate(input).items().into_vec().await.unwrap();
        let listed: Vec<_> = all.iter().map(summary).collect();
        assert_eq!(listed, expected, "{limit}");
        let ids: BTreeSet<_> = all.iter().map(|version| (&version.key, &version.version_id)).collect();
        assert_eq!(ids.len(), expected.len(), "{limit}: version ids are not unique");
    }
}

/// Returns a page of objects in which each `%` of `body` stands for a text in GBK.
fn gbk_page(body: &str) -> ResponseTemplate {
    let body: Vec<u8> =
        body.bytes().flat_map(|byte| if byte == b'%' { b"\xb2\xe2".to_vec() } else { vec![byte] }).collect();
    ResponseTemplate::new(200).set_body_raw(body, "application/json")
}

/// Returns the keys that `items()` returns, and the texts of its errors, in order.
async fn keys_and_errors(bucket: &Bucket) -> Vec<String> {
    let items = bucket.paginate(ListObjectsInput::new()).items();
    items.map(|item| item.map_or_else(|error| error.to_string(), |object| object.key)).collect().await
}

#[tokio::test]
async fn key_that_is_not_utf8_is_one_error_and_the_listing_continues() {
    for (bad, escaped) in [("%", r"\xb2\xe2"), (r"\ud800", r"\ud800"), (r"a\ud800\u0041", r"a\ud800\u0041")] {
        let first = format!(
            r#"{{"keys": [{{"key": "a"}}, {{"key": "{bad}"}}, {{"key": "\ud83d\ude00", "size": 1}}], "next_marker": "c"}}"#
        );
        let (bucket, server) = bucket_with_responses([gbk_page(&first), objects(&["d"], "", None)]).await;
        let listed = keys_and_errors(&bucket).await;
        assert_eq!([&listed[..2], &listed[3..]].concat(), ["a", "😀", "d"], "{listed:?}");
        assert!(listed[2].contains("ListObjects of bucket \"bucket\"") && listed[2].contains(escaped), "{}", listed[2]);
        assert_eq!(query_values(&server, "marker").await, owned(&[None, Some("c")]));
    }
}

#[tokio::test]
async fn single_page_leaves_out_entries_that_are_not_utf8() {
    let body = r#"{"keys": [{"key": "%"}, {"key": "a", "etag": "%"}], "common_prefixes": ["b/", "%/"], "owner": {"name": "%"}}"#;
    let (bucket, _server) = bucket_with_responses([gbk_page(body)]).await;
    let page = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(page.keys.iter().map(|object| (&*object.key, &object.etag)).collect::<Vec<_>>(), [("a", &None)]);
    assert_eq!(page.common_prefixes, ["b/"]);
    assert_eq!(page.owner.unwrap().name, None);
    // The prefixes are not items, so `items` reports only the key.
    assert_eq!(keys_and_errors(&bucket).await.len(), 2);
}

#[tokio::test]
async fn marker_that_is_not_utf8_is_replaced_by_the_last_readable_key() {
    let first = r#"{"keys": [{"key": "a"}, {"key": "b"}, {"key": "%"}], "next_marker": "%", "has_more": true}"#;
    let second = r#"{"keys": [{"key": "%"}, {"key": "z"}], "next_marker": "z", "has_more": true}"#;
    let (bucket, server) =
        bucket_with_responses([gbk_page(first), gbk_page(second), objects(&[], "", Some(false))]).await;
    let listed = keys_and_errors(&bucket).await;
    assert_eq!(query_values(&server, "marker").await, owned(&[None, Some("b"), Some("z")]));
    assert_eq!((listed.len(), &listed[..3]), (4, &["a", "b", "z"].map(str::to_owned)[..]), "one error: {listed:?}");
    assert!(listed[3].contains(r"\xb2\xe2"), "{}", listed[3]);
}

#[tokio::test]
async fn last_key_of_a_list_that_is_not_utf8_is_one_error() {
    let body = r#"{"keys": [{"key": "a"}, {"key": "%"}], "next_marker": "%", "has_more": false}"#;
    let (bucket, server) = bucket_with_responses([gbk_page(body)]).await;
    let listed = keys_and_errors(&bucket).await;
    assert_eq!((listed.len(), &*listed[0]), (2, "a"), "{listed:?}");
    assert!(listed[1].contains(r"\xb2\xe2"), "{}", listed[1]);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn marker_of_uploads_that_is_not_utf8_is_replaced_without_its_upload_id() {
    let first = r#"{"uploads": [{"key": "a", "upload_id": "1"}, {"key": "%", "upload_id": "2"}],
        "next_key_marker": "%", "next_upload_id_marker": "2"}"#;
    let (bucket, server) = bucket_with_responses([gbk_page(first), page(json!({}))]).await;
    let mut pages = bucket.paginate(ListMultipartUploadsInput::new()).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    assert_eq!(query_values(&server, "key_marker").await, owned(&[None, Some("a")]));
    assert_eq!(query_values(&server, "upload_id_marker").await, owned(&[None, None]));
}

/// The list must not appear to be complete.
#[tokio::test]
async fn page_without_a_readable_key_and_marker_is_followed_by_an_error() {
    let no_key = r#"{"keys": [{"key": "%"}], "next_marker": "%", "has_more": true}"#;
    let same_key = r#"{"keys": [{"key": "a"}], "next_marker": "%"}"#;
    for (input, body) in [(ListObjectsInput::new(), no_key), (ListObjectsInput::new().marker("a"), same_key)] {
        let (bucket, server) = bucket_with_responses([gbk_page(body)]).await;
        let mut pages = bucket.paginate(input).pages();
        pages.next().await.unwrap().unwrap();
        let error = pages.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("the list is incomplete"), "{error}");
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn unusable_has_more_does_not_end_the_listing() {
    for (next, expected) in [(json!("b"), "c"), (json!(17), "c"), (json!(null), "the list is incomplete")] {
        let first = page(json!({"keys": [{"key": "b"}], "next_marker": next, "has_more": "maybe"}));
        let (bucket, _server) = bucket_with_responses([first, objects(&["c"], "", Some(false))]).await;
        let listed = keys_and_errors(&bucket).await;
        let last = listed.last().unwrap();
        assert!(last.contains(expected), "{listed:?}");
    }
}

#[tokio::test]
async fn streams_can_be_sent_to_another_task() {
    fn assert_sendable<T: Send + Unpin + 'static>(_: &T) {}
    let (bucket, _server) = bucket_with_responses([objects(&["a"], "", None)]).await;
    let items: Items<ListObjectsInput> = bucket.paginate(ListObjectsInput::new()).items();
    let pages: Pages<ListObjectsInput> = bucket.paginate(ListObjectsInput::new()).pages();
    assert_sendable(&items);
    assert_sendable(&pages);
    drop(bucket);
    let keys = tokio::spawn(items.map_ok(|object| object.key).try_collect::<Vec<String>>());
    assert_eq!(keys.await.unwrap().unwrap(), ["a"]);
}
