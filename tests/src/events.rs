//! Listens to the tracing events of the SDK.

use std::fmt::Debug;
use std::io;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Calls `callback` with the name and the value of each field of every tracing event of the SDK in this process.
///
/// # Errors
///
/// Returns an error if the process already has a global subscriber.
pub fn on_sdk_event(callback: impl Fn(&str, &dyn Debug) + Send + Sync + 'static) -> io::Result<()> {
    tracing::subscriber::set_global_default(Listener(callback)).map_err(io::Error::other)?;
    // For each call site, `tracing` caches whether a subscriber wants its events. A test that ran earlier without a
    // subscriber may have filled the cache.
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

struct Listener<F>(F);

struct FieldVisitor<'a, F>(&'a F);

impl<F: Fn(&str, &dyn Debug)> Visit for FieldVisitor<'_, F> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        (self.0)(field.name(), value);
    }
}

impl<F: Fn(&str, &dyn Debug) + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("qingstor_sdk")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut FieldVisitor(&self.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
