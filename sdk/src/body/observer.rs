//! Who looks on while a body is sent.

use std::time::Duration;

/// Told of a body's bytes, attempt by attempt.
pub(crate) trait Observer: Send + Sync {
    /// An attempt begins, whose number is returned: what earlier ones sent was in vain. So is what they still send, as the
    /// HTTP library does after an answer that came early.
    fn begin(&self) -> u32;

    /// So many bytes of an attempt were handed to the HTTP library.
    fn sent(&self, attempt: u32, bytes: u64);

    /// How many bytes may be handed over at once.
    fn most_at_once(&self) -> usize;

    /// How long to wait after these bytes before there are more.
    fn pause_after(&self, bytes: u64) -> Option<Duration>;
}
