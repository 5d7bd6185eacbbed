//! Data on its way to disk, in large pieces: while one is digested and written, the next one is collected.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::clock::Moment;
use crate::error::Error;
use crate::store::{Received, SegmentWriter, Store};

/// What is collected before it is digested and written on another thread.
const BATCH: usize = 512 * 1024;
/// Small pieces hold on to larger buffers, so they are counted as well.
const BATCH_PIECES: usize = 256;

/// Pieces that are written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pieces: Vec<Bytes>,
    size: usize,
}

impl Batch {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.size += piece.len();
        self.pieces.push(piece);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.size >= BATCH || self.pieces.len() >= BATCH_PIECES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }
}

/// Writes a segment. The writer is with us or on the thread that writes.
#[derive(Debug)]
pub(crate) enum Receiver {
    Idle(SegmentWriter),
    Busy(JoinHandle<io::Result<SegmentWriter>>),
}

impl Receiver {
    pub(crate) fn new(store: &Arc<Store>) -> Self {
        Self::Idle(SegmentWriter::new(Arc::clone(store)))
    }

    /// Begins to write, once what was written before is done.
    pub(crate) async fn write(self, batch: Batch) -> Result<Self, Error> {
        let mut writer = self.settled().await?;
        Ok(Self::Busy(spawn_blocking(move || {
            writer.append(&batch.pieces)?;
            Ok(writer)
        })))
    }

    pub(crate) async fn finish(self, now: Moment) -> Result<Received, Error> {
        let writer = self.settled().await?;
        Ok(spawn_blocking(move || writer.finish(now)).await.map_err(io::Error::other)??)
    }

    async fn settled(self) -> Result<SegmentWriter, Error> {
        match self {
            Self::Idle(writer) => Ok(writer),
            Self::Busy(task) => Ok(task.await.map_err(io::Error::other)??),
        }
    }
}
