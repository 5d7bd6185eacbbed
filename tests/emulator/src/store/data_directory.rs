//! The files of the data directory.
//!
//! ```text
//! qingstor-emulator           contains the format, and is locked while an emulator uses the directory
//! tmp/                        unfinished files, which are deleted at the start
//! segments/<id>               data: the body of one object, or of one part
//! buckets/<id>/bucket.json, settings.json
//! buckets/<id>/versioning.json                             if versioning was ever set
//! buckets/<id>/objects/<sha256 of the key>.json            the null version, the only one without versioning
//! buckets/<id>/objects/<sha256 of the key>.<sequence>.json
//! buckets/<id>/uploads/<id>/upload.json, <part number>.json
//! ```

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
use crate::headers::hex;

const MARKER: &str = "qingstor-emulator";
const FORMAT: &str = "qingstor-emulator data, format 2\n";
/// Format without versions. Its records are also valid in format 2.
const FORMAT_1: &str = "qingstor-emulator data, format 1\n";

/// Maximum time to wait for a directory that is in use. An emulator that was dropped, and not stopped, releases its
/// directory a moment later.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// A locked data directory.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    root: PathBuf,
    /// The marker file. It is locked until it is closed.
    _marker: File,
}

impl DataDirectory {
    /// Locks a directory and creates the directories in it. Refuses a directory with the files of another program and a
    /// directory in use, because opening a directory deletes files.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let marker = root.join(MARKER);
        // Another process may be creating the directory now. It creates the marker first, so if `read_dir` finds a file
        // of that process, the marker exists.
        if fs::read_dir(root)?.next().is_some() && !marker.exists() {
            let message = format!(
                "{} is neither empty nor a data directory of the emulator; choose another directory",
                root.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut marker = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(marker)?;
        lock(&marker)?;
        mark(&mut marker)?;
        let directory = Self { root: root.to_owned(), _marker: marker };
        if directory.tmp().exists() {
            fs::remove_dir_all(directory.tmp())?;
        }
        for path in [directory.tmp(), directory.segments(), directory.buckets()] {
            fs::create_dir_all(path)?;
        }
        Ok(directory)
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

    pub(crate) fn objects(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("objects")
    }

    /// Returns the path of the record of a version. The digest of the key replaces the key, which may be too long for a
    /// file name or have characters that are invalid in one.
    pub(crate) fn version(&self, bucket: &str, key: &str, id: VersionId) -> PathBuf {
        let digest = hex(&Sha256::digest(key.as_bytes()));
        self.objects(bucket).join(match id {
            VersionId::Null => format!("{digest}.json"),
            VersionId::Numbered(sequence) => format!("{digest}.{sequence:016x}.json"),
        })
    }

    /// Returns true if a record with this file name belongs to a null version.
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

    /// Creates a file that is deleted when it is dropped, unless it is renamed.
    pub(crate) fn temporary_file(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(self.tmp())
    }

    /// Creates a directory that is deleted when it is dropped, unless it is renamed.
    pub(crate) fn temporary_directory(&self) -> io::Result<TempDir> {
        TempDir::new_in(self.tmp())
    }

    /// Writes a record to a temporary file. It takes effect when the file is renamed.
    pub(crate) fn stage(&self, record: &impl Serialize) -> io::Result<NamedTempFile> {
        let file = self.temporary_file()?;
        let mut writer = BufWriter::new(&file);
        serde_json::to_writer(&mut writer, record)?;
        writer.flush()?;
        drop(writer);
        Ok(file)
    }

    /// Moves a directory to the temporary files with one rename. Its content is deleted when the result is dropped,
    /// which may take time.
    pub(crate) fn discard(&self, directory: &Path) -> io::Result<TempDir> {
        let trash = self.temporary_directory()?;
        fs::rename(directory, trash.path().join("discarded"))?;
        Ok(trash)
    }
}

/// Writes the format to the marker. Refuses a directory with an unknown format and does not change it.
fn mark(marker: &mut File) -> io::Result<()> {
    let mut format = String::new();
    marker.read_to_string(&mut format)?;
    match format.as_str() {
        FORMAT => Ok(()),
        // The marker is empty if the process that created it was killed before it wrote the format. Both formats have
        // the same length, so the new one overwrites the old one completely.
        "" | FORMAT_1 => {
            marker.rewind()?;
            marker.write_all(FORMAT.as_bytes())
        }
        other => {
            let message = format!(
                "its format is \"{}\", but this emulator supports formats up to {:?}; use the emulator that created it",
                other.trim_end(),
                FORMAT.trim_end(),
            );
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}

/// Locks the marker. Waits for at most [`LOCK_TIMEOUT`].
fn lock(marker: &File) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match marker.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_TIMEOUT => sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is in use by another process"));
            }
        }
    }
}

/// Writes a record to a new file.
pub(crate) fn write_record(path: &Path, record: &impl Serialize) -> io::Result<()> {
    fs::write(path, serde_json::to_vec(record)?)
}

pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let record = fs::read(path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
    record.map_err(|error| unreadable(path, error))
}

/// Adds the path to an error.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}
