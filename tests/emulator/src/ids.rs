//! Identifiers that are unique, and sort by the time they were made.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Moment;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// 32 lower-case hex digits; of two made by one process the later one is greater. Upload markers rely on that order
/// when the upload they name is already gone.
pub(crate) fn sequential(now: Moment) -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let millis = now.milliseconds().max(0);
    format!("{millis:012x}{:04x}{:016x}", count & 0xffff, entropy(count))
}

/// 16 lower-case hex digits, as request ids have.
pub(crate) fn request() -> String {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", entropy(count))
}

// The standard library seeds every `RandomState` from the operating system: enough to tell things apart, and no
// dependency.
fn entropy(count: u64) -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(count);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_sorts_after_earlier() {
        let now = Moment::from_seconds(1_700_000_000);
        let first = sequential(now);
        let second = sequential(Moment::from_seconds(1_700_000_001));
        assert_eq!(first.len(), 32);
        assert!(first < second);
        assert_ne!(request(), request());
    }
}
