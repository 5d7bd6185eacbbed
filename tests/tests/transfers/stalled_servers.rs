//! Transfers to and from servers that stop, and such as are slow.
//!
//! Protects: a server that says nothing more, or takes nothing more, is noticed, tried again on a new connection as often as
//! it was wanted, and is an error in the end; one that is slow from the beginning, and goes on, is not cut; and what stands
//! still keeps nothing else from its way.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Config, Downloaded, ErrorKind, MIB, QingStor, Result, RetryConfig};
use qingstor_tests::{TestBucket, content, open_uploads};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

const PART: u64 = 4 * MIB;
const ATTEMPTS: u32 = 4;
/// How long nothing may move. An error names the limit that it is about, so no two limits are the same.
const LIMIT: Duration = Duration::from_millis(300);
/// How long an answer may take where none ever comes.
const ANSWER_LIMIT: Duration = Duration::from_millis(400);
/// What has to end has ended long before.
const GUARD: Duration = Duration::from_secs(120);
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// So long that a test which waited for it would fail.
const HOUR: Duration = Duration::from_secs(3600);

fn client(config: Config, attempts: u32, idle_timeout: Duration, response_timeout: Duration) -> QingStor {
    let retry = RetryConfig::default().max_attempts(attempts).initial_backoff(Duration::from_millis(2));
    QingStor::new(config.retry(retry).idle_timeout(idle_timeout).response_timeout(response_timeout)).unwrap()
}

/// A server that accepts connections and does nothing about them; how many it has.
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
    (client(config, ATTEMPTS, LIMIT, ANSWER_LIMIT).bucket("bucket", None), connections)
}

/// A bucket on a server with these faults, and for such a client.
async fn misbehaving(
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

async fn ended<T>(transfer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(GUARD, transfer).await.expect("it does not end")
}

#[tokio::test]
async fn a_server_that_never_says_anything_is_an_error_after_so_many_connections() {
    // What begins an upload is not sent twice: who knows how many there would be.
    for (size, attempts) in [(1, ATTEMPTS), (2 * PART, 1)] {
        let (bucket, connections) = black_hole().await;
        let upload = bucket.upload("key").bytes(content(size, 1)).part_size(PART);
        let error = ended(upload.send()).await.unwrap_err();
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
    let error = ended(download.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert!(error.to_string().contains("no byte moved for 0.3 s"), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_large_body_that_nobody_reads_is_noticed() {
    let (bucket, connections) = black_hole().await;
    // More than the system takes in by itself.
    let upload = bucket.upload("key").bytes(content(6 * PART, 1)).part_size(6 * PART);
    let error = ended(upload.send()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, ATTEMPTS), "{error}");
    assert!(error.to_string().contains("no byte moved for 0.3 s"), "{error}");
    assert_eq!(connections.load(Ordering::Relaxed), ATTEMPTS as usize, "{error}");
}

#[tokio::test]
async fn parts_that_are_never_read_to_their_end_are_an_error_that_says_which() {
    let unread = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let unanswered = Fault::StallBeforeAnswer { lasts: None };
    // What begins the upload is not sent twice, so an answer has its time.
    for (fault, attempts, answer_limit, told) in [
        (unread, ATTEMPTS, HOUR, "no byte moved for 0.9 s"),
        (unanswered, 2, 10 * LIMIT, "no response came within 3 s after the request was sent"),
    ] {
        let plan = FaultPlan::new().rule(FaultRule::new(fault.clone()).operation("UploadMultipart").part(1));
        let (test, bucket) = misbehaving(plan, attempts, 3 * LIMIT, answer_limit).await;
        let upload = bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART);
        let error = ended(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.part_number()), (ErrorKind::Timeout, Some(1)), "{fault:?}: {error}");
        assert!(error.to_string().contains(told), "{fault:?}: {error}");
        assert_eq!(test.emulator().faults_fired(), [u64::from(attempts)], "{fault:?}: {error}");
        assert!(open_uploads(&test).await.unwrap().is_empty(), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_part_that_stalls_is_sent_again_and_a_slow_one_is_not() {
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    // Longer on its way than the limit.
    let slow = Fault::SlowReceive { bytes_per_second: 1 << 20 };
    let plan = FaultPlan::new()
        .rule(FaultRule::new(stalled).operation("UploadMultipart").part(0).count(1))
        .rule(FaultRule::new(slow).operation("UploadMultipart").part(1).count(1));
    let (test, bucket) = misbehaving(plan, ATTEMPTS, Duration::from_secs(2), HOUR).await;
    let bytes = content(9 * MIB, 1);
    let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART);
    let uploaded = ended(upload.send()).await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1, 1], 4));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn a_standstill_that_is_shorter_than_the_limit_is_waited_for() {
    // Longer than limits on movement are by default, and what the HTTP library would have the system wait.
    let paused = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: Some(Duration::from_secs(35)) };
    let plan = FaultPlan::new().rule(FaultRule::new(paused).operation("PutObject"));
    let (test, bucket) = misbehaving(plan, ATTEMPTS, HOUR, HOUR).await;
    let bytes = content(PART, 1);
    let uploaded = ended(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert_eq!((test.emulator().faults_fired(), uploaded.attempts), (vec![1], 1));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn a_dropped_upload_releases_its_body_on_a_stalled_connection() {
    let stalled = Fault::StallInBody { after: Offset::Bytes(0), lasts: None };
    let plan = FaultPlan::new().rule(FaultRule::new(stalled).operation("PutObject"));
    let (test, bucket) = misbehaving(plan, ATTEMPTS, HOUR, HOUR).await;
    let (given, mut let_go_of) = mpsc::unbounded_channel::<()>();
    // More than the system takes in by itself.
    let upload = bucket.upload("key").bytes(content(6 * PART, 1)).part_size(6 * PART);
    let upload = upload.on_progress(move |_| assert!(!given.is_closed()));
    assert!(timeout(Duration::from_secs(1), upload.send()).await.is_err());
    assert_eq!(test.emulator().faults_fired(), [1]);
    assert_eq!(ended(async { Ok(let_go_of.recv().await) }).await.unwrap(), None);
}

#[tokio::test]
async fn an_early_refusal_releases_the_body() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let config = Config::new("id", "key").endpoint(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_u8().await.unwrap();
        connection.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        // Nothing more is read, and the connection stays.
        std::future::pending::<()>().await;
        drop(connection);
    });
    let (given, mut let_go_of) = mpsc::unbounded_channel::<()>();
    let bucket = client(config, 1, HOUR, HOUR).bucket("bucket", None);
    let upload = bucket.upload("key").bytes(content(6 * PART, 1)).part_size(6 * PART);
    let upload = upload.on_progress(move |_| assert!(!given.is_closed()));
    let error = ended(upload.send()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403), "{error}");
    assert_eq!(ended(async { Ok(let_go_of.recv().await) }).await.unwrap(), None);
}

#[tokio::test]
async fn one_part_that_stands_still_keeps_no_other() {
    const PARTS: u32 = 16;
    let stalled = Fault::StallInBody { after: Offset::Fraction(0.5), lasts: None };
    let rule = FaultRule::new(stalled).operation("UploadMultipart").part(1);
    let (_test, bucket) = misbehaving(FaultPlan::new().rule(rule), ATTEMPTS, GUARD, HOUR).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(u64::from(PARTS) * PART).unwrap();
    let all_others = Arc::new(Notify::new());
    let notify = Arc::clone(&all_others);
    let upload = bucket.upload("key").file(file.path()).part_size(PART);
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
    let (test, bucket) = misbehaving(FaultPlan::new().rule(rule), ATTEMPTS, 3 * LIMIT, HOUR).await;
    bucket.upload("key").bytes(content(3 * PART, 1)).part_size(PART).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let download = bucket.download("key").to_file(&target).part_size(PART).concurrency(1);
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
        assert!(error.to_string().contains("no byte moved for 0.9 s"), "{fault:?}: {error}");
        assert_eq!(target, b"before", "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn slow_transfers_do_not_time_out() {
    let limit = Duration::from_secs(3);
    let bytes = content(384 << 10, 1);
    // On a slow line, a client sees its bytes move about every second.
    let slow_receive = FaultRule::new(Fault::SlowReceive { bytes_per_second: 64 << 10 }).operation("PutObject");
    let slow_send = FaultRule::new(Fault::SlowSend { bytes_per_second: 64 << 10 }).operation("GetObject");
    let plan = FaultPlan::new().rule(slow_receive).rule(slow_send);
    let (test, bucket) = misbehaving(plan, ATTEMPTS, limit, HOUR).await;
    let begun = Instant::now();
    let uploaded = bucket.upload("key").bytes(bytes.clone()).send().await.unwrap();
    assert!(begun.elapsed() > limit, "it was not slow: {:?}", begun.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1, 0]));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    let begun = Instant::now();
    let downloaded = bucket.download("key").to_file(&target).send().await.unwrap();
    assert!(begun.elapsed() > limit, "it was not slow: {:?}", begun.elapsed());
    assert_eq!((downloaded.attempts, test.emulator().faults_fired()), (1, vec![1, 1]));
    assert!(fs::read(&target).unwrap() == bytes);
}

#[tokio::test]
async fn a_receiver_without_room_for_a_segment_is_not_cut() {
    // Linux would end the connection after hyper's TCP_USER_TIMEOUT of 30 s, although bytes move.
    let slow = FaultRule::new(Fault::SlowReceive { bytes_per_second: 8 << 10 }).operation("PutObject");
    let (test, bucket) = misbehaving(FaultPlan::new().rule(slow), ATTEMPTS, DEFAULT_IDLE_TIMEOUT, HOUR).await;
    let bytes = content(384 << 10, 1);
    let begun = Instant::now();
    let uploaded = ended(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert!(begun.elapsed() > Duration::from_secs(40), "it was not slow: {:?}", begun.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1]));
    assert!(test.read("key").await.unwrap() == bytes);
}

#[tokio::test]
async fn a_slow_receiver_of_a_long_body_is_not_cut() {
    // As many bytes within the limit as 24 KiB/s are within the default of 60 s. After the first MiB, the kernel's send buffer
    // on loopback has grown so far that it reports free space only every MiB or so.
    let limit = Duration::from_secs(12);
    let slow = FaultRule::new(Fault::SlowReceive { bytes_per_second: 120 << 10 }).operation("PutObject");
    let (test, bucket) = misbehaving(FaultPlan::new().rule(slow), ATTEMPTS, limit, HOUR).await;
    let bytes = content(3 * MIB, 1);
    let begun = Instant::now();
    let uploaded = ended(bucket.upload("key").bytes(bytes.clone()).send()).await.unwrap();
    assert!(begun.elapsed() > 2 * limit, "it was not slow: {:?}", begun.elapsed());
    assert_eq!((uploaded.attempts, test.emulator().faults_fired()), (1, vec![1]));
    assert!(test.read("key").await.unwrap() == bytes);
}
