//! How far an attempt has come with its body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// When bytes last moved, and how many are left; shared by an attempt's body and the watch over it.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    last_millis: AtomicU64,
    longest_pause_millis: AtomicU64,
    left: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            last_millis: AtomicU64::new(0),
            longest_pause_millis: AtomicU64::new(0),
            left: AtomicU64::new(0),
        })
    }

    /// Says how many bytes there are to send.
    pub(crate) fn expect(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn moved(&self, bytes: u64) {
        self.left.fetch_sub(bytes, Ordering::Relaxed);
        self.last_millis.store(self.millis(), Ordering::Relaxed);
    }

    /// The line takes more again; how long it took nothing.
    pub(super) fn pause_ended(&self) -> Duration {
        let pause = self.millis().saturating_sub(self.last_millis.load(Ordering::Relaxed));
        self.longest_pause_millis.fetch_max(pause, Ordering::Relaxed);
        Duration::from_millis(pause)
    }

    /// The longest time for which the line took nothing, and then went on.
    pub(crate) fn longest_pause(&self) -> Duration {
        Duration::from_millis(self.longest_pause_millis.load(Ordering::Relaxed))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn is_all_sent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last_millis.load(Ordering::Relaxed))
    }
}
