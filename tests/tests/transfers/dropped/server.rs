//! An emulator, and clients that each have their own runtime.

use std::time::Duration;

use qingstor_emulator::Builder;
use qingstor_sdk::{Bucket, QingStor};
use qingstor_tests::{SeparateServer, open_uploads};
use tokio::runtime::{self, Handle};
use tokio::time::{sleep, timeout};

use crate::support::{HOUR, TEST_TIMEOUT};

pub(crate) struct Server {
    pub(crate) emulator: SeparateServer,
}

impl Server {
    pub(crate) fn start(emulator: Builder) -> Self {
        Self { emulator: SeparateServer::start(emulator).unwrap() }
    }

    /// Runs `work` with a client on a new runtime, and waits until all tasks of this runtime have ended.
    ///
    /// The timeouts of the client are an hour, so that they do not end a task.
    pub(crate) fn run_client<F: Future>(&self, work: impl FnOnce(Bucket) -> F) -> F::Output {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = self.emulator.config().idle_timeout(HOUR).response_timeout(HOUR);
        let bucket = QingStor::new(config).unwrap().bucket(self.emulator.name(), self.emulator.zone());
        runtime.block_on(async {
            let outcome = work(bucket).await;
            let tasks_ended = async {
                while Handle::current().metrics().num_alive_tasks() > 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(TEST_TIMEOUT, tasks_ended).await.expect("the tasks of the SDK end in time");
            outcome
        })
    }

    pub(crate) fn open_uploads(&self) -> Vec<String> {
        self.emulator.block_on(open_uploads(&self.emulator)).unwrap()
    }

    pub(crate) fn read(&self, key: &str) -> Vec<u8> {
        self.emulator.block_on(self.emulator.read(key)).unwrap()
    }
}
