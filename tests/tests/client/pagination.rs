//! Lists as streams of pages and of items.
//!
//! Protects: that everything comes exactly once, whatever the size of a page; that a list ends whatever the server says
//! of the next page, and never looks complete where there is more; that an error ends it and does not lose the place;
//! and that both streams can be sent to another task.

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

/// A bucket at a service that gives these answers, the last of them again and again.
async fn bucket_answering(answers: impl IntoIterator<Item = ResponseTemplate>) -> (Bucket, MockServer) {
    let server = mock_server(answers).await;
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

/// Keys of all objects, asked for like this.
async fn keys(bucket: &Bucket, input: ListObjectsInput) -> Vec<String> {
    let all = bucket.paginate(input).items().into_vec().await.unwrap();
    all.into_iter().map(|object| object.key).collect()
}

/// The values of this query key in all requests, in order.
async fn asked(server: &MockServer, name: &str) -> Vec<Option<String>> {
    let requests = server.received_requests().await.unwrap();
    let value = |request: &wiremock::Request| {
        request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    requests.iter().map(value).collect()
}

fn texts(values: &[Option<&str>]) -> Vec<Option<String>> {
    values.iter().map(|value| value.map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_next_page_is_asked_for_with_what_the_one_before_said() {
    let answers =
        [objects(&["a", "b"], "b", Some(true)), objects(&[], "m + ü", Some(true)), objects(&["z"], "", Some(false))];
    let (bucket, server) = bucket_answering(answers).await;
    assert_eq!(keys(&bucket, ListObjectsInput::new().prefix("p").limit(2)).await, ["a", "b", "z"]);
    assert_eq!(asked(&server, "marker").await, texts(&[None, Some("b"), Some("m + ü")]));
    for name in ["prefix", "limit"] {
        let values = asked(&server, name).await;
        assert!(values.iter().all(|value| *value == values[0] && value.is_some()), "{values:?}");
    }
}

#[tokio::test]
async fn a_list_begins_where_the_input_says() {
    let (bucket, server) = bucket_answering([objects(&["b"], "", None)]).await;
    assert_eq!(keys(&bucket, ListObjectsInput::new().marker("a")).await, ["b"]);
    assert_eq!(asked(&server, "marker").await, texts(&[Some("a")]));
}

#[tokio::test]
async fn pages_are_requested_when_they_are_needed() {
    let (bucket, server) = bucket_answering([objects(&["a", "b"], "m", Some(true))]).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    assert!(asked(&server, "marker").await.is_empty());
    for _ in 0..2 {
        items.next().await.unwrap().unwrap();
    }
    assert_eq!(asked(&server, "marker").await.len(), 1, "the second page is asked for when the first is used up");
}

#[tokio::test]
async fn a_repeated_marker_is_the_end() {
    let (bucket, server) = bucket_answering([objects(&["a"], "m", Some(true))]).await;
    keys(&bucket, ListObjectsInput::new()).await;
    assert_eq!(asked(&server, "marker").await, texts(&[None, Some("m")]));

    let circle = ["b", "c", "b", "c", "b", "c", "b"].map(|next| objects(&["a"], next, None));
    let (bucket, server) = bucket_answering(circle).await;
    keys(&bucket, ListObjectsInput::new()).await;
    assert!(asked(&server, "marker").await.len() <= 5);
}

#[tokio::test]
async fn the_marker_that_the_list_began_with_is_a_repetition_too() {
    let (bucket, server) = bucket_answering([objects(&["b"], "a", Some(true))]).await;
    keys(&bucket, ListObjectsInput::new().marker("a")).await;
    assert_eq!(asked(&server, "marker").await.len(), 1);
}

#[tokio::test]
async fn where_nothing_says_that_there_is_more_the_list_ends() {
    for (next, has_more) in [("m", Some(false)), ("", Some(false)), ("", None)] {
        let (bucket, server) = bucket_answering([objects(&["a"], next, has_more)]).await;
        assert_eq!(keys(&bucket, ListObjectsInput::new()).await, ["a"]);
        assert_eq!(asked(&server, "marker").await.len(), 1, "{next:?} {has_more:?}");
    }
    // Neither `has_more` nor a marker: all that an answer without both can mean.
    let (bucket, server) = bucket_answering([page(json!({ "keys": [{ "key": "a" }] }))]).await;
    assert_eq!(keys(&bucket, ListObjectsInput::new()).await, ["a"]);
    assert_eq!(asked(&server, "marker").await.len(), 1);
}

#[tokio::test]
async fn a_list_that_goes_on_nobody_knows_where_is_not_complete() {
    let missing = page(json!({ "keys": [{ "key": "b" }], "has_more": true }));
    for last in [missing, objects(&["b"], "", Some(true))] {
        let (bucket, server) = bucket_answering([objects(&["a"], "m", Some(true)), last]).await;
        let mut items = bucket.paginate(ListObjectsInput::new()).items();
        assert_eq!(items.next().await.unwrap().unwrap().key, "a");
        assert_eq!(items.next().await.unwrap().unwrap().key, "b", "what came is handed over");
        for _ in 0..2 {
            let error = items.next().await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some("ListObjects")));
            let text = error.to_string();
            assert!(text.contains("there is more, but not where") && text.contains("\"bucket\""), "{text}");
            assert!(items.next().await.is_none());
            items.retry();
        }
        assert_eq!(asked(&server, "marker").await.len(), 2, "and the list is not begun anew");
    }
    let (bucket, _server) = bucket_answering([objects(&["a"], "", Some(true))]).await;
    let error = bucket.paginate(ListObjectsInput::new()).items().into_vec().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    let pages: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).pages()).await;
    assert!(matches!(pages.as_slice(), [Ok(_), Err(_)]), "{pages:?}");
}

#[tokio::test]
async fn after_an_error_the_same_page_can_be_asked_for_again() {
    let failure = || ResponseTemplate::new(500);
    let answers = [objects(&["a"], "m", Some(true)), failure(), failure(), objects(&["b"], "", Some(false))];
    let (bucket, server) = bucket_answering(answers).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    assert_eq!(items.next().await.unwrap().unwrap().key, "a");
    for _ in 0..2 {
        let error = items.next().await.unwrap().unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
        assert!(items.next().await.is_none(), "not by itself");
        items.retry();
    }
    assert_eq!(items.next().await.unwrap().unwrap().key, "b");
    assert!(items.next().await.is_none());
    items.retry();
    assert!(items.next().await.is_none(), "and it stays ended");
    assert_eq!(asked(&server, "marker").await, texts(&[None, Some("m"), Some("m"), Some("m")]));
}

#[tokio::test]
async fn a_list_ends_with_the_first_error() {
    let (bucket, server) = bucket_answering([ResponseTemplate::new(403)]).await;
    let outcomes: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).items()).await;
    assert_eq!(outcomes.len(), 1, "nothing that goes through a whole stream asks forever");
    let pages: Vec<_> = StreamExt::collect(bucket.paginate(ListObjectsInput::new()).pages()).await;
    assert_eq!((pages.len(), asked(&server, "marker").await.len()), (1, 2));

    let mut pages = bucket.paginate(ListObjectsInput::new()).pages();
    let mut errors = 0;
    while let Some(page) = pages.next().await {
        errors += usize::from(page.is_err());
    }
    assert_eq!((errors, asked(&server, "marker").await.len()), (1, 3), "nor does a loop that passes over errors");
    pages.retry();
    assert!(pages.next().await.unwrap().is_err());
    assert_eq!(asked(&server, "marker").await.len(), 4);
}

#[tokio::test]
async fn a_refused_input_is_an_error_and_not_an_empty_list() {
    let (bucket, server) = bucket_answering([objects(&[], "", None)]).await;
    let error = bucket.paginate(ListObjectsInput::new().limit(0)).items().into_vec().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(asked(&server, "marker").await.is_empty());
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_goes_on_with_the_next_call() {
    let slow = objects(&["a"], "", Some(false)).set_delay(std::time::Duration::from_millis(50));
    let (bucket, server) = bucket_answering([slow]).await;
    let mut items = bucket.paginate(ListObjectsInput::new()).items();
    // Polled once, and dropped.
    assert!(futures_util::FutureExt::now_or_never(Box::pin(items.next())).is_none());
    assert_eq!(items.next().await.unwrap().unwrap().key, "a");
    assert_eq!(asked(&server, "marker").await.len(), 1);
}

#[tokio::test]
async fn parts_that_come_again_are_left_out() {
    let parts = |numbers: &[u32]| {
        let parts: Vec<Value> = numbers.iter().map(|number| json!({ "part_number": number })).collect();
        page(json!({ "count": 5, "object_parts": parts }))
    };
    // The marker is taken as inclusive, and the last page is given for whatever comes after it.
    let (bucket, server) = bucket_answering([parts(&[0, 1]), parts(&[1, 2, 7]), parts(&[2, 7])]).await;
    let mut pages = bucket.paginate_object("key", ListMultipartInput::new("id")).pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.push(page.unwrap().object_parts.iter().map(|part| part.part_number).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![0, 1], vec![2, 7]]);
    assert_eq!(asked(&server, "part_number_marker").await, texts(&[None, Some("1"), Some("7")]));
}

#[tokio::test]
async fn a_service_that_does_not_count_buckets_is_not_asked_forever() {
    let buckets = json!({ "count": 2, "buckets": [{ "name": "a" }, { "name": "b" }] });
    let server = mock_server([page(buckets.clone())]).await;
    let all = account(&server).paginate(ListBucketsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(asked(&server, "offset").await, texts(&[None, Some("2")]));

    let shuffled = json!({ "count": 2, "buckets": [{ "name": "b" }, { "name": "a" }] });
    let server = mock_server([page(buckets), page(shuffled)]).await;
    let all = account(&server).paginate(ListBucketsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.iter().map(|bucket| bucket.name.as_str()).collect::<Vec<_>>(), ["a", "b"], "in whatever order");
    assert_eq!(asked(&server, "offset").await.len(), 2);
}

#[tokio::test]
async fn both_markers_of_a_list_of_uploads_are_passed_on() {
    let uploads = |key: &str, id: &str, next: Value| {
        let mut body = json!({ "uploads": [{ "key": key, "upload_id": id }] });
        body.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        page(body)
    };
    let answers = [
        uploads("a", "1", json!({ "next_key_marker": "a", "next_upload_id_marker": "1" })),
        uploads("a", "2", json!({ "next_key_marker": "a", "next_upload_id_marker": "2" })),
        uploads("b", "3", json!({ "next_key_marker": "b" })),
        uploads("c", "4", json!({ "next_key_marker": "", "next_upload_id_marker": "" })),
    ];
    let (bucket, server) = bucket_answering(answers).await;
    let all = bucket.paginate(ListMultipartUploadsInput::new()).items().into_vec().await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(asked(&server, "key_marker").await, texts(&[None, Some("a"), Some("a"), Some("b")]));
    assert_eq!(asked(&server, "upload_id_marker").await, texts(&[None, Some("1"), Some("2"), None]));
}

#[tokio::test]
async fn hundreds_of_objects_come_once_each_whatever_the_size_of_a_page() {
    let bucket = TestBucket::start().await.unwrap();
    let expected: Vec<String> = (0..320).map(|number| format!("dir{}/key + {number:03} ü", number % 3)).collect();
    let puts = expected.iter().map(|key| bucket.put(key, "x"));
    stream::iter(puts).buffer_unordered(16).try_collect::<Vec<_>>().await.unwrap();
    let mut sorted = expected.clone();
    sorted.sort();
    for limit in [1, 2, 7, 99, 100, 319, 320, 321, 1000] {
        assert_eq!(keys(&bucket, ListObjectsInput::new().limit(limit)).await, sorted, "{limit}");
        let below = keys(&bucket, ListObjectsInput::new().limit(limit).prefix("dir1/")).await;
        assert_eq!(below.len(), 107, "{limit}");
    }
    assert_eq!(keys(&bucket, ListObjectsInput::new()).await, sorted);
    assert!(keys(&bucket, ListObjectsInput::new().prefix("nothing")).await.is_empty());

    let mut pages = bucket.paginate(ListObjectsInput::new().delimiter("/").limit(2)).pages();
    let mut folders = Vec::new();
    while let Some(page) = pages.next().await {
        folders.extend(page.unwrap().common_prefixes);
    }
    assert_eq!(folders, ["dir0/", "dir1/", "dir2/"]);
}

#[tokio::test]
async fn parts_uploads_and_buckets_come_once_each_too() {
    let bucket = TestBucket::start().await.unwrap();
    let mut uploads = BTreeSet::new();
    for key in 0..11 {
        for _ in 0..3 {
            let input = InitiateMultipartUploadInput::new();
            let upload = bucket.initiate_multipart_upload(&format!("key{key}"), input).await.unwrap();
            assert!(uploads.insert(upload.upload_id));
        }
    }
    let id = uploads.first().unwrap().clone();
    let mut listed = bucket.paginate(ListMultipartUploadsInput::new().limit(1)).items();
    let key = loop {
        let upload = listed.next().await.unwrap().unwrap();
        if upload.upload_id == id {
            break upload.key;
        }
    };
    let numbers: Vec<u32> = (0..150).map(|number| number * 3).collect();
    for &number in &numbers {
        bucket.upload_multipart(&key, UploadMultipartInput::new(&id, number).body("part")).await.unwrap();
    }
    for limit in [1, 7, 33, 150, 151, 1000] {
        let all = bucket.paginate(ListMultipartUploadsInput::new().limit(limit)).items().into_vec().await.unwrap();
        let ids: BTreeSet<String> = all.iter().map(|upload| upload.upload_id.clone()).collect();
        assert_eq!((all.len(), &ids), (33, &uploads), "{limit}");
        let input = ListMultipartInput::new(&id).limit(limit);
        let parts = bucket.paginate_object(&key, input).items().into_vec().await.unwrap();
        assert_eq!(parts.iter().map(|part| part.part_number).collect::<Vec<_>>(), numbers, "{limit}");
    }
    let from = ListMultipartInput::new(&id).part_number_marker(440);
    assert_eq!(bucket.paginate_object(&key, from).items().into_vec().await.unwrap().len(), 3);

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
async fn versions_and_delete_markers_come_once_each_too() {
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

    /// Key, whether it marks a deletion, and the size of what does not.
    fn described(version: &ObjectVersion) -> (&str, bool, Option<u64>) {
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
        let listed: Vec<_> = all.iter().map(described).collect();
        assert_eq!(listed, expected, "{limit}");
        let ids: BTreeSet<_> = all.iter().map(|version| (&version.key, &version.version_id)).collect();
        assert_eq!(ids.len(), expected.len(), "{limit}: each has an id of its own");
    }
}

#[tokio::test]
async fn a_list_can_be_read_elsewhere() {
    fn is_sendable<T: Send + Unpin + 'static>(_: &T) {}
    let (bucket, _server) = bucket_answering([objects(&["a"], "", None)]).await;
    let items: Items<ListObjectsInput> = bucket.paginate(ListObjectsInput::new()).items();
    let pages: Pages<ListObjectsInput> = bucket.paginate(ListObjectsInput::new()).pages();
    is_sendable(&items);
    is_sendable(&pages);
    drop(bucket);
    let keys = tokio::spawn(items.map_ok(|object| object.key).try_collect::<Vec<String>>());
    assert_eq!(keys.await.unwrap().unwrap(), ["a"]);
}
