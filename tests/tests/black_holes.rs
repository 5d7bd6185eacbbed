//! Transfers to and from servers that stop, and such as are slow.
//!
//! Protects: a server that says nothing more, or takes nothing more, is noticed, tried again on a new connection as often as
//! it was wanted, and is an error in the end; one that goes on, however slowly, is not cut; and what stands still keeps
//! nothing else from its way.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Config, Downloaded, ErrorKind, MIB, QingStor, Result, RetryConfig};
use qingstor_tests::{content, faulty, open_uploads};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

const PART: u64 = 4 * MIB;
const ATTEMPTS: u32 = 4;
const LIMIT: Duration = Duration::from_millis(300);
/// What has to end has ended long before.
const GUARD: Duration = Duration::from_secs(120);

fn impatient(config: Config) -> Config {
    let retry = RetryConfig::default().max_attempts(ATTEMPTS).initial_backoff(Duration::from_millis(2));
    config.retry(retry).response_timeout(LIMIT)
}

/// A server that accepts connections and does nothing about them; how many it has.
async fn black_hole() -> (Bucket, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = Config::new("id", "key").endpoint(format!("http://{}", listener.local_addr().unwrap()));
    let config = impatient(config);
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            kept.push(connection);
        }
    });
    (QingStor::new(config).unwrap().bucket("bucket", ""), connections)
}

async fn ended<T>(transfer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(GUARD, transfer).await.expect("it does not end")
}

#[tokio::test]
async fn a_server_that_never_says_anything_is_an_error_after_so_many_connections() {
    // What begins an upload is not sent twice: who knows how many there would be.
    for (size, attempts) in [(1, ATTEMPTS), (2 * PART, 1)] {
        let (bucket, connections) = black_hole().await;
        let upload = bucket.upload("key").bytes(content(size, 1)).part_size(PART).stall_timeout(LIMIT);
        let error = ended(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, attempts), "{size}: {error}");
        assert_eq!(connections.load(Ordering::Relaxed), attempts as usize, "{size}: {error}");
    }
    let (bucket, connections) = black_hole().await;
    let folder = tempfile::tempdir().unwrap();
    let download = bucket.download("key").to_file(folder.path().join("db.tar")).stall_timeout(LIMIT);
    let error = ended(download.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_large_body_that_nobody_reads_is_noticed() {
    let (bucket, connections) = black_hole().await;
    // More than the system takes in by itself.
    let upload = bucket.upload("key").bytes(content(6 * PART, 1)).part_size(6 * PART).stall_timeout(LIMIT);
    let error = ended(upload.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
}

#[tokio::test]
async fn parts_that_are_never_read_to_their_end_are_an_error_that_says_which() {
    for fault in
        [Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None }, Fault::StallBeforeAnswer { lasts: None }]
    {
        let plan = FaultPlan::new().rule(FaultRule::new(fault.clone()).operation("UploadMultipart").part(1));
        let (test, _) = faulty(plan).await.unwrap();
        let account = QingStor::new(impatient(test.config())).unwrap();
        let bucket = account.bucket(test.name(), test.zone());
        let upload = bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART).stall_timeout(3 * LIMIT);
        let error = ended(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.part_number()), (ErrorKind::Timeout, Some(1)), "{fault:?}: {error}");
        assert_eq!(test.emulator().faults_fired(), [u64::from(ATTEMPTS)], "{fault:?}: {error}");
        assert!(open_uploads(&test).await.unwrap().is_empty(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn one_part_that_stands_still_keeps_no_other() {
    const PARTS: u32 = 16;
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let rule = FaultRule::new(stalled).operation("UploadMultipart").part(1);
    let (_clean, bucket) = faulty(FaultPlan::new().rule(rule)).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(u64::from(PARTS) * PART).unwrap();
    let all_others = Arc::new(Notify::new());
    let notify = Arc::clone(&all_others);
    let upload = bucket.upload("key").file(file.path()).part_size(PART).stall_timeout(GUARD);
    let upload = upload.on_progress(move |progress| {
        if progress.parts == PARTS - 1 {
            notify.notify_one();
        }
    });
    let error = ended(upload.cancel_on(async move { all_others.notified().await }).send()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
}

/// An object of three parts on a server with this fault in some of its answers, and what comes of its download.
async fn download(fault: &Fault, count: u64) -> (Result<Downloaded>, u64, Vec<u8>) {
    let rule = FaultRule::new(fault.clone()).operation("GetObject").count(count);
    let (test, bucket) = faulty(FaultPlan::new().rule(rule)).await.unwrap();
    bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(1).stall_timeout(3 * LIMIT);
    let outcome = ended(download.send()).await;
    (outcome, test.emulator().faults_fired()[0], fs::read(&target).unwrap())
}

#[tokio::test]
async fn a_range_that_stalls_is_fetched_again() {
    for fault in [
        Fault::StallInAnswer { after: Offset::Bytes(0), lasts: None },
        Fault::StallInAnswer { after: Offset::Fraction(0.5), lasts: None },
        Fault::StallBeforeAnswer { lasts: None },
    ] {
        let (outcome, fired, target) = download(&fault, 1).await;
        let downloaded = outcome.unwrap();
        assert!(downloaded.attempts > 3 && fired == 1, "{fault:?}: {downloaded:?}");
        assert!(target == content(3 * PART, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_range_that_never_comes_is_an_error_after_so_many_attempts() {
    for fault in
        [Fault::StallInAnswer { after: Offset::Bytes(0), lasts: None }, Fault::StallBeforeAnswer { lasts: None }]
    {
        let (outcome, fired, target) = download(&fault, u64::MAX).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), fired), (ErrorKind::Timeout, u64::from(ATTEMPTS)), "{fault:?}: {error}");
        assert_eq!(target, b"before", "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn what_moves_slowly_is_finished_however_long_it_takes() {
    let limit = Duration::from_secs(3);
    let bytes = content(384 << 10, 1);
    // On a slow line, a client sees its bytes move about every second.
    let slow_receive = FaultRule::new(Fault::SlowReceive { bytes_per_second: 64 << 10 }).operation("PutObject");
    let slow_send = FaultRule::new(Fault::SlowSend { bytes_per_second: 64 << 10 }).operation("GetObject");
    let (test, bucket) = faulty(FaultPlan::new().rule(slow_receive).rule(slow_send)).await.unwrap();
    let begun = Instant::now();
    let uploaded = bucket.upload("key").bytes(bytes.clone()).stall_timeout(limit).send().await.unwrap();
    assert!(begun.elapsed() > limit, "it was not slow: {:?}", begun.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1, 0]));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let begun = Instant::now();
    let downloaded = bucket.download("key").to_file(&target).stall_timeout(limit).send().await.unwrap();
    assert!(begun.elapsed() > limit, "it was not slow: {:?}", begun.elapsed());
    assert_eq!((downloaded.attempts, test.emulator().faults_fired()), (1, vec![1, 1]));
    assert!(fs::read(&target).unwrap() == bytes);
}
