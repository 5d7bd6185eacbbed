//! A server that does not stand still when its client's thread does.

use std::io;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::thread;

use qingstor_emulator::Builder;
use tokio::runtime::{self, Runtime};

use crate::TestBucket;

/// A [`TestBucket`] whose emulator has threads of its own. So a client can be alone on its runtime, and what it calls back
/// may block.
#[derive(Debug)]
pub struct ServerApart {
    test: TestBucket,
    runtime: Runtime,
}

impl ServerApart {
    /// On an emulator with settings of the test's own.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(emulator: Builder) -> io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { test: runtime.block_on(TestBucket::on(emulator))?, runtime })
    }

    /// Does something on the server's threads, and blocks until it is done: also where nothing may be awaited.
    pub fn block_on<F>(&self, work: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let done = thread::scope(|scope| scope.spawn(|| self.runtime.block_on(work)).join());
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Deref for ServerApart {
    type Target = TestBucket;

    fn deref(&self) -> &TestBucket {
        &self.test
    }
}
