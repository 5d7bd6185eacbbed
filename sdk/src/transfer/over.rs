//! Telling those who block a thread that nobody waits for them any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set when it is dropped.
#[derive(Default)]
pub(crate) struct OverOnDrop(Arc<AtomicBool>);

impl OverOnDrop {
    /// What those look at.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for OverOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
