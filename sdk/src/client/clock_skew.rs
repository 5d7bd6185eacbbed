//! Correction of a local clock that is off.
//!
//! A signature contains a date, and the server refuses one that is 15 minutes off.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::Timestamp;

/// Minimum difference, in seconds. If the clocks differ by less, the refusal has another cause.
const MIN_CORRECTION_SECONDS: i64 = 60;

/// The local clock, corrected by the server's.
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

    /// Corrects the clock after the server refused a request that was signed at `signed_at`. Returns false if the clocks
    /// agree, so that another attempt would be refused too.
    ///
    /// The server's time is compared with `signed_at` and not with the present time. If several requests are refused
    /// together, the first one corrects the clock, and all of them are sent again.
    pub(crate) fn correct(&self, signed_at: Timestamp, server: Timestamp) -> bool {
        let error = server.as_unix() - signed_at.as_unix();
        if error.abs() < MIN_CORRECTION_SECONDS {
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
    fn concurrent_requests_are_all_sent_again() {
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
