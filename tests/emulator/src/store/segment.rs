//! Segments: files with the data of objects and parts. A segment is written once and never changed. A copy shares the
//! segments of its source. A segment is deleted with the last reference to it. A download holds references, so that it
//! can finish after its object was replaced.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use md5::{Digest, Md5};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tempfile::NamedTempFile;

use super::Store;
use crate::clock::Moment;
use crate::ids;

/// The segments on disk, by id.
pub(super) type Segments = HashMap<String, Arc<Segment>>;

/// A file with data.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) id: String,
    path: PathBuf,
    /// Shared by all segments of a store.
    keep_files: Arc<AtomicBool>,
}

impl Segment {
    pub(super) fn new(id: String, path: PathBuf, keep_files: Arc<AtomicBool>) -> Self {
        Self { id, path, keep_files }
    }

    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.keep_files.load(Ordering::SeqCst) {
            // If this fails, the next start deletes the file, because no record refers to it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A byte range of a segment. A record contains the id of the segment. [`attach`] replaces it by the segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Extent {
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub(crate) segment: Arc<Segment>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

fn write_id<S: Serializer>(segment: &Arc<Segment>, serializer: S) -> Result<S::Ok, S::Error> {
    segment.id.serialize(serializer)
}

/// Reads the id of a segment. The result is a placeholder without a file, which [`attach`] replaces.
fn read_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Segment>, D::Error> {
    let keep_files = Arc::new(AtomicBool::new(true));
    Ok(Arc::new(Segment::new(String::deserialize(deserializer)?, PathBuf::new(), keep_files)))
}

/// Connects extents that were read from a record to the segments that they name.
pub(super) fn attach(extents: &mut [Extent], segments: &Segments) -> io::Result<()> {
    for extent in extents {
        let id = &extent.segment.id;
        extent.segment = segments.get(id).cloned().ok_or_else(|| {
            let message = format!("the data directory is damaged: the file segments/{id} is missing");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
    }
    Ok(())
}

/// Returns the extents of the `length` bytes from `start`. No data is copied.
pub(crate) fn slice(extents: &[Extent], start: u64, length: u64) -> Vec<Extent> {
    let (mut skip, mut left) = (start, length);
    let mut slice = Vec::new();
    for extent in extents {
        if left == 0 {
            break;
        }
        if skip >= extent.length {
            skip -= extent.length;
            continue;
        }
        let length = (extent.length - skip).min(left);
        slice.push(Extent { segment: Arc::clone(&extent.segment), offset: extent.offset + skip, length });
        skip = 0;
        left -= length;
    }
    slice
}

/// Returns the number of bytes in `extents`.
pub(crate) fn total(extents: &[Extent]) -> u64 {
    extents.iter().map(|extent| extent.length).sum()
}

/// A body that was written to a segment. An empty body has no extents.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) extents: Vec<Extent>,
    pub(crate) md5: [u8; 16],
}

/// Writes and hashes one segment. All methods block.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    store: Arc<Store>,
    file: Option<NamedTempFile>,
    md5: Md5,
    size: u64,
}

impl SegmentWriter {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, file: None, md5: Md5::new(), size: 0 }
    }

    /// Appends chunks to the segment.
    pub(crate) fn append(&mut self, batch: &[Bytes]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.store.directory.temporary_file()?),
        };
        for bytes in batch {
            self.md5.update(bytes);
            self.size += bytes.len() as u64;
            file.write_all(bytes)?;
        }
        Ok(())
    }

    /// Renames the file to its final name. The segment is deleted when the result is dropped, unless an object or a
    /// part uses it.
    pub(crate) fn finish(self, now: Moment) -> io::Result<Stored> {
        let mut extents = Vec::new();
        if let Some(file) = self.file.filter(|_| self.size > 0) {
            let id = ids::sequential(now);
            let path = self.store.directory.segments().join(&id);
            file.persist(&path)?;
            let segment = Segment::new(id, path, Arc::clone(&self.store.keep_files));
            extents.push(Extent { segment: Arc::new(segment), offset: 0, length: self.size });
        }
        Ok(Stored { extents, md5: self.md5.finalize().into() })
    }
}

/// Returns an extent of a segment without a file.
#[cfg(test)]
pub(crate) fn extent_without_file(length: u64) -> Extent {
    let segment = Segment::new("segment".into(), PathBuf::new(), Arc::new(AtomicBool::new(true)));
    Extent { segment: Arc::new(segment), offset: 0, length }
}
