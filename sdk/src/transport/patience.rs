//! How long a request may go without progress.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::body::Progress;
use crate::error::{Error, ErrorKind, Result};

/// Shorter pauses are those of a busy machine as well as of a line.
const PAUSE_OF_A_LINE: Duration = Duration::from_secs(1);

/// A line that was seen to pause may do so longer by this: the system takes more only when a third of its buffer is free, and
/// the buffer grows by leaps.
const LONGER: u32 = 8;

/// No line is waited for longer than so many limits.
const LIMITS: u32 = 4;

/// What was handed over and is not sent yet takes no more than so many of a line's pauses: in each, a third of the system's
/// buffer became free, and of the 400 KiB or so that the HTTP library has, there was room for 64 KiB at least.
const PAUSES_LEFT: u32 = 10;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// While bytes are to move.
    pub(crate) idle: Duration,
    /// While the server does what it was told.
    pub(crate) response: Duration,
}

impl Patience {
    pub(super) async fn wait_for<T>(
        &self,
        mut sending: Pin<&mut impl Future<Output = T>>,
        progress: &Progress,
    ) -> Result<T> {
        loop {
            // A limit beyond all time is none.
            let Some(deadline) = self.deadline(progress) else {
                return Ok(sending.await);
            };
            match timeout_at(deadline, sending.as_mut()).await {
                Ok(outcome) => return Ok(outcome),
                Err(_) if self.deadline(progress).is_none_or(|later| later > deadline) => {}
                Err(_) => return Err(self.exceeded(progress)),
            }
        }
    }

    /// What only reads keeps a server no longer busy than sending does.
    pub(super) fn of_reading(self) -> Self {
        Self { response: self.idle, ..self }
    }

    fn exceeded(&self, progress: &Progress) -> Error {
        let limit = self.limit(progress);
        if progress.is_all_sent() && self.response != self.idle {
            let message = format!("no answer came in the {} s after everything was sent", limit.as_secs_f64());
            return Error::new(ErrorKind::Timeout, message);
        }
        stalled(limit)
    }

    /// When it is over if nothing moves until then; `None` if that is never.
    fn deadline(&self, progress: &Progress) -> Option<Instant> {
        progress.last().checked_add(self.limit(progress))
    }

    fn limit(&self, progress: &Progress) -> Duration {
        let pause = progress.longest_pause();
        if progress.is_all_sent() { self.for_answer(pause) } else { self.for_movement(pause) }
    }

    /// On a line that paused as long as this, and went on.
    fn for_movement(&self, pause: Duration) -> Duration {
        of_line(pause).saturating_mul(LONGER).min(self.idle.saturating_mul(LIMITS)).max(self.idle)
    }

    fn for_answer(&self, pause: Duration) -> Duration {
        self.response.saturating_add(of_line(pause).saturating_mul(PAUSES_LEFT))
    }
}

fn of_line(pause: Duration) -> Duration {
    if pause < PAUSE_OF_A_LINE { Duration::ZERO } else { pause }
}

pub(crate) fn stalled(limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("nothing moved for {} s", limit.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { idle: Duration::from_secs(15), response: Duration::from_secs(120) };

    #[test]
    fn a_line_may_pause_eight_times_as_long_as_it_did_but_no_longer_than_four_times_the_limit() {
        for (paused, limit) in [(0, 15), (1, 15), (2, 16), (3, 24), (7, 56), (8, 60), (40, 60)] {
            assert_eq!(PATIENCE.for_movement(Duration::from_secs(paused)).as_secs(), limit, "{paused} s");
        }
    }

    #[test]
    fn what_a_slow_line_has_still_to_send_is_allowed_for_before_the_answer() {
        for (paused, limit) in [(0, 120), (1, 130), (12, 240)] {
            assert_eq!(PATIENCE.for_answer(Duration::from_secs(paused)).as_secs(), limit, "{paused} s");
        }
    }

    #[test]
    fn pauses_of_a_busy_machine_change_nothing() {
        let patience = Patience { idle: Duration::from_millis(300), response: Duration::from_millis(400) };
        let pause = Duration::from_millis(299);
        assert_eq!((patience.for_movement(pause), patience.for_answer(pause)), (patience.idle, patience.response));
    }

    #[test]
    fn no_limit_stays_none() {
        let patience = Patience { idle: Duration::MAX, response: Duration::MAX };
        let pause = Duration::from_secs(10);
        assert_eq!((patience.for_movement(pause), patience.for_answer(pause)), (Duration::MAX, Duration::MAX));
    }
}
