//! Transfers whose server takes no connections any more, and closes those that it has.
//!
//! Protects: a server that is away for a while keeps no transfer from its end; one that stays away is an error that says so
//! and what is left; and once it is back, the same call goes on where it was.

use std::cell::Cell;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{
    Bucket, Download, Error, ErrorKind, MIB, QingStor, RetryConfig, TransferProgress, Upload, UploadState,
};
use qingstor_tests::{SeparateServer, content, on_sdk_event, open_uploads};
use tokio::task::yield_now;

const PART: u64 = 4 * MIB;
const PARTS: u64 = 4;
const SIZE: u64 = (PARTS - 1) * PART + 1234;
/// How many connections are closed: more than there are, where one part goes after the other.
const CLOSED: u64 = 4;
/// As many attempts as it takes to be refused by a server that is away, or that comes back.
const FEW: u32 = 2 * CLOSED as u32;
const MANY: u32 = 100_000;

/// A server that closes connections in the middle of the third part.
fn server(fault: Fault, operation: &str) -> Arc<SeparateServer> {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| on_sdk_event(note_refusal).unwrap());
    let rule = FaultRule::new(fault).operation(operation).skip(2).count(CLOSED);
    Arc::new(SeparateServer::start(Emulator::builder().faults(FaultPlan::new().rule(rule))).unwrap())
}

fn resetting() -> Arc<SeparateServer> {
    server(Fault::ResetInBody { after: Offset::Fraction(0.5) }, "UploadMultipart")
}

fn cutting() -> Arc<SeparateServer> {
    let server = server(Fault::CutAnswer { after: Offset::Fraction(0.5) }, "GetObject");
    server.block_on(server.put("key", content(SIZE, 1))).unwrap();
    server
}

/// Does something with a client, on this thread alone.
fn with_client<T>(server: &SeparateServer, attempts: u32, work: impl AsyncFnOnce(Bucket) -> T) -> T {
    WAS_REFUSED.set(false);
    let backoff = Duration::from_millis(2);
    let retry = RetryConfig::default().max_attempts(attempts).initial_backoff(backoff).max_backoff(5 * backoff);
    let bucket = QingStor::new(server.config().retry(retry)).unwrap().bucket(server.name(), server.zone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work(bucket))
}

fn upload(bucket: &Bucket) -> Upload {
    bucket.upload("key").bytes(content(SIZE, 1)).part_size(PART).concurrency(1)
}

fn resumable(bucket: &Bucket, folder: &Path) -> Upload {
    upload(bucket).file(folder.join("db.tar")).checkpoint(folder.join("checkpoint"))
}

fn download(bucket: &Bucket, folder: &Path) -> Download {
    bucket.download("key").to_file(folder.join("db.tar")).part_size(PART).concurrency(1)
}

/// Has connections refused once two parts are there, before anything else happens.
fn going_away(server: &Arc<SeparateServer>) -> impl Fn(TransferProgress) + Send + Sync + use<> {
    let (server, is_away) = (Arc::clone(server), AtomicBool::new(false));
    move |progress| {
        if progress.parts == 2 && !is_away.swap(true, Ordering::Relaxed) {
            server.block_on(server.emulator().stop_listening());
        }
    }
}

fn come_back(server: &SeparateServer) {
    server.block_on(server.emulator().listen_again()).unwrap();
}

/// Comes back when the client of this thread was refused.
async fn coming_back(server: &SeparateServer) -> Result<(), Error> {
    while !WAS_REFUSED.get() {
        yield_now().await;
    }
    come_back(server);
    Ok(())
}

fn assert_refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.to_string().contains("no connection to the server: Connection refused"), "{error}");
}

#[test]
fn an_upload_goes_on_when_the_server_is_back() {
    let server = resetting();
    let outcome = with_client(&server, MANY, async |bucket| {
        tokio::try_join!(upload(&bucket).on_progress(going_away(&server)).send(), coming_back(&server))
    });
    let (uploaded, ()) = outcome.unwrap();
    assert_eq!(server.emulator().faults_fired(), [CLOSED]);
    assert!(u64::from(uploaded.attempts) > PARTS + CLOSED, "no connection was refused: {uploaded:?}");
    assert!(server.block_on(server.read("key")).unwrap() == content(SIZE, 1));
    assert_eq!(server.block_on(open_uploads(&server)).unwrap(), [""; 0]);
}

#[test]
fn an_upload_to_a_server_that_stays_away_is_an_error_that_says_what_is_left() {
    let server = resetting();
    let sending = async |bucket| upload(&bucket).on_progress(going_away(&server)).send().await;
    let error = with_client(&server, FEW, sending).unwrap_err();
    assert_refused(&error);
    assert_eq!(error.part_number(), Some(2), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::AbortFailed { .. })), "{error}");
    come_back(&server);
    assert_eq!(server.block_on(open_uploads(&server)).unwrap(), [error.upload_id().unwrap()]);
}

#[test]
fn an_upload_with_a_checkpoint_goes_on_where_it_was_when_the_server_is_back() {
    let server = resetting();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    let sending = async |bucket| resumable(&bucket, folder.path()).on_progress(going_away(&server)).send().await;
    let error = with_client(&server, FEW, sending).unwrap_err();
    assert_refused(&error);
    assert!(matches!(error.upload_state(), Some(UploadState::Kept { unsaved: None, .. })), "{error}");
    come_back(&server);
    let uploaded = with_client(&server, FEW, async |bucket| resumable(&bucket, folder.path()).send().await).unwrap();
    assert_eq!((uploaded.resumed_bytes, uploaded.restarted), (2 * PART, false));
    assert!(server.block_on(server.read("key")).unwrap() == content(SIZE, 1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left beside the file");
}

#[test]
fn a_download_goes_on_when_the_server_is_back() {
    let server = cutting();
    let folder = tempfile::tempdir().unwrap();
    let outcome = with_client(&server, MANY, async |bucket| {
        let download = download(&bucket, folder.path()).on_progress(going_away(&server));
        tokio::try_join!(download.send(), coming_back(&server))
    });
    let (downloaded, ()) = outcome.unwrap();
    assert_eq!(server.emulator().faults_fired(), [CLOSED]);
    assert!(u64::from(downloaded.attempts) > PARTS + CLOSED, "no connection was refused: {downloaded:?}");
    assert!(downloaded.is_verified && fs::read(folder.path().join("db.tar")).unwrap() == content(SIZE, 1));
}

#[test]
fn a_download_from_a_server_that_stays_away_is_an_error_and_is_gone_on_with_when_it_is_back() {
    let server = cutting();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let sending = async |bucket| download(&bucket, folder.path()).on_progress(going_away(&server)).send().await;
    assert_refused(&with_client(&server, FEW, sending).unwrap_err());
    assert_eq!(fs::read(&target).unwrap(), b"before");
    come_back(&server);
    let downloaded = with_client(&server, FEW, async |bucket| download(&bucket, folder.path()).send().await).unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes == 2 * PART, "{downloaded:?}");
    assert!(fs::read(&target).unwrap() == content(SIZE, 1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left beside the target");
}

thread_local! {
    static WAS_REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Takes note of connections that were refused, for the thread that wanted them: nobody else sees that.
fn note_refusal(field: &str, value: &dyn Debug) {
    if field == "error" && format!("{value:?}").contains("no connection to the server") {
        WAS_REFUSED.set(true);
    }
}
