//! Uploads through a writer.
//!
//! The object has exactly the bytes that were written, and exists only after the writer was finished. A dropped,
//! aborted or failed upload leaves nothing on the server.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::operations::HeadObjectInput;
use qingstor_sdk::{Error, ErrorKind, MIB, UploadState, UploadWriter};
use qingstor_tests::{
    Random, TestBucket, bucket_with_faults, content, etag_of_parts, for_each_seed, open_uploads, seeds,
};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::support::{HOUR, PART, TEST_TIMEOUT, error_response, progress_signal, wait_until};

/// Writes bytes in pieces of random length, some of them without a copy.
async fn write_pieces(writer: &mut UploadWriter, bytes: &[u8], random: &mut Random) -> Result<(), Error> {
    let mut rest = Bytes::copy_from_slice(bytes);
    while !rest.is_empty() {
        let longest = [100_000, 3 * MIB, 9 * MIB][random.below(3) as usize];
        let piece = rest.split_to(rest.len().min(1 + random.below(longest) as usize));
        if random.below(2) == 0 {
            writer.write_bytes(piece).await?;
        } else {
            writer.write_all(&piece).await.map_err(sdk_error)?;
        }
    }
    Ok(())
}

/// Returns the error of the SDK that an I/O error contains.
fn sdk_error(error: io::Error) -> Error {
    error.downcast().expect("the error of the writer contains the error of the upload")
}

async fn assert_nothing_is_stored(bucket: &TestBucket) {
    assert!(open_uploads(bucket).await.unwrap().is_empty());
    assert!(bucket.head_object("key", HeadObjectInput::new()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn object_has_the_written_bytes() {
    let bucket = TestBucket::start().await.unwrap();
    for (size, parts) in [(0, 0), (1, 0), (PART, 0), (PART + 1, 2), (41 * MIB + 7, 11)] {
        for seed in 0..3 {
            let bytes = content(size, seed);
            let upload = bucket.upload("key").part_size(PART).concurrency(3).content_type("text/csv");
            let mut writer = upload.metadata("origin", "db1").writer().await.unwrap();
            write_pieces(&mut writer, &bytes, &mut Random::new(seed)).await.unwrap();
            let uploaded = writer.finish().await.unwrap();
            assert_eq!((uploaded.key.as_str(), uploaded.size, uploaded.parts), ("key", size, parts));
            assert!(bucket.read("key").await.unwrap() == bytes, "{size} bytes, seed {seed}");
            if parts > 0 {
                assert_eq!(uploaded.etag.unwrap(), etag_of_parts(&bytes, PART));
            }
            let object = bucket.head_object("key", HeadObjectInput::new()).await.unwrap();
            assert_eq!(object.content_type.as_deref(), Some("text/csv"));
            assert_eq!(object.metadata["origin"], "db1");
        }
    }
    assert!(open_uploads(&bucket).await.unwrap().is_empty());
}

#[tokio::test]
async fn shutdown_completes_the_upload_and_ends_the_writing() {
    let bucket = TestBucket::start().await.unwrap();
    let bytes = content(9 * MIB, 1);
    let mut writer = bucket.upload("key").part_size(PART).writer().await.unwrap();
    tokio::io::copy(&mut bytes.as_slice(), &mut writer).await.unwrap();
    writer.flush().await.unwrap();
    for _ in 0..2 {
        writer.shutdown().await.unwrap();
        assert!(bucket.read("key").await.unwrap() == bytes);
    }
    let error = writer.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("the writer was shut down before"), "{error}");
    assert_eq!(writer.write_bytes(vec![0; 100_000]).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(writer.finish().await.unwrap().parts, 3);
    assert!(bucket.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn shut_down_writer_cannot_be_aborted() {
    let bucket = TestBucket::start().await.unwrap();
    let mut writer = bucket.upload("key").writer().await.unwrap();
    writer.shutdown().await.unwrap();
    let error = writer.abort().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("complete and cannot be aborted"), "{error}");
}

#[tokio::test]
async fn aborted_upload_leaves_nothing() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [0, 3 * MIB, 17 * MIB] {
        let (on_progress, part_sent) = progress_signal(|progress| progress.parts > 0);
        let mut writer = bucket.upload("key").part_size(PART).on_progress(on_progress).writer().await.unwrap();
        writer.write_bytes(content(size, 1)).await.unwrap();
        if size > 2 * PART {
            part_sent.await;
            assert_eq!(open_uploads(&bucket).await.unwrap().len(), 1);
        }
        writer.abort().await.unwrap();
        assert_nothing_is_stored(&bucket).await;
    }
}

#[tokio::test]
async fn abort_returns_the_error_if_the_upload_is_left_on_the_server() {
    let refused = FaultRule::new(error_response(403, Some("permission_denied"))).operation("AbortMultipartUpload");
    let (bucket, _) = bucket_with_faults(FaultPlan::new().rule(refused)).await.unwrap();
    let (on_progress, part_sent) = progress_signal(|progress| progress.parts > 0);
    let mut writer = bucket.upload("key").part_size(PART).on_progress(on_progress).writer().await.unwrap();
    writer.write_bytes(content(17 * MIB, 1)).await.unwrap();
    part_sent.await;
    let error = writer.abort().await.unwrap_err();
    assert!(matches!(error.upload_state(), Some(UploadState::AbortFailed { .. })), "{error}");
    assert_eq!(open_uploads(&bucket).await.unwrap(), [error.upload_id().unwrap()]);
}

#[tokio::test]
async fn dropped_writer_is_aborted_in_the_background() {
    let bucket = TestBucket::start().await.unwrap();
    for size in [3 * MIB, 17 * MIB] {
        let (on_progress, part_sent) = progress_signal(|progress| progress.parts > 0);
        let mut writer = bucket.upload("key").part_size(PART).on_progress(on_progress).writer().await.unwrap();
        writer.write_bytes(content(size, 1)).await.unwrap();
        if size > 2 * PART {
            part_sent.await;
        }
        drop(writer);
        wait_until(async || open_uploads(&bucket).await.unwrap().is_empty()).await;
        assert_nothing_is_stored(&bucket).await;
    }
}

#[tokio::test]
async fn failed_upload_fails_the_next_write_with_its_cause() {
    let refused = FaultRule::new(error_response(403, Some("permission_denied"))).operation("UploadMultipart").skip(1);
    let (bucket, _) = bucket_with_faults(FaultPlan::new().rule(refused)).await.unwrap();
    let mut writer = bucket.upload("key").part_size(PART).writer().await.unwrap();
    let piece = content(MIB, 1);
    let error = loop {
        if let Err(error) = writer.write_all(&piece).await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    let error = sdk_error(error);
    assert_eq!(error.code(), Some("permission_denied"));
    assert!(matches!(error.upload_state(), Some(UploadState::Aborted)), "{error}");
    let error = writer.write_bytes(piece).await.unwrap_err();
    assert!(error.to_string().contains("an earlier call of the writer returned the cause"), "{error}");
    assert!(writer.finish().await.is_err());
    assert_nothing_is_stored(&bucket).await;
}

#[tokio::test]
async fn writes_wait_while_the_memory_budget_is_used() {
    let stalled =
        FaultRule::new(Fault::StallInBody { after: Offset::Bytes(0), lasts: None }).operation("UploadMultipart");
    let bucket = TestBucket::on(qingstor_emulator::Emulator::builder().faults(FaultPlan::new().rule(stalled))).await;
    let bucket = bucket.unwrap();
    let account = qingstor_sdk::QingStor::new(bucket.config().idle_timeout(HOUR).response_timeout(HOUR)).unwrap();
    let patient = account.bucket("bucket", bucket.zone());
    let budget = 3 * PART;
    let mut writer = patient.upload("key").part_size(PART).memory_budget(budget).writer().await.unwrap();
    let piece = vec![7; MIB as usize];
    let mut accepted = 0;
    // The server reads no part, so that a write waits in the end. It waits for longer than this test.
    while timeout(Duration::from_secs(1), writer.write_all(&piece)).await.is_ok() {
        accepted += MIB;
        assert!(accepted <= budget + 3 * MIB, "{accepted} bytes were accepted");
    }
    assert!(accepted >= budget, "{accepted} bytes were accepted");
    timeout(TEST_TIMEOUT, writer.abort()).await.unwrap().unwrap();
    assert_nothing_is_stored(&bucket).await;
}

#[tokio::test]
async fn invalid_writers_are_rejected_before_a_request() {
    let bucket = TestBucket::start().await.unwrap();
    let upload = || bucket.upload("key");
    for (upload, problem) in [
        (upload().bytes("x"), "the content of the upload is set already"),
        (upload().checkpoint("key.qsupload"), "checkpoint is set, but only the upload of a file can be resumed"),
        (upload().part_size(1), "part_size is 1 bytes"),
        (upload().memory_budget(MIB), "memory_budget is 1048576 bytes"),
    ] {
        let error = upload.writer().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn writer_can_be_moved_to_other_tasks() {
    fn assert_bounds<T: AsyncWrite + Unpin + Send + 'static>() {}
    assert_bounds::<UploadWriter>();
}

/// Writes random bytes to a server with faults, and finishes, aborts or drops the writer.
async fn run_writer(seed: u64) {
    let mut random = Random::new(seed);
    let faults = [
        error_response(503, None),
        Fault::ResetBeforeAnswer,
        Fault::ResetInBody { after: Offset::Fraction(0.5) },
        Fault::LoseAnswer,
        Fault::FlipReceivedBit { at: None },
    ];
    let operations = ["PutObject", "InitiateMultipartUpload", "UploadMultipart", "CompleteMultipartUpload"];
    let rules = operations.into_iter().flat_map(|operation| {
        // If the id of a new upload is lost, an aborted or dropped writer cannot abort the upload.
        let can_be_aborted =
            move |fault: &&Fault| operation != "InitiateMultipartUpload" || **fault != Fault::LoseAnswer;
        let rule = move |fault: &Fault| FaultRule::new(fault.clone()).operation(operation).probability(0.04);
        faults.iter().filter(can_be_aborted).map(rule)
    });
    let plan = rules.fold(FaultPlan::new().seed(seed), FaultPlan::rule);
    let (test, bucket) = bucket_with_faults(plan).await.unwrap();
    let bytes = content(random.below(5 * PART), seed);
    let mut writer = bucket.upload("key").part_size(PART).concurrency(2).writer().await.unwrap();
    let action = random.below(3);
    let written = if action == 0 { bytes.len() } else { random.below(bytes.len() as u64 + 1) as usize };
    let outcome = match write_pieces(&mut writer, &bytes[..written], &mut random).await {
        Ok(()) if action == 0 => writer.finish().await.map(|_| true),
        Ok(()) if action == 1 => writer.abort().await.map(|()| false),
        Ok(()) => {
            drop(writer);
            Ok(false)
        }
        Err(error) => Err(error),
    };
    let reported = outcome.as_ref().err().and_then(Error::upload_id).map(str::to_owned);
    let aborted = async {
        while open_uploads(&bucket).await.unwrap().iter().any(|id| reported.as_ref() != Some(id)) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TEST_TIMEOUT, aborted).await.unwrap_or_else(|_| panic!("seed {seed}: an upload is left: {outcome:?}"));
    let stored = bucket.head_object("key", HeadObjectInput::new()).await;
    match outcome {
        Ok(true) => assert!(test.read("key").await.unwrap() == bytes, "seed {seed}"),
        Ok(false) => assert!(stored.unwrap_err().is_not_found(), "seed {seed}"),
        Err(error) => {
            assert!(stored.is_err() || error.upload_state().is_none_or(may_be_stored), "seed {seed}: {error}")
        }
    }
}

fn may_be_stored(state: &UploadState) -> bool {
    matches!(state, UploadState::Completed | UploadState::Unknown { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_with_random_faults_and_drops_leave_nothing_unreported() {
    for_each_seed(seeds("QINGSTOR_FAULTY_WRITERS", 200), 6, run_writer).await;
}
