//! Helpers that several modules share.

use std::fmt::Debug;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Fault};
use qingstor_sdk::{Bucket, Config, MIB, QingStor, RetryConfig, TransferProgress};
use tempfile::NamedTempFile;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Part size of the transfers: the minimum that the service accepts.
pub(crate) const PART: u64 = 4 * MIB;

/// Timeout of a step in a test, after which the test fails. The step ends much sooner unless the SDK hangs.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Timeout of a client whose requests must not time out in a test.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Returns a fault that makes the server send an error response, with an error document if `code` is set.
pub(crate) fn error_response(status: u16, code: Option<&str>) -> Fault {
    Fault::ErrorAnswer { status, code: code.map(str::to_owned), retry_after: None }
}

/// Returns an HTTP response for a [`RawServer`](qingstor_tests::RawServer), which closes the connection after each
/// response.
pub(crate) fn http_response(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{}\r\nconnection: close\r\n\r\n", headers.join("\r\n"));
    [head.as_bytes(), body].concat()
}

/// Returns the bucket of a [`TestBucket`](qingstor_tests::TestBucket) that another process started. Its client does not
/// retry.
pub(crate) fn bucket_at(endpoint: &str) -> Bucket {
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY).retry(RetryConfig::disabled());
    QingStor::new(config.endpoint(endpoint)).unwrap().bucket("bucket", DEFAULT_ZONE)
}

/// Returns the content of a checkpoint with its checksum, which replaces an earlier one.
pub(crate) fn sealed(mut checkpoint: serde_json::Value) -> String {
    checkpoint.as_object_mut().unwrap().remove("crc32c");
    let text = checkpoint.to_string();
    let object = text.strip_suffix('}').unwrap();
    format!("{object},\"crc32c\":\"{:08x}\"}}", crc32c::crc32c(object.as_bytes()))
}

/// Creates a temporary file with this content.
pub(crate) fn temp_file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

/// Returns the names of the entries of a folder in alphabetical order.
pub(crate) fn file_names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns a progress callback that runs `action` once, at the first progress for which `is_reached` returns true.
pub(crate) fn once_at_progress(
    is_reached: impl Fn(&TransferProgress) -> bool + Send + Sync + 'static,
    action: impl FnOnce() + Send + 'static,
) -> impl Fn(TransferProgress) + Send + Sync + 'static {
    let action = Mutex::new(Some(action));
    move |progress| {
        if !is_reached(&progress) {
            return;
        }
        let action = action.lock().unwrap().take();
        if let Some(action) = action {
            action();
        }
    }
}

/// Returns a progress callback, and a future that completes once `is_reached` returned true for a progress.
pub(crate) fn progress_signal(
    is_reached: impl Fn(&TransferProgress) -> bool + Send + Sync + 'static,
) -> (impl Fn(TransferProgress) + Send + Sync + 'static, impl Future<Output = ()> + Send + 'static) {
    let signal = Arc::new(Notify::new());
    let sender = Arc::clone(&signal);
    let callback = once_at_progress(is_reached, move || sender.notify_one());
    (callback, async move { signal.notified().await })
}

/// Returns a progress callback, and the list in which the callback records the progress.
pub(crate) fn progress_recorder()
-> (impl Fn(TransferProgress) + Send + Sync + 'static, Arc<Mutex<Vec<TransferProgress>>>) {
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&recorded);
    (move |progress| list.lock().unwrap().push(progress), recorded)
}

/// Runs `future` until `stop` completes. Returns `None` if `stop` completed first and the future was dropped.
pub(crate) async fn run_until<T>(stop: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop => None,
        output = future => Some(output),
    }
}

/// Drops `transfer` when `stop` completes. Panics if the transfer ends first.
pub(crate) async fn drop_when<T: Debug>(stop: impl Future<Output = ()>, transfer: impl Future<Output = T>) {
    if let Some(outcome) = run_until(stop, transfer).await {
        panic!("the transfer ended before it was dropped: {outcome:?}");
    }
}

/// Waits until `condition` holds. Panics after [`TEST_TIMEOUT`].
pub(crate) async fn wait_until(mut condition: impl AsyncFnMut() -> bool) {
    let polling = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TEST_TIMEOUT, polling).await.expect("the condition holds in time");
}
