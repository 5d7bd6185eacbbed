//! Correction of a wrong local clock.
//!
//! The date of a request is signed, and the server refuses requests with a date that is wrong by 15 minutes. Presigned
//! URLs depend on the clock too, so a response that a cache has stored must not change it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::Timestamp;

/// Minimum difference between the clocks, in seconds. If it is smaller, the clocks agree.
const MIN_CORRECTION_SECONDS: u64 = 60;

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
        if agree(signed_at, server) {
            return false;
        }
        let here = Timestamp::from(SystemTime::now()).as_unix();
        self.offset_seconds.store(server.as_unix() - here, Ordering::Relaxed);
        true
    }
}

/// The verdict of a response on the date of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server did not refuse the date. It may have refused the request for another reason.
    Accepted,
    /// The server refused the request and did not tell why.
    MaybeExpired,
    /// The server refused the date.
    Expired,
}

/// The clock of a call, which corrects the client's clock at most once.
#[derive(Debug)]
pub(crate) struct CallClock<'a> {
    client: &'a Clock,
    /// The server's time according to a response without a reason. It becomes the client's time if the next response
    /// confirms it.
    trial: Option<Clock>,
    is_corrected: bool,
}

impl<'a> CallClock<'a> {
    pub(crate) fn new(client: &'a Clock) -> Self {
        Self { client, trial: None, is_corrected: false }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.trial.as_ref().unwrap_or(self.client).now()
    }

    /// Learns from the response to a request that was signed at `signed_at`. Returns true if the request can succeed
    /// with the corrected date.
    pub(crate) fn learn(&mut self, verdict: Verdict, signed_at: Timestamp, server: Timestamp) -> bool {
        match verdict {
            Verdict::Accepted => {
                if self.trial.is_some() && agree(signed_at, server) {
                    self.client.correct(self.client.now(), server);
                }
                false
            }
            _ if self.is_corrected => false,
            Verdict::Expired => {
                self.is_corrected = self.client.correct(signed_at, server);
                self.is_corrected
            }
            Verdict::MaybeExpired => {
                self.is_corrected = self.trial.insert(Clock::default()).correct(signed_at, server);
                self.is_corrected
            }
        }
    }
}

fn agree(one: Timestamp, other: Timestamp) -> bool {
    one.as_unix().abs_diff(other.as_unix()) < MIN_CORRECTION_SECONDS
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

    #[test]
    fn refusal_without_a_reason_corrects_the_clock_only_if_the_next_response_agrees() {
        for (second, is_corrected) in
            [(Verdict::Accepted, true), (Verdict::MaybeExpired, false), (Verdict::Expired, false)]
        {
            let client = Clock::default();
            let (here, ahead) = (client.now(), hour_ahead_of(&client));
            let mut clock = CallClock::new(&client);
            assert!(clock.learn(Verdict::MaybeExpired, here, ahead));
            assert!(agree(client.now(), here) && agree(clock.now(), ahead));
            assert!(!clock.learn(second, clock.now(), ahead));
            assert_eq!(agree(client.now(), ahead), is_corrected, "{second:?}");
        }
        let client = Clock::default();
        let (here, ahead) = (client.now(), hour_ahead_of(&client));
        let mut clock = CallClock::new(&client);
        assert!(clock.learn(Verdict::MaybeExpired, here, ahead));
        assert!(!clock.learn(Verdict::Accepted, ahead, here));
        assert!(agree(client.now(), here));
    }

    fn hour_ahead_of(clock: &Clock) -> Timestamp {
        Timestamp::from_unix(clock.now().as_unix() + 3600).unwrap()
    }
}
