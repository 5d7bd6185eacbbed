//! Transfers with servers that stall or are slow.
//!
//! A request that stalls times out, is retried on a new connection up to the configured number of attempts, and then
//! fails. A slow request does not time out. A part that stalls does not delay other parts.

use std::fs;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Config, Downloaded, ErrorKind, MIB, QingStor, Result, RetryConfig};
use qingstor_tests::{TestBucket, content, open_uploads};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::support::{HOUR, PART, TEST_TIMEOUT, progress_signal};

/// Maximum number of attempts of a request.
const ATTEMPTS: u32 = 4;
/// Short idle timeout. It differs from [`RESPONSE_TIMEOUT`], because an error names the timeout that expired.
const IDLE_TIMEOUT: Duration = Duration::from_millis(300);
/// Short response timeout.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(400);
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Size of a body that exceeds the buffers of the kernel.
const LARGE: u64 = 6 * PART;

fn client(config: Config, attempts: u32, idle_timeout: Duration, response_timeout: Duration) -> QingStor {
    let retry = RetryConfig::default().max_attempts(attempts).initial_backoff(Duration::from_millis(2));
    QingStor::new(config.retry(retry).idle_timeout(idle_timeout).response_timeout(response_timeout)).unwrap()
}

/// Starts a server that accepts connections and neither reads nor writes. Also returns the number of its connections.
async fn black_hole() -> (Bucket, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = Config::new("id", "key").endpoint(format!("http://{}", listener.local_addr().unwrap()));
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            kept.push(connection);
        }
    });
    (client(config, ATTEMPTS, IDLE_TIMEOUT, RESPONSE_TIMEOUT).bucket("bucket", None), connections)
}

/// Starts an emulator with faults. Also returns its bucket with a client that has the given limits.
async fn start_with_faults(
    plan: FaultPlan,
    attempts: u32,
    idle_timeout: Duration,
    response_timeout: Duration,
) -> (TestBucket, Bucket) {
    let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
    let client = client(test.config(), attempts, idle_timeout, response_timeout);
    let bucket = client.bucket(test.name(), test.zone());
    (test, bucket)
}

/// Runs a transfer that must end before [`TEST_TIMEOUT`].
async fn in_time<T>(transfer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(TEST_TIMEOUT, transfer).await.expect("the transfer ends in time")
}

#[tokio::test]
async fn request_without_a_response_times_out_after_all_attempts() {
    // The initiation of an upload is not retried, because each attempt could leave an upload on the server.
    for (size, attempts) in [(1, ATTEMPTS), (2 * PART, 1)] {
        let (bucket, connections) = black_hole().await;
        let upload = bucket.upload("key").bytes(content(size, 1)).part_size(PART);
        let error = in_time(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, attempts), "{size}: {error}");
        assert!(
            error.to_string().contains("no response came within 0.4 s after the request was sent"),
            "{size}: {error}"
        );
        assert_eq!(connections.load(Ordering::Relaxed), attempts as usize, "{size}: {error}");
    }
    let (bucket, connections) = black_hole().await;
    let folder = tempfile::tempdir().unwrap();
    let download = bucket.download("key").to_file(folder.path().join("db.tar"));
    let error = in_time(download.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert!(error.to_string().contains("no byte moved for 0.3 s"), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn request_whose_large_body_is_not_read_times_out_after_all_attempts() {
    let (bucket, connections) = black_hole().await;
    let upload = bucket.upload("key").bytes(content(LARGE, 1)).part_size(LARGE);
    let error = in_time(upload.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert!(error.to_string().contains("no byte moved for 0.3 s"), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
}

#[tokio::test]
async fn part_that_stalls_at_every_attempt_fails_with_its_number() {
    let unread = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let unanswered = Fault::StallBeforeAnswer { lasts: None };
    // The response timeout also applies to the initiation, which is not retried. So it must leave the server enough
    // time to respond to the initiation.
    for (fault, attempts, response_timeout, message) in [
        (unread, ATTEMPTS, HOUR, "no byte moved for 0.9 s"),
        (unanswered, 2, 10 * IDLE_TIMEOUT, "no response came within 3 s after the request was sent"),
    ] {
        let plan = FaultPlan::new().rule(FaultRule::new(fault.clone()).operation("UploadMultipart").part(1));
        let (test, bucket) = start_with_faults(plan, attempts, 3 * IDLE_TIMEOUT, response_timeout).await;
        let upload = bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART);
        let error = in_time(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.part_number()), (ErrorKind::Timeout, Some(1)), "{fault:?}: {error}");
        assert!(error.to_string().contains(message), "{fault:?}: {error}");
        assert_eq!(test.emulator().faults_fired(), [u64::from(attempts)], "{fault:?}: {error}");
        assert!(open_uploads(&test).await.unwrap().is_empty(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn stalled_part_is_sent_again_and_a_slow_one_is_not() {
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    // At this rate, the part takes longer than the idle timeout.
    let slow = Fault::SlowReceive { bytes_per_second: 1 << 20 };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(stalled).operation("UploadMultipart").part(0).count(1))
        .rule(FaultRule::new(slow).operation("UploadMultipart").part(1).count(1));
    let (test, bucket) = start_with_faults(plan, ATTEMPTS, Duration::from_secs(2), HOUR).await;
    let bytes = content(9 * MIB, 1);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART);
    let uploaded = in_time(upload.send()).await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1, 1], 4));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn stall_shorter_than_the_idle_timeout_does_not_time_out() {
    // The stall is longer than reqwest's default TCP_USER_TIMEOUT of 30 s.
    let paused = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: Some(Duration::from_secs(35)) };
    let plan = FaultPlan::new().rule(FaultRule::new(paused).operation("PutObject"));
    let (test, bucket) = start_with_faults(plan, ATTEMPTS, HOUR, HOUR).await;
    let bytes = content(PART, 1);
    let uploaded = in_time(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1], 1));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn dropped_upload_releases_its_body_on_a_stalled_connection() {
    let stalled = Fault::StallInBody { after: Offset::Bytes(0), lasts: None };
    let plan = FaultPlan::new().rule(FaultRule::new(stalled).operation("PutObject"));
    let (test, bucket) = start_with_faults(plan, ATTEMPTS, HOUR, HOUR).await;
    // The body holds the progress callback, so the channel closes when the body is dropped.
    let (sender, mut receiver) = mpsc::unbounded_channel::<()>();
    let upload = bucket.upload("key").bytes(content(LARGE, 1)).part_size(LARGE);
    let upload = upload.on_progress(move |_| assert!(!sender.is_closed()));
    assert!(timeout(Duration::from_secs(1), upload.send()).await.is_err());
    assert_eq!(test.emulator().faults_fired(), [1]);
    assert_eq!(in_time(async { Ok(receiver.recv().await) }).await.unwrap(), None);
}

#[tokio::test]
async fn upload_refused_early_releases_its_body() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = Config::new("id", "key").endpoint(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_u8().await.unwrap();
        connection.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        // The server reads no more of the request and keeps the connection open.
        pending::<()>().await;
        drop(connection);
    });
    // The body holds the progress callback, so the channel closes when the body is dropped.
    let (sender, mut receiver) = mpsc::unbounded_channel::<()>();
    let bucket = client(config, 1, HOUR, HOUR).bucket("bucket", None);
    let upload = bucket.upload("key").bytes(content(LARGE, 1)).part_size(LARGE);
    let upload = upload.on_progress(move |_| assert!(!sender.is_closed()));
    let error = in_time(upload.send()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403), "{error}");
    assert_eq!(in_time(async { Ok(receiver.recv().await) }).await.unwrap(), None);
}

#[tokio::test]
async fn stalled_part_does_not_delay_other_parts() {
    const PARTS: u32 = 16;
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let rule = FaultRule::new(stalled).operation("UploadMultipart").part(1);
    let (_test, bucket) = start_with_faults(FaultPlan::new().rule(rule), ATTEMPTS, HOUR, HOUR).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(u64::from(PARTS) * PART).unwrap();
    let (on_progress, other_parts_sent) = progress_signal(|progress| progress.parts == PARTS - 1);
    let upload = bucket.upload("key").file(file.path()).part_size(PART).on_progress(on_progress);
    let error = in_time(upload.cancel_on(other_parts_sent).send()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
}

/// Downloads an object of three parts from a server with a fault in `count` of its responses.
///
/// Returns the outcome, the number of faults that occurred, and the content of the target, which was "before".
async fn download_with_fault(fault: &Fault, count: u64) -> (Result<Downloaded>, u64, Vec<u8>) {
    let rule = FaultRule::new(fault.clone()).operation("GetObject").count(count);
    let (test, bucket) = start_with_faults(FaultPlan::new().rule(rule), ATTEMPTS, 3 * IDLE_TIMEOUT, HOUR).await;
    bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(1);
    let outcome = in_time(download.send()).await;
    (outcome, test.emulator().faults_fired()[0], fs::read(&target).unwrap())
}

#[tokio::test]
async fn stalled_range_is_fetched_again() {
    for fault in [
        Fault::StallInAnswer { after: Offset::Bytes(0), lasts: None },
        Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None },
        Fault::StallBeforeAnswer { lasts: None },
    ] {
        let (outcome, fired, target) = download_with_fault(&fault, 1).await;
        let downloaded = outcome.unwrap();
        assert!(downloaded.attempts > 3 && fired == 1, "{fault:?}: {downloaded:?}");
        assert!(target == content(3 * PART, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn range_that_stalls_at_every_attempt_fails_and_keeps_the_target() {
    for fault in
        [Fault::StallInAnswer { after: Offset::Bytes(0), lasts: None }, Fault::StallBeforeAnswer { lasts: None }]
    {
        let (outcome, fired, target) = download_with_fault(&fault, u64::MAX).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), fired), (ErrorKind::Timeout, u64::from(ATTEMPTS)), "{fault:?}: {error}");
        assert!(error.to_string().contains("no byte moved for 0.9 s"), "{fault:?}: {error}");
        assert_eq!(target, b"before", "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn slow_transfers_do_not_time_out() {
    let idle_timeout = Duration::from_secs(3);
    let bytes = content(384 << 10, 1);
    // At this rate, the client makes progress about once a second.
    let slow_receive = FaultRule::new(Fault::SlowReceive { bytes_per_second: 64 << 10 }).operation("PutObject");
    let slow_send = FaultRule::new(Fault::SlowSend { bytes_per_second: 64 << 10 }).operation("GetObject");
    let plan = FaultPlan::new().rule(slow_receive).rule(slow_send);
    let (test, bucket) = start_with_faults(plan, ATTEMPTS, idle_timeout, HOUR).await;
    let start = Instant::now();
    let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
    assert!(start.elapsed() > idle_timeout, "the transfer was not slow: {:?}", start.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1, 0]));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let start = Instant::now();
    let downloaded = bucket.download("key").to_file(&target).send().await.unwrap();
    assert!(start.elapsed() > idle_timeout, "the transfer was not slow: {:?}", start.elapsed());
    assert_eq!((downloaded.attempts, test.emulator().faults_fired()), (1, vec![1, 1]));
    assert!(fs::read(&target).unwrap() == bytes);
}

#[tokio::test]
async fn upload_to_a_slow_server_outlasts_the_default_tcp_user_timeout() {
    // The receive buffer is too full for a segment most of the time. With reqwest's default TCP_USER_TIMEOUT of 30 s,
    // Linux would therefore close the connection, although bytes are transferred.
    let slow = FaultRule::new(Fault::SlowReceive { bytes_per_second: 8 << 10 }).operation("PutObject");
    let (test, bucket) = start_with_faults(FaultPlan::new().rule(slow), ATTEMPTS, DEFAULT_IDLE_TIMEOUT, HOUR).await;
    let bytes = content(384 << 10, 1);
    let start = Instant::now();
    let uploaded = in_time(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert!(start.elapsed() > Duration::from_secs(40), "the upload was not slow: {:?}", start.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1]));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn large_upload_to_a_slow_server_does_not_time_out() {
    // In this idle timeout, the rate transfers as many bytes as 24 KiB/s in the default of 60 s. After the first MiB,
    // the kernel's send buffer on loopback is so large that it reports free space only about every MiB.
    let idle_timeout = Duration::from_secs(12);
    let slow = FaultRule::new(Fault::SlowReceive { bytes_per_second: 120 << 10 }).operation("PutObject");
    let (test, bucket) = start_with_faults(FaultPlan::new().rule(slow), ATTEMPTS, idle_timeout, HOUR).await;
    let bytes = content(3 * MIB, 1);
    let start = Instant::now();
    let uploaded = in_time(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert!(start.elapsed() > 2 * idle_timeout, "the upload was not slow: {:?}", start.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1]));
    assert!(test.read("key").await.unwrap() == bytes);
}
