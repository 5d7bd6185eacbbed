//! Downloads that are read as a stream.
//!
//! A stream returns the bytes of one state of the object in order, or it ends with an error. It never holds more bytes than
//! the memory budget.
//!
//! `QINGSTOR_FAULTY_STREAMS` sets the number of streams with random faults (default: 250). `QINGSTOR_SEED` selects a
//! single seed.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Bucket, ByteRange, Download, Error, ErrorKind, MIB, ObjectStream};
use qingstor_tests::{
    Random, TestBucket, bucket_with_faults, content, for_each_seed, logged_requests_of, retrying_bucket_with_timeouts,
    seeds,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use crate::support::{PART, error_response, once_at_progress, progress_recorder, wait_until};

const DEFAULT_STREAMS: u64 = 250;

/// Reads the rest of a stream. Returns the bytes that came before the end or an error.
async fn read(stream: &mut ObjectStream) -> (Vec<u8>, Result<(), Error>) {
    let mut received = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(bytes)) => received.extend_from_slice(&bytes),
            Ok(None) => return (received, Ok(())),
            Err(error) => return (received, Err(error)),
        }
    }
}

/// Stores an object in parts of this size.
async fn store(bucket: &Bucket, bytes: &[u8], part_size: u64) {
    bucket.upload("key").bytes(bytes.to_vec()).part_size(part_size).metadata("origin", "db1").send().await.unwrap();
}

#[tokio::test]
async fn stream_returns_the_verified_object() {
    let test = TestBucket::start().await.unwrap();
    for (size, stored_in) in [(0, PART), (1, PART), (5 * PART, PART), (5 * PART + 7, PART), (5 * PART + 7, 100 * MIB)] {
        let bytes = content(size, 1);
        store(&test, &bytes, stored_in).await;
        for (part_size, concurrency, memory_budget) in [(PART, 8, 8 * PART), (PART, 3, PART), (8 * PART, 1, 8 * PART)] {
            let download = test.download("key").part_size(part_size).concurrency(concurrency);
            let mut stream = download.memory_budget(memory_budget).stream().await.unwrap();
            assert_eq!((stream.size(), stream.remaining(), stream.is_verified()), (size, size, false));
            assert_eq!(stream.object().content_length, Some(size));
            assert_eq!(stream.object().metadata["origin"], "db1");
            let (received, outcome) = read(&mut stream).await;
            outcome.unwrap();
            let case = format!("{size} bytes in parts of {stored_in}, read in parts of {part_size}");
            assert!(received == bytes, "{case}");
            // The parts of an object can be guessed only if they have the configured size, or no other layout is possible.
            assert_eq!((stream.remaining(), stream.is_verified()), (0, true), "{case}");
            assert!(stream.next().await.unwrap().is_none(), "{case}");
        }
    }
}

#[tokio::test]
async fn stream_implements_the_traits_for_reading() {
    let test = TestBucket::start().await.unwrap();
    let text: String = (0..1_000_000).map(|line| format!("line {line}\n")).collect();
    store(&test, text.as_bytes(), PART).await;
    let stream = async || test.download("key").part_size(PART).stream().await.unwrap();

    let mut lines = stream().await.lines();
    let mut count = 0;
    while let Some(line) = lines.next_line().await.unwrap() {
        assert_eq!(line, format!("line {count}"));
        count += 1;
    }
    assert_eq!(count, 1_000_000);

    let (mut start, mut rest) = ([0; 1000], Vec::new());
    let mut reader = stream().await;
    reader.read_exact(&mut start).await.unwrap();
    assert_eq!(reader.remaining(), text.len() as u64 - 1000);
    // The methods continue after the bytes that were read.
    let next = reader.next().await.unwrap().unwrap();
    reader.read_to_end(&mut rest).await.unwrap();
    assert!([&start, &next[..], &rest].concat() == text.as_bytes());

    assert!(stream().await.bytes().await.unwrap() == text.as_bytes());
    let chunks: Vec<Bytes> = stream().await.boxed().try_collect().await.unwrap();
    assert!(chunks.concat() == text.as_bytes());
    assert!(format!("{:?}", stream().await).contains(&text.len().to_string()));
}

#[tokio::test]
async fn range_of_an_object_is_read() {
    let test = TestBucket::start().await.unwrap();
    let bytes = content(5 * PART + 7, 1);
    let size = bytes.len() as u64;
    store(&test, &bytes, PART).await;
    let download = |range: ByteRange| test.download("key").part_size(PART).range(range);
    for (range, expected) in [
        (ByteRange::from(0..1), 0..1),
        ((PART - 1..4 * PART + 3).into(), PART - 1..4 * PART + 3),
        ((3 * PART..).into(), 3 * PART..size),
        ((..=99).into(), 0..100),
        (ByteRange::last(5), size - 5..size),
        ((size - 1..size + PART).into(), size - 1..size),
    ] {
        let stream = download(range.clone()).stream().await.unwrap();
        assert_eq!((stream.size(), stream.remaining()), (size, expected.end - expected.start), "{range}");
        let received = stream.bytes().await.unwrap();
        assert!(received == bytes[expected.start as usize..expected.end as usize], "{range}");
    }
    let mut whole = download((0..).into()).stream().await.unwrap();
    read(&mut whole).await.1.unwrap();
    assert!(whole.is_verified(), "a range of all bytes is the whole object");
    for (range, problem) in [
        (ByteRange::from(size..), format!("bytes={size}-, but the object has {size} bytes")),
        ("bytes=1".into(), "must be one range".to_owned()),
    ] {
        let error = download(range).stream().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&problem), "{error}");
    }
}

#[tokio::test]
async fn options_that_do_not_apply_are_refused() {
    let test = TestBucket::start().await.unwrap();
    test.put("key", "content").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let download = || test.download("key");
    let refused = |error: Error, problem: &str| {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(problem) && error.to_string().contains("key"), "{error}");
    };
    let for_files: [Download; 3] =
        [download().to_file("a"), download().checkpoint(folder.path().join("c")), download().durable(true)];
    for download in for_files {
        refused(download.stream().await.unwrap_err(), "end it with `send`");
    }
    for download in [download().range(0..1), download().memory_budget(64 * MIB)] {
        refused(download.to_file(folder.path().join("a")).send().await.unwrap_err(), "apply only to `stream`");
    }
    refused(download().memory_budget(PART).stream().await.unwrap_err(), "memory_budget is 4194304 bytes");
    refused(download().send().await.unwrap_err(), "has no target");
    assert!(download().stream().await.unwrap().bytes().await.unwrap() == "content");
    let error = test.download("other").stream().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("other"), "{error}");
}

#[tokio::test]
async fn ranges_beyond_the_memory_budget_are_requested_after_bytes_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let test = TestBucket::on(Emulator::builder().access_log(&log)).await.unwrap();
    let bytes = content(6 * PART, 1);
    store(&test, &bytes, PART).await;
    let requested = || logged_requests_of(&log, "GetObject").unwrap().len() as u64;
    let download = test.download("key").part_size(PART).concurrency(6).memory_budget(2 * PART);
    let mut stream = download.stream().await.unwrap();
    let mut received = Vec::new();
    while received.len() < bytes.len() {
        received.extend_from_slice(&stream.next().await.unwrap().unwrap());
        // A range is requested when the bytes before it were read, up to the budget.
        let started = (received.len() as u64 / PART + 2).min(6);
        wait_until(async || requested() + 1 >= started).await;
        assert!(requested() <= started, "{} requests after {} bytes", requested(), received.len());
    }
    assert!(received == bytes);
}

#[tokio::test]
async fn changed_object_ends_the_stream_with_an_error() {
    let test = TestBucket::start().await.unwrap();
    for old_size in [6 * PART, 6 * PART + 1] {
        let (old, new) = (content(old_size, 1), content(6 * PART, 2));
        store(&test, &old, PART).await;
        let mut stream =
            test.download("key").part_size(PART).concurrency(2).memory_budget(2 * PART).stream().await.unwrap();
        let first = stream.next().await.unwrap().unwrap();
        store(&test, &new, PART).await;
        let (rest, outcome) = read(&mut stream).await;
        let error = outcome.unwrap_err();
        assert!(error.is_precondition_failed(), "{error}");
        assert!(old.starts_with(&[&first[..], &rest].concat()), "bytes of two versions");
        assert!(stream.next().await.unwrap().is_none(), "the stream ends after the error");
    }
}

#[tokio::test]
async fn flipped_bit_is_an_error_instead_of_the_last_bytes() {
    let parts = 3;
    let bytes = content((parts - 1) * PART + 1234, 1);
    for stored_in in [PART, 4 * PART] {
        for part in 0..parts {
            let flipped = FaultRule::new(Fault::FlipSentBit { at: None }).operation("GetObject");
            let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(flipped.skip(part).count(1))).await.unwrap();
            store(&bucket, &bytes, stored_in).await;
            let download = || bucket.download("key").part_size(PART).concurrency(1);
            let mut stream = download().stream().await.unwrap();
            let (received, outcome) = read(&mut stream).await;
            let error = outcome.unwrap_err();
            assert_eq!(test.emulator().faults_fired(), [1]);
            assert!(received.len() < bytes.len(), "the last bytes are not returned");
            assert!(error.kind() == ErrorKind::UnexpectedResponse && error.to_string().contains("key"), "{error}");
            assert!(!stream.is_verified());
            assert!(stream.next().await.unwrap().is_none());
            let mut unverified = download().checksum(None).stream().await.unwrap();
            read(&mut unverified).await.1.unwrap();
            assert!(!unverified.is_verified());
        }
    }
}

#[tokio::test]
async fn to_writer_writes_all_bytes_and_reports_errors_of_the_writer() {
    let test = TestBucket::start().await.unwrap();
    let bytes = content(3 * PART + 7, 1);
    store(&test, &bytes, PART).await;
    let (mut near, mut far) = tokio::io::duplex(1000);
    let mut received = Vec::new();
    let (on_progress, calls) = progress_recorder();
    let download = async {
        let downloaded = test.download("key").part_size(PART).on_progress(on_progress).to_writer(&mut near).await;
        near.shutdown().await.unwrap();
        downloaded.unwrap()
    };
    let (downloaded, _) = tokio::join!(download, far.read_to_end(&mut received));
    assert!(received == bytes);
    assert_eq!((downloaded.key.as_str(), downloaded.size), ("key", bytes.len() as u64));
    assert_eq!((downloaded.parts, downloaded.attempts, downloaded.is_verified), (4, 4, true));
    let last = *calls.lock().unwrap().last().unwrap();
    assert_eq!((last.bytes, last.total_bytes, last.parts), (downloaded.size, Some(downloaded.size), 4));

    let (near, far) = tokio::io::duplex(1000);
    drop(far);
    let error = test.download("key").to_writer(near).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(error.to_string().contains("download") && error.to_string().contains("key"), "{error}");
    let cause = std::error::Error::source(&error).unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn cancelled_stream_ends_with_an_error() {
    let test = TestBucket::start().await.unwrap();
    store(&test, &content(6 * PART, 1), PART).await;
    let (cancel, cancelled) = tokio::sync::oneshot::channel();
    let on_progress = once_at_progress(|progress| progress.bytes > PART, move || cancel.send(()).unwrap());
    let download = test.download("key").part_size(PART).concurrency(1).memory_budget(2 * PART).on_progress(on_progress);
    let cancelled = async move { cancelled.await.unwrap() };
    let mut stream = download.cancel_on(cancelled).stream().await.unwrap();
    let error = read(&mut stream).await.1.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");

    // A writer that takes nothing more is cancelled too.
    let (near, _far) = tokio::io::duplex(1000);
    let (cancel, cancelled) = tokio::sync::oneshot::channel();
    let on_progress = once_at_progress(|progress| progress.bytes > PART, move || cancel.send(()).unwrap());
    let cancelled = async move { cancelled.await.unwrap() };
    let download = test.download("key").part_size(PART).on_progress(on_progress).cancel_on(cancelled);
    let error = download.to_writer(near).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
}

/// Returns a plan in which one request in ten has a fault.
fn random_faults(seed: u64) -> FaultPlan {
    let faults = [
        error_response(500, None),
        error_response(503, Some("service_unavailable")),
        Fault::ResetBeforeAnswer,
        Fault::LoseAnswer,
        Fault::CutAnswer { after: Offset::Fraction(0.9) },
        Fault::CutAnswer { after: Offset::Bytes(0) },
        Fault::StallBeforeAnswer { lasts: None },
        Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None },
        Fault::FlipSentBit { at: None },
        Fault::WrongEtag,
    ];
    let share = 0.1 / faults.len() as f64;
    faults.iter().fold(FaultPlan::new().seed(seed), |plan, fault| {
        plan.rule(FaultRule::new(fault.clone()).operation("GetObject").probability(share))
    })
}

/// The outcome of a stream with random faults.
struct Outcome {
    is_complete: bool,
    size: u64,
    /// Number of bytes that the server sent.
    sent: u64,
}

/// Reads a random object with random faults. In a quarter of the runs, the object changes meanwhile.
async fn read_with_faults(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let is_in_parts = random.below(2) == 0;
    let size = if is_in_parts {
        // 4 MiB is the only part size in whole MiB that gives this number of parts, so a wrong digest is an error.
        let full_parts = 1 + random.below(4);
        full_parts * PART + 1 + random.below(full_parts * MIB)
    } else {
        1 + random.below(5 * PART)
    };
    // An object that is stored with one request is hashed in order.
    let stored_in = if is_in_parts { PART } else { 8 * PART };
    let (old, new) = (content(size, seed), content(size, seed + 1));
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let emulator = Emulator::builder().faults(random_faults(seed)).access_log(&log);
    let test = TestBucket::on(emulator).await.unwrap();
    store(&test, &old, stored_in).await;
    let bucket = retrying_bucket_with_timeouts(&test, Duration::from_secs(1), Duration::from_secs(20)).unwrap();
    let changes_at = (random.below(4) == 0).then(|| random.below(size));
    let concurrency = 1 + random.below(4);
    let download = bucket.download("key").part_size(PART).concurrency(concurrency as usize);
    let mut stream = download.memory_budget(concurrency * PART).stream().await.unwrap();
    let (mut received, mut has_changed) = (Vec::new(), false);
    let outcome = loop {
        match stream.next().await {
            Ok(Some(bytes)) => received.extend_from_slice(&bytes),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if !has_changed && changes_at.is_some_and(|at| received.len() as u64 > at) {
            has_changed = true;
            test.put_object("key", PutObjectInput::new().body(new.clone())).await.unwrap();
        }
    };
    let is_complete = outcome.is_ok();
    match outcome {
        Ok(()) => assert!(received == old && stream.is_verified(), "seed {seed}"),
        Err(error) => {
            // Faults flip single bits. Bytes of the other version would differ almost everywhere.
            let different = received.iter().zip(&old).filter(|(received, old)| received != old).count();
            assert!(received.len() <= old.len() && different < 20, "seed {seed}: {different} bytes differ: {error}");
        }
    }
    drop(stream);
    test.stop().await;
    let requests = logged_requests_of(&log, "GetObject").unwrap();
    let sent: u64 = requests.iter().filter_map(|request| request["bytes_sent"].as_u64()).sum();
    Outcome { is_complete, size, sent }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_with_random_faults_returns_the_object_or_an_error() {
    let seeds = seeds("QINGSTOR_FAULTY_STREAMS", DEFAULT_STREAMS);
    let outcomes = for_each_seed(seeds, 8, read_with_faults).await;
    let complete = outcomes.iter().filter(|outcome| outcome.is_complete).count();
    let size: u64 = outcomes.iter().map(|outcome| outcome.size).sum();
    let sent: u64 = outcomes.iter().map(|outcome| outcome.sent).sum();
    let factor = sent as f64 / size as f64;
    println!("{complete} of {} streams returned the whole object, for {factor:.3} of the bytes", outcomes.len());
    if outcomes.len() as u64 >= DEFAULT_STREAMS {
        assert!(complete * 10 >= outcomes.len() * 5, "{complete} of {}", outcomes.len());
        assert!(factor <= 1.1, "the server sent {factor} of the bytes");
    }
}

#[tokio::test]
async fn dropped_stream_sends_no_more_requests() {
    for chunks in [0, 1, 20] {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let test = TestBucket::on(Emulator::builder().access_log(&log)).await.unwrap();
        store(&test, &content(10 * PART, 1), PART).await;
        let download = test.download("key").part_size(PART).concurrency(2).memory_budget(2 * PART);
        let mut stream = download.stream().await.unwrap();
        for _ in 0..chunks {
            stream.next().await.unwrap().unwrap();
        }
        let returned = 10 * PART - stream.remaining();
        drop(stream);
        // Returns when all connections have ended.
        test.stop().await;
        let requests = logged_requests_of(&log, "GetObject").unwrap().len() as u64;
        assert!(requests <= if chunks == 0 { 0 } else { returned / PART + 2 }, "{requests} after {returned} bytes");
    }
}

#[tokio::test]
async fn reader_that_stops_at_the_last_byte_notices_a_flipped_bit() {
    let bytes = content(2 * PART + 1234, 1);
    for stored_in in [PART, 4 * PART] {
        let flipped = FaultRule::new(Fault::FlipSentBit { at: None }).operation("GetObject").count(1);
        let (_test, bucket) = bucket_with_faults(FaultPlan::new().rule(flipped)).await.unwrap();
        store(&bucket, &bytes, stored_in).await;
        let mut stream = bucket.download("key").part_size(PART).stream().await.unwrap();
        let mut received = vec![0; bytes.len()];
        let error = stream.read_exact(&mut received).await.unwrap_err();
        let error = error.downcast::<Error>().unwrap();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    }
}

#[tokio::test]
async fn range_continues_after_a_response_of_another_object() {
    let bytes = content(PART, 1);
    // The first connection breaks, and the response to the request for the rest has another ETag.
    let cut = FaultRule::new(Fault::CutAnswer { after: Offset::Fraction(0.5) }).operation("GetObject").count(1);
    let wrong = FaultRule::new(Fault::WrongEtag).operation("GetObject").count(1);
    let (test, bucket) = bucket_with_faults(FaultPlan::new().rule(cut).rule(wrong)).await.unwrap();
    store(&bucket, &bytes, PART).await;
    let stream = bucket.download("key").stream().await.unwrap();
    assert!(stream.bytes().await.unwrap() == bytes);
    assert_eq!(test.emulator().faults_fired(), [1, 1]);
}
