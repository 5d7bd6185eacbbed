//! How far a transfer is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pace::Pace;
use crate::body::Observer;

/// How far an upload or a download is, as the function given to `on_progress` sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// Bytes that are there: finished parts, what was resumed, and what of the parts under way has moved. It becomes less
    /// when a part has to begin again.
    pub bytes: u64,
    /// How many there are to be; none as long as a reader has not ended.
    pub total_bytes: Option<u64>,
    /// Of `bytes`, those that were there before.
    pub resumed_bytes: u64,
    /// Bytes that moved in vain, and are not part of `bytes`.
    pub retried_bytes: u64,
    /// Parts that are finished, those among them that were resumed.
    pub parts: u32,
    /// How many there are to be, if that is known.
    pub total_parts: Option<u32>,
}

pub(crate) type Callback = Arc<dyn Fn(TransferProgress) + Send + Sync>;

/// Counts what moves, and tells whoever wants to know.
pub(crate) struct Meter {
    progress: Mutex<TransferProgress>,
    callback: Option<Callback>,
    pace: Option<Pace>,
}

impl Meter {
    pub(crate) fn new(callback: Option<Callback>, pace: Option<Pace>) -> Arc<Self> {
        Arc::new(Self { progress: Mutex::default(), callback, pace })
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut TransferProgress)) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut progress);
        // Told within the lock, so that nobody is told of an older state after a newer one.
        if let Some(callback) = &self.callback {
            callback(*progress);
        }
    }

    pub(crate) fn progress(&self) -> TransferProgress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.progress()).finish()
    }
}

/// Counts what moves of one part.
#[derive(Debug)]
pub(crate) struct PartMeter {
    meter: Arc<Meter>,
    moved: AtomicU64,
}

impl PartMeter {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        Arc::new(Self { meter: Arc::clone(meter), moved: AtomicU64::new(0) })
    }

    /// The part is there.
    pub(crate) fn finish(&self) {
        self.moved.store(0, Ordering::Relaxed);
        self.meter.update(|progress| progress.parts += 1);
    }

    /// What moved so far was in vain.
    fn give_back(&self) {
        let moved = self.moved.swap(0, Ordering::Relaxed);
        if moved > 0 {
            self.meter.update(|progress| {
                progress.bytes = progress.bytes.saturating_sub(moved);
                progress.retried_bytes += moved;
            });
        }
    }
}

impl Observer for PartMeter {
    fn begin(&self) {
        self.give_back();
    }

    fn sent(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        self.meter.update(|progress| progress.bytes += bytes);
    }

    fn most_at_once(&self) -> usize {
        self.meter.pace.as_ref().map_or(usize::MAX, Pace::piece)
    }

    fn pause_after(&self, bytes: u64) -> Option<Duration> {
        self.meter.pace.as_ref()?.pause_after(bytes, Instant::now())
    }
}

impl Drop for PartMeter {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_again_does_not_count_twice() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.begin();
        part.sent(100);
        part.begin();
        part.sent(30);
        assert_eq!((meter.progress().bytes, meter.progress().retried_bytes), (30, 100));
        part.sent(70);
        part.finish();
        drop(part);
        let progress = meter.progress();
        assert_eq!((progress.bytes, progress.retried_bytes, progress.parts), (100, 100, 1));
    }

    #[test]
    fn what_is_given_up_does_not_count() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.sent(100);
        drop(part);
        assert_eq!((meter.progress().bytes, meter.progress().retried_bytes), (0, 100));
    }

    #[test]
    fn everyone_is_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&told);
        let callback: Callback = Arc::new(move |progress| list.lock().unwrap().push(progress.bytes));
        let part = PartMeter::new(&Meter::new(Some(callback), None));
        part.sent(1);
        part.sent(2);
        part.finish();
        assert_eq!(*told.lock().unwrap(), [1, 3, 3]);
    }
}
