//! Unique identifiers that sort by their creation time.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Moment;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Returns an id of 32 lower-case hex digits. Ids sort by `now`. Ids with the same `now` sort by a counter of 16 bits.
/// A list of uploads can therefore continue after an upload that no longer exists.
pub(crate) fn sequential(now: Moment) -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let millis = now.milliseconds().max(0);
    format!("{millis:012x}{:04x}{:016x}", count & 0xffff, entropy(count))
}

/// Returns a request id of 16 lower-case hex digits.
pub(crate) fn request_id() -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", entropy(count))
}

/// Returns a random number. The standard library seeds every `RandomState` from the operating system, which is enough
/// for unique ids.
fn entropy(count: u64) -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(count);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_id_sorts_after_earlier_one() {
        let now = Moment::from_seconds(1_700_000_000);
        let first = sequential(now);
        let second = sequential(Moment::from_seconds(1_700_000_001));
        assert_eq!(first.len(), 32);
        assert!(first < second);
        assert_ne!(request_id(), request_id());
    }
}
