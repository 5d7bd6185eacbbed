//! A region of a file, read piece by piece at explicit offsets, so that several parts can share one file.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// Large enough that the hop to a blocking thread costs little, small enough that memory stays bounded.
const PIECE: u64 = 256 * 1024;

/// The kernel copies into a page-aligned buffer twice as fast as into one that starts just after an allocator's header.
const ALIGNMENT: usize = 4096;

#[derive(Debug)]
pub(super) struct FileRegion {
    file: File,
    path: PathBuf,
    offset: u64,
    length: u64,
}

impl FileRegion {
    pub(super) fn open(path: &Path, offset: u64, length: Option<u64>) -> io::Result<Self> {
        let describe = |error: io::Error| {
            io::Error::new(error.kind(), format!("the file {} could not be opened: {error}", path.display()))
        };
        let file = File::open(path).map_err(describe)?;
        let metadata = file.metadata().map_err(describe)?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is not a regular file; read it and use Body::stream", path.display()),
            ));
        }
        let size = metadata.len();
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
        Ok(Self { file, path: path.to_owned(), offset, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the piece that begins `done` bytes into the region. Blocks.
    pub(super) fn read_piece(&self, done: u64) -> io::Result<Bytes> {
        let wanted = usize::try_from(PIECE.min(self.length.saturating_sub(done))).unwrap_or(usize::MAX);
        let mut buffer = vec![0; wanted + ALIGNMENT];
        let start = match buffer.as_ptr().align_offset(ALIGNMENT) {
            padding if padding < ALIGNMENT => padding,
            _ => 0,
        };
        let mut filled = 0;
        while filled < wanted {
            let position = self.offset + done + filled as u64;
            match read_at(&self.file, &mut buffer[start + filled..start + wanted], position) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("the file {} became shorter while it was sent", self.path.display()),
                    ));
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("the file {} could not be read: {error}", self.path.display()),
                    ));
                }
            }
        }
        Ok(Bytes::from(buffer).slice(start..start + wanted))
    }
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
