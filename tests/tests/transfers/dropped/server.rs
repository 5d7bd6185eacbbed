//! A server, and clients that have a runtime for themselves: every task there is one of the SDK's own.

use std::time::Duration;

use qingstor_emulator::Builder;
use qingstor_sdk::{Bucket, QingStor};
use qingstor_tests::{SeparateServer, open_uploads};
use tokio::runtime::{self, Handle};
use tokio::time::{sleep, timeout};

/// For what has to happen: a test that waits so long has failed.
pub(crate) const GUARD: Duration = Duration::from_secs(60);
/// What a client waits for, so that what goes on is not ended by limits of its own.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct Server {
    pub(crate) apart: SeparateServer,
}

impl Server {
    pub(crate) fn start(emulator: Builder) -> Self {
        Self { apart: SeparateServer::start(emulator).unwrap() }
    }

    /// Runs what is to be done with a client, on a runtime where nothing else is; every task has ended when this returns.
    pub(crate) fn alone<F: Future>(&self, work: impl FnOnce(Bucket) -> F) -> F::Output {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = self.apart.config().idle_timeout(HOUR).response_timeout(HOUR);
        let bucket = QingStor::new(config).unwrap().bucket(self.apart.name(), self.apart.zone());
        runtime.block_on(async {
            let outcome = work(bucket).await;
            let ended = async {
                while Handle::current().metrics().num_alive_tasks() > 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(GUARD, ended).await.expect("a task goes on that nobody waits for");
            outcome
        })
    }

    pub(crate) fn open_uploads(&self) -> Vec<String> {
        self.apart.block_on(open_uploads(&self.apart)).unwrap()
    }

    pub(crate) fn read(&self, key: &str) -> Vec<u8> {
        self.apart.block_on(self.apart.read(key)).unwrap()
    }
}
