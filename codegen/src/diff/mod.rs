//! Two specifications compared as a Rust user sees them.
//!
//! [`compare`] pairs what both have. For each difference of the model it asks what would become of the generated code
//! if that were the only one, and the verdict follows from the answer: from the public items and from what goes over
//! the wire, never from the kind of the difference.

mod fields;
mod impact;
mod judge;
mod operation;
mod report;
mod types;

pub use report::{Change, Group, Kind, Report, Side, Step, Verdict};

use crate::load::Loaded;
use crate::model::Origin;

/// Returns everything that a user of `old` should know before taking over `new`.
pub fn compare(old: &Loaded, new: &Loaded) -> Report {
    let mut groups = operation::compare(&old.api, &new.api);
    groups.extend(types::compare(&old.api, &new.api));
    for (side, loaded) in [(Side::Old, old), (Side::New, new)] {
        let changes = groups.iter_mut().flat_map(|group| &mut group.changes);
        let mut changes: Vec<&mut Change> = changes.filter(|change| change.side == side).collect();
        // All at once, because finding places takes another reading of the files.
        let origins: Vec<Origin> = changes.iter().map(|change| change.origin).collect();
        for (change, place) in changes.iter_mut().zip(loaded.places(&origins)) {
            change.place = place;
        }
    }
    Report { old: old.api.source.clone(), new: new.api.source.clone(), groups }
}
