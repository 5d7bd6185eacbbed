//! The folder of the generated files: comparing it with what is generated, and writing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use similar::TextDiff;
use tempfile::TempDir;

use super::report::{Failure, Reporter, in_words};
use crate::diagnostic::{count, slashed};
use crate::render::{Files, HEADER};

/// Maximum number of files in the folder. A folder with more holds something else.
const MAX_FILES: usize = 10_000;

/// Generated files and the folder that they belong in.
#[derive(Debug)]
pub(super) struct Target {
    files: Files,
    path: PathBuf,
    /// Name of the folder in messages.
    shown: String,
    /// Files that are in the folder, by path relative to it, with `/` separators.
    found: BTreeMap<String, Found>,
}

/// A file in the folder.
#[derive(Debug)]
struct Found {
    /// True if this program wrote the file.
    is_generated: bool,
    /// Content, if the file is generated or has the name of a generated file.
    content: Option<Vec<u8>>,
}

/// Way in which a file in the folder differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Missing,
    Changed,
    /// Was generated earlier, and no longer is.
    Stale,
    /// Was never generated.
    Unknown,
}

impl Target {
    /// Reads the folder at `path`. A folder that does not exist is empty.
    pub(super) fn read(files: Files, path: PathBuf, shown: String) -> Result<Self, String> {
        let found = find(&path, &files)?;
        Ok(Self { files, path, shown, found })
    }

    /// Returns the files that differ, by name.
    fn differences(&self) -> BTreeMap<&str, Difference> {
        let of_generated = self.files.iter().filter_map(|(name, text)| match self.found.get(name) {
            None => Some((name.as_str(), Difference::Missing)),
            Some(found) if found.content.as_deref() == Some(text.as_bytes()) => None,
            Some(_) => Some((name.as_str(), Difference::Changed)),
        });
        let others = self.found.iter().filter(|(name, _)| !self.files.contains_key(*name));
        let of_others = others.map(|(name, found)| {
            (name.as_str(), if found.is_generated { Difference::Stale } else { Difference::Unknown })
        });
        of_generated.chain(of_others).collect()
    }

    /// Fails, and shows the differences, if the folder holds anything but the generated files.
    pub(super) fn check(&self, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
        let differences = self.differences();
        let said = if differences.is_empty() {
            writeln!(out, "{} is up to date ({})", self.shown, count(self.files.len(), "file"))
        } else {
            self.show(&differences, out).and_then(|()| self.conclude(&differences, reporter))
        };
        said.map_err(|error| in_words("standard output", &error))?;
        if differences.is_empty() { Ok(()) } else { Err(Failure::Said) }
    }

    /// Prints the changes that generating would make, as a patch.
    fn show(&self, differences: &BTreeMap<&str, Difference>, out: &mut dyn Write) -> io::Result<()> {
        for (name, _) in differences.iter().filter(|(_, difference)| **difference != Difference::Unknown) {
            let found = self.found.get(*name);
            let old = String::from_utf8_lossy(found.and_then(|found| found.content.as_deref()).unwrap_or_default());
            let new = self.files.get(*name);
            let diff = TextDiff::from_lines(old.as_ref(), new.map_or("", String::as_str));
            let path = format!("{}/{name}", self.shown);
            let header = |exists: bool| if exists { path.as_str() } else { "/dev/null" };
            let mut patch = diff.unified_diff();
            write!(out, "{}", patch.context_radius(3).header(header(found.is_some()), header(new.is_some())))?;
        }
        Ok(())
    }

    fn conclude(&self, differences: &BTreeMap<&str, Difference>, reporter: &mut Reporter<'_>) -> io::Result<()> {
        let faults = [
            (Difference::Missing, "is missing"),
            (Difference::Changed, "is out of date"),
            (Difference::Stale, "is no longer generated"),
            (Difference::Unknown, "was not generated, and has no place here"),
        ];
        for (kind, fault) in faults {
            for (name, _) in differences.iter().filter(|(_, difference)| **difference == kind) {
                reporter.file(&format!("{}/{name}", self.shown), fault)?;
            }
        }
        if differences.values().any(|difference| *difference == Difference::Unknown) {
            reporter.conclude("  help: move the files that were not generated elsewhere, then run `cargo codegen`")
        } else {
            reporter.conclude("  help: run `cargo codegen`")
        }
    }

    /// Makes the folder hold the generated files and nothing else. Returns the number of files that had to change.
    ///
    /// All files are written beside the folder first and then moved, so that a full disk leaves the folder as it was.
    pub(super) fn write(&self) -> Result<usize, String> {
        let differences = self.differences();
        self.refuse_to_overwrite(&differences)?;
        if !differences.is_empty() {
            let shown = &self.shown;
            let staged = self.stage(&differences).map_err(|error| {
                format!("{shown} cannot be written: {error}\n  help: nothing was changed; run `cargo codegen` again")
            })?;
            self.replace(&differences, &staged).map_err(|(name, error)| {
                format!(
                    "{shown}/{name} cannot be replaced: {error}\n  help: other files may have been replaced already; \
                     remove what prevents it, then run `cargo codegen` again"
                )
            })?;
        }
        Ok(differences.len())
    }

    /// Fails if the folder holds files that this program did not write.
    fn refuse_to_overwrite(&self, differences: &BTreeMap<&str, Difference>) -> Result<(), String> {
        const MAX_LISTED: usize = 10;
        let is_foreign = |name: &&&str| self.found.get(**name).is_some_and(|found| !found.is_generated);
        let foreign: Vec<&&str> = differences.keys().filter(is_foreign).collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let shown = &self.shown;
        let mut message = format!("{shown} holds files that cargo codegen did not write:");
        for name in foreign.iter().take(MAX_LISTED) {
            message.push_str(&format!("\n  {shown}/{name}"));
        }
        if let Some(more @ 1..) = foreign.len().checked_sub(MAX_LISTED) {
            message.push_str(&format!("\n  … and {more} more"));
        }
        message.push_str("\n  help: move them elsewhere, or name another folder by --out; nothing was written");
        Err(message)
    }

    /// Writes new files beside the folder, because a file can be replaced only within one file system.
    fn stage(&self, differences: &BTreeMap<&str, Difference>) -> io::Result<TempDir> {
        let beside = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(beside)?;
        let staged = tempfile::Builder::new().prefix(".codegen-").tempdir_in(beside)?;
        for name in differences.keys() {
            if let Some(text) = self.files.get(*name) {
                let path = staged.path().join(name);
                create_parent(&path)?;
                fs::write(&path, text)?;
            }
        }
        Ok(staged)
    }

    /// Moves new files into the folder and removes stale ones. An error comes with the name of its file.
    fn replace<'s>(
        &'s self,
        differences: &BTreeMap<&'s str, Difference>,
        staged: &TempDir,
    ) -> Result<(), (&'s str, io::Error)> {
        let (stale, new): (Vec<&'s str>, Vec<&'s str>) =
            differences.keys().copied().partition(|name| !self.files.contains_key(*name));
        for name in new {
            let path = self.path.join(name);
            let moved = create_parent(&path).and_then(|()| fs::rename(staged.path().join(name), &path));
            moved.map_err(|error| (name, error))?;
        }
        for name in stale {
            let path = self.path.join(name);
            fs::remove_file(&path).map_err(|error| (name, error))?;
            remove_empty(path.parent(), &self.path);
        }
        Ok(())
    }
}

/// Finds the files below `path`.
fn find(path: &Path, generated: &Files) -> Result<BTreeMap<String, Found>, String> {
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
            // This program writes no symbolic links.
            let found = if kind.is_file() {
                look(&entry.path(), generated.contains_key(&name))
            } else {
                Ok(Found { is_generated: false, content: None })
            };
            files.insert(name, found.map_err(|error| format!("{}: {error}", entry.path().display()))?);
            if files.len() > MAX_FILES {
                return Err(format!("{} holds too many files to be a folder for this program", path.display()));
            }
        }
    }
    Ok(files)
}

fn look(path: &Path, is_wanted: bool) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    Read::by_ref(&mut file).take(HEADER.len() as u64).read_to_end(&mut start)?;
    let is_generated = start == HEADER.as_bytes();
    let content = if is_wanted || is_generated {
        file.read_to_end(&mut start)?;
        Some(start)
    } else {
        None
    };
    Ok(Found { is_generated, content })
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Removes empty folders from `folder` upwards, up to the folder of the generated files.
fn remove_empty(mut folder: Option<&Path>, root: &Path) {
    while let Some(path) = folder.filter(|path| *path != root && path.starts_with(root)) {
        // Fails if the folder is not empty, as intended.
        if fs::remove_dir(path).is_err() {
            return;
        }
        folder = path.parent();
    }
}
