//! How far a transfer is.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::rate_limiter::RateLimiter;
use crate::body::BodyProgress;

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
    state: Mutex<State>,
    listener: Option<Listener>,
    pace: Option<RateLimiter>,
}

#[derive(Clone, Copy, Default)]
struct State {
    progress: TransferProgress,
    /// How often it has changed.
    version: u64,
}

struct Listener {
    callback: Callback,
    /// What the callback was told last. It is locked while the callback runs, and nothing else is.
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    version: u64,
    has_panicked: bool,
}

thread_local! {
    /// A callback that drops its own transfer changes the state once more, from within.
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
}

impl Meter {
    pub(crate) fn new(callback: Option<Callback>, pace: Option<RateLimiter>) -> Arc<Self> {
        let listener = callback.map(|callback| Listener { callback, told: Mutex::default() });
        Arc::new(Self { state: Mutex::default(), listener, pace })
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut TransferProgress)) {
        self.change(change);
        self.tell();
    }

    fn change(&self, change: impl FnOnce(&mut TransferProgress)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.progress);
        state.version += 1;
    }

    fn tell(&self) {
        if let Some(listener) = &self.listener {
            listener.tell(|| *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub(crate) fn progress(&self) -> TransferProgress {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).progress
    }
}

impl Listener {
    /// Tells what is so now, unless somebody did while this waited for its turn: nobody is told of an older state after a
    /// newer one, and the last one is always told.
    fn tell(&self, now: impl Fn() -> State) {
        if IS_TELLING.get() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let State { progress, version } = now();
        if version <= told.version || told.has_panicked {
            return;
        }
        told.version = version;
        IS_TELLING.set(true);
        // Whoever tells may be in the middle of sending, or of being dropped: a panic would end more than this transfer.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.callback)(progress)));
        IS_TELLING.set(false);
        if outcome.is_err() {
            told.has_panicked = true;
            tracing::warn!(
                "the function given to `on_progress` panicked: it is not called again, and the transfer goes on"
            );
        }
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
    latest: Mutex<Attempt>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    number: u32,
    moved: u64,
}

impl PartMeter {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        Arc::new(Self { meter: Arc::clone(meter), latest: Mutex::default() })
    }

    /// The part is there.
    pub(crate) fn finish(&self) {
        self.latest().moved = 0;
        self.meter.update(|progress| progress.parts += 1);
    }

    fn latest(&self) -> MutexGuard<'_, Attempt> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What moved so far was in vain; the number of the next attempt.
    fn give_back(&self) -> u32 {
        let (number, moved) = {
            let mut latest = self.latest();
            latest.number += 1;
            let moved = std::mem::take(&mut latest.moved);
            self.meter.change(|progress| {
                progress.bytes = progress.bytes.saturating_sub(moved);
                progress.retried_bytes += moved;
            });
            (latest.number, moved)
        };
        if moved > 0 {
            self.meter.tell();
        }
        number
    }
}

impl BodyProgress for PartMeter {
    fn start_attempt(&self) -> u32 {
        self.give_back()
    }

    fn on_sent(&self, attempt: u32, bytes: u64) {
        {
            let mut latest = self.latest();
            let is_latest = latest.number == attempt;
            latest.moved += if is_latest { bytes } else { 0 };
            self.meter.change(|progress| {
                let counted = if is_latest { &mut progress.bytes } else { &mut progress.retried_bytes };
                *counted += bytes;
            });
        }
        self.meter.tell();
    }

    fn max_chunk(&self) -> usize {
        self.meter.pace.as_ref().map_or(usize::MAX, RateLimiter::chunk_size)
    }

    fn delay_after(&self, bytes: u64) -> Option<Duration> {
        self.meter.pace.as_ref()?.delay_after(bytes, Instant::now())
    }
}

impl Drop for PartMeter {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_begins_again_does_not_count_twice() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        let first = part.start_attempt();
        part.on_sent(first, 100);
        let second = part.start_attempt();
        part.on_sent(second, 30);
        assert_eq!((meter.progress().bytes, meter.progress().retried_bytes), (30, 100));
        part.on_sent(second, 70);
        part.finish();
        drop(part);
        let progress = meter.progress();
        assert_eq!((progress.bytes, progress.retried_bytes, progress.parts), (100, 100, 1));
    }

    /// The HTTP library goes on sending a body after an answer that came before its end.
    #[test]
    fn what_is_sent_of_an_attempt_that_failed_is_in_vain() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        let first = part.start_attempt();
        part.on_sent(first, 20);
        let second = part.start_attempt();
        part.on_sent(first, 80);
        part.on_sent(second, 100);
        part.finish();
        part.on_sent(first, 5);
        drop(part);
        let progress = meter.progress();
        assert_eq!((progress.bytes, progress.retried_bytes, progress.parts), (100, 105, 1));
    }

    #[test]
    fn what_is_given_up_does_not_count() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.on_sent(part.start_attempt(), 100);
        drop(part);
        assert_eq!((meter.progress().bytes, meter.progress().retried_bytes), (0, 100));
    }

    #[test]
    fn everyone_is_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&told);
        let callback: Callback = Arc::new(move |progress| list.lock().unwrap().push(progress.bytes));
        let part = PartMeter::new(&Meter::new(Some(callback), None));
        let attempt = part.start_attempt();
        part.on_sent(attempt, 1);
        part.on_sent(attempt, 2);
        part.finish();
        assert_eq!(*told.lock().unwrap(), [1, 3, 3]);
    }

    #[test]
    fn states_come_one_at_a_time_in_their_order_and_the_last_one_comes() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&told);
        // Whoever is called while another call runs finds the list locked.
        let callback: Callback = Arc::new(move |progress| list.try_lock().unwrap().push(progress.bytes));
        let meter = Meter::new(Some(callback), None);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| meter.update(|progress| progress.bytes += 1)));
            }
        });
        let told = told.lock().unwrap();
        assert!(told.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(told.last(), Some(&4000));
    }

    #[test]
    fn a_callback_that_panics_ends_nothing_and_is_not_called_again() {
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        let callback: Callback = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("by its own fault");
        });
        let part = PartMeter::new(&Meter::new(Some(callback), None));
        let attempt = part.start_attempt();
        part.on_sent(attempt, 1);
        part.on_sent(attempt, 2);
        assert_eq!((part.meter.progress().bytes, calls.load(Ordering::Relaxed)), (3, 1));
    }

    #[test]
    fn a_callback_may_drop_what_it_is_told_of() {
        let part = Arc::new(Mutex::new(None::<Arc<PartMeter>>));
        let dropped = Arc::clone(&part);
        let callback: Callback = Arc::new(move |_| drop(dropped.lock().unwrap().take()));
        let meter = Meter::new(Some(callback), None);
        let of_part = PartMeter::new(&meter);
        of_part.latest().moved = 5;
        *part.lock().unwrap() = Some(of_part);
        meter.update(|progress| progress.bytes = 5);
        assert_eq!((meter.progress().bytes, meter.progress().retried_bytes), (0, 5));
    }
}
