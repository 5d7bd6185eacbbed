//! Progress of a request body.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Receives the progress of a request body, and limits its rate.
///
/// A body is sent again if its request is retried, so each attempt has a number.
pub(crate) trait BodyProgress: Send + Sync {
    /// Starts an attempt and returns its number.
    ///
    /// The bytes of all earlier attempts then count as retried. This includes bytes that hyper takes later: after an
    /// early response, it may still be sending an earlier attempt.
    fn start_attempt(&self) -> u32;

    /// Reports that hyper has taken `bytes` of an attempt.
    fn on_sent(&self, attempt: u32, bytes: u64);

    /// Returns the maximum size of the next frame in bytes.
    fn max_chunk(&self) -> usize {
        usize::MAX
    }

    /// Returns the pause after a frame of `bytes`.
    fn delay_after(&self, _bytes: u64) -> Option<Duration> {
        None
    }
}

/// The progress of a request and its body, as the timeouts need it: the time of the last frame, and the number of bytes
/// left.
#[derive(Debug)]
pub(crate) struct Activity {
    start: Instant,
    /// Milliseconds between `start` and the last frame.
    last_frame_millis: AtomicU64,
    bytes_left: AtomicU64,
    is_taken: AtomicBool,
}

impl Activity {
    /// Starts the clock for a body of `length` bytes.
    pub(crate) fn new(length: u64) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            last_frame_millis: AtomicU64::new(0),
            bytes_left: AtomicU64::new(length),
            is_taken: AtomicBool::new(false),
        })
    }

    /// Records that hyper has taken a frame of `bytes`.
    pub(super) fn record(&self, bytes: u64) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_frame_millis.store(millis, Ordering::Relaxed);
        self.bytes_left.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Records that a connection has taken the request.
    pub(crate) fn set_taken(&self) {
        self.is_taken.store(true, Ordering::Relaxed);
    }

    /// Returns true if a connection has taken the request, so that the server may have received it. Before that, the
    /// client waits for a connection, or hyper hands the request back.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    pub(crate) fn is_all_sent(&self) -> bool {
        self.bytes_left.load(Ordering::Relaxed) == 0
    }

    /// Returns the time at which hyper took the last frame, or the start if it has taken none.
    pub(crate) fn last_frame_at(&self) -> Instant {
        self.start + Duration::from_millis(self.last_frame_millis.load(Ordering::Relaxed))
    }
}
