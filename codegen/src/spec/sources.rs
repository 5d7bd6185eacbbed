//! The texts of a specification, kept for those who want to know lines after all.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use super::node::NodeId;
use super::position::{self, Position, START};
use super::problems::{FileId, Spot, Within};
use crate::diagnostic::Place;

/// Names and texts of all files.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sources(BTreeMap<FileId, Source>);

#[derive(Debug, Clone, PartialEq)]
struct Source {
    name: String,
    text: String,
}

impl Sources {
    pub(super) fn of(files: Files) -> Self {
        let sources = files.into_named_texts().map(|(id, name, text)| (id, Source { name, text }));
        Self(sources.collect())
    }

    /// Where all of these stand; each file is read once more for all of them.
    pub(crate) fn places(&self, spots: &BTreeSet<Spot>) -> BTreeMap<Spot, Place> {
        let texts = |file: FileId| self.0.get(&file).map(|source| source.text.as_str());
        let positions = positions(spots.iter().copied(), texts);
        let place = |spot: Spot| {
            let file = self.0.get(&spot.file).map(|source| source.name.clone()).unwrap_or_default();
            let (line, column) = positions.get(&spot).copied().unwrap_or(START);
            (spot, Place { file, line, column })
        };
        spots.iter().copied().map(place).collect()
    }
}

/// Where spots stand in the texts of their files.
pub(super) fn positions<'t>(
    spots: impl Iterator<Item = Spot>,
    text: impl Fn(FileId) -> Option<&'t str>,
) -> BTreeMap<Spot, Position> {
    let mut places = BTreeMap::new();
    let mut wanted: BTreeMap<FileId, BTreeSet<NodeId>> = BTreeMap::new();
    for spot in spots {
        match spot.within {
            Within::Text(at) => drop(places.insert(spot, at)),
            Within::Node(id) => drop(wanted.entry(spot.file).or_default().insert(id)),
        }
    }
    for (file, ids) in wanted {
        let Some(text) = text(file) else { continue };
        let found = position::locate(text, &ids).into_iter();
        places.extend(found.map(|(id, at)| (Spot::node(file, id), at)));
    }
    places
}
