//! Progress of a request body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Receives the progress of a request body, and limits its rate.
///
/// A body is sent again if its request is retried. Each attempt has a number.
pub(crate) trait BodyProgress: Send + Sync {
    /// Starts an attempt and returns its number.
    ///
    /// The bytes of earlier attempts count as retried, including those that hyper still sends after an early response.
    fn start_attempt(&self) -> u32;

    /// Reports that `bytes` of an attempt were handed to hyper.
    fn on_sent(&self, attempt: u32, bytes: u64);

    /// Returns the maximum number of bytes to hand over at once.
    fn max_chunk(&self) -> usize {
        usize::MAX
    }

    /// Returns how long to wait after `bytes` were handed over before the next ones are.
    fn delay_after(&self, _bytes: u64) -> Option<Duration> {
        None
    }
}

/// Time of the last movement in an attempt's body, shared by the body and the timeout that watches it.
#[derive(Debug)]
pub(crate) struct Activity {
    start: Instant,
    /// Milliseconds between `start` and the last movement.
    last_millis: AtomicU64,
    bytes_left: AtomicU64,
}

impl Activity {
    /// Starts the clock for a body of `length` bytes.
    pub(crate) fn new(length: u64) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), last_millis: AtomicU64::new(0), bytes_left: AtomicU64::new(length) })
    }

    /// Records that `bytes` were handed to hyper.
    pub(super) fn record(&self, bytes: u64) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_millis.store(millis, Ordering::Relaxed);
        self.bytes_left.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn is_all_sent(&self) -> bool {
        self.bytes_left.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn last_move(&self) -> Instant {
        self.start + Duration::from_millis(self.last_millis.load(Ordering::Relaxed))
    }
}
