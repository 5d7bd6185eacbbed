//! Where keys and values stand in their files. Finding them takes another reading, so all are looked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::files::Files;
use super::node::NodeId;
use super::position;
use super::problems::{FileId, Span, Within};
use crate::diagnostic::{Place, Sources};

/// Where all of these stand; each file is read once more for all of them.
pub(crate) fn places(spans: impl Iterator<Item = Span>, files: &Files, sources: &Sources) -> BTreeMap<Span, Place> {
    let mut bytes: BTreeMap<Span, Range<usize>> = BTreeMap::new();
    let mut wanted: BTreeMap<FileId, BTreeSet<NodeId>> = BTreeMap::new();
    for span in spans {
        match span.within {
            Within::Text(start, end) => drop(bytes.insert(span, start..end)),
            Within::Node(id) => drop(wanted.entry(span.file).or_default().insert(id)),
        }
    }
    for (file, ids) in wanted {
        let Some((source, root)) = files.get(file).and_then(|it| Some((it, it.root.as_ref()?))) else { continue };
        let found = position::locate(source.source.text(), root, &ids).into_iter();
        bytes.extend(found.map(|(id, bytes)| (Span::node(file, id), bytes)));
    }
    let places = bytes.into_iter().filter_map(|(span, bytes)| {
        let name = files.name(span.file);
        Some((span, sources.get(name)?.place(name, bytes)))
    });
    places.collect()
}
