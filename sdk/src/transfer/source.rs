//! Where the bytes of an upload come from, if any part of them can be read at any time.

mod region;

use std::fs::Metadata;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::body::{OpenFile, length_of};
use crate::error::{Error, ErrorKind};
pub(crate) use region::Region;

#[derive(Clone, Debug)]
pub(crate) enum PartSource {
    Bytes(Bytes),
    /// Of [`PIECE`](crate::body::PIECE) bytes each, but for the last one.
    Pieces(Arc<[Bytes]>),
    File(Arc<OpenFile>),
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// In bytes.
    pub(crate) size: u64,
    /// When it was last written to, in nanoseconds since 1970; none where the file system does not know.
    pub(crate) modified: Option<i64>,
    /// Which file it is, and when anything about it last changed, its dates too; none where the system does not tell.
    pub(crate) identity: Option<(u64, u64, i64, i64)>,
}

impl PartSource {
    pub(crate) fn region(&self, bytes: Range<u64>) -> Region {
        Region::of(self.clone(), bytes)
    }

    /// Blocks.
    pub(crate) fn fingerprint(&self) -> io::Result<Fingerprint> {
        match self {
            Self::Bytes(bytes) => Ok(Fingerprint::in_memory(bytes.len() as u64)),
            Self::Pieces(pieces) => Ok(Fingerprint::in_memory(length_of(pieces))),
            Self::File(file) => {
                let metadata = file.metadata()?;
                Ok(Fingerprint {
                    size: metadata.len(),
                    modified: metadata.modified().ok().map(nanoseconds),
                    identity: identity(&metadata),
                })
            }
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Bytes(_) | Self::Pieces(_) => None,
            Self::File(file) => Some(file.path()),
        }
    }
}

impl Fingerprint {
    fn in_memory(size: u64) -> Self {
        Self { size, modified: None, identity: None }
    }

    /// Whether nothing at all was done to the file: who sets dates back can change one that looks as before.
    pub(crate) fn is_untouched(&self, now: &Self) -> bool {
        self.identity.is_some() && self == now
    }

    /// What became of it in words; `None` if nothing did.
    pub(crate) fn difference(&self, now: &Self) -> Option<String> {
        if self.size != now.size {
            return Some(format!("it had {} bytes and has {}", self.size, now.size));
        }
        (self.modified != now.modified).then(|| "it was written to".to_owned())
    }
}

pub(crate) fn unreadable(error: io::Error) -> Error {
    Error::new(ErrorKind::Body, error.to_string()).with_source(error)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;

    Some((metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64, i64, i64)> {
    None
}

fn nanoseconds(time: SystemTime) -> i64 {
    let signed = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_says_how() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        let source = PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap()));
        let before = source.fingerprint().unwrap();
        assert_eq!(before.difference(&source.fingerprint().unwrap()), None);
        file.as_file().set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        let after = source.fingerprint().unwrap();
        assert_eq!(before.difference(&after).unwrap(), "it was written to");
        file.as_file().set_len(3).unwrap();
        assert_eq!(before.difference(&source.fingerprint().unwrap()).unwrap(), "it had 5 bytes and has 3");
    }
}
