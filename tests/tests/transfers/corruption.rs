//! Uploads whose bytes are corrupted in transit, or whose ETag in the response is not the MD5 of the sent bytes.
//!
//! The client sends corrupted bytes again. If every attempt is corrupted, the upload fails and stores no object. Only
//! the ETag of a multipart object may differ from the expected one, because servers compute it in different ways.

use std::path::Path;

use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, Upload, UploadState};
use qingstor_tests::{bucket_with_faults, content, etag_of_parts, open_uploads};

use crate::support::{PART, temp_file};

const PARTS: u64 = 6;
/// Number of attempts of the client of `bucket_with_faults`.
const ATTEMPTS: u32 = 4;
const SIZE: u64 = (PARTS - 1) * PART + 1234;

const OFFSETS: [Offset; 4] = [Offset::Bytes(0), Offset::Bytes(65_536), Offset::Fraction(0.5), Offset::Fraction(1.0)];

fn flipped_bit(at: Offset, operation: &str) -> FaultRule {
    FaultRule::new(Fault::FlipReceivedBit { at: Some(at) }).operation(operation)
}

#[tokio::test]
async fn part_with_a_flipped_bit_is_sent_again() {
    let bytes = content(SIZE, 1);
    let file = temp_file(&bytes);
    type SetSource = fn(Upload, &[u8], &Path) -> Upload;
    let sources: [SetSource; 3] = [
        |upload, bytes, _| upload.bytes(bytes.to_vec()),
        |upload, _, file| upload.file(file),
        |upload, bytes, _| upload.reader(std::io::Cursor::new(bytes.to_vec())),
    ];
    for (number, at) in OFFSETS.into_iter().enumerate() {
        // One bit flips in each part.
        let rules = (0..PARTS).map(|part| flipped_bit(at, "UploadMultipart").part(part).count(1));
        let (test, bucket) = bucket_with_faults(rules.fold(FaultPlan::new(), FaultPlan::rule)).await.unwrap();
        let set_source = sources[number % sources.len()];
        let upload = set_source(bucket.upload("key").part_size(PART).concurrency(3), &bytes, file.path());
        let uploaded = upload.send().await.unwrap_or_else(|error| panic!("{at:?}: {error}"));
        assert_eq!(test.emulator().faults_fired(), [1; PARTS as usize], "{at:?}");
        assert_eq!((u64::from(uploaded.attempts), uploaded.retried_bytes), (2 * PARTS, SIZE), "{at:?}");
        assert!(test.read("key").await.unwrap() == bytes, "{at:?}");
    }
}

#[tokio::test]
async fn single_request_with_a_flipped_bit_is_sent_again() {
    let bytes = content(PART, 1);
    for at in OFFSETS {
        let (test, bucket) =
            bucket_with_faults(FaultPlan::new().rule(flipped_bit(at, "PutObject").count(1))).await.unwrap();
        let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
        assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1], 2), "{at:?}");
        assert!(test.read("key").await.unwrap() == bytes, "{at:?}");
    }
}

#[tokio::test]
async fn persistent_corruption_fails_and_keeps_the_earlier_object() {
    for operation in ["UploadMultipart", "PutObject"] {
        let rule = flipped_bit(Offset::Fraction(0.5), operation).key("key");
        let (test, bucket) =
            bucket_with_faults(FaultPlan::new().rule(rule.skip(u64::from(operation == "PutObject")))).await.unwrap();
        test.put("key", "the earlier object").await.unwrap();
        let size = if operation == "PutObject" { PART } else { SIZE };
        let error = bucket.upload("key").bytes(content(size, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!((error.code(), error.operation()), (Some("bad_digest"), Some(operation)), "{error}");
        assert_eq!(error.attempts(), ATTEMPTS, "{error}");
        assert_eq!(error.part_number().is_some(), size == SIZE, "{error}");
        assert!(open_uploads(&test).await.unwrap().is_empty(), "{error}");
        assert_eq!(test.read("key").await.unwrap(), b"the earlier object");
    }
}

fn wrong_etag(operation: &str) -> FaultRule {
    FaultRule::new(Fault::WrongEtag).operation(operation)
}

#[tokio::test]
async fn part_with_a_wrong_etag_is_sent_again() {
    let plan = FaultPlan::new().rule(wrong_etag("UploadMultipart").part(1).count(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    assert_eq!(test.emulator().faults_fired(), [1]);
    assert_eq!((u64::from(uploaded.attempts), uploaded.retried_bytes), (PARTS + 1, PART));
    assert_eq!(uploaded.etag_kept, Some(true));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn part_whose_etag_is_always_wrong_fails_with_the_part_number() {
    let (test, bucket) =
        bucket_with_faults(FaultPlan::new().rule(wrong_etag("UploadMultipart").part(1))).await.unwrap();
    let error = bucket.upload("key").bytes(content(SIZE, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.kind(), error.part_number()), (ErrorKind::UnexpectedResponse, Some(1)), "{error}");
    assert!(error.to_string().contains("the bytes were changed on the way"), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
    assert!(open_uploads(&test).await.unwrap().is_empty(), "{error}");
    assert!(test.read("key").await.unwrap_err().is_not_found(), "{error}");
}

#[tokio::test]
async fn single_request_with_a_wrong_etag_is_sent_again_then_fails() {
    let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_etag("PutObject").count(1))).await.unwrap();
    let bytes = content(PART, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1], 2));
    assert_eq!(uploaded.retried_bytes, PART);
    assert!(test.read("key").await.unwrap() == bytes);

    let (_test, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_etag("PutObject"))).await.unwrap();
    let error = bucket.upload("key").bytes(bytes).send().await.unwrap_err();
    assert_eq!((error.kind(), error.part_number()), (ErrorKind::UnexpectedResponse, None), "{error}");
}

#[tokio::test]
async fn multipart_object_with_an_unexpected_etag_is_reported_but_not_an_error() {
    // The first HEAD is sent before the completion.
    let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_etag("HeadObject").skip(1))).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.etag_kept), (vec![1], Some(false)));
    assert_eq!(u64::from(uploaded.attempts), PARTS);
    assert_ne!(uploaded.etag, Some(etag_of_parts(&bytes, PART)));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn upload_without_checksum_does_not_detect_corruption() {
    let plan = FaultPlan::new().rule(flipped_bit(Offset::Fraction(0.5), "UploadMultipart").part(1).count(1));
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(None).send().await.unwrap();
    assert_eq!((uploaded.size, uploaded.etag_kept, test.emulator().faults_fired()), (SIZE, None, vec![1]));
    let stored = test.read("key").await.unwrap();
    let different: Vec<usize> = (0..bytes.len()).filter(|index| stored[*index] != bytes[*index]).collect();
    assert_eq!(different.len(), 1);
    assert_eq!(different[0] as u64 / PART, 1, "the flipped bit is in another part");
}
