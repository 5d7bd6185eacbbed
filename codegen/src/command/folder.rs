//! What lies in the folder of the generated files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::slashed;
use crate::render::{Files, HEADER};

/// The folder of the generated files, as it is before anything is written.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// By path relative to the folder, with `/` separators.
    pub(super) files: BTreeMap<String, Found>,
}

/// A file of that folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Whether this program wrote it, now or earlier.
    pub(super) is_generated: bool,
    /// Its content, if that is to be compared.
    pub(super) content: Option<Vec<u8>>,
}

/// Looking for files ends here: this is not a folder of generated files.
const MOST_FILES: usize = 10_000;

impl Folder {
    /// Looks into `path`. A folder that is not there is empty.
    pub(super) fn read(path: &Path, generated: &Files) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(relative) = folders.pop() {
            let folder = path.join(&relative);
            let failed = |error: io::Error| format!("{}: {error}", folder.display());
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound && relative.as_os_str().is_empty() => break,
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    return Err(format!("{} is not a folder", folder.display()));
                }
                Err(error) => return Err(failed(error)),
            };
            for entry in entries {
                let entry = entry.map_err(failed)?;
                let relative = relative.join(entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    folders.push(relative);
                    continue;
                }
                let name = slashed(&relative);
                let is_wanted = generated.contains_key(&name);
                // A symbolic link is nothing that this program writes, wherever it leads.
                let found = if kind.is_file() { look(&entry.path(), is_wanted) } else { Ok(Found::foreign()) };
                files.insert(name, found.map_err(|error| format!("{}: {error}", entry.path().display()))?);
                if files.len() > MOST_FILES {
                    return Err(format!("{} holds too many files to be a folder for this program", path.display()));
                }
            }
        }
        Ok(Self { path: path.to_owned(), files })
    }
}

impl Found {
    fn foreign() -> Self {
        Self { is_generated: false, content: None }
    }
}

fn look(path: &Path, is_wanted: bool) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(HEADER.len() as u64).read_to_end(&mut start)?;
    let is_generated = start == HEADER.as_bytes();
    let content = if is_wanted || is_generated {
        file.read_to_end(&mut start)?;
        Some(start)
    } else {
        None
    };
    Ok(Found { is_generated, content })
}
