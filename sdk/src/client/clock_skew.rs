//! Correction of a wrong local clock.
//!
//! The date of a request is signed, and the server refuses requests with a date that is wrong by 15 minutes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::Timestamp;

/// Minimum difference between the clocks, in seconds. If it is smaller, the refusal has another cause.
const MIN_CORRECTION_SECONDS: i64 = 60;

/// The local clock with a correction.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        let here = Timestamp::from(SystemTime::now());
        let seconds = here.as_unix().saturating_add(self.offset_seconds.load(Ordering::Relaxed));
        Timestamp::from_unix(seconds).unwrap_or(here)
    }

    /// Corrects the clock after the server refused a request that was signed at `signed_at`. Returns false if the
    /// clocks agree. In that case, another attempt would be refused too.
    ///
    /// The server's time is compared with `signed_at` instead of the current time. If several requests are refused at
    /// the same time, the first one corrects the clock, but all of them can be sent again.
    pub(crate) fn correct(&self, signed_at: Timestamp, server: Timestamp) -> bool {
        let difference = server.as_unix() - signed_at.as_unix();
        if difference.abs() < MIN_CORRECTION_SECONDS {
            return false;
        }
        let here = Timestamp::from(SystemTime::now()).as_unix();
        self.offset_seconds.store(server.as_unix() - here, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_is_corrected_once() {
        let clock = Clock::default();
        let hour_ahead = hour_ahead_of(&clock);
        assert!(clock.correct(clock.now(), hour_ahead));
        assert!((clock.now().as_unix() - hour_ahead.as_unix()).abs() <= 1);
        assert!(!clock.correct(clock.now(), hour_ahead));
    }

    #[test]
    fn clock_can_be_corrected_by_concurrent_requests() {
        let clock = Clock::default();
        let (signed_at, server) = (clock.now(), hour_ahead_of(&clock));
        assert!(clock.correct(signed_at, server));
        assert!(clock.correct(signed_at, server));
        assert!((clock.now().as_unix() - server.as_unix()).abs() <= 1);
    }

    fn hour_ahead_of(clock: &Clock) -> Timestamp {
        Timestamp::from_unix(clock.now().as_unix() + 3600).unwrap()
    }
}
