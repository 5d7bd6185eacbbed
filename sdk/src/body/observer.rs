//! Who looks on while a body is sent.

use std::time::Duration;

/// Told of a body's bytes, attempt by attempt.
pub(crate) trait Observer: Send + Sync {
    /// An attempt begins: what earlier ones sent was in vain.
    fn begin(&self);

    /// So many bytes were handed to the HTTP library.
    fn sent(&self, bytes: u64);

    /// How many bytes may be handed over at once.
    fn most_at_once(&self) -> usize;

    /// How long to wait after these bytes before there are more.
    fn pause_after(&self, bytes: u64) -> Option<Duration>;
}
