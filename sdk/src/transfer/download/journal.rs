//! Which ranges of a file that is being fetched are there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::transfer::journal::atomic_file;
use crate::transfer::part_size::PartLayout;

const VERSION: u32 = 1;

/// Kept beside the file, so that a download that died goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    bucket: String,
    key: String,
    version_id: Option<String>,
    etag: Option<String>,
    size: u64,
    pub(super) part_size: u64,
    /// The numbers of ranges whose bytes are in the file.
    pub(super) done: BTreeSet<u32>,
}

impl Journal {
    pub(super) fn new(
        (bucket, key): (&str, &str),
        version_id: Option<&str>,
        etag: Option<&str>,
        size: u64,
        part_size: u64,
    ) -> Self {
        Self {
            version: VERSION,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: version_id.map(str::to_owned),
            etag: etag.map(str::to_owned),
            size,
            part_size,
            done: BTreeSet::new(),
        }
    }

    /// What of the same download is there already, in parts of the size that it has. Blocks.
    pub(super) fn resumed(self, path: &Path) -> Self {
        // What cannot be read, or is of another object, helps nobody: it is fetched anew.
        let there = atomic_file::read(path).ok().flatten().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        // Without an entity tag nobody knows whether it is still the same object.
        there.filter(|there| self.etag.is_some() && self.is_gone_on_with_by(there)).unwrap_or(self)
    }

    fn is_gone_on_with_by(&self, there: &Self) -> bool {
        let is_same = Self { part_size: self.part_size, done: BTreeSet::new(), ..there.clone() } == *self;
        is_same && !there.done.is_empty() && PartLayout::resumed(self.size, there.part_size).is_some()
    }

    /// Blocks.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        atomic_file::replace(path, &serde_json::to_vec(self)?)
    }
}

/// Where the journal of a file is.
pub(super) fn journal_of(file: &Path) -> PathBuf {
    atomic_file::with_ending(file, ".json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::part_size::MIB;

    fn journal(etag: Option<&str>, size: u64, part_size: u64) -> Journal {
        Journal::new(("b", "k"), None, etag, size, part_size)
    }

    #[test]
    fn only_the_same_object_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.json");
        let same = || journal(Some("\"x\""), 100, 8 * MIB);
        let mut there = same();
        there.done.extend([0, 3]);
        there.store(&path).unwrap();
        assert_eq!(same().resumed(&path).done, BTreeSet::from([0, 3]));
        for other in
            [journal(Some("\"y\""), 100, 8 * MIB), journal(Some("\"x\""), 101, 8 * MIB), journal(None, 100, 8 * MIB)]
        {
            assert_eq!(other.resumed(&path).done, BTreeSet::new());
        }
        std::fs::write(&path, "{").unwrap();
        assert_eq!(same().resumed(&path).done, BTreeSet::new());
    }

    #[test]
    fn the_size_of_parts_is_that_of_what_is_there_if_anything_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.json");
        for (part_size, done, expected) in [
            (4 * MIB, vec![0], 4 * MIB),
            (4 * MIB, vec![], 8 * MIB),
            // Nobody can have written that.
            (7, vec![0], 8 * MIB),
            (0, vec![0], 8 * MIB),
        ] {
            let mut there = journal(Some("\"x\""), 100 * MIB, part_size);
            there.done.extend(done);
            there.store(&path).unwrap();
            assert_eq!(journal(Some("\"x\""), 100 * MIB, 8 * MIB).resumed(&path).part_size, expected);
        }
    }
}
