//! `cargo codegen`: writing what has changed.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::difference::Difference;
use super::folder::Folder;
use crate::render::Files;

/// Makes the folder hold the generated files and nothing else; says how many files that took.
///
/// Everything is written beside the folder first, so that a full disk, for one, leaves the folder as it was; then
/// each file takes its place at once.
pub(super) fn write(files: &Files, folder: &Folder, shown: &str) -> Result<usize, String> {
    let difference = Difference::between(files, folder);
    refuse_to_overwrite(&difference, shown)?;
    if difference.changes() > 0 {
        let staged = stage(&difference, files, &folder.path).map_err(|error| {
            format!("{shown} cannot be written: {error}\n  help: nothing was changed; run `cargo codegen` again")
        })?;
        replace(&difference, &staged, &folder.path).map_err(|(name, error)| {
            format!(
                "{shown}/{name} cannot be replaced: {error}\n  help: other files may have been replaced already; \
                 remove what prevents it, then run `cargo codegen` again"
            )
        })?;
    }
    Ok(difference.changes())
}

fn refuse_to_overwrite(difference: &Difference<'_>, shown: &str) -> Result<(), String> {
    const MOST: usize = 10;
    let foreign: Vec<&str> = difference.unknown.iter().chain(&difference.in_the_way).copied().collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let mut message = format!("{shown} holds files that cargo codegen did not write:");
    for name in foreign.iter().take(MOST) {
        message.push_str(&format!("\n  {shown}/{name}"));
    }
    if let Some(more @ 1..) = foreign.len().checked_sub(MOST) {
        message.push_str(&format!("\n  … and {more} more"));
    }
    message.push_str("\n  help: move them elsewhere, or name another folder by --out; nothing was written");
    Err(message)
}

/// Writes what is missing or changed beside the folder: replacing a file is possible within one file system only.
fn stage(difference: &Difference<'_>, files: &Files, folder: &Path) -> io::Result<TempDir> {
    let beside = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside)?;
    let staged = tempfile::Builder::new().prefix(".codegen-").tempdir_in(beside)?;
    for name in difference.missing.iter().chain(&difference.changed) {
        let path = staged.path().join(name);
        create_parent(&path)?;
        fs::write(&path, files.get(*name).map_or("", String::as_str))?;
    }
    Ok(staged)
}

/// Moves the files where they belong and removes stale ones; an error tells the file that it is about.
fn replace<'a>(difference: &Difference<'a>, staged: &TempDir, folder: &Path) -> Result<(), (&'a str, io::Error)> {
    for name in difference.missing.iter().chain(&difference.changed) {
        let path = folder.join(name);
        let moved = create_parent(&path).and_then(|()| fs::rename(staged.path().join(name), &path));
        moved.map_err(|error| (*name, error))?;
    }
    for name in &difference.stale {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(|error| (*name, error))?;
        remove_empty(path.parent(), folder);
    }
    Ok(())
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Removes the folders that are empty now, up to the folder of the generated files.
fn remove_empty(mut folder: Option<&Path>, root: &Path) {
    while let Some(path) = folder.filter(|path| *path != root && path.starts_with(root)) {
        // A folder that is not empty refuses, which is what is wanted.
        if fs::remove_dir(path).is_err() {
            return;
        }
        folder = path.parent();
    }
}
