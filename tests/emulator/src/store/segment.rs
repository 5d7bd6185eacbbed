//! Data files. A segment is written once, shared by whatever refers to it, and deleted with the last reference: a
//! reader that has begun is not disturbed by the object being replaced, and no file needs to be held open for it.

use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use md5::{Digest, Md5};
use tempfile::NamedTempFile;

use super::{Extent, Store};
use crate::clock::Moment;
use crate::ids;

/// What segments share with their store.
#[derive(Clone, Debug)]
pub(crate) struct SegmentContext {
    /// Set when the store closes: files stay when the process forgets them.
    pub(crate) keep_files: Arc<AtomicBool>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    id: String,
    path: PathBuf,
    context: SegmentContext,
}

impl Segment {
    pub(crate) fn new(id: String, path: PathBuf, context: SegmentContext) -> Self {
        Self { id, path, context }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.context.keep_files.load(Ordering::SeqCst) {
            // Should it fail, the file belongs to nothing and goes at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A body that has been received: where it is and what it digests to.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) extents: Vec<Extent>,
    pub(crate) md5: [u8; 16],
}

/// Writes one segment, digesting every byte on its way. All of it blocks.
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

    pub(crate) fn append(&mut self, batch: &[Bytes]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.store.layout.temporary_file()?),
        };
        for bytes in batch {
            self.md5.update(bytes);
            self.size += bytes.len() as u64;
        }
        let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let mut rest = slices.as_mut_slice();
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match file.as_file_mut().write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives the data its place. It belongs to nothing yet, and goes away again unless a record comes to name it.
    pub(crate) fn finish(self, now: Moment) -> io::Result<Received> {
        let mut extents = Vec::new();
        if let Some(file) = self.file.filter(|_| self.size > 0) {
            let id = ids::sequential(now);
            let path = self.store.layout.segments().join(&id);
            file.persist(&path).map_err(|error| error.error)?;
            let segment = Segment::new(id, path, self.store.segments.clone());
            extents.push(Extent { segment: Arc::new(segment), offset: 0, length: self.size });
        }
        Ok(Received { extents, md5: self.md5.finalize().into() })
    }
}
