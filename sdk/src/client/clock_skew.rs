//! The server's idea of the time. Signatures carry a date, and one that is 15 minutes off is refused.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::Timestamp;

/// Below this, a refusal has another cause than the clock.
const SMALLEST_CORRECTION_SECONDS: i64 = 60;

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

    /// Takes over the server's time, which refused a request that was signed with the time `signed_at`. `false` if the
    /// two agree, so that trying again would not help.
    ///
    /// What counts is the time of the refused request and not the one it is now here: of several requests that were on
    /// their way together, the first to be refused corrects the clock for all, and all may try again.
    pub(crate) fn correct(&self, signed_at: Timestamp, server: Timestamp) -> bool {
        let error = server.as_unix() - signed_at.as_unix();
        if error.abs() < SMALLEST_CORRECTION_SECONDS {
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
    fn a_clock_that_is_off_takes_over_the_servers_time_once() {
        let clock = Clock::default();
        let hour_ahead = hour_ahead_of(&clock);
        assert!(clock.correct(clock.now(), hour_ahead));
        assert!((clock.now().as_unix() - hour_ahead.as_unix()).abs() <= 1);
        assert!(!clock.correct(clock.now(), hour_ahead));
    }

    #[test]
    fn requests_that_were_under_way_may_all_try_again() {
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
