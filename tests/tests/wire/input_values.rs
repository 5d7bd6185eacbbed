//! Checks of object sources, enum values, lists, and names of buckets and zones.
//!
//! The tests check that the client refuses values that the server would understand as another request. For example, the
//! server would store an empty object if the source of a copy is empty.

use qingstor_sdk::ObjectSource;
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, DeleteMultipleObjectsInput, HeadBucketInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{MetadataDirective, ObjectPart, ObjectSummary, StorageClass};

use crate::input_validation::setup;

#[tokio::test]
async fn object_source_without_bucket_or_key_is_refused() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    for source in ["", "key", "bucket/key", "/bucket", "/bucket/", "//key"] {
        let copy = PutObjectInput::new().copy_source(source);
        let outcome = bucket.put_object("key", copy).await;
        setup.assert_refused(outcome, "PutObject", &["copy_source has the bucket"]);
        let outcome = bucket.put_object("key", PutObjectInput::new().move_source(source)).await;
        setup.assert_refused(outcome, "PutObject", &["but needs both, as in `/bucket/key`"]);
    }
    bucket.put_object("key", PutObjectInput::new().copy_source("/bucket//")).await.unwrap();
    assert_eq!(setup.server.requests()[0].header("x-qs-copy-source"), Some("/bucket//"));
}

#[tokio::test]
async fn question_mark_in_a_source_key_is_encoded_and_the_version_id_is_appended() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    let put = |source: ObjectSource| bucket.put_object("key", PutObjectInput::new().copy_source(source));
    put("/bucket/100% a+b?version_id=c".into()).await.unwrap();
    put(ObjectSource::new("bucket", "100% a+b?").version_id("d+/=")).await.unwrap();
    let part = UploadMultipartInput::new("id", 0).copy_source(ObjectSource::new("bucket", "k").version_id("e"));
    bucket.upload_multipart("key", part).await.unwrap();
    let sent: Vec<_> =
        setup.server.requests().iter().map(|request| request.header("x-qs-copy-source").unwrap().to_owned()).collect();
    assert_eq!(
        sent,
        [
            "/bucket/100%25%20a%2Bb%3Fversion_id%3Dc",
            "/bucket/100%25%20a%2Bb%3F?version_id=d%2B%2F%3D",
            "/bucket/k?version_id=e",
        ]
    );
}

#[tokio::test]
async fn empty_version_id_of_an_object_source_is_refused() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    let copy = PutObjectInput::new().copy_source(ObjectSource::new("bucket", "key").version_id(""));
    setup.assert_refused(bucket.put_object("key", copy).await, "PutObject", &["empty version id"]);
}

#[tokio::test]
async fn slash_in_the_bucket_of_an_object_source_is_refused() {
    let setup = setup().await;
    let copy = PutObjectInput::new().copy_source(ObjectSource::new("bucket/dir", "key"));
    let outcome = setup.bucket.put_object("key", copy).await;
    let hint = "has the bucket \"bucket/dir\", but a slash can only be in the key";
    setup.assert_refused(outcome, "PutObject", &[hint]);
}

#[tokio::test]
async fn unknown_enum_values_are_refused_and_known_ones_are_sent() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    let input = PutObjectInput::new().storage_class(StorageClass::from("STANDRAD"));
    let outcome = bucket.put_object("key", input).await;
    let hint = "storage_class is \"STANDRAD\", but must be one of STANDARD, STANDARD_IA";
    setup.assert_refused(outcome, "PutObject", &[hint]);
    for directive in MetadataDirective::KNOWN {
        let input = PutObjectInput::new().copy_source("/a/b").metadata_directive((*directive).into());
        bucket.put_object("key", input).await.unwrap();
    }
}

#[tokio::test]
async fn lists_beyond_their_length_limits_are_refused() {
    let setup = setup().await;
    let bucket = &setup.bucket;
    for count in [0, 1001] {
        let objects = (0..count).map(|number| ObjectSummary::new(number.to_string()));
        let outcome = bucket.delete_multiple_objects(DeleteMultipleObjectsInput::new(objects)).await;
        let hint = format!("objects has {count} items, but must have 1 to 1000 items");
        setup.assert_refused(outcome, "DeleteMultipleObjects", &[&hint]);
    }
    for count in [0, 10_001] {
        let input = CompleteMultipartUploadInput::new("id", (0..count).map(ObjectPart::new));
        let outcome = bucket.complete_multipart_upload("key", input).await;
        let hint = format!("object_parts has {count} items");
        setup.assert_refused(outcome, "CompleteMultipartUpload", &[&hint]);
    }
}

#[tokio::test]
async fn bucket_and_zone_names_that_cannot_be_part_of_a_url_are_refused() {
    let setup = setup().await;
    for (name, zone, message) in [
        ("", None, "the bucket name \"\" cannot be addressed"),
        ("my bucket", None, "the bucket name \"my bucket\""),
        ("..", None, "the bucket name"),
        ("a/b", None, "the bucket name"),
        ("bucket", Some("pek 3b"), "the zone \"pek 3b\""),
        ("bucket", Some(""), "the zone of the bucket is empty: pass None to use the zone of the configuration"),
    ] {
        let bucket = setup.account.bucket(name, zone);
        assert_eq!(bucket.zone(), zone);
        let outcome = bucket.head_bucket(HeadBucketInput::new()).await;
        setup.assert_refused(outcome, "HeadBucket", &[message]);
    }
}
