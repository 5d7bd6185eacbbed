//! Progress of a transfer: counts bytes and parts, and reports them to the caller.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::rate_limiter::RateLimiter;
use crate::body::BodyProgress;

/// Progress of an upload, a download or a copy.
///
/// The `on_progress` callback of [`Upload`](crate::Upload::on_progress), [`Download`](crate::Download::on_progress) or
/// [`ObjectCopy`](crate::ObjectCopy::on_progress) receives it:
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::TransferProgress;
///
/// let print = |progress: TransferProgress| match progress.total_bytes {
///     Some(total) => println!("{} of {total} bytes", progress.bytes),
///     None => println!("{} bytes", progress.bytes),
/// };
/// bucket.download("backups/db.tar").to_file("db.tar").on_progress(print).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferProgress {
    /// Bytes of the object that were transferred, including [`resumed_bytes`](TransferProgress::resumed_bytes) and the
    /// bytes of unfinished parts. Decreases if a part has to be transferred again.
    pub bytes: u64,
    /// Size of the object in bytes. `None` until it is known; for an upload from a reader, until the reader ends.
    pub total_bytes: Option<u64>,
    /// Bytes that an interrupted transfer had transferred before this one resumed it.
    pub resumed_bytes: u64,
    /// Bytes that failed attempts transferred, so that they have to be transferred again. Not included in `bytes`.
    pub retried_bytes: u64,
    /// Number of finished parts, including those of the interrupted transfer.
    pub parts: u32,
    /// Number of parts of the object. `None` until it is known, and if the object is transferred with one request.
    pub total_parts: Option<u32>,
}

/// Minimum number of bytes between two calls of the callback while the size of the object is unknown.
const MIN_STEP: u64 = 1 << 20;

impl TransferProgress {
    /// Returns true if the callback should be called, which is the case about a hundred times in a transfer.
    fn differs_much_from(&self, reported: &Self) -> bool {
        let step = match self.total_bytes {
            Some(total) => total / 100,
            None => MIN_STEP.max(self.bytes / 50),
        };
        let has_moved = |now: u64, earlier: u64| now != earlier && now.abs_diff(earlier) >= step;
        let parts_step = self.total_parts.unwrap_or_default() / 100;
        has_moved(self.bytes, reported.bytes)
            || has_moved(self.retried_bytes, reported.retried_bytes)
            // A copy transfers no bytes through the client.
            || self.parts.abs_diff(reported.parts) > parts_step
            || (self.total_bytes, self.total_parts, self.resumed_bytes)
                != (reported.total_bytes, reported.total_parts, reported.resumed_bytes)
    }
}

/// Callback that the caller passed to `on_progress`.
pub(crate) type Callback = Arc<dyn Fn(TransferProgress) + Send + Sync>;

/// Counts the bytes and parts of a transfer, calls the progress callback, and limits the bandwidth.
pub(crate) struct Meter {
    state: Mutex<State>,
    callback: Option<Callback>,
    /// Progress that the last call of the callback reported. The lock is held during a call. Other threads do not wait for it.
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

    /// Applies a change to the progress and reports it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut TransferProgress)) {
        change(&mut self.state().progress);
        self.report();
    }

    /// Reports the final progress, unless the last call has reported it.
    ///
    /// If another thread is calling the callback, that thread makes the final call too.
    pub(crate) fn finish(&self) {
        self.state().is_final = true;
        self.report();
    }

    /// Calls the callback, unless another thread is calling it or the progress has hardly changed since the last call.
    fn report(&self) {
        let Some(callback) = &self.callback else { return };
        loop {
            let Ok(mut reported) = self.reported.try_lock() else { return };
            let State { progress: now, is_final } = *self.state();
            if is_final && *reported != now || now.differs_much_from(&reported) {
                callback(now);
                *reported = now;
            }
            drop(reported);
            // Changes during the call were not reported. They can be skipped, except for the final progress.
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

/// Counts the bytes of one part. Bytes of a part that is dropped before [`finish`](PartMeter::finish) count as retried.
pub(crate) struct PartMeter {
    meter: Arc<Meter>,
    latest: Mutex<Attempt>,
}

/// The latest attempt to transfer a part, and the bytes that it has transferred so far.
#[derive(Clone, Copy, Default)]
struct Attempt {
    number: u32,
    bytes: u64,
}

impl PartMeter {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        if let Some(limiter) = &meter.rate_limiter {
            limiter.start_part();
        }
        Arc::new(Self { meter: Arc::clone(meter), latest: Mutex::default() })
    }

    /// Counts the part as finished. Its bytes stay in the progress when it is dropped.
    pub(crate) fn finish(&self) {
        self.latest().bytes = 0;
        self.meter.update(|progress| progress.parts += 1);
    }

    fn latest(&self) -> MutexGuard<'_, Attempt> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyProgress for PartMeter {
    fn start_attempt(&self) -> u32 {
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
        self.start_attempt();
        if let Some(limiter) = &self.meter.rate_limiter {
            limiter.end_part();
        }
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

    /// Returns a meter, and the bytes that each call of its callback reported.
    fn recorded() -> (Arc<Meter>, Arc<Mutex<Vec<u64>>>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&calls);
        // `try_lock` fails if two calls overlap.
        let callback: Callback = Arc::new(move |progress| recorded.try_lock().unwrap().push(progress.bytes));
        (reporting(callback), calls)
    }

    /// Returns a meter that calls `callback` at every change, because the object is small.
    fn reporting(callback: Callback) -> Arc<Meter> {
        let meter = Meter::new(Some(callback), None);
        meter.state().progress.total_bytes = Some(99);
        meter
    }

    #[test]
    fn progress_counts_a_restarted_part_once() {
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

    /// If the server responds before it has received the whole body, hyper continues to send the rest.
    #[test]
    fn progress_counts_late_bytes_of_an_earlier_attempt_as_retried() {
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
    fn progress_counts_bytes_of_a_dropped_part_as_retried() {
        let meter = Meter::new(None, None);
        let part = PartMeter::new(&meter);
        part.on_sent(part.start_attempt(), 100);
        drop(part);
        assert_eq!(counts(&meter), (0, 100, 0));
    }

    #[test]
    fn callback_receives_every_change_of_a_small_object_once() {
        let (meter, calls) = recorded();
        let part = PartMeter::new(&meter);
        let attempt = part.start_attempt();
        part.on_sent(attempt, 1);
        part.on_sent(attempt, 2);
        part.finish();
        meter.finish();
        assert_eq!(*calls.lock().unwrap(), [0, 1, 3, 3]);
    }

    #[test]
    fn callback_is_called_about_a_hundred_times() {
        const FRAME: u64 = 256 << 10;
        for total_bytes in [Some(1200 * FRAME), None] {
            let (meter, calls) = recorded();
            meter.update(|progress| progress.total_bytes = total_bytes);
            for _ in 0..40 {
                let part = PartMeter::new(&meter);
                let attempt = part.start_attempt();
                (0..30).for_each(|_| part.on_sent(attempt, FRAME));
                part.finish();
            }
            meter.finish();
            let calls = calls.lock().unwrap();
            assert!((90..=180).contains(&calls.len()), "{} calls for a size of {total_bytes:?}", calls.len());
            assert_eq!(calls.last(), Some(&(1200 * FRAME)));
        }
    }

    #[test]
    fn callback_calls_are_sequential_and_end_with_the_final_progress() {
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
    fn slow_callback_skips_changes_but_not_the_final_progress() {
        let (entered, entries) = mpsc::channel();
        let (release, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let callback: Callback = Arc::new(move |progress| {
            entered.send(progress.bytes).unwrap();
            gate.lock().unwrap().recv().unwrap();
        });
        let meter = reporting(callback);
        thread::scope(|scope| {
            scope.spawn(|| meter.update(|progress| progress.bytes = 1));
            assert_eq!(entries.recv().unwrap(), 1);
            // These updates do not wait for the running call.
            (2..=9).for_each(|bytes| meter.update(|progress| progress.bytes = bytes));
            meter.finish();
            release.send(()).unwrap();
            release.send(()).unwrap();
        });
        assert_eq!(entries.try_iter().collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn callback_can_drop_the_part() {
        let part = Arc::new(Mutex::new(None::<Arc<PartMeter>>));
        let dropped = Arc::clone(&part);
        let callback: Callback = Arc::new(move |_| drop(dropped.lock().unwrap().take()));
        let meter = reporting(callback);
        let part_meter = PartMeter::new(&meter);
        part_meter.latest().bytes = 5;
        *part.lock().unwrap() = Some(part_meter);
        meter.update(|progress| progress.bytes = 5);
        assert_eq!(counts(&meter), (0, 5, 0));
    }
}
