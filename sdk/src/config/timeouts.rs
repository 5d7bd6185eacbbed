//! How long a request may go without progress.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::body::Progress;
use crate::error::{Error, ErrorKind, Result};

/// A line that was seen to pause may do so longer by this: the system takes more only when a third of its buffer is free, and
/// the buffer grows by leaps.
const TIMES_A_PAUSE: u32 = 8;

/// What was handed over and is not sent yet takes no more than so many of a line's pauses: in each, a third of the system's
/// buffer became free, and of the 400 KiB or so that the HTTP library has, most had room.
const PAUSES_TO_THE_END: u32 = 10;

/// No line is waited for longer than so many limits.
const MOST_LIMITS: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// While bytes are to move.
    pub(crate) idle: Duration,
    /// While the server does what it was told.
    pub(crate) response: Duration,
}

impl Patience {
    pub(crate) async fn wait_for<T>(
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
    pub(crate) fn of_reading(self) -> Self {
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
        longer(self.idle, pause.saturating_mul(TIMES_A_PAUSE))
    }

    fn for_answer(&self, pause: Duration) -> Duration {
        longer(self.response, self.response.saturating_add(pause.saturating_mul(PAUSES_TO_THE_END)))
    }
}

fn longer(limit: Duration, wanted: Duration) -> Duration {
    wanted.min(limit.saturating_mul(MOST_LIMITS)).max(limit)
}

pub(crate) fn stalled(limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("nothing moved for {} s", limit.as_secs_f64()))
}

#[cfg(test)]
mod tests;
