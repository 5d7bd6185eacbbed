use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const TEMPORARY_FILE_SIZE: u64 = 64 << 20;

/// The file to upload.
pub(crate) struct Source {
    path: PathBuf,
    size: u64,
    /// Deletes the temporary file when it is dropped.
    _temporary: Option<tempfile::NamedTempFile>,
}

impl Source {
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else {
            return Self::temporary().map_err(|error| format!("cannot create a temporary file to upload: {error}"));
        };
        let metadata = path.metadata().map_err(|error| format!("{}: {error}", path.display()))?;
        if !metadata.is_file() {
            return Err(format!("{} is not a file", path.display()));
        }
        Ok(Self { path: path.to_owned(), size: metadata.len(), _temporary: None })
    }

    /// Creates a file of pseudo-random bytes, so that parts in a wrong order are detected.
    fn temporary() -> io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("upload-").suffix(".bin").tempfile()?;
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut block = vec![0; 1 << 20];
        for _ in 0..TEMPORARY_FILE_SIZE / block.len() as u64 {
            for word in block.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            file.write_all(&block)?;
        }
        file.flush()?;
        Ok(Self { path: file.path().to_owned(), size: TEMPORARY_FILE_SIZE, _temporary: Some(file) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().map_or_else(|| "upload".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    pub(crate) fn sha256(&self) -> io::Result<[u8; 32]> {
        let mut file = File::open(&self.path)?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 1 << 20];
        loop {
            match file.read(&mut block)? {
                0 => return Ok(hash.finalize().into()),
                read => hash.update(&block[..read]),
            }
        }
    }
}
