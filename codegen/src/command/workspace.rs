//! Finds the workspace, so that the command works in each of its folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::report::Failure;

/// Returns the root folder of the workspace around the current folder.
///
/// If there is none and the workspace is not required, returns the current folder. Names in messages are relative to
/// it.
pub(super) fn find(is_required: bool) -> Result<PathBuf, Failure> {
    let current = std::env::current_dir()
        .map_err(|error| Failure::Usage(format!("the current folder cannot be determined: {error}")))?;
    match around(&current) {
        Some(root) => Ok(root.to_owned()),
        None if !is_required => Ok(current),
        None => Err(Failure::Usage(format!(
            "neither {} nor any folder above has a Cargo.toml with [workspace]\n  \
             help: change into the workspace of the SDK, or give both --spec and --out",
            current.display()
        ))),
    }
}

/// Returns the nearest folder with a Cargo.toml that has a section `[workspace]`.
fn around(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "[workspace]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_workspace_around_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("sdk/src");
        fs::create_dir_all(&deep).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"sdk\"]\n").unwrap();
        fs::write(folder.path().join("sdk/Cargo.toml"), "[package]\nlicense.workspace = true\n").unwrap();
        assert_eq!(around(&deep), Some(folder.path()));
    }
}
