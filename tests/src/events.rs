//! What the SDK tells of itself while it works.

use std::fmt::Debug;
use std::io;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Hears of every event of the SDK in this process, field by field: a field's name, and what it says.
///
/// # Errors
///
/// If somebody hears already.
pub fn hear_events(hear: impl Fn(&str, &dyn Debug) + Send + Sync + 'static) -> io::Result<()> {
    tracing::subscriber::set_global_default(Listener(hear)).map_err(io::Error::other)?;
    // Another test may have met an event before, when nothing listened, and the answer is kept.
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

struct Listener<F>(F);

struct Hearing<'a, F>(&'a F);

impl<F: Fn(&str, &dyn Debug)> Visit for Hearing<'_, F> {
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
        event.record(&mut Hearing(&self.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
