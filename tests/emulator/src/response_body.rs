//! Bodies of answers. Objects are read from their files in chunks; the next chunk is read while the last one is sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::store::{Extent, total};

/// Maximum size of a chunk, in bytes.
const CHUNK: u64 = 256 * 1024;

#[derive(Debug)]
pub(crate) enum ResponseBody {
    Bytes(Bytes),
    Object { remaining: u64, next: Option<ReadTask> },
}

type ReadTask = JoinHandle<io::Result<(ExtentReader, Bytes)>>;

impl ResponseBody {
    pub(crate) fn extents(extents: Vec<Extent>) -> Self {
        let remaining = total(&extents);
        let next = (remaining > 0).then(|| ExtentReader::new(extents).read_in_background());
        Self::Object { remaining, next }
    }

    /// Returns the number of bytes that [`next`](Self::next) has not returned yet.
    pub(crate) fn remaining(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object { remaining, .. } => *remaining,
        }
    }

    /// Returns the next bytes, or `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Bytes(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Self::Object { remaining, next } => {
                let Some(task) = next.take() else {
                    return Ok(None);
                };
                let (reader, bytes) = task.await.map_err(io::Error::other)??;
                *remaining -= bytes.len() as u64;
                *next = (*remaining > 0).then(|| reader.read_in_background());
                Ok(Some(bytes))
            }
        }
    }
}

/// Reads extents one after another. One file is open at a time; none of the files is deleted meanwhile.
#[derive(Debug)]
pub(crate) struct ExtentReader {
    extents: std::vec::IntoIter<Extent>,
    /// The open file and the part of its extent that has not been read.
    current: Option<(File, Extent)>,
}

impl ExtentReader {
    pub(crate) fn new(extents: Vec<Extent>) -> Self {
        Self { extents: extents.into_iter(), current: None }
    }

    /// Returns the next chunk, or an empty one at the end. Blocks.
    pub(crate) fn read(&mut self) -> io::Result<Bytes> {
        if self.current.is_none() {
            let Some(extent) = self.extents.next() else {
                return Ok(Bytes::new());
            };
            let mut file = extent.segment.open()?;
            file.seek(SeekFrom::Start(extent.offset))?;
            self.current = Some((file, extent));
        }
        let Some((file, extent)) = &mut self.current else {
            return Ok(Bytes::new());
        };
        let size = extent.length.min(CHUNK);
        let mut chunk = Vec::with_capacity(size as usize);
        file.take(size).read_to_end(&mut chunk)?;
        if chunk.len() as u64 != size {
            let message = format!("segment {} is shorter than its record says", extent.segment.id);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        extent.length -= size;
        if extent.length == 0 {
            self.current = None;
        }
        Ok(chunk.into())
    }

    fn read_in_background(mut self) -> ReadTask {
        spawn_blocking(move || {
            let chunk = self.read()?;
            Ok((self, chunk))
        })
    }
}
