//! Finding the workspace, so that the command works from any folder in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::slashed;

/// The folder that the defaults are relative to.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
}

impl Workspace {
    /// Returns the workspace around the current folder. Without one, that folder serves to shorten names, unless the
    /// workspace is required.
    pub(super) fn find(is_required: bool) -> Result<Self, String> {
        let here = std::env::current_dir().map_err(|error| format!("the current folder cannot be found: {error}"))?;
        match around(&here) {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None if !is_required => Ok(Self { root: here }),
            None => Err(format!(
                "neither {} nor any folder above has a Cargo.toml with [workspace]\n  \
                 help: change into the workspace of the SDK, or give both --spec and --out",
                here.display()
            )),
        }
    }

    /// How messages name a path: relative to the workspace if it lies there.
    pub(super) fn shown(&self, path: &Path) -> String {
        slashed(path.strip_prefix(&self.root).unwrap_or(path))
    }
}

/// The nearest folder with a Cargo.toml that has the section `[workspace]`.
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
    fn a_workspace_is_found_from_below() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("sdk/src");
        fs::create_dir_all(&deep).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"sdk\"]\n").unwrap();
        fs::write(folder.path().join("sdk/Cargo.toml"), "[package]\nlicense.workspace = true\n").unwrap();
        assert_eq!(around(&deep), Some(folder.path()));
    }
}
