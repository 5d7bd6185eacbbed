//! One upload with a checkpoint at a time.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::atomic_file::{private, remove, with_ending};
use super::journal::lock::open_locked;
use crate::error::{Error, ErrorKind, Result};

/// Held as long as it lives. The system lets go of it when the program dies, however that happens; the file beside the
/// checkpoint that it is on stays then, until the next upload has ended.
#[derive(Debug)]
pub(crate) struct CheckpointLock {
    path: PathBuf,
    _file: File,
}

impl CheckpointLock {
    /// Blocks, for two seconds at the most.
    pub(crate) fn of(checkpoint: &Path) -> Result<Self> {
        let path = with_ending(checkpoint, ".lock");
        let locked = open_locked(&path, private().write(true).create(true).truncate(false));
        if let Some(file) = locked.map_err(|error| unusable(checkpoint, error))? {
            return Ok(Self { path, _file: file });
        }
        let message = format!(
            "the checkpoint {} is in use by another upload, of this program or another: wait for its end, or name another \
             file; nothing was sent",
            checkpoint.display()
        );
        Err(Error::new(ErrorKind::Body, message))
    }
}

impl Drop for CheckpointLock {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the lock of a checkpoint is left behind, and of no effect");
        }
    }
}

fn unusable(checkpoint: &Path, error: io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::NotFound => ", because there is no folder for it",
        _ => "",
    };
    let message = format!("the checkpoint {} cannot be written{why}; nothing was sent", checkpoint.display());
    Error::new(ErrorKind::Body, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time_and_nothing_is_left_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("c.json");
        let first = CheckpointLock::of(&checkpoint).unwrap();
        let error = CheckpointLock::of(&checkpoint).unwrap_err().to_string();
        assert!(error.contains("is in use by another upload") && error.contains("c.json"), "{error}");
        drop(first);
        drop(CheckpointLock::of(&checkpoint).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_was_left_behind_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("c.json");
        std::fs::write(with_ending(&checkpoint, ".lock"), "").unwrap();
        drop(CheckpointLock::of(&checkpoint).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = CheckpointLock::of(&folder.path().join("none/c.json")).unwrap_err().to_string();
        assert!(error.contains("none/c.json") && error.contains("no folder for it"), "{error}");
    }
}
