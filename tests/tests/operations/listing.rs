//! Paged listings of objects, parts, uploads and buckets.
//!
//! For every page size, the pages together contain each entry once.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use qingstor_emulator::Emulator;
use qingstor_sdk::ErrorKind;
use qingstor_sdk::operations::{
    ListBucketsInput, ListMultipartInput, ListMultipartUploadsInput, ListObjectsInput, UploadMultipartInput,
};
use qingstor_tests::TestBucket;

use crate::support::initiate;

/// Starts an emulator and stores an object under each key.
async fn bucket_with(keys: impl IntoIterator<Item = String>) -> TestBucket {
    let bucket = TestBucket::start().await.unwrap();
    let puts = keys.into_iter().map(|key| {
        let bucket = &bucket;
        async move { bucket.put(&key, key.clone()).await.unwrap() }
    });
    stream::iter(puts).buffer_unordered(16).for_each(|_| async {}).await;
    bucket
}

/// Returns the keys and the common prefixes of all pages in order.
///
/// Panics if an entry is listed twice, or if there are more than 1000 pages.
async fn all_pages(bucket: &TestBucket, first: ListObjectsInput) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
    let limit = first.limit.unwrap_or(100) as usize;
    let mut input = first.clone();
    for _ in 0..1000 {
        let page = bucket.list_objects(input).await.unwrap();
        assert!(page.keys.len() + page.common_prefixes.len() <= limit);
        assert_eq!(
            (page.prefix.unwrap_or_default(), page.limit),
            (first.prefix.clone().unwrap_or_default(), first.limit)
        );
        keys.extend(page.keys.into_iter().map(|object| object.key));
        prefixes.extend(page.common_prefixes);
        let next = page.next_marker.unwrap_or_default();
        assert_eq!(page.has_more, Some(!next.is_empty()));
        if next.is_empty() {
            let distinct: BTreeSet<_> = keys.iter().chain(&prefixes).collect();
            assert_eq!(distinct.len(), keys.len() + prefixes.len(), "an entry is listed twice");
            return (keys, prefixes);
        }
        input = first.clone().marker(next);
    }
    panic!("the listing has more than 1000 pages");
}

#[tokio::test]
async fn list_objects_returns_each_key_once_for_any_page_size() {
    let keys: Vec<String> = (0..300).map(|number| format!("key + {number:03} ü")).collect();
    let bucket = bucket_with(keys.clone()).await;
    for limit in [1, 7, 100, 299, 300, 1000] {
        let (listed, prefixes) = all_pages(&bucket, ListObjectsInput::new().limit(limit)).await;
        assert_eq!(listed, keys, "{limit}");
        assert!(prefixes.is_empty());
    }
    let first = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!((first.keys.len(), first.limit, first.has_more), (100, Some(100), Some(true)));
    assert_eq!(first.name.as_deref(), Some("bucket"));
}

#[tokio::test]
async fn list_objects_describes_each_object() {
    let bucket = TestBucket::start().await.unwrap();
    let etag = bucket.put("key", "content").await.unwrap();
    let listed = bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    let object = &listed.keys[0];
    assert_eq!((object.key.as_str(), object.size, object.etag.as_ref()), ("key", Some(7), Some(&etag)));
    assert_eq!(object.mime_type.as_deref(), Some("application/octet-stream"));
    assert_eq!((object.encrypted, object.storage_class.as_ref().unwrap().as_str()), (Some(false), "STANDARD"));
    let (modified, created) = (object.modified.unwrap(), object.created.unwrap());
    assert_eq!(modified.as_unix(), created.as_unix());
    assert!(modified.as_unix() > 1_700_000_000, "{modified}");
}

#[tokio::test]
async fn list_objects_with_a_delimiter_returns_common_prefixes() {
    let in_folders = (0..30).flat_map(|folder| (0..5).map(move |file| format!("dir/{folder:02}/{file}")));
    let others = ["dir/", "dir/file", "dir2/file", "file", "a folder & more/+%/x"].map(str::to_owned);
    let bucket = bucket_with(in_folders.chain(others)).await;
    for limit in [1, 2, 9, 1000] {
        let input = ListObjectsInput::new().limit(limit).delimiter("/");
        let (keys, prefixes) = all_pages(&bucket, input.clone()).await;
        assert_eq!(keys, ["file"]);
        assert_eq!(prefixes, ["a folder & more/", "dir/", "dir2/"]);

        let (keys, prefixes) = all_pages(&bucket, input.clone().prefix("dir/")).await;
        assert_eq!(keys, ["dir/", "dir/file"]);
        assert_eq!(prefixes, (0..30).map(|folder| format!("dir/{folder:02}/")).collect::<Vec<_>>());

        let (keys, _) = all_pages(&bucket, ListObjectsInput::new().limit(limit).prefix("dir/07/")).await;
        assert_eq!(keys.len(), 5);
        let (keys, prefixes) = all_pages(&bucket, input.clone().prefix("a folder & more/+")).await;
        assert_eq!((keys.len(), prefixes), (0, vec!["a folder & more/+%/".to_owned()]));
        let (keys, prefixes) = all_pages(&bucket, input.prefix("missing")).await;
        assert!(keys.is_empty() && prefixes.is_empty());
    }
    let (keys, prefixes) = all_pages(&bucket, ListObjectsInput::new().limit(5).delimiter("ir").prefix("d")).await;
    assert_eq!((keys.len(), prefixes), (0, vec!["dir".to_owned()]), "a delimiter may have more than one character");
}

#[tokio::test]
async fn list_multipart_returns_each_part_once_for_any_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    let id = initiate(&bucket, "key").await;
    let numbers: Vec<u32> = (0..23).map(|number| number * number).collect();
    for &number in &numbers {
        bucket.upload_multipart("key", UploadMultipartInput::new(&id, number).body("part")).await.unwrap();
    }
    for limit in [1, 5, 23, 1000] {
        let mut listed: Vec<u32> = Vec::new();
        loop {
            let mut input = ListMultipartInput::new(&id).limit(limit);
            input.part_number_marker = listed.last().copied();
            let page = bucket.list_multipart("key", input).await.unwrap().object_parts;
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            assert!(page.iter().all(|part| part.size == Some(4) && part.etag.is_some() && part.created.is_some()));
            listed.extend(page.iter().map(|part| part.part_number));
        }
        assert_eq!(listed, numbers, "{limit}");
    }
    let after = bucket.list_multipart("key", ListMultipartInput::new(&id).part_number_marker(400)).await.unwrap();
    assert_eq!(after.object_parts.iter().map(|part| part.part_number).collect::<Vec<_>>(), [441, 484]);
    let empty_page = bucket.list_multipart("key", ListMultipartInput::new(&id).limit(0)).await.unwrap();
    assert!(empty_page.object_parts.is_empty());
}

#[tokio::test]
async fn list_multipart_uploads_orders_by_key_and_age_for_any_page_size() {
    let bucket = TestBucket::start().await.unwrap();
    let mut expected = Vec::new();
    for key in ["a", "b + ü/1", "b + ü/2", "c"] {
        for _ in 0..3 {
            expected.push((key.to_owned(), initiate(&bucket, key).await));
        }
    }
    for limit in [1, 2, 5, 200] {
        let mut listed = Vec::new();
        let first = ListMultipartUploadsInput::new().limit(limit);
        let mut input = first.clone();
        while listed.len() <= expected.len() {
            let page = bucket.list_multipart_uploads(input).await.unwrap();
            assert!(page.uploads.len() <= limit as usize);
            listed.extend(page.uploads.into_iter().map(|upload| (upload.key, upload.upload_id)));
            let next = page.next_key_marker.unwrap_or_default();
            assert_eq!(page.has_more, Some(!next.is_empty()));
            if next.is_empty() {
                break;
            }
            input = first.clone().key_marker(next).upload_id_marker(page.next_upload_id_marker.unwrap());
        }
        assert_eq!(listed, expected, "{limit}");
    }

    let grouped = ListMultipartUploadsInput::new().prefix("b").delimiter("/");
    let page = bucket.list_multipart_uploads(grouped).await.unwrap();
    assert_eq!((page.uploads.len(), page.common_prefixes), (0, vec!["b + ü/".to_owned()]));
    let after = bucket.list_multipart_uploads(ListMultipartUploadsInput::new().key_marker("b + ü/2")).await.unwrap();
    assert!(after.uploads.iter().all(|upload| upload.key == "c") && after.uploads.len() == 3);
}

#[tokio::test]
async fn list_buckets_returns_each_bucket_once_in_pages() {
    let names: Vec<String> = (0..25).map(|number| format!("more-{number:02}")).collect();
    let emulator = names.iter().fold(Emulator::builder(), |builder, name| builder.bucket(name));
    let bucket = TestBucket::on(emulator).await.unwrap();
    let account = bucket.account();
    let mut listed = Vec::new();
    loop {
        let input = ListBucketsInput::new().offset(listed.len() as u64).limit(10);
        let page = account.list_buckets(input).await.unwrap().buckets;
        let is_last = page.len() < 10;
        assert!(page.iter().all(|bucket| bucket.location.as_deref() == Some("pek3a") && bucket.created.is_some()));
        listed.extend(page.into_iter().map(|bucket| bucket.name));
        if is_last {
            break;
        }
    }
    let expected: Vec<String> = std::iter::once("bucket".to_owned()).chain(names).collect();
    assert_eq!(listed, expected);
    let elsewhere = account.list_buckets(ListBucketsInput::new().location("sh1a")).await.unwrap();
    assert!(elsewhere.buckets.is_empty());
}

#[tokio::test]
async fn list_rejects_a_limit_out_of_range() {
    let bucket = TestBucket::start().await.unwrap();
    for limit in [0, 1001] {
        let error = bucket.list_objects(ListObjectsInput::new().limit(limit)).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
        let error = bucket.list_multipart_uploads(ListMultipartUploadsInput::new().limit(limit)).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
    }
    let error = bucket.list_multipart("key", ListMultipartInput::new("id").limit(1001)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
}
