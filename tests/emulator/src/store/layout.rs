//! Where things are in the data directory.
//!
//! ```text
//! qingstor-emulator           marks the directory as ours, and is locked while it is in use
//! tmp/                        unfinished; emptied at start
//! segments/<id>               data: the body of one object, or of one part
//! buckets/<id>/bucket.json, settings.json
//! buckets/<id>/versioning.json                           where it was ever enabled
//! buckets/<id>/objects/<sha256 of the key>.json            the null version: all there is without versioning
//! buckets/<id>/objects/<sha256 of the key>.<sequence>.json
//! buckets/<id>/uploads/<id>/upload.json, <part number>.json
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};

use super::version::VersionId;

const MARKER: &str = "qingstor-emulator";
const FORMAT: &str = "qingstor-emulator data, format 2\n";
/// Before there were versions. What it has is also right in the format of today.
const FORMAT_1: &str = "qingstor-emulator data, format 1\n";

/// How long a directory in use is waited for. An emulator that was dropped, and not stopped, needs a moment to let go.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
    /// Closing it ends the lock, and so does the end of the process, however it comes.
    _marker: File,
}

impl Layout {
    /// Makes the directories. A directory with other people's files in it is refused: what is not known here would
    /// be cleared away. So is one that is in use, whose unfinished files would be cleared away.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let marker = root.join(MARKER);
        // In this order: between the two another process may have made the marker, which it makes first.
        if fs::read_dir(root)?.next().is_some() && !marker.exists() {
            let message = format!("{} is neither empty nor a data directory of this emulator", root.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut marker = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(marker)?;
        lock(&marker)?;
        mark(&mut marker)?;
        let layout = Self { root: root.to_owned(), _marker: marker };
        if layout.tmp().exists() {
            fs::remove_dir_all(layout.tmp())?;
        }
        for directory in [layout.tmp(), layout.segments(), layout.buckets()] {
            fs::create_dir_all(directory)?;
        }
        Ok(layout)
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn segments(&self) -> PathBuf {
        self.root.join("segments")
    }

    pub(crate) fn buckets(&self) -> PathBuf {
        self.root.join("buckets")
    }

    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.buckets().join(bucket)
    }

    pub(crate) fn settings(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("settings.json")
    }

    pub(crate) fn objects(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("objects")
    }

    pub(crate) fn versioning(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("versioning.json")
    }

    /// Keys may hold anything and be longer than file names may be; a digest can stand for all of them.
    pub(crate) fn version(&self, bucket: &str, key: &str, id: VersionId) -> PathBuf {
        let mut name = String::with_capacity(86);
        for byte in Sha256::digest(key.as_bytes()) {
            let _ = write!(name, "{byte:02x}");
        }
        if let VersionId::Numbered(sequence) = id {
            let _ = write!(name, ".{sequence:016x}");
        }
        name.push_str(".json");
        self.objects(bucket).join(name)
    }

    pub(crate) fn is_null_version(file_name: &str) -> bool {
        file_name.split('.').count() == 2
    }

    pub(crate) fn uploads(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("uploads")
    }

    pub(crate) fn upload(&self, bucket: &str, upload: &str) -> PathBuf {
        self.uploads(bucket).join(upload)
    }

    pub(crate) fn part(&self, bucket: &str, upload: &str, number: u32) -> PathBuf {
        self.upload(bucket, upload).join(format!("{number}.json"))
    }

    /// A file that vanishes unless it is renamed.
    pub(crate) fn temporary_file(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.tmp())
    }

    /// A directory that vanishes unless it is renamed.
    pub(crate) fn temporary_directory(&self) -> io::Result<TempDir> {
        TempDir::new_in(self.tmp())
    }

    /// Puts a record aside; it takes effect by being renamed.
    pub(crate) fn stage(&self, record: &impl Serialize) -> io::Result<NamedTempFile> {
        let file = self.temporary_file()?;
        let mut writer = BufWriter::new(&file);
        serde_json::to_writer(&mut writer, record)?;
        writer.flush()?;
        drop(writer);
        Ok(file)
    }

    /// Takes a directory out of sight in one step. Its content goes when the answer is dropped, which may take a
    /// while.
    pub(crate) fn discard(&self, directory: &Path) -> io::Result<TempDir> {
        let grave = self.temporary_directory()?;
        fs::rename(directory, grave.path().join("discarded"))?;
        Ok(grave)
    }
}

/// Notes the format. A directory of a format that is not known is left as it is.
fn mark(marker: &mut File) -> io::Result<()> {
    let mut format = String::new();
    marker.read_to_string(&mut format)?;
    match format.as_str() {
        FORMAT => Ok(()),
        // Empty where its maker was killed before it wrote anything. Both formats have the same length, so there is
        // no moment with less than one of them.
        "" | FORMAT_1 => {
            marker.rewind()?;
            marker.write_all(FORMAT.as_bytes())
        }
        other => {
            let message = format!(
                "it is marked as \"{}\", and this emulator reads {:?} at most; use the emulator that wrote it",
                other.trim_end(),
                FORMAT.trim_end(),
            );
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}

/// Blocks, for a short while at most.
fn lock(marker: &File) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match marker.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is in use by another process"));
            }
        }
    }
}

pub(crate) fn write_record(path: &Path, record: &impl Serialize) -> io::Result<()> {
    fs::write(path, serde_json::to_vec(record)?)
}

pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    read_bytes(path).and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| unreadable(path, error.into())))
}

pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| unreadable(path, error))
}

/// Names what could not be read; the operating system does not.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display()))
}
