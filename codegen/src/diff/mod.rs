//! Compares two specifications from the point of view of a user of the SDK.
//!
//! [`compare`] pairs operations, types, fields and enum values by their names in Rust. For each difference it takes the
//! old specification, applies this difference only, and compares the public items and the requests of the code that
//! would be generated from both. The verdict follows from that comparison, never from the kind of the difference.

mod fields;
mod isolate;
mod operations;
mod pair;
mod report;
mod types;

pub use report::{Change, Group, Report, Side, Step, Verdict};

use crate::load::Loaded;

/// Returns all differences that a user of `old` should know before an update to `new`.
pub fn compare(old: &Loaded, new: &Loaded) -> Report {
    let mut groups = operations::compare(&old.api, &new.api);
    groups.extend(types::compare(&old.api, &new.api));
    groups.retain(|group| !group.changes.is_empty());
    for change in groups.iter_mut().flat_map(|group| &mut group.changes) {
        let loaded = if change.side == Side::Old { old } else { new };
        change.place = loaded.place(change.origin);
    }
    Report::new(&old.api, &new.api, groups)
}
