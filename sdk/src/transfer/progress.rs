//! Progress of a transfer.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::rate_limiter::RateLimiter;
use crate::body::BodyProgress;

/// Progress of a transfer, as given to the `on_progress` callback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// Bytes transferred: finished parts, resumed parts, and the bytes of unfinished parts that have moved so far. It
    /// decreases if a part starts again.
    pub bytes: u64,
    /// Bytes of the whole object. `None` until a reader has ended.
    pub total_bytes: Option<u64>,
    /// Bytes of `bytes` that an earlier transfer had moved.
    pub resumed_bytes: u64,
    /// Bytes that were moved again. They are not part of `bytes`.
    pub retried_bytes: u64,
    /// Finished parts, resumed ones included.
    pub parts: u32,
    /// Parts of the whole object. `None` until it is known.
    pub total_parts: Option<u32>,
}

/// Callback given to `on_progress`.
pub(crate) type Callback = Arc<dyn Fn(TransferProgress) + Send + Sync>;

/// Counts the bytes and parts of a transfer, and calls the progress callback.
pub(crate) struct Meter {
    state: Mutex<State>,
    callback: Option<Callback>,
    /// Progress that the callback was called with last. It is locked during a call, and nothing ever waits for it.
    reported: Mutex<TransferProgress>,
    rate_limiter: Option<RateLimiter>,
}

#[derive(Clone, Copy, Default)]
struct State {
    progress: TransferProgress,
    is_final: bool,
}

impl Meter {
    pub(crate) fn new(callback: Option<Callback>, rate_limiter: Option<RateLimiter>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), callback, reported: Mutex::default(), rate_limiter })
    }

    pub(crate) fn progress(&self) -> TransferProgress {
        self.state().progress
    }

    /// Changes the progress and reports it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut TransferProgress)) {
        change(&mut self.state().progress);
        self.report();
    }

    /// Reports the final progress, unless the last call had it.
    ///
    /// If a call is still running, the thread that makes it makes the last one too.
    pub(crate) fn finish(&self) {
        self.state().is_final = true;
        self.report();
    }

    /// Calls the callback, unless a call is running or the progress is the one reported last.
    fn report(&self) {
        let Some(callback) = &self.callback else { return };
        loop {
            let Ok(mut reported) = self.reported.try_lock() else { return };
            let now = self.progress();
            if *reported != now {
                callback(now);
                *reported = now;
            }
            drop(reported);
            // Progress that was made during the call has been skipped. Only the final one must not be.
            let State { progress, is_final } = *self.state();
            if !is_final || progress == now {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.progress()).finish()
    }
}

/// Counts the bytes of one part. If it is dropped before [`finish`](PartMeter::finish), they count as retried.
#[derive(Debug)]
pub(crate) struct PartMeter {
    meter: Arc<Meter>,
    latest: Mutex<Attempt>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    number: u32,
    bytes: u64,
}

impl PartMeter {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        Arc::new(Self { meter: Arc::clone(meter), latest: Mutex::default() })
    }

    pub(crate) fn finish(&self) {
        self.latest().bytes = 0;
        self.meter.update(|progress| progress.parts += 1);
    }

    fn latest(&self) -> MutexGuard<'_, Attempt> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the bytes of the latest attempt as retried, and returns the number of the next attempt.
    fn start_again(&self) -> u32 {
        let mut latest = self.latest();
        latest.number += 1;
        let number = latest.number;
        let bytes = std::mem::take(&mut latest.bytes);
        if bytes > 0 {
            let progress = &mut self.meter.state().progress;
            progress.bytes = progress.bytes.saturating_sub(bytes);
            progress.retried_bytes += bytes;
        }
        drop(latest);
        self.meter.report();
        number
    }
}

impl BodyProgress for PartMeter {
    fn start_attempt(&self) -> u32 {
        self.start_again()
    }

    fn on_sent(&self, attempt: u32, bytes: u64) {
        {
            let mut latest = self.latest();
            let progress = &mut self.meter.state().progress;
            if latest.number == attempt {
                latest.bytes += bytes;
                progress.bytes += bytes;
            } else {
                progress.retried_bytes += bytes;
            }
        }
        self.meter.report();
    }

    fn max_chunk(&self) -> usize {
        self.meter.rate_limiter.as_ref().map_or(usize::MAX, RateLimiter::chunk_size)
    }

    fn delay_after(&self, bytes: u64) -> Option<Duration> {
        self.meter.rate_limiter.as_ref()?.delay_after(bytes, Instant::now())
    }
}

impl Drop for PartMeter {
    fn drop(&mut self) {
        self.start_again();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn counts(meter: &Meter) -> (u64, u64, u32) {
        let TransferProgress { bytes, retried_bytes, parts, .. } = meter.progress();
        (bytes, retried_bytes, parts)
    }

    /// Returns a meter whose callback records the bytes of every call.
    fn recorded() -> (Arc<Meter>, Arc<Mutex<Vec<u64>>>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&calls);
        // A call during another one would find the list locked.
        let callback: Callback = Arc::new(move |progress| recorded.try_lock().unwrap().push(progress.bytes));
        (Meter::new(Some(callback), None), calls)
    }

    #[test]
    fn a_restarted_part_counts_once() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.on_sent(part.start_attempt(), 100);
        let second = part.start_attempt();
        part.on_sent(second, 30);
        assert_eq!(counts(&meter), (30, 100, 0));
        part.on_sent(second, 70);
        part.finish();
        drop(part);
        assert_eq!(counts(&meter), (100, 100, 1));
    }

    /// hyper goes on sending a body after a response that came before the body's end.
    #[test]
    fn bytes_of_an_earlier_attempt_count_as_retried() {
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
        assert_eq!(counts(&meter), (100, 105, 1));
    }

    #[test]
    fn bytes_of_a_dropped_part_count_as_retried() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.on_sent(part.start_attempt(), 100);
        drop(part);
        assert_eq!(counts(&meter), (0, 100, 0));
    }

    #[test]
    fn every_change_is_reported_and_the_final_state_once() {
        let (meter, calls) = recorded();
        let part = PartMeter::new(&meter);
        let attempt = part.start_attempt();
        part.on_sent(attempt, 1);
        part.on_sent(attempt, 2);
        part.finish();
        meter.finish();
        assert_eq!(*calls.lock().unwrap(), [1, 3, 3]);
    }

    #[test]
    fn calls_come_one_at_a_time_in_order_and_end_with_the_final_state() {
        let (meter, calls) = recorded();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| meter.update(|progress| progress.bytes += 1)));
            }
        });
        meter.finish();
        let calls = calls.lock().unwrap();
        assert!(calls.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(calls.last(), Some(&4000));
    }

    #[test]
    fn a_running_call_skips_states_but_not_the_final_one() {
        let (entered, entries) = mpsc::channel();
        let (release, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let callback: Callback = Arc::new(move |progress| {
            entered.send(progress.bytes).unwrap();
            gate.lock().unwrap().recv().unwrap();
        });
        let meter = Meter::new(Some(callback), None);
        thread::scope(|scope| {
            scope.spawn(|| meter.update(|progress| progress.bytes = 1));
            assert_eq!(entries.recv().unwrap(), 1);
            // None of these waits for the running call.
            (2..=9).for_each(|bytes| meter.update(|progress| progress.bytes = bytes));
            meter.finish();
            release.send(()).unwrap();
            release.send(()).unwrap();
        });
        assert_eq!(entries.try_iter().collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn a_callback_may_drop_the_transfer() {
        let part = Arc::new(Mutex::new(None::<Arc<PartMeter>>));
        let dropped = Arc::clone(&part);
        let callback: Callback = Arc::new(move |_| drop(dropped.lock().unwrap().take()));
        let meter = Meter::new(Some(callback), None);
        let of_part = PartMeter::new(&meter);
        of_part.latest().bytes = 5;
        *part.lock().unwrap() = Some(of_part);
        meter.update(|progress| progress.bytes = 5);
        assert_eq!(counts(&meter), (0, 5, 0));
    }
}
