//! The file that is being put together, beside the one that it becomes.

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

/// What is not noted is fetched again when the download is resumed: it is written down after so long, or so many bytes.
const NOTED_EVERY: Duration = Duration::from_millis(500);
const MOST_UNNOTED: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct PartialFile {
    file: File,
    path: PathBuf,
    target: PathBuf,
    journal: Mutex<Notes>,
}

#[derive(Debug)]
struct Notes {
    journal: Journal,
    stored: Instant,
    /// Bytes that are there and not noted in the file.
    unnoted: u64,
    /// Nothing is noted any more: the file is the target, or is gone.
    is_over: bool,
}

impl PartialFile {
    /// Opens what is there of the same download, or begins with nothing. Blocks.
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
            // Of a file of another length it must not say what is there of this one, should the program die here.
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
        let notes = Notes { journal, stored: Instant::now(), unnoted: 0, is_over: false };
        Ok(Self { file, path, target, journal: Mutex::new(notes) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was fetched, to be read: where locks are enforced, as on Windows, nobody reads it who opens it anew. Blocks.
    pub(super) fn reader(&self) -> Result<OpenFile> {
        let file = self.file.try_clone().map_err(|error| unwritable(&self.path, error))?;
        Ok(OpenFile::of(file, &self.path))
    }

    /// The numbers of the ranges that are there.
    pub(super) fn journal(&self) -> Journal {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).journal.clone()
    }

    /// Blocks.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(|error| unwritable(&self.path, error))
    }

    /// Notes that a range of so many bytes is there. Blocks.
    pub(super) fn note(&self, part: u32, bytes: u64) -> Result<()> {
        let mut notes = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was stopped may come so late.
        if notes.is_over {
            return Ok(());
        }
        notes.journal.done.insert(part);
        notes.unnoted += bytes;
        if notes.stored.elapsed() < NOTED_EVERY && notes.unnoted < MOST_UNNOTED {
            return Ok(());
        }
        self.store(&mut notes)
    }

    /// Notes everything. Blocks.
    pub(super) fn flush(&self) -> Result<()> {
        let mut notes = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.unnoted == 0 || notes.is_over { Ok(()) } else { self.store(&mut notes) }
    }

    /// What is noted has to be there even if the machine dies.
    fn store(&self, notes: &mut Notes) -> Result<()> {
        let stored = self.file.sync_data().and_then(|()| notes.journal.store(&journal_of(&self.path)));
        stored.map_err(|error| unwritable(&self.path, error))?;
        (notes.stored, notes.unnoted) = (Instant::now(), 0);
        Ok(())
    }

    /// Puts it in the target's place. Blocks.
    pub(super) fn finish(&self) -> Result<()> {
        let moved = self.file.sync_all().and_then(|()| std::fs::rename(&self.path, &self.target));
        moved.map_err(|error| unwritable(&self.target, error))?;
        self.end_notes();
        // Until the new name is safe, the journal says what there is to go on with.
        atomic_file::sync_folder(&self.target);
        if let Err(error) = atomic_file::remove(&journal_of(&self.path)) {
            tracing::warn!(%error, "what was downloaded is there, and its journal too");
        }
        Ok(())
    }

    /// Removes it: what is there is good for nothing. Blocks.
    pub(super) fn discard(&self) -> Result<()> {
        self.end_notes();
        let removed = atomic_file::remove(&journal_of(&self.path)).and_then(|()| atomic_file::remove(&self.path));
        removed.map_err(|error| unwritable(&self.path, error))
    }

    fn end_notes(&self) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "what was downloaded last is not noted");
        }
    }
}

/// Two that write into one file would make a mixture. Blocks, for as long as a download that was dropped may take to end.
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
    fn who_waits_for_a_file_that_becomes_the_target_gets_another_one() {
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
