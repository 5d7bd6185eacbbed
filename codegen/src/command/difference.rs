//! What has to be done to make a folder hold the generated files and nothing else.

use super::folder::Folder;
use crate::render::Files;

/// The names of files, relative to the folder.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Difference<'a> {
    /// Generated and not there.
    pub(super) missing: Vec<&'a str>,
    /// There, but with another content.
    pub(super) changed: Vec<&'a str>,
    /// Generated earlier, but no longer.
    pub(super) stale: Vec<&'a str>,
    /// Nothing that this program knows of.
    pub(super) unknown: Vec<&'a str>,
    /// Nothing that this program wrote, though it would write a file of that name.
    pub(super) in_the_way: Vec<&'a str>,
}

impl<'a> Difference<'a> {
    pub(super) fn between(files: &'a Files, folder: &'a Folder) -> Self {
        let mut difference = Self::default();
        for (name, content) in files {
            match folder.files.get(name) {
                None => difference.missing.push(name),
                Some(found) if found.content.as_deref() == Some(content.as_bytes()) => {}
                Some(found) => {
                    difference.changed.push(name);
                    if !found.is_generated {
                        difference.in_the_way.push(name);
                    }
                }
            }
        }
        for (name, found) in folder.files.iter().filter(|(name, _)| !files.contains_key(*name)) {
            if found.is_generated {
                difference.stale.push(name);
            } else {
                difference.unknown.push(name);
            }
        }
        difference
    }

    /// How many files writing would touch.
    pub(super) fn changes(&self) -> usize {
        self.missing.len() + self.changed.len() + self.stale.len()
    }

    pub(super) fn is_none(&self) -> bool {
        self.changes() == 0 && self.unknown.is_empty()
    }
}
