//! File locks, which the kernel releases when the process dies.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::atomic_file::{open_regular, private_file, remove_if_exists, with_suffix};
use crate::error::{Error, ErrorKind, Result};

/// Suffix of the lock file of a journal.
pub(super) const LOCK_SUFFIX: &str = ".lock";

/// Number of attempts to lock a file. A transfer that was dropped can hold the lock until its last write ends.
const MAX_ATTEMPTS: u32 = 40;
/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Lock of a resume journal, held on a separate file with the suffix `.lock`.
///
/// Dropping it removes the lock file. A lock file that a killed process has left can be locked again.
#[derive(Debug)]
pub(super) struct JournalLock {
    path: PathBuf,
    _file: File,
}

impl JournalLock {
    /// Locks a journal, which does not have to exist. Blocks for up to 2 s.
    pub(super) fn acquire(journal: &Path) -> Result<Self> {
        let opened = with_suffix(journal, LOCK_SUFFIX).and_then(|path| {
            let file = open_locked(&path, private_file().create(true).truncate(false))?;
            // A lock file is empty. Dropping the lock would remove a file with other content.
            if file.as_ref().map_or(Ok(0), |file| file.metadata().map(|found| found.len()))? > 0 {
                let message = format!("{} is not empty, so it is no lock file: use another path", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            Ok(file.map(|file| Self { path, _file: file }))
        });
        match opened {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(Error::new(
                ErrorKind::Body,
                format!(
                    "the checkpoint {} is in use by another transfer: wait until that ends, or use another checkpoint file; \
                     no data was transferred",
                    journal.display()
                ),
            )),
            Err(error) => {
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                let reason = if is_missing { ", because its folder does not exist" } else { "" };
                let message =
                    format!("the checkpoint {} cannot be written{reason}; no data was transferred", journal.display());
                Err(Error::new(ErrorKind::Body, message).with_source(error))
            }
        }
    }
}

impl Drop for JournalLock {
    fn drop(&mut self) {
        if let Err(error) = remove_if_exists(&self.path) {
            let path = self.path.display();
            tracing::warn!(%path, %error, "the lock file of a checkpoint could not be removed, but the lock is released");
        }
    }
}

/// Opens and locks a regular file. Closing the file releases the lock. Returns `None` if another handle still holds the
/// lock after 2 s of attempts. Blocks.
pub(crate) fn open_locked(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
    for attempt in 0..MAX_ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(RETRY_INTERVAL);
        }
        if let Some(file) = try_open_locked(path, options)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Opens and locks a file with one attempt. Returns `None` if another handle holds the lock, or if the path does not lead to the
/// opened file any more.
fn try_open_locked(path: &Path, options: &mut OpenOptions) -> io::Result<Option<File>> {
    let file = open_regular(path, options)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Some file systems do not support locks. The transfer then runs without one.
        Err(TryLockError::Error(error)) => {
            tracing::debug!(path = %path.display(), %error, "the file system cannot lock files");
        }
    }
    // The previous holder of the lock may have removed or renamed the file before it released the lock.
    Ok(is_at(&file, path)?.then_some(file))
}

/// Returns true if the path still leads to the open file.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(current) => Ok(is_same(&file.metadata()?, &current)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The standard library cannot compare files on other systems. There, only a removed or renamed file is noticed.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        options
    }

    #[test]
    fn journal_lock_is_exclusive_and_removes_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("c.json");
        let first = JournalLock::acquire(&journal).unwrap();
        let error = JournalLock::acquire(&journal).unwrap_err().to_string();
        assert!(error.contains("is in use by another transfer") && error.contains("c.json"), "{error}");
        drop(first);
        drop(JournalLock::acquire(&journal).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn lock_file_of_a_killed_process_is_locked_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("c.json");
        fs::write(with_suffix(&journal, ".lock").unwrap(), "").unwrap();
        drop(JournalLock::acquire(&journal).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn lock_file_with_content_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("Cargo.lock");
        fs::write(&other, "mine").unwrap();
        let error = JournalLock::acquire(&folder.path().join("Cargo")).unwrap_err().to_string();
        assert!(error.contains("Cargo.lock is not empty, so it is no lock file"), "{error}");
        assert_eq!(fs::read(&other).unwrap(), b"mine");
    }

    #[test]
    fn error_names_a_missing_folder() {
        let folder = tempfile::tempdir().unwrap();
        let error = JournalLock::acquire(&folder.path().join("none/c.json")).unwrap_err().to_string();
        assert!(error.contains("none/c.json") && error.contains("folder does not exist"), "{error}");
    }

    #[test]
    fn is_at_is_false_for_a_renamed_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("a.part"), folder.path().join("a"));
        let file = try_open_locked(&path, &mut options()).unwrap().unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::rename(&path, &target).unwrap();
        assert!(!is_at(&file, &path).unwrap(), "no file is at the path");
        fs::write(&path, "another").unwrap();
        #[cfg(unix)]
        assert!(!is_at(&file, &path).unwrap(), "another file is at the path");
    }

    #[test]
    fn threads_never_share_the_lock_of_a_file_that_each_holder_removes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (holders, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while turns.load(Ordering::SeqCst) < 1000 {
                        let Some(file) = try_open_locked(&path, &mut options()).unwrap() else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        turns.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(20));
                        holders.fetch_sub(1, Ordering::SeqCst);
                        fs::remove_file(&path).unwrap();
                        drop(file);
                    }
                });
            }
        });
        assert!(turns.load(Ordering::SeqCst) >= 1000);
    }
}
