//! Object keys and metadata with special characters, sent to the server and read back.
//!
//! A key is encoded differently in the request line, in the signature, in listings, in presigned URLs and as the source
//! of a copy. All encodings must denote the same object.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use qingstor_sdk::operations::{DeleteObjectInput, GetObjectInput, HeadObjectInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Error, ErrorKind};
use qingstor_tests::{PlainRequest, TestBucket};
use tokio::runtime::Runtime;

/// Maximum length of a key in bytes.
const MAX_KEY_LENGTH: usize = 1023;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

fn has_dot_segment(key: &str) -> bool {
    key.split('/').any(|segment| segment == "." || segment == "..")
}

/// Generates a character or a short sequence of characters. Many have a special meaning in a URL, a header or JSON.
fn character() -> impl Strategy<Value = String> {
    let ascii = "/ // % %2F %00 + ? # & = ; : @ ~ * ' \" \\ < ` { | ^ [ . .. ... %2e%2e \0 \t \r\n \x1b \x7f";
    let others = "\u{85} \u{2028} \u{feff} \u{fffd} é e\u{301} 中文 שלום \u{202e} 🦀 👩‍👩‍👧 \u{10ffff}";
    let special: Vec<&str> = ascii.split(' ').chain(others.split(' ')).chain([" "]).collect();
    prop_oneof![
        4 => select(special).prop_map(str::to_owned),
        3 => "[a-z0-9_-]",
        2 => any::<char>().prop_map(String::from),
    ]
}

/// Generates a key of 1 to 1023 bytes, often of the maximum length.
fn key() -> impl Strategy<Value = String> {
    let text = prop_oneof![4 => vec(character(), 1..12), 1 => vec(character(), 300..600)];
    text.prop_map(|characters| {
        let mut key = String::new();
        for character in characters {
            if key.len() + character.len() <= MAX_KEY_LENGTH {
                key += &character;
            }
        }
        key
    })
    .prop_filter("the SDK refuses dot segments", |key| !has_dot_segment(key))
}

fn to_test_failure(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// Stores, lists, reads, presigns, copies and deletes an object with this key.
async fn round_trip(bucket: &TestBucket, key: &str) -> TestCaseResult {
    bucket.put(key, key.to_owned()).await.map_err(to_test_failure)?;
    for input in [ListObjectsInput::new(), ListObjectsInput::new().prefix(key)] {
        let listed = bucket.list_objects(input).await.map_err(to_test_failure)?;
        let keys: Vec<_> = listed.keys.iter().map(|object| object.key.as_str()).collect();
        prop_assert_eq!(keys, [key]);
    }
    prop_assert_eq!(bucket.read(key).await.map_err(to_test_failure)?, key.as_bytes());

    let presigned =
        bucket.presign_object(key, GetObjectInput::new(), Duration::from_secs(60)).map_err(to_test_failure)?;
    let response = PlainRequest::of(&presigned).send().await.unwrap();
    prop_assert_eq!((response.status, response.body.as_slice()), (200, key.as_bytes()));

    let copy = PutObjectInput::new().copy_source(format!("/bucket/{key}"));
    bucket.put_object("copy", copy).await.map_err(to_test_failure)?;
    prop_assert_eq!(bucket.read("copy").await.map_err(to_test_failure)?, key.as_bytes());
    for key in [key, "copy"] {
        bucket.delete_object(key, DeleteObjectInput::new()).await.map_err(to_test_failure)?;
    }
    let error = bucket.head_object(key, HeadObjectInput::new()).await.unwrap_err();
    prop_assert!(error.is_not_found(), "{}", error);
    prop_assert_eq!(error.key(), Some(key));
    Ok(())
}

#[test]
fn random_keys_survive_the_round_trip() {
    let runtime = Runtime::new().unwrap();
    let bucket = runtime.block_on(TestBucket::start()).unwrap();
    proptest!(cases(150), |(key in key())| runtime.block_on(round_trip(&bucket, &key))?);
}

#[test]
fn keys_with_slashes_dots_and_escapes_survive_the_round_trip() {
    let runtime = Runtime::new().unwrap();
    let bucket = runtime.block_on(TestBucket::start()).unwrap();
    let longest = [
        "k".repeat(MAX_KEY_LENGTH),
        "中".repeat(MAX_KEY_LENGTH / 3),
        "/".repeat(MAX_KEY_LENGTH),
        "%".repeat(MAX_KEY_LENGTH),
    ];
    let others = ["/", "//", "a//b", "/a/", "...", "a/.../b", "..a/.b", "%2e%2e/x", "a%2Fb", "a+b c", "?uploads", "#"];
    for key in longest.iter().map(String::as_str).chain(others) {
        runtime.block_on(round_trip(&bucket, key)).unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
}

#[tokio::test]
async fn keys_that_are_too_long_or_that_a_url_cannot_express_are_rejected() {
    let bucket = TestBucket::start().await.unwrap();
    let too_long = "k".repeat(MAX_KEY_LENGTH + 1);
    for key in ["", ".", "..", "./a", "a/..", "a/./b", "a/../b", "/..", &too_long] {
        let put = bucket.put(key, "content").await.unwrap_err();
        let get = bucket.get_object(key, GetObjectInput::new()).await.unwrap_err();
        let presign = bucket.presign_object(key, GetObjectInput::new(), Duration::from_secs(60)).unwrap_err();
        for error in [put, get, presign] {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{key:?}: {error}");
            assert_eq!(error.key(), Some(key));
        }
    }
    assert!(bucket.list_objects(ListObjectsInput::new()).await.unwrap().keys.is_empty());
}

/// Generates metadata with names in lower case.
fn metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
    let value = "[ -~]{0,40}".prop_map(|text| text.trim().to_owned());
    btree_map("[a-z0-9._-]{1,20}", value, 0..6)
}

#[test]
fn random_metadata_survives_the_round_trip() {
    let runtime = Runtime::new().unwrap();
    let bucket = runtime.block_on(TestBucket::start()).unwrap();
    proptest!(cases(100), |(metadata in metadata())| {
        let sent = metadata.iter().fold(PutObjectInput::new(), |input, (name, value)| {
            // Names are case-insensitive. The SDK returns them in lower case.
            input.metadata(name.to_ascii_uppercase(), value)
        });
        let head = runtime.block_on(async {
            bucket.put_object("key", sent).await?;
            bucket.head_object("key", HeadObjectInput::new()).await
        });
        prop_assert_eq!(head.map_err(to_test_failure)?.metadata, metadata);
    });
}

#[tokio::test]
async fn metadata_that_is_too_long_or_that_a_header_cannot_express_is_rejected() {
    let bucket = TestBucket::start().await.unwrap();
    let long = "v".repeat(2049);
    let cases =
        [("", "v"), ("a b", "v"), ("ü", "v"), ("a", "ü"), ("a", "a\nb"), ("a", " v"), ("a", "v "), ("a", &long)];
    for (name, value) in cases {
        let input = PutObjectInput::new().metadata(name, value);
        let error = bucket.put_object("key", input).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{name:?} {value:?}: {error}");
    }
}
