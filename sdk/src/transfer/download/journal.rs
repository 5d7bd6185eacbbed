//! Which ranges of a file that is being fetched are there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::transfer::whole_file;

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

    /// What of the same download is there already. Blocks.
    pub(super) fn resumed(self, path: &Path) -> Self {
        // What cannot be read, or is of another object, helps nobody: it is fetched anew.
        let there = whole_file::read(path).ok().flatten().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        // Without an entity tag nobody knows whether it is still the same object.
        match there.filter(|there| self.etag.is_some() && Self { done: BTreeSet::new(), ..there.clone() } == self) {
            Some(there) => there,
            None => self,
        }
    }

    /// Blocks.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        whole_file::replace(path, &serde_json::to_vec(self)?)
    }
}

/// Where the journal of a file is.
pub(super) fn journal_of(file: &Path) -> PathBuf {
    whole_file::with_ending(file, ".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_object_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.json");
        let journal = |etag: Option<&str>, size| Journal::new(("b", "k"), None, etag, size, 8);
        let mut there = journal(Some("\"x\""), 100);
        there.done.extend([0, 3]);
        there.store(&path).unwrap();
        assert_eq!(journal(Some("\"x\""), 100).resumed(&path).done, BTreeSet::from([0, 3]));
        for other in [journal(Some("\"y\""), 100), journal(Some("\"x\""), 101), journal(None, 100)] {
            assert_eq!(other.resumed(&path).done, BTreeSet::new());
        }
        std::fs::write(&path, "{").unwrap();
        assert_eq!(journal(Some("\"x\""), 100).resumed(&path).done, BTreeSet::new());
    }
}
