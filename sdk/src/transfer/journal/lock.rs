//! A file that nobody else writes at the same time.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long it is waited for: a transfer that was dropped may still be writing.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Opens and locks the file that is at the path; `None` if somebody else has it. Whoever lets go of it closes it, or dies.
/// Blocks, for two seconds at the most.
pub(crate) fn open_locked(path: &Path, options: &OpenOptions) -> io::Result<Option<File>> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        if let Some(file) = try_open_locked(path, options)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn try_open_locked(path: &Path, options: &OpenOptions) -> io::Result<Option<File>> {
    let file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        // Where files cannot be locked, there is nothing to wait for.
        Err(TryLockError::Error(error)) => {
            tracing::debug!(path = %path.display(), %error, "files cannot be locked here");
        }
    }
    // Whoever had it may have removed it, or given it another name.
    Ok(is_at(&file, path)?.then_some(file))
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match path.metadata() {
        Ok(there) => Ok(is_same(&file.metadata()?, &there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The standard library does not tell files apart there. Where one was removed, there mostly is none, which is noticed.
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
    fn what_was_given_another_name_is_not_the_file_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("a.part"), folder.path().join("a"));
        let file = try_open_locked(&path, &options()).unwrap().unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::rename(&path, &target).unwrap();
        assert!(!is_at(&file, &path).unwrap(), "there is none");
        fs::write(&path, "another").unwrap();
        #[cfg(unix)]
        assert!(!is_at(&file, &path).unwrap(), "there is another one");
    }

    #[test]
    fn who_locks_in_turn_never_has_it_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (inside, turns) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while turns.load(Ordering::SeqCst) < 1000 {
                        let Some(file) = try_open_locked(&path, &options()).unwrap() else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        turns.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_micros(20));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        fs::remove_file(&path).unwrap();
                        drop(file);
                    }
                });
            }
        });
        assert!(turns.load(Ordering::SeqCst) >= 1000);
    }
}
