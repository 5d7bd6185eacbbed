//! Finding the workspace, so that the command works from any folder in it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Arguments, slashed};

/// The folder that the defaults are relative to.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
}

impl Workspace {
    /// The workspace around the current folder.
    pub(super) fn find(arguments: &Arguments) -> Result<Self, String> {
        let here = here()?;
        if let Some(root) = around(&here) {
            return Ok(Self { root: root.to_owned() });
        }
        if arguments.spec.is_some() && arguments.out.is_some() {
            // Nothing is asked of the workspace then, but to shorten names.
            return Ok(Self { root: here });
        }
        Err(format!(
            "neither {} nor any folder above has a Cargo.toml with [workspace]\n  \
             help: change into the workspace of the SDK, or give both --spec and --out",
            here.display()
        ))
    }

    /// The workspace around the current folder or, where nothing is asked of it but to shorten names, that folder.
    pub(super) fn around_here_or_here() -> Result<Self, String> {
        let here = here()?;
        Ok(Self { root: around(&here).unwrap_or(&here).to_owned() })
    }

    /// How messages name a path: relative to the workspace if it lies there.
    pub(super) fn shown(&self, path: &Path) -> String {
        slashed(path.strip_prefix(&self.root).unwrap_or(path))
    }
}

fn here() -> Result<PathBuf, String> {
    std::env::current_dir().map_err(|error| format!("the current folder cannot be found: {error}"))
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
