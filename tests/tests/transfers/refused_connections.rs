//! Transfers whose server closes its connections and refuses new ones.
//!
//! A transfer continues when the server accepts connections again. If the server stays unreachable, the error says
//! so, and the same call can resume the transfer later.

use std::cell::Cell;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use qingstor_sdk::{Bucket, Download, Error, ErrorKind, QingStor, RetryConfig, TransferProgress, Upload, UploadState};
use qingstor_tests::{SeparateServer, content, on_sdk_event, open_uploads};
use tokio::task::yield_now;

use crate::support::{PART, file_names, once_at_progress};

const PARTS: u64 = 4;
const SIZE: u64 = (PARTS - 1) * PART + 1234;
/// Number of connections that the server closes. The client transfers one part at a time and has fewer connections
/// open, so it must open a new one.
const CLOSED_CONNECTIONS: u64 = 4;
/// Attempts of a client that fails after the server refused a connection.
const FEW_ATTEMPTS: u32 = 2 * CLOSED_CONNECTIONS as u32;
/// Attempts of a client that retries until the server accepts connections again.
const MANY_ATTEMPTS: u32 = 100_000;

/// Starts a server that closes its connections in the middle of the third part.
fn server(fault: Fault, operation: &str) -> Arc<SeparateServer> {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| on_sdk_event(record_refusal).unwrap());
    let rule = FaultRule::new(fault).operation(operation).skip(2).count(CLOSED_CONNECTIONS);
    Arc::new(SeparateServer::start(Emulator::builder().faults(FaultPlan::new().rule(rule))).unwrap())
}

/// Starts a server that resets connections while it reads a part.
fn server_resetting_uploads() -> Arc<SeparateServer> {
    server(Fault::ResetInBody { after: Offset::Fraction(0.5) }, "UploadMultipart")
}

/// Starts a server with an object, which closes connections while it sends a range.
fn server_cutting_downloads() -> Arc<SeparateServer> {
    let server = server(Fault::CutAnswer { after: Offset::Fraction(0.5) }, "GetObject");
    server.block_on(server.put("key", content(SIZE, 1))).unwrap();
    server
}

/// Runs `work` with a client on the current thread.
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

fn resumable_upload(bucket: &Bucket, folder: &Path) -> Upload {
    upload(bucket).file(folder.join("db.tar")).checkpoint(folder.join("checkpoint"))
}

fn download(bucket: &Bucket, folder: &Path) -> Download {
    bucket.download("key").to_file(folder.join("db.tar")).part_size(PART).concurrency(1)
}

/// Returns a progress callback that makes the server refuse connections once two parts are finished.
fn stop_listening(server: &Arc<SeparateServer>) -> impl Fn(TransferProgress) + Send + Sync + use<> {
    let server = Arc::clone(server);
    once_at_progress(|progress| progress.parts == 2, move || server.block_on(server.emulator().stop_listening()))
}

fn listen_again(server: &SeparateServer) {
    server.block_on(server.emulator().listen_again()).unwrap();
}

/// Waits until the server has refused a connection of the client on this thread, and then makes it accept connections
/// again.
async fn listen_after_refusal(server: &SeparateServer) -> Result<(), Error> {
    while !WAS_REFUSED.get() {
        yield_now().await;
    }
    listen_again(server);
    Ok(())
}

#[track_caller]
fn assert_refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    let text = error.to_string();
    assert!(text.contains("no connection to http://127.0.0.1:") && text.contains(": Connection refused"), "{error}");
}

#[test]
fn upload_continues_when_the_server_accepts_connections_again() {
    let server = server_resetting_uploads();
    let outcome = with_client(&server, MANY_ATTEMPTS, async |bucket| {
        tokio::try_join!(upload(&bucket).on_progress(stop_listening(&server)).send(), listen_after_refusal(&server))
    });
    let (uploaded, ()) = outcome.unwrap();
    assert_eq!(server.emulator().faults_fired(), [CLOSED_CONNECTIONS]);
    assert!(u64::from(uploaded.attempts) >= PARTS + CLOSED_CONNECTIONS, "{uploaded:?}");
    assert!(server.block_on(server.read("key")).unwrap() == content(SIZE, 1));
    assert_eq!(server.block_on(open_uploads(&server)).unwrap(), [""; 0]);
}

#[test]
fn upload_to_an_unreachable_server_fails_and_reports_the_failed_abort() {
    let server = server_resetting_uploads();
    let sending = async |bucket| upload(&bucket).on_progress(stop_listening(&server)).send().await;
    let error = with_client(&server, FEW_ATTEMPTS, sending).unwrap_err();
    assert_refused(&error);
    assert_eq!(error.part_number(), Some(2), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::AbortFailed { .. })), "{error}");
    listen_again(&server);
    assert_eq!(server.block_on(open_uploads(&server)).unwrap(), [error.upload_id().unwrap()]);
}

#[test]
fn upload_with_a_checkpoint_resumes_when_the_server_is_reachable() {
    let server = server_resetting_uploads();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    let sending =
        async |bucket| resumable_upload(&bucket, folder.path()).on_progress(stop_listening(&server)).send().await;
    let error = with_client(&server, FEW_ATTEMPTS, sending).unwrap_err();
    assert_refused(&error);
    assert!(matches!(error.upload_state(), Some(UploadState::Kept { unsaved: None, .. })), "{error}");
    listen_again(&server);
    let uploaded =
        with_client(&server, FEW_ATTEMPTS, async |bucket| resumable_upload(&bucket, folder.path()).send().await)
            .unwrap();
    assert_eq!((uploaded.resumed_bytes, uploaded.restarted), (2 * PART, false));
    assert!(server.block_on(server.read("key")).unwrap() == content(SIZE, 1));
    assert_eq!(file_names(folder.path()), ["db.tar"]);
}

#[test]
fn download_continues_when_the_server_accepts_connections_again() {
    let server = server_cutting_downloads();
    let folder = tempfile::tempdir().unwrap();
    let outcome = with_client(&server, MANY_ATTEMPTS, async |bucket| {
        let download = download(&bucket, folder.path()).on_progress(stop_listening(&server));
        tokio::try_join!(download.send(), listen_after_refusal(&server))
    });
    let (downloaded, ()) = outcome.unwrap();
    assert_eq!(server.emulator().faults_fired(), [CLOSED_CONNECTIONS]);
    assert!(downloaded.is_verified && fs::read(folder.path().join("db.tar")).unwrap() == content(SIZE, 1));
}

#[test]
fn download_from_an_unreachable_server_fails_and_resumes_later() {
    let server = server_cutting_downloads();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("db.tar");
    fs::write(&target, "before").unwrap();
    let sending = async |bucket| download(&bucket, folder.path()).on_progress(stop_listening(&server)).send().await;
    assert_refused(&with_client(&server, FEW_ATTEMPTS, sending).unwrap_err());
    assert_eq!(fs::read(&target).unwrap(), b"before");
    listen_again(&server);
    let downloaded =
        with_client(&server, FEW_ATTEMPTS, async |bucket| download(&bucket, folder.path()).send().await).unwrap();
    assert!(downloaded.is_verified && downloaded.resumed_bytes == 2 * PART, "{downloaded:?}");
    assert!(fs::read(&target).unwrap() == content(SIZE, 1));
    assert_eq!(file_names(folder.path()), ["db.tar"]);
}

thread_local! {
    /// True if the server refused a connection of the client on this thread.
    static WAS_REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Sets [`WAS_REFUSED`] if an event of the SDK reports a refused connection. The event is emitted on the thread of the
/// client.
fn record_refusal(field: &str, value: &dyn Debug) {
    if field == "error" && format!("{value:?}").contains("no connection to http://") {
        WAS_REFUSED.set(true);
    }
}
