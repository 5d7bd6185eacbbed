//! Plain `get_object` reads from a server with random faults, some of an object that is replaced meanwhile.
//!
//! A read returns exactly the bytes of the object, or it fails. The bytes before the error are the beginning of
//! the object, never bytes of two versions. There are no flipped bits among the faults, because a plain read compares no
//! checksum; `faulty_downloads.rs` has them.
//!
//! `QINGSTOR_FAULTY_READS` sets the number of reads (default: 250). `QINGSTOR_SEED` selects a single seed.

use std::io;
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::operations::{GetObjectInput, PutObjectInput};
use qingstor_sdk::{ByteRange, Error, MIB, ResponseBody, StatusCode};
use qingstor_tests::{
    Random, TestBucket, content, for_each_seed, logged_requests_of, retrying_bucket_with_timeouts, seeds,
};
use tokio::io::AsyncReadExt;

use crate::support::error_response;

const DEFAULT_READS: u64 = 250;
const MAX_SIZE: u64 = 2 * MIB;

/// Returns a plan in which the body of about every second response breaks or stalls, and one request in ten has another
/// fault. Some connections are closed when they are accepted.
fn random_faults(seed: u64) -> FaultPlan {
    let breaks = [
        Fault::CutAnswer { after: Offset::Bytes(0) },
        Fault::CutAnswer { after: Offset::Fraction(0.1) },
        Fault::CutAnswer { after: Offset::Fraction(0.6) },
        Fault::CutAnswer { after: Offset::Fraction(0.999) },
        Fault::StallInAnswer { after: Offset::Fraction(0.4), lasts: None },
    ];
    let others = [
        error_response(500, None),
        error_response(503, Some("service_unavailable")),
        Fault::ErrorAnswer { status: 429, code: Some("too_many_requests".to_owned()), retry_after: Some(0) },
        Fault::ResetBeforeAnswer,
        Fault::LoseAnswer,
        Fault::StallBeforeAnswer { lasts: None },
        Fault::SlowSend { bytes_per_second: 8 * MIB },
        Fault::WrongEtag,
        Fault::Latency { delay: Duration::from_millis(300) },
    ];
    let (broken, other) = (0.5 / breaks.len() as f64, 0.1 / others.len() as f64);
    let faults = breaks.into_iter().zip([broken; 5]).chain(others.into_iter().zip([other; 9]));
    let closed = FaultRule::new(Fault::CloseOnAccept).probability(other);
    faults.fold(FaultPlan::new().seed(seed).rule(closed), |plan, (fault, probability)| {
        plan.rule(FaultRule::new(fault).operation("GetObject").probability(probability))
    })
}

/// Returns a random range of an object, and its bytes.
fn random_range(random: &mut Random, bytes: &[u8]) -> (Option<ByteRange>, Vec<u8>) {
    let size = bytes.len() as u64;
    let (start, length) = (random.below(size), 1 + random.below(size));
    let end = start.saturating_add(length).min(size);
    let (range, start, end) = match random.below(4) {
        0 => ((start..start + length).into(), start, end),
        1 => ((start..).into(), start, size),
        2 => (ByteRange::last(length), size - length, size),
        _ => return (None, bytes.to_vec()),
    };
    (Some(range), bytes[start as usize..end as usize].to_vec())
}

/// Reads a body chunk by chunk or as a reader. Returns the bytes before the error too, and the status of the error.
async fn read(mut body: ResponseBody, as_reader: bool) -> (Vec<u8>, Result<(), Option<StatusCode>>) {
    let mut received = Vec::new();
    if as_reader {
        let outcome = body.into_async_read().read_to_end(&mut received).await;
        let status = |error: io::Error| error.get_ref().unwrap().downcast_ref::<Error>().unwrap().status();
        return (received, outcome.map(drop).map_err(status));
    }
    loop {
        match body.next().await {
            Ok(Some(chunk)) => received.extend_from_slice(&chunk),
            Ok(None) => return (received, Ok(())),
            Err(error) => return (received, Err(error.status())),
        }
    }
}

/// The outcome of a read.
struct Outcome {
    is_success: bool,
    /// True if the server refused to continue because the object had been replaced.
    is_replaced: bool,
    /// Number of requests whose response had content.
    responses: usize,
    read: u64,
    /// Bytes of content that the server sent.
    sent: u64,
}

async fn read_object(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let bytes = content(1 + random.below(MAX_SIZE), seed);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let emulator = Emulator::builder().faults(random_faults(seed)).access_log(&log);
    let test = TestBucket::on(emulator).await.unwrap();
    let bucket = retrying_bucket_with_timeouts(&test, Duration::from_secs(1), Duration::from_secs(20)).unwrap();
    bucket.put_object("key", PutObjectInput::new().body(bytes.clone())).await.unwrap();

    let (range, expected) = random_range(&mut random, &bytes);
    let mut input = GetObjectInput::new();
    input.range = range;
    let mut read_bytes = 0;
    let mut is_replaced = false;
    let is_success = match bucket.get_object("key", input).await {
        Ok(object) => {
            if random.below(4) == 0 {
                // Another object of the same size, so that its bytes would fit.
                let other = content(bytes.len() as u64, seed + 1_000_000);
                let input = PutObjectInput::new().body(other);
                bucket.put_object("key", input).await.unwrap();
            }
            let (received, outcome) = read(object.body, random.below(2) == 0).await;
            read_bytes = received.len() as u64;
            match outcome {
                Ok(()) => assert!(received == expected, "seed {seed}: {} bytes", received.len()),
                Err(status) => {
                    assert!(expected.starts_with(&received), "seed {seed}: {status:?}");
                    is_replaced = status == Some(StatusCode::PRECONDITION_FAILED);
                }
            }
            outcome.is_ok()
        }
        Err(_) => false,
    };
    test.stop().await;
    let requests = logged_requests_of(&log, "GetObject").unwrap();
    let responses: Vec<u64> = requests
        .iter()
        .filter(|request| request["status"] == 200 || request["status"] == 206)
        .filter_map(|request| request["bytes_sent"].as_u64())
        .collect();
    Outcome { is_success, is_replaced, responses: responses.len(), read: read_bytes, sent: responses.iter().sum() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_with_random_faults_returns_one_version_or_an_error() {
    let seeds = seeds("QINGSTOR_FAULTY_READS", DEFAULT_READS);
    let outcomes = for_each_seed(seeds, 8, read_object).await;
    let total = outcomes.len();
    let succeeded: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.is_success).collect();
    let resumed = succeeded.iter().filter(|outcome| outcome.responses > 1).count();
    let read: u64 = succeeded.iter().map(|outcome| outcome.read).sum();
    let sent: u64 = succeeded.iter().map(|outcome| outcome.sent).sum();
    let (succeeded, replaced) = (succeeded.len(), outcomes.iter().filter(|outcome| outcome.is_replaced).count());
    println!(
        "{succeeded} of {total} succeeded, {resumed} of them in several responses, with {sent} bytes sent for {read}; \
         {replaced} failed because the object was replaced"
    );
    // The server may have sent bytes of a broken connection that the client did not read.
    assert!(sent * 10 <= read * 11, "{sent} bytes sent for {read}");
    // With only a few reads, the shares depend on chance.
    if total as u64 >= DEFAULT_READS {
        assert!(succeeded * 10 >= total * 6, "{succeeded} of {total}");
        assert!(resumed * 5 >= total && replaced > 0, "{resumed} and {replaced} of {total}");
    }
}
