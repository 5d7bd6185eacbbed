//! Files that are read at explicit offsets, so that several parts can share a file.

use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};

/// An open regular file, with its path for errors.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    path: PathBuf,
}

/// Converts an error of a file that is sent in a body.
pub(crate) fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Body, error.to_string()).with_source(error)
}

impl OpenFile {
    /// True if the operating system can read from the page cache without waiting for a disk. Only Linux can.
    pub(super) const CAN_READ_CACHED: bool = cfg!(target_os = "linux");

    /// Opens a file. Blocks.
    ///
    /// # Errors
    ///
    /// If it is not a regular file. For example, opening a pipe would wait until another program writes to it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let failed = |error| failed(&format!("the file {} could not be opened", path.display()), &error);
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not a regular file; read it as a stream instead", path.display()),
            ));
        }
        Ok(Self::new(File::open(path).map_err(failed)?, path))
    }

    /// Wraps a file that is open for reading.
    pub(crate) fn new(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned() }
    }

    /// Creates an empty file that is deleted when it is closed. On Unix, its name is removed at once. Blocks.
    pub(crate) fn temporary() -> io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("qingstor-{:016x}", RandomState::new().hash_one(std::process::id())));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let file = create_private(&mut options, &path)
            .map_err(|error| failed(&format!("the temporary file {} could not be created", path.display()), &error))?;
        Ok(Self { file, path })
    }

    /// Appends bytes. Blocks.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes).map_err(|error| self.failed("written", &error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the metadata. Blocks.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata().map_err(|error| self.failed("read", &error))
    }

    /// Returns the size in bytes. Blocks.
    ///
    /// # Errors
    ///
    /// If the file contains another number of bytes than it reports. Files in `/proc` report 0, and files in `/sys` one
    /// page.
    pub(super) fn size(&self) -> io::Result<u64> {
        let size = self.metadata()?.len();
        let has_byte = |offset| match self.read_exact_at(&mut [0], offset) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        };
        let is_exact = (size == 0 || has_byte(size - 1)?) && !has_byte(size)?;
        // If another program has written to the file in between, the file reports its new size now.
        if is_exact || self.metadata()?.len() != size {
            return Ok(size);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the file {} reports a size of {size} bytes, but contains another number of bytes; upload it with `reader`, \
                 or read it as a stream instead",
                self.path.display()
            ),
        ))
    }

    /// Fills the buffer with the bytes of the file from `offset` on. Blocks.
    pub(crate) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_at(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("the file {} became shorter while it was sent", self.path.display()),
                    ));
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("read", &error)),
            }
        }
        Ok(())
    }

    /// Fills the buffer with the bytes of the file from `offset` on if all of them are in the page cache.
    #[cfg(target_os = "linux")]
    pub(super) fn read_cached(&self, buffer: &mut [u8], offset: u64) -> bool {
        use rustix::io::{ReadWriteFlags, preadv2};

        let length = buffer.len();
        // If this fails, the blocking read that follows returns the error.
        preadv2(&self.file, &mut [io::IoSliceMut::new(buffer)], offset, ReadWriteFlags::NOWAIT)
            .is_ok_and(|read| read == length)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn read_cached(&self, _: &mut [u8], _: u64) -> bool {
        false
    }

    /// Asks the kernel to read a range into the page cache.
    #[cfg(target_os = "linux")]
    pub(super) fn prefetch(&self, range: Range<u64>) {
        use rustix::fs::{Advice, fadvise};

        /// Number of bytes of one request. For a request, the kernel reads at most the read-ahead size of the disk,
        /// which is usually not smaller than this.
        const STEP: u32 = 128 << 10;
        let length = std::num::NonZeroU64::new(u64::from(STEP));
        let mut steps = range.step_by(STEP as usize);
        if let Err(error) = steps.try_for_each(|start| fadvise(&self.file, start, length, Advice::WillNeed)) {
            tracing::trace!(%error, "the file cannot be read ahead");
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn prefetch(&self, _: Range<u64>) {}

    fn failed(&self, action: &str, error: &io::Error) -> io::Error {
        failed(&format!("the file {} could not be {action}", self.path.display()), error)
    }
}

fn failed(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

#[cfg(unix)]
fn create_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = std::os::unix::fs::OpenOptionsExt::mode(options, 0o600).open(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

#[cfg(windows)]
fn create_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    std::os::windows::fs::OpenOptionsExt::custom_flags(options, DELETE_ON_CLOSE).open(path)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// Magic numbers of file systems that support reads from the page cache only: ext4 and xfs.
    const FILE_SYSTEMS: [i64; 2] = [0xef53, 0x5846_5342];

    #[test]
    fn read_cached_reads_all_bytes_or_none() {
        let named = tempfile::NamedTempFile::new().unwrap();
        if !FILE_SYSTEMS.contains(&(rustix::fs::fstatfs(named.as_file()).unwrap().f_type as i64)) {
            println!("skipped: this file system does not support reads from the page cache");
            return;
        }
        let content: Vec<u8> = (0..1_u32 << 20).map(|i| (i % 251) as u8).collect();
        std::fs::write(named.path(), &content).unwrap();
        let file = OpenFile::open(named.path()).unwrap();
        let mut buffer = vec![0; 1000];
        assert!(file.read_cached(&mut buffer, 500_000), "it was just written");
        assert!(buffer == content[500_000..501_000]);
        assert!(!file.read_cached(&mut buffer, content.len() as u64 - 999), "999 bytes are left");
    }
}
