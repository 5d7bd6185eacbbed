//! A store on an emulator that runs in the process of the test.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_object_store::QingStorStore;
use qingstor_sdk::{Config, QingStor, RetryConfig};
use tempfile::TempDir;

/// The whole bucket `bucket`, on an emulator that runs until this value is dropped.
pub(crate) struct TestStore {
    pub(crate) emulator: Emulator,
    pub(crate) store: QingStorStore,
    directory: TempDir,
}

impl TestStore {
    pub(crate) async fn start() -> Self {
        Self::with_faults(FaultPlan::new()).await
    }

    /// Starts an emulator that injects faults. The client makes up to eight attempts with a short backoff.
    pub(crate) async fn with_faults(plan: FaultPlan) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let builder = Emulator::builder().bucket("bucket").faults(plan).access_log(directory.path().join("log"));
        let emulator = builder.start().await.unwrap();
        let retry = RetryConfig::default().max_attempts(8).initial_backoff(Duration::from_millis(2));
        let account = QingStor::new(config(&emulator).retry(retry)).unwrap();
        let store = QingStorStore::new(account.bucket("bucket", emulator.zone()));
        Self { emulator, store, directory }
    }

    /// Stops the emulator and returns the lines of its access log, one for each request.
    pub(crate) async fn requests(self) -> io::Result<Vec<String>> {
        let log: PathBuf = self.directory.path().join("log");
        self.emulator.stop().await;
        Ok(fs::read_to_string(log)?.lines().map(str::to_owned).collect())
    }
}

/// Returns a configuration with the endpoint and the access keys of an emulator.
pub(crate) fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint())
}

/// Returns a rule that answers the first request of an operation with an error.
pub(crate) fn answer(operation: &str, status: u16, code: Option<&str>) -> FaultRule {
    let code = code.map(str::to_owned);
    FaultRule::new(Fault::ErrorAnswer { status, code, retry_after: None }).operation(operation).count(1)
}

/// Returns the number of requests in an access log that call one operation.
pub(crate) fn count(requests: &[String], operation: &str) -> usize {
    let operation = format!("\"operation\":\"{operation}\"");
    requests.iter().filter(|request| request.contains(&operation)).count()
}
