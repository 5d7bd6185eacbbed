//! How far an attempt has come with its body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Shorter pauses are those of a busy machine as well as of a line.
const PAUSE_OF_A_LINE: Duration = Duration::from_secs(1);

/// More than the system's buffer takes in the steps in which it takes more: a line that moved so much without a pause is not
/// slow any more.
const RECOVERED: u64 = 4 << 20;

/// When bytes last moved, and how many are left; shared by an attempt's body and the watch over it.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    last_millis: AtomicU64,
    left: AtomicU64,
    longest_pause_millis: AtomicU64,
    left_at_last_pause: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            last_millis: AtomicU64::new(0),
            left: AtomicU64::new(0),
            longest_pause_millis: AtomicU64::new(0),
            left_at_last_pause: AtomicU64::new(0),
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
    pub(super) fn end_pause(&self) -> Duration {
        let pause = Duration::from_millis(self.millis().saturating_sub(self.last_millis.load(Ordering::Relaxed)));
        if pause >= PAUSE_OF_A_LINE {
            let longest = pause.max(self.longest_pause());
            self.left_at_last_pause.store(self.left.load(Ordering::Relaxed), Ordering::Relaxed);
            self.longest_pause_millis.store(u64::try_from(longest.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        pause
    }

    /// The longest time for which the line, while it was slow, took nothing and then went on; zero if it is not slow.
    pub(crate) fn longest_pause(&self) -> Duration {
        let moved = self.left_at_last_pause.load(Ordering::Relaxed).saturating_sub(self.left.load(Ordering::Relaxed));
        if moved > RECOVERED {
            return Duration::ZERO;
        }
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
