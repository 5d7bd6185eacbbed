//! A region of a file, read piece by piece at explicit offsets, so that several parts can share one file.

use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::buffer_pool::{Piece, PiecePool};
use super::page_cache;

/// A regular file that was opened for reading, with its path for errors.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    path: PathBuf,
}

impl OpenFile {
    /// Blocks.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let describe = |error: io::Error| {
            io::Error::new(error.kind(), format!("the file {} could not be opened: {error}", path.display()))
        };
        // To open a pipe would wait until somebody writes to it.
        if !std::fs::metadata(path).map_err(describe)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not a regular file; read it as a stream instead", path.display()),
            ));
        }
        Ok(Self::of(File::open(path).map_err(describe)?, path))
    }

    /// One that is open for reading already.
    pub(crate) fn of(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned() }
    }

    /// An empty file that nobody else sees and that goes away when it is closed. Blocks.
    pub(crate) fn temporary() -> io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("qingstor-{:016x}", RandomState::new().hash_one(std::process::id())));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let describe = |error: io::Error| {
            io::Error::new(error.kind(), format!("the temporary file {} could not be made: {error}", path.display()))
        };
        let file = make_private(&mut options, &path).map_err(describe)?;
        Ok(Self { file, path })
    }

    /// Blocks.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes).map_err(|error| {
            io::Error::new(error.kind(), format!("the file {} could not be written: {error}", self.path.display()))
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Blocks.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata().map_err(|error| self.unreadable(&error))
    }

    /// Fills the buffer from byte `offset` on. Blocks.
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
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(())
    }

    /// Does the same, and something else before it waits for a disk. Blocks.
    pub(crate) fn read_exact_at_after(
        &self,
        before_waiting: impl FnOnce(),
        buffer: &mut [u8],
        offset: u64,
    ) -> io::Result<()> {
        if page_cache::read(&self.file, buffer, offset) {
            return Ok(());
        }
        before_waiting();
        self.read_exact_at(buffer, offset)
    }

    /// Has bytes brought into memory that will be read soon, where the system can do that.
    pub(crate) fn fetch(&self, bytes: Range<u64>) {
        page_cache::fetch(&self.file, bytes);
    }

    fn unreadable(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("the file {} could not be read: {error}", self.path.display()))
    }
}

#[derive(Debug)]
pub(super) struct FileRegion {
    file: Arc<OpenFile>,
    offset: u64,
    length: u64,
}

impl FileRegion {
    pub(super) fn open(path: &Path, offset: u64, length: Option<u64>) -> io::Result<Self> {
        let file = OpenFile::open(path)?;
        let size = file.metadata()?.len();
        let length = length.unwrap_or_else(|| size.saturating_sub(offset));
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "the file {} has {size} bytes, too few for {length} bytes from byte {offset} on",
                    path.display()
                ),
            ));
        }
        Ok(Self::of(Arc::new(file), offset, length))
    }

    pub(super) fn of(file: Arc<OpenFile>, offset: u64, length: u64) -> Self {
        Self { file, offset, length }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the frame that begins `done` bytes into the region, if the system has all of it in memory: waits for no disk.
    pub(super) fn read_cached(&self, done: u64) -> Option<Bytes> {
        if !page_cache::IS_KNOWN {
            return None;
        }
        let mut frame = Piece::of(self.length.saturating_sub(done), PiecePool::frames());
        let is_all = page_cache::read(&self.file.file, frame.as_mut(), self.offset + done);
        is_all.then(|| frame.into_bytes())
    }

    /// Reads the piece that begins `done` bytes into the region. Blocks.
    pub(super) fn read_piece(&self, done: u64) -> io::Result<Bytes> {
        let mut piece = Piece::of(self.length.saturating_sub(done), PiecePool::pieces());
        self.file.read_exact_at(piece.as_mut(), self.offset + done)?;
        Ok(piece.into_bytes())
    }
}

#[cfg(unix)]
fn make_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = std::os::unix::fs::OpenOptionsExt::mode(options, 0o600).open(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

#[cfg(windows)]
fn make_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
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
mod tests {
    use super::*;

    const PIECE: u64 = super::super::buffer_pool::PIECE as u64;
    const FRAME: usize = super::super::FRAME;

    fn file_of(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn pieces_join_to_the_region() {
        let content: Vec<u8> = (0..PIECE * 2 + 777).map(|i| (i % 251) as u8).collect();
        let file = file_of(&content);
        let region = FileRegion::open(file.path(), 13, Some(PIECE + 500)).unwrap();
        let mut read = Vec::new();
        while (read.len() as u64) < region.length() {
            read.extend_from_slice(&region.read_piece(read.len() as u64).unwrap());
        }
        assert_eq!(read, &content[13..13 + PIECE as usize + 500]);
    }

    #[test]
    fn what_is_read_without_waiting_is_of_the_region() {
        let content: Vec<u8> = (0..PIECE).map(|i| (i % 251) as u8).collect();
        let file = file_of(&content);
        let region = FileRegion::open(file.path(), 13, Some(FRAME as u64 + 500)).unwrap();
        let mut read = Vec::new();
        while (read.len() as u64) < region.length() {
            // Not every file system can do that.
            let done = read.len() as u64;
            read.extend_from_slice(&region.read_cached(done).unwrap_or_else(|| region.read_piece(done).unwrap()));
        }
        assert_eq!(read, &content[13..13 + FRAME + 500]);
        file.as_file().set_len(50).unwrap();
        assert_eq!(region.read_cached(0), None, "who may wait says that it became shorter");
    }

    #[test]
    fn a_region_past_the_end_is_refused_with_the_sizes() {
        let file = file_of(b"12345");
        let error = FileRegion::open(file.path(), 3, Some(3)).unwrap_err().to_string();
        assert!(error.contains("has 5 bytes, too few for 3 bytes from byte 3 on"), "{error}");
        assert!(FileRegion::open(file.path(), u64::MAX, Some(2)).is_err());
    }

    #[test]
    fn a_file_that_shrinks_is_an_error_and_not_zeros() {
        let file = file_of(&[7; 100]);
        let region = FileRegion::open(file.path(), 0, None).unwrap();
        file.as_file().set_len(50).unwrap();
        assert!(region.read_piece(0).unwrap_err().to_string().contains("became shorter"));
    }

    #[test]
    fn a_folder_is_refused() {
        let error = FileRegion::open(&std::env::temp_dir(), 0, None).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
