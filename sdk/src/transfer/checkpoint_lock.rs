//! One upload with a checkpoint at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::whole_file::{private, remove, with_ending};
use crate::error::{Error, ErrorKind, Result};

/// How long it is waited for: an upload that was dropped may still be writing.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

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
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            if let Some(file) = locked(&path).map_err(|error| unusable(checkpoint, error))? {
                return Ok(Self { path, _file: file });
            }
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

/// `None` if somebody else has it.
fn locked(path: &Path) -> io::Result<Option<File>> {
    let file = private().write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(is_at(&file, path)?.then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        // Where files cannot be locked, there is nothing to wait for.
        Err(TryLockError::Error(error)) => {
            tracing::debug!(path = %path.display(), %error, "files cannot be locked here");
            Ok(Some(file))
        }
    }
}

/// Whether it is still the file that others find: who had the lock removes it in the end.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let (locked, there) = match (file.metadata(), std::fs::metadata(path)) {
        (locked, Ok(there)) => (locked?, there),
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        (_, Err(error)) => return Err(error),
    };
    Ok((locked.dev(), locked.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
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
    fn who_locks_in_turn_never_has_it_together() {
        use std::sync::atomic::{AtomicU32, Ordering};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json.lock");
        let (inside, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while turns.load(Ordering::SeqCst) < 1000 {
                        let Some(file) = locked(&path).unwrap() else { continue };
                        let lock = CheckpointLock { path: path.clone(), _file: file };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        turns.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(20));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(turns.load(Ordering::SeqCst) >= 1000);
    }

    #[test]
    fn a_folder_that_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = CheckpointLock::of(&folder.path().join("none/c.json")).unwrap_err().to_string();
        assert!(error.contains("none/c.json") && error.contains("no folder for it"), "{error}");
    }
}
