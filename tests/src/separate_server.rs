//! An emulator with its own runtime, which keeps running while the client blocks the client's thread.

use std::io;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::thread;

use qingstor_emulator::Builder;
use tokio::runtime::{self, Runtime};

use crate::TestBucket;

/// A [`TestBucket`] whose emulator has its own runtime.
///
/// The client can therefore be the only task on its runtime, and its callbacks may block.
#[derive(Debug)]
pub struct SeparateServer {
    test: TestBucket,
    runtime: Runtime,
}

impl SeparateServer {
    /// Starts an emulator with the given settings.
    ///
    /// # Errors
    ///
    /// Returns an error if the emulator cannot be started.
    pub fn start(emulator: Builder) -> io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { test: runtime.block_on(TestBucket::on(emulator))?, runtime })
    }

    /// Runs a future on the server's runtime and blocks the calling thread until it completes. The caller may run on
    /// another runtime.
    pub fn block_on<F>(&self, future: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let result = thread::scope(|scope| scope.spawn(|| self.runtime.block_on(future)).join());
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Deref for SeparateServer {
    type Target = TestBucket;

    fn deref(&self) -> &TestBucket {
        &self.test
    }
}
