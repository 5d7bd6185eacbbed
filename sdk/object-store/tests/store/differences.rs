//! Differences from other stores, which README.md lists.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::list::PaginatedListStore;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, CopyMode, CopyOptions, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, RenameOptions, RenameTargetMode, UpdateVersion,
};
use qingstor_emulator::{Fault, FaultPlan, FaultRule};
use qingstor_object_store::ConditionalWrites;
use qingstor_sdk::operations::PutObjectInput;

use crate::support::{TestStore, answer, count};

#[tokio::test]
async fn conditional_writes_are_not_implemented_by_default() {
    let test = TestStore::start().await;
    let (location, other) = (Path::from("object"), Path::from("other"));
    test.store.put(&location, "content".into()).await.unwrap();
    let version = UpdateVersion { e_tag: Some("\"etag\"".to_owned()), version: None };
    for mode in [PutMode::Create, PutMode::Update(version)] {
        let error = test.store.put_opts(&other, "x".into(), mode.clone().into()).await.unwrap_err();
        assert!(matches!(error, Error::NotImplemented { .. }), "{mode:?}: {error}");
    }
    let copy = CopyOptions::new().with_mode(CopyMode::Create);
    let error = test.store.copy_opts(&location, &other, copy).await.unwrap_err();
    assert!(matches!(&error, Error::NotImplemented { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("CheckThenWrite") && text.contains("QingStorStore(bucket)"), "{text}");
    let rename = RenameOptions::new().with_target_mode(RenameTargetMode::Create);
    let error = test.store.rename_opts(&location, &other, rename).await.unwrap_err();
    assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
    let requests = test.requests().await.unwrap();
    assert_eq!(count(&requests, "PutObject"), 1, "{requests:?}");
}

#[tokio::test]
async fn check_then_write_leaves_an_existing_object_unchanged() {
    let test = TestStore::start().await;
    let store = test.store.clone().with_conditional_writes(ConditionalWrites::CheckThenWrite);
    let (from, to) = (Path::from("from"), Path::from("to"));
    store.put(&from, "from".into()).await.unwrap();
    store.put_opts(&to, "to".into(), PutMode::Create.into()).await.unwrap();
    let copy = CopyOptions::new().with_mode(CopyMode::Create);
    let rename = RenameOptions::new().with_target_mode(RenameTargetMode::Create);
    for result in [
        store.put_opts(&to, "other".into(), PutMode::Create.into()).await.map(drop),
        store.copy_opts(&from, &to, copy).await,
        store.rename_opts(&from, &to, rename.clone()).await,
    ] {
        let error = result.unwrap_err();
        assert!(matches!(&error, Error::AlreadyExists { path, .. } if path == "to"), "{error}");
    }
    assert_eq!(store.get(&to).await.unwrap().bytes().await.unwrap(), "to");
    store.rename_opts(&from, &Path::from("new"), rename).await.unwrap();
}

#[tokio::test]
async fn completion_without_parts_stores_an_empty_object() {
    let test = TestStore::start().await;
    let location = Path::from("empty");
    let mut upload = test.store.put_multipart(&location).await.unwrap();
    let stored = upload.complete().await.unwrap();
    let meta = test.store.head(&location).await.unwrap();
    assert_eq!((meta.size, meta.e_tag), (0, stored.e_tag));
    let requests = test.requests().await.unwrap();
    assert_eq!(count(&requests, "UploadMultipart"), 1, "{requests:?}");
}

#[tokio::test]
async fn completion_returns_the_etag_of_the_object() {
    let test = TestStore::start().await;
    let location = Path::from("object");
    let id = test.store.create_multipart(&location).await.unwrap();
    let part = test.store.put_part(&location, &id, 0, "content".into()).await.unwrap();
    let stored = test.store.complete_multipart(&location, &id, vec![part]).await.unwrap();
    assert!(stored.e_tag.is_some());
    assert_eq!(test.store.head(&location).await.unwrap().e_tag, stored.e_tag);
}

#[tokio::test]
async fn completion_with_a_foreign_part_id_is_an_error() {
    let test = TestStore::start().await;
    let location = Path::from("object");
    let id = test.store.create_multipart(&location).await.unwrap();
    let part = object_store::multipart::PartId { content_id: "\"etag\"".to_owned() };
    let error = test.store.complete_multipart(&location, &id, vec![part]).await.unwrap_err().to_string();
    assert!(error.contains("part 0") && error.contains("put_part"), "{error}");
}

#[tokio::test]
async fn upload_with_an_unfinished_part_is_not_completed() {
    let test = TestStore::start().await;
    let mut upload = test.store.put_multipart(&Path::from("object")).await.unwrap();
    upload.put_part("first".into()).await.unwrap();
    drop(upload.put_part("second".into()));
    let error = upload.complete().await.unwrap_err().to_string();
    assert!(error.contains("1 of 2 parts"), "{error}");
    upload.abort().await.unwrap();
    let requests = test.requests().await.unwrap();
    assert_eq!(count(&requests, "CompleteMultipartUpload"), 0, "{requests:?}");
}

#[tokio::test]
async fn lost_response_to_a_completion_is_a_success() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1));
    let test = TestStore::with_faults(plan).await;
    let location = Path::from("object");
    let mut upload = test.store.put_multipart(&location).await.unwrap();
    upload.put_part("content".into()).await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(test.store.get(&location).await.unwrap().bytes().await.unwrap(), "content");
}

#[tokio::test]
async fn lost_response_to_a_rename_is_a_success() {
    let plan = FaultPlan::new().rule(FaultRule::new(Fault::LoseAnswer).operation("PutObject").skip(2).count(1));
    let test = TestStore::with_faults(plan).await;
    let (from, to) = (Path::from("from"), Path::from("to"));
    test.store.put(&from, "new".into()).await.unwrap();
    test.store.put(&to, "old".into()).await.unwrap();
    test.store.rename(&from, &to).await.unwrap();
    assert_eq!(test.emulator.faults_fired(), [1]);
    assert_eq!(test.store.get(&to).await.unwrap().bytes().await.unwrap(), "new");
    assert!(matches!(test.store.head(&from).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn rename_to_the_same_location_keeps_the_object() {
    let test = TestStore::start().await;
    let location = Path::from("object");
    test.store.put(&location, "content".into()).await.unwrap();
    test.store.rename(&location, &location).await.unwrap();
    assert_eq!(test.store.get(&location).await.unwrap().bytes().await.unwrap(), "content");
    let missing = Path::from("missing");
    assert!(matches!(test.store.rename(&missing, &missing).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn missing_source_of_a_copy_is_not_found() {
    let test = TestStore::start().await;
    let error = test.store.copy(&Path::from("missing"), &Path::from("to")).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { path, .. } if path == "missing"), "{error}");
}

#[tokio::test]
async fn status_404_without_a_code_is_not_found() {
    let plan = FaultPlan::new().rule(answer("HeadObject", 404, None)).rule(answer("GetObject", 404, None));
    let test = TestStore::with_faults(plan).await;
    let location = Path::from("object");
    test.store.put(&location, "content".into()).await.unwrap();
    assert!(matches!(test.store.head(&location).await, Err(Error::NotFound { .. })));
    assert!(matches!(test.store.get(&location).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn attributes_are_stored_except_content_language() {
    let test = TestStore::start().await;
    let attributes = Attributes::from_iter([
        (Attribute::CacheControl, "max-age=604800"),
        (Attribute::ContentDisposition, r#"attachment; filename="test.html""#),
        (Attribute::ContentEncoding, "gzip"),
        (Attribute::ContentType, "text/html; charset=utf-8"),
        (Attribute::StorageClass, "STANDARD_IA"),
        (Attribute::Metadata("test_key".into()), "test_value"),
        (Attribute::Metadata("key_with_spaces".into()), "hello   world"),
    ]);
    let location = Path::from("attributes");
    test.store.put_opts(&location, "foo".into(), attributes.clone().into()).await.unwrap();
    assert_eq!(test.store.get(&location).await.unwrap().attributes, attributes);
    let head = GetOptions::new().with_head(true);
    assert_eq!(test.store.get_opts(&location, head).await.unwrap().attributes, attributes);

    let mut upload = test.store.put_multipart_opts(&location, attributes.clone().into()).await.unwrap();
    upload.put_part("foo".into()).await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(test.store.get(&location).await.unwrap().attributes, attributes);

    // A copy and a rename keep the attributes.
    let (copied, renamed) = (Path::from("copied"), Path::from("renamed"));
    test.store.copy(&location, &copied).await.unwrap();
    test.store.rename(&copied, &renamed).await.unwrap();
    assert_eq!(test.store.get(&renamed).await.unwrap().attributes, attributes);

    let language = Attributes::from_iter([(Attribute::ContentLanguage, "en-US")]);
    let error = test.store.put_opts(&location, "x".into(), language.clone().into()).await.unwrap_err();
    assert!(matches!(&error, Error::NotImplemented { .. }), "{error}");
    assert!(error.to_string().contains("ContentLanguage"), "{error}");
    let options = PutMultipartOptions::from(language);
    assert!(matches!(test.store.put_multipart_opts(&location, options).await, Err(Error::NotImplemented { .. })));
}

#[tokio::test]
async fn unknown_storage_class_is_refused() {
    let test = TestStore::start().await;
    let attributes = Attributes::from_iter([(Attribute::StorageClass, "GLACIER")]);
    let options = PutOptions::from(attributes);
    let error = test.store.put_opts(&Path::from("object"), "x".into(), options).await.unwrap_err().to_string();
    assert!(error.contains("GLACIER") && error.contains("STANDARD_IA"), "{error}");
}

#[tokio::test]
async fn keys_that_no_path_can_hold_are_left_out_of_lists_with_a_warning() {
    let warnings = Arc::default();
    let _guard = tracing::subscriber::set_default(Warnings(Arc::clone(&warnings)));
    let test = TestStore::start().await;
    for key in ["a/object", "a/", "a//b", "/a", "a/b//c", "folder//"] {
        test.store.bucket().put_object(key, PutObjectInput::new().body("content")).await.unwrap();
    }
    let all: Vec<_> = test.store.list(None).map_ok(|object| object.location).try_collect().await.unwrap();
    assert_eq!(all, [Path::from("a/object")]);
    let logged = warnings.lock().unwrap().clone();
    assert_eq!(logged, ["\"/a\"", "\"a/\"", "\"a//b\"", "\"a/b//c\"", "\"folder//\""]);

    let folder = test.store.list_with_delimiter(Some(&Path::from("a"))).await.unwrap();
    assert_eq!(folder.objects.len(), 1);
    assert_eq!(folder.common_prefixes, [Path::from("a/b")]);
    let page = test.store.list_paginated(None, Default::default()).await.unwrap();
    assert_eq!(page.result.objects.len(), 1);
}

/// Records the field `key` of each event of this crate.
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for Warnings {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "key" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("qingstor_object_store") && *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Warnings(Arc::clone(&self.0)));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn delete_stream_keeps_the_order_of_its_input() {
    let test = TestStore::start().await;
    let locations: Vec<_> = (0..2345).rev().map(|number| Path::from(format!("folder/{number}"))).collect();
    for location in locations.iter().step_by(97) {
        test.store.put(location, "content".into()).await.unwrap();
    }
    // An error of the input is returned at its place, and the other locations are deleted.
    let failure = |()| Error::Generic { store: "test", source: "failure".into() };
    let mut input: Vec<_> = locations.iter().cloned().map(Ok).collect();
    input.insert(1500, Err(failure(())));
    let results: Vec<_> = test.store.delete_stream(stream::iter(input).boxed()).collect().await;
    assert_eq!(results.len(), locations.len() + 1);
    assert!(results[1500].as_ref().unwrap_err().to_string().contains("failure"));
    let deleted: Vec<_> = results.into_iter().flatten().collect();
    assert!(deleted == locations);
    assert_eq!(test.store.list(None).count().await, 0);
    let requests = test.requests().await.unwrap();
    assert_eq!(count(&requests, "DeleteMultipleObjects"), 3);
}

#[tokio::test]
async fn failed_deletion_is_an_error_for_each_location() {
    let plan = FaultPlan::new().rule(answer("DeleteMultipleObjects", 403, Some("permission_denied")));
    let test = TestStore::with_faults(plan).await;
    let locations = ["a", "b"].map(|name| Ok(Path::from(name)));
    let results: Vec<_> = test.store.delete_stream(stream::iter(locations).boxed()).collect().await;
    for (result, name) in results.iter().zip(["a", "b"]) {
        let error = result.as_ref().unwrap_err();
        assert!(matches!(error, Error::PermissionDenied { path, .. } if path == name), "{error}");
    }
    assert_eq!(results.len(), 2);
}

#[tokio::test]
async fn payload_of_many_chunks_is_stored() {
    let test = TestStore::start().await;
    let chunks: Vec<_> = (0..3000u32).map(|number| Bytes::from(number.to_le_bytes().repeat(100))).collect();
    let location = Path::from("object");
    test.store.put(&location, chunks.iter().cloned().collect()).await.unwrap();
    let stored = test.store.get(&location).await.unwrap().bytes().await.unwrap();
    assert!(stored == chunks.concat());
}

#[tokio::test]
async fn keys_with_special_characters_are_not_changed() {
    let test = TestStore::start().await;
    let store = test.store.clone().with_prefix(Path::parse("p %2F+&").unwrap());
    let names =
        [" space ", "100%", "%2F%2e", "a+b&c=d?e#f", "'()*!~@:$,;", r#""\^`{|}<>"#, "日本語 é", "e\u{301}", "..."];
    let mut locations: Vec<_> = names.map(|name| Path::parse(format!("folder/{name}")).unwrap()).to_vec();
    for location in &locations {
        store.put(location, location.as_ref().to_owned().into()).await.unwrap();
        let content = store.get(location).await.unwrap().bytes().await.unwrap();
        assert_eq!(content, location.as_ref());
        let (copy, moved) = (Path::from("copy"), Path::parse(format!("moved/{location}")).unwrap());
        store.copy(location, &copy).await.unwrap();
        store.rename(&copy, &moved).await.unwrap();
        assert_eq!(store.get(&moved).await.unwrap().bytes().await.unwrap(), content);
    }
    locations.sort();
    let folder = Path::from("folder");
    let listed: Vec<_> = store.list(Some(&folder)).map_ok(|object| object.location).try_collect().await.unwrap();
    assert_eq!(listed, locations);
    let after = store.list_with_offset(Some(&folder), &locations[3]).map_ok(|object| object.location);
    assert_eq!(after.try_collect::<Vec<_>>().await.unwrap(), locations[4..]);
    let deleted: Vec<_> = store.delete_stream(stream::iter(listed).map(Ok).boxed()).try_collect().await.unwrap();
    assert_eq!(deleted, locations);
    assert_eq!(store.list(Some(&folder)).count().await, 0);
}

#[tokio::test]
async fn conditions_have_the_same_errors_for_get_and_head() {
    let test = TestStore::start().await;
    let location = Path::from("object");
    let stored = test.store.put(&location, "content".into()).await.unwrap();
    let modified = test.store.head(&location).await.unwrap().last_modified;
    for head in [false, true] {
        let options = || GetOptions::new().with_head(head);
        for unchanged in
            [options().with_if_none_match(stored.e_tag.clone()), options().with_if_modified_since(Some(modified))]
        {
            let error = test.store.get_opts(&location, unchanged).await.unwrap_err();
            assert!(matches!(&error, Error::NotModified { path, .. } if path == "object"), "{error}");
        }
        let earlier = modified - std::time::Duration::from_secs(1);
        for changed in [options().with_if_match(Some("\"other\"")), options().with_if_unmodified_since(Some(earlier))] {
            let error = test.store.get_opts(&location, changed).await.unwrap_err();
            assert!(matches!(&error, Error::Precondition { path, .. } if path == "object"), "{error}");
        }
    }
}

#[tokio::test]
async fn ranges_have_the_size_of_the_object() {
    let test = TestStore::start().await;
    let (location, empty) = (Path::from("object"), Path::from("empty"));
    test.store.put(&location, "0123456789".into()).await.unwrap();
    test.store.put(&empty, "".into()).await.unwrap();
    for (range, expected) in [
        (GetRange::Bounded(2..5), 2..5),
        (GetRange::Bounded(8..99), 8..10),
        (GetRange::Offset(7), 7..10),
        (GetRange::Suffix(3), 7..10),
        (GetRange::Suffix(99), 0..10),
    ] {
        let options = GetOptions::new().with_range(Some(range));
        let result = test.store.get_opts(&location, options.clone()).await.unwrap();
        assert_eq!((result.range.clone(), result.meta.size), (expected.clone(), 10));
        let content = result.bytes().await.unwrap();
        assert_eq!(content, "0123456789"[expected.start as usize..expected.end as usize]);
        let head = test.store.get_opts(&location, options.with_head(true)).await.unwrap();
        assert_eq!(head.range, expected);
    }
    for (location, range) in [
        (&location, GetRange::Bounded(5..5)),
        (&location, GetRange::Bounded(10..11)),
        (&location, GetRange::Offset(10)),
        (&empty, GetRange::Offset(0)),
    ] {
        let result = test.store.get_opts(location, GetOptions::new().with_range(Some(range))).await;
        assert!(matches!(result, Err(Error::Generic { .. })), "{result:?}");
    }
}
