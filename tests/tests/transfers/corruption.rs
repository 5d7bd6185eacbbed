//! Uploads of which a bit flips on the way, or whose server has another sum than what was sent.
//!
//! Protects: a bit that flips in any part, wherever it is, or in a body that is sent at once, is noticed and the bytes are
//! sent again; so is a server that took what came and says another sum of it; if it does not stop, there is an error and no
//! object; the tag of the whole is the server's own affair, and reported; and only who asks for no checksum is not told.

use std::io::Write;
use std::path::Path;

use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{ErrorKind, MIB, Upload, UploadState};
use qingstor_tests::{bucket_with_faults, content, etag_of_parts, open_uploads};

const PART: u64 = 4 * MIB;
const PARTS: u64 = 6;
/// The retry limit of `faulty`.
const ATTEMPTS: u32 = 4;
const SIZE: u64 = (PARTS - 1) * PART + 1234;

const PLACES: [Offset; 4] = [Offset::Bytes(0), Offset::Bytes(65_536), Offset::Fraction(0.5), Offset::Fraction(1.0)];

fn flips(at: Offset, operation: &str) -> FaultRule {
    FaultRule::new(Fault::FlipReceivedBit { at: Some(at) }).operation(operation)
}

#[tokio::test]
async fn a_bit_that_flips_in_any_part_is_noticed_and_the_part_sent_again() {
    let bytes = content(SIZE, 1);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    type From = fn(Upload, &[u8], &Path) -> Upload;
    let sources: [From; 3] = [
        |upload, bytes, _| upload.bytes(bytes.to_vec()),
        |upload, _, file| upload.file(file),
        |upload, bytes, _| upload.reader(std::io::Cursor::new(bytes.to_vec())),
    ];
    for (number, at) in PLACES.into_iter().enumerate() {
        // In every part once.
        let rules = (0..PARTS).map(|part| flips(at, "UploadMultipart").part(part).count(1));
        let (clean, bucket) = bucket_with_faults(rules.fold(FaultPlan::new(), FaultPlan::rule)).await.unwrap();
        let from = sources[number % sources.len()];
        let upload = from(bucket.upload("key").part_size(PART).concurrency(3), &bytes, file.path());
        let uploaded = upload.send().await.unwrap_or_else(|error| panic!("{at:?}: {error}"));
        assert_eq!(clean.emulator().faults_fired(), [1; PARTS as usize], "{at:?}");
        assert_eq!((u64::from(uploaded.attempts), uploaded.retried_bytes), (2 * PARTS, SIZE), "{at:?}");
        assert!(clean.read("key").await.unwrap() == bytes, "{at:?}");
    }
}

#[tokio::test]
async fn a_bit_that_flips_in_a_body_sent_at_once_is_noticed_too() {
    let bytes = content(PART, 1);
    for at in PLACES {
        let (clean, bucket) = bucket_with_faults(FaultPlan::new().rule(flips(at, "PutObject").count(1))).await.unwrap();
        let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
        assert_eq!((clean.emulator().faults_fired(), uploaded.attempts), (vec![1], 2), "{at:?}");
        assert!(clean.read("key").await.unwrap() == bytes, "{at:?}");
    }
}

#[tokio::test]
async fn a_bit_that_always_flips_is_an_error_and_what_was_there_stays() {
    for operation in ["UploadMultipart", "PutObject"] {
        let rule = flips(Offset::Fraction(0.5), operation).key("key");
        let (clean, bucket) =
            bucket_with_faults(FaultPlan::new().rule(rule.skip(u64::from(operation == "PutObject")))).await.unwrap();
        clean.put("key", "what was there before").await.unwrap();
        let size = if operation == "PutObject" { PART } else { SIZE };
        let error = bucket.upload("key").bytes(content(size, 1)).part_size(PART).send().await.unwrap_err();
        assert_eq!((error.code(), error.operation()), (Some("bad_digest"), Some(operation)), "{error}");
        assert_eq!(error.attempts(), ATTEMPTS, "{error}");
        assert_eq!(error.part_number().is_some(), size == SIZE, "{error}");
        assert!(open_uploads(&clean).await.unwrap().is_empty(), "{error}");
        assert_eq!(clean.read("key").await.unwrap(), b"what was there before");
    }
}

fn wrong_tags(operation: &str) -> FaultRule {
    FaultRule::new(Fault::WrongEtag).operation(operation)
}

#[tokio::test]
async fn a_part_of_which_the_server_has_another_sum_is_sent_again() {
    let plan = FaultPlan::new().rule(wrong_tags("UploadMultipart").part(1).count(1));
    let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    assert_eq!(clean.emulator().faults_fired(), [1]);
    assert_eq!((u64::from(uploaded.attempts), uploaded.retried_bytes), (PARTS + 1, PART));
    assert_eq!(uploaded.etag_kept, Some(true));
    assert!(clean.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn a_part_of_which_the_server_always_has_another_sum_is_an_error_that_says_which() {
    let (clean, bucket) =
        bucket_with_faults(FaultPlan::new().rule(wrong_tags("UploadMultipart").part(1))).await.unwrap();
    let error = bucket.upload("key").bytes(content(SIZE, 1)).part_size(PART).send().await.unwrap_err();
    assert_eq!((error.kind(), error.part_number()), (ErrorKind::UnexpectedResponse, Some(1)), "{error}");
    assert!(error.to_string().contains("the bytes were changed on the way"), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
    assert!(open_uploads(&clean).await.unwrap().is_empty(), "{error}");
    assert!(clean.read("key").await.unwrap_err().is_not_found(), "{error}");
}

#[tokio::test]
async fn a_single_request_is_compared_with_the_servers_etag() {
    let (clean, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_tags("PutObject").count(1))).await.unwrap();
    let bytes = content(PART, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
    assert_eq!((clean.emulator().faults_fired(), uploaded.attempts), (vec![1], 2));
    assert_eq!(uploaded.retried_bytes, PART);
    assert!(clean.read("key").await.unwrap() == bytes);

    let (_clean, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_tags("PutObject"))).await.unwrap();
    let error = bucket.upload("key").bytes(bytes).send().await.unwrap_err();
    assert_eq!((error.kind(), error.part_number()), (ErrorKind::UnexpectedResponse, None), "{error}");
}

#[tokio::test]
async fn a_server_that_gives_the_whole_another_tag_is_reported_and_believed() {
    // It is looked at before it is completed, too.
    let (clean, bucket) = bucket_with_faults(FaultPlan::new().rule(wrong_tags("HeadObject").skip(1))).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).send().await.unwrap();
    assert_eq!((clean.emulator().faults_fired(), uploaded.etag_kept), (vec![1], Some(false)));
    assert_eq!(u64::from(uploaded.attempts), PARTS);
    assert_ne!(uploaded.etag, Some(etag_of_parts(&bytes, PART)));
    assert!(clean.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn without_a_checksum_nobody_notices_as_documented() {
    let plan = FaultPlan::new().rule(flips(Offset::Fraction(0.5), "UploadMultipart").part(1).count(1));
    let (clean, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(SIZE, 1);
    let uploaded = bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(None).send().await.unwrap();
    assert_eq!((uploaded.size, uploaded.etag_kept, clean.emulator().faults_fired()), (SIZE, None, vec![1]));
    let stored = clean.read("key").await.unwrap();
    let different: Vec<usize> = (0..bytes.len()).filter(|place| stored[*place] != bytes[*place]).collect();
    assert_eq!(different.len(), 1);
    assert_eq!(different[0] as u64 / PART, 1, "it is in the part that it flipped in");
}
