//! Two specifications compared as a Rust user sees them.
//!
//! [`compare`] pairs what both have. For each difference of the model it asks what would become of the generated code
//! if that were the only one, and the verdict follows from the answer: from the public items and from what goes over
//! the wire, never from the kind of the difference.

mod change;
mod fields;
mod impact;
mod operation;
mod print;
mod rename;
mod types;
mod version;
mod words;

pub use change::{Change, Group, Kind, Report, Side, Verdict};
pub use version::Step;

use change::{Found, FoundGroup};

use crate::diagnostic::Place;
use crate::load::Loaded;
use crate::model::Origin;
use crate::rust::NameClash;

/// Everything that a user of `old` should know before taking over `new`.
///
/// # Errors
///
/// Two names of one specification become one in Rust, so that nothing can be generated from it.
pub fn compare(old: &Loaded, new: &Loaded) -> Result<Report, NameClash> {
    let mut groups = operation::compare(&old.api, &new.api);
    groups.extend(types::compare(&old.api, &new.api)?);
    let groups = with_places(groups, old, new);
    Ok(Report { old: old.api.source.clone(), new: new.api.source.clone(), groups })
}

/// Reads the files of both specifications once more, for all changes together.
fn with_places(groups: Vec<FoundGroup>, old: &Loaded, new: &Loaded) -> Vec<Group> {
    let origins = |side: Side| -> Vec<Origin> {
        let changes = groups.iter().flat_map(|group| &group.changes);
        changes.filter(|change| change.side == side).map(|change| change.origin).collect()
    };
    let mut old_places = old.places(&origins(Side::Old)).into_iter();
    let mut new_places = new.places(&origins(Side::New)).into_iter();
    let mut place = |change: Found| -> Change {
        let places = if change.side == Side::Old { &mut old_places } else { &mut new_places };
        let place: Option<Place> = places.next().flatten();
        change.at(place)
    };
    let mut located = Vec::new();
    for FoundGroup { kind, name, rust, changes } in groups {
        located.push(Group { kind, name, rust, changes: changes.into_iter().map(&mut place).collect() });
    }
    located
}
