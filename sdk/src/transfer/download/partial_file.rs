//! File next to the target, which receives the ranges until it is complete.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use super::journal::{Journal, journal_of};
use crate::body::OpenFile;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::journal::atomic_file;
use crate::transfer::journal::lock::open_locked;

/// Maximum time between two writes of the journal. Ranges that are not in it are fetched again after a crash.
const RECORD_INTERVAL: Duration = Duration::from_millis(500);
/// Maximum number of fetched bytes that the journal does not have.
const MAX_UNRECORDED: u64 = 64 << 20;

/// Locked file with the ranges fetched so far, and the journal that lists them.
#[derive(Debug)]
pub(super) struct PartialFile {
    file: File,
    path: PathBuf,
    target: PathBuf,
    recorder: Mutex<Recorder>,
}

#[derive(Debug)]
struct Recorder {
    journal: Journal,
    stored: Instant,
    /// Fetched bytes that the stored journal does not have.
    unrecorded: u64,
    /// True if the file is the target or was removed, so that nothing may be recorded any more.
    is_over: bool,
}

impl PartialFile {
    /// Opens the file of an earlier download of the same object, or creates an empty one. Blocks.
    pub(super) fn open(target: &Path, journal: Journal, size: u64) -> Result<Self> {
        if let Some(problem) = atomic_file::irreplaceable(target) {
            let message = format!("the target {} {problem}", target.display());
            return Err(Error::new(ErrorKind::Body, message));
        }
        let path = atomic_file::with_ending(target, ".qsdownload");
        let described = |error| unwritable(&path, error);
        let file = open_alone(&path)?;
        let before = file.metadata().map_err(described)?.len();
        let journal = if before == size {
            journal.resumed(&journal_of(&path))
        } else {
            // If the program crashes after `set_len`, a journal of another file must not describe this one.
            atomic_file::remove(&journal_of(&path)).map_err(described)?;
            journal
        };
        if let Err(error) = file.set_len(size) {
            if before == 0 {
                atomic_file::remove(&path).map_err(described)?;
            }
            return Err(described(error));
        }
        journal.store(&journal_of(&path)).map_err(described)?;
        let target = target.to_owned();
        let recorder = Recorder { journal, stored: Instant::now(), unrecorded: 0, is_over: false };
        Ok(Self { file, path, target, recorder: Mutex::new(recorder) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a reader. It shares the file handle, because Windows refuses other handles while the file is locked. Blocks.
    pub(super) fn reader(&self) -> Result<OpenFile> {
        let file = self.file.try_clone().map_err(|error| unwritable(&self.path, error))?;
        Ok(OpenFile::new(file, &self.path))
    }

    /// Returns the journal with the ranges fetched so far.
    pub(super) fn journal(&self) -> Journal {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).journal.clone()
    }

    /// Blocks.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(|error| unwritable(&self.path, error))
    }

    /// Records that a range of `bytes` bytes is complete. Blocks.
    pub(super) fn record(&self, part: u32, bytes: u64) -> Result<()> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that was stopped may come this late.
        if recorder.is_over {
            return Ok(());
        }
        recorder.journal.done.insert(part);
        recorder.unrecorded += bytes;
        if recorder.stored.elapsed() < RECORD_INTERVAL && recorder.unrecorded < MAX_UNRECORDED {
            return Ok(());
        }
        self.store(&mut recorder)
    }

    /// Stores all recorded ranges. Blocks.
    pub(super) fn flush(&self) -> Result<()> {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if recorder.unrecorded == 0 || recorder.is_over { Ok(()) } else { self.store(&mut recorder) }
    }

    /// Stores the journal after the bytes that it lists, so that it is right even after a power failure.
    fn store(&self, recorder: &mut Recorder) -> Result<()> {
        let stored = self.file.sync_data().and_then(|()| recorder.journal.store(&journal_of(&self.path)));
        stored.map_err(|error| unwritable(&self.path, error))?;
        (recorder.stored, recorder.unrecorded) = (Instant::now(), 0);
        Ok(())
    }

    /// Replaces the target by this file. Blocks.
    pub(super) fn finish(&self) -> Result<()> {
        let moved = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, &self.target));
        moved.map_err(|error| unwritable(&self.target, error))?;
        self.stop_recording();
        // The journal stays until the rename is durable, so that a crash before that does not lose the ranges.
        atomic_file::sync_folder(&self.target);
        if let Err(error) = atomic_file::remove(&journal_of(&self.path)) {
            tracing::warn!(%error, "the download is complete, but its journal could not be removed");
        }
        Ok(())
    }

    /// Removes the file and its journal. Blocks.
    pub(super) fn discard(&self) -> Result<()> {
        self.stop_recording();
        let removed = atomic_file::remove(&journal_of(&self.path)).and_then(|()| atomic_file::remove(&self.path));
        removed.map_err(|error| unwritable(&self.path, error))
    }

    fn stop_recording(&self) {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the ranges that were fetched last could not be recorded");
        }
    }
}

/// Opens and locks the file, so that two downloads do not mix. Blocks, as long as a dropped download may take to end.
fn open_alone(path: &Path) -> Result<File> {
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
    open_locked(path, &options).map_err(|error| unwritable(path, error))?.ok_or_else(|| {
        let message = format!("the file {} is being written by another download to the same place", path.display());
        Error::new(ErrorKind::Body, message)
    })
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Body, format!("the file {} could not be written", path.display())).with_source(error)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_download_that_waited_for_the_lock_gets_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let open = |size| {
            let journal = Journal::new(("b", "k"), None, Some("\"x\""), size, 8);
            PartialFile::open(&target, journal, size).unwrap()
        };
        let first = open(3);
        first.write_at(b"one", 0).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| open(5));
            first.finish().unwrap();
            drop(first);
            second.join().unwrap().write_at(b"other", 0).unwrap();
        });
        assert_eq!(fs::read(&target).unwrap(), b"one");
    }
}
