//! Some bytes of a source, and pieces of them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::PartSource;
use crate::Body;
use crate::body::{HeldPieces, Memory, PIECE, Piece};

/// Some bytes of a source.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    source: PartSource,
    bytes: Range<u64>,
    /// What of a file was read already.
    held: Arc<HeldPieces>,
    /// What it takes up as long as it is there.
    _space: Option<Arc<OwnedSemaphorePermit>>,
}

impl Region {
    pub(super) fn of(source: PartSource, bytes: Range<u64>) -> Self {
        Self { source, bytes, held: Arc::default(), _space: None }
    }

    pub(crate) fn taking_up(self, space: OwnedSemaphorePermit) -> Self {
        Self { _space: Some(Arc::new(space)), ..self }
    }

    /// What it is a region of.
    pub(crate) fn into_source(self) -> PartSource {
        self.source
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }

    pub(crate) fn body(&self) -> Body {
        match &self.source {
            PartSource::Bytes(bytes) => bytes.slice(in_memory(&self.bytes)).into(),
            // Who has pieces makes one region of all of them.
            PartSource::Pieces(pieces) => Body::of_pieces(Arc::clone(pieces)),
            PartSource::File(file) => {
                Body::of_file(Arc::clone(file), self.bytes.start, self.length(), Arc::clone(&self.held))
            }
        }
    }

    /// The piece that begins at the region's byte `done`: [`PIECE`] bytes, or what is left.
    pub(crate) fn piece(&self, done: u64, memory: &Memory) -> RegionPiece<'_> {
        let left = self.length().saturating_sub(done).min(PIECE as u64);
        let start = self.bytes.start + done;
        let content = match &self.source {
            PartSource::Bytes(bytes) if left > 0 => Content::Slice(&bytes[in_memory(&(start..start + left))]),
            PartSource::Bytes(_) => Content::Slice(&[]),
            PartSource::Pieces(pieces) => {
                let number = usize::try_from(start / PIECE as u64).unwrap_or(usize::MAX);
                Content::Slice(pieces.get(number).map_or(&[], |piece| piece))
            }
            PartSource::File(_) => Content::Read(Piece::of(left, memory.pool())),
        };
        RegionPiece { region: self, done, content }
    }
}

/// A piece of a region, on its way into memory.
pub(crate) struct RegionPiece<'a> {
    region: &'a Region,
    done: u64,
    content: Content<'a>,
}

enum Content<'a> {
    Slice(&'a [u8]),
    Read(Piece),
}

impl RegionPiece<'_> {
    /// Reads those of its bytes that are in the range. Blocks.
    pub(crate) fn read(&mut self, range: Range<usize>) -> io::Result<()> {
        if let (Content::Read(piece), PartSource::File(file)) = (&mut self.content, &self.region.source) {
            let bytes = piece.as_mut();
            let range = within(&range, bytes.len());
            let place = self.region.bytes.start + self.done + range.start as u64;
            return file.read_exact_at(&mut bytes[range], place);
        }
        Ok(())
    }

    /// Those of its bytes that are in the range.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        let all = match &self.content {
            Content::Slice(bytes) => bytes,
            Content::Read(piece) => piece.as_ref(),
        };
        &all[within(&range, all.len())]
    }

    /// Holds what was read until it is sent, if there is room.
    pub(crate) fn hold(self, memory: &Memory) {
        if let Content::Read(piece) = self.content
            && !piece.as_ref().is_empty()
        {
            self.region.held.hold(self.done, piece, memory);
        }
    }
}

fn within(range: &Range<usize>, length: usize) -> Range<usize> {
    range.start.min(length)..range.end.min(length)
}

/// Bytes that are in memory have no places that memory has not.
fn in_memory(range: &Range<u64>) -> Range<usize> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    place(range.start)..place(range.end)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::Arc;

    use http_body::Body as _;

    use super::*;
    use crate::body::{OpenFile, Progress};

    async fn sent(body: &mut Body) -> Vec<u8> {
        let mut attempt = body.attempt(&Progress::new());
        let mut bytes = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        bytes
    }

    #[tokio::test]
    async fn what_is_held_is_not_read_again_unless_it_is_sent_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1; 2 * PIECE]).unwrap();
        let source = PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap()));
        let region = source.region(0..2 * PIECE as u64);
        let memory = Memory::of(PIECE as u64);
        for done in [0, PIECE as u64] {
            let mut piece = region.piece(done, &memory);
            piece.read(0..PIECE).unwrap();
            piece.hold(&memory);
        }
        std::fs::write(file.path(), vec![2; 2 * PIECE]).unwrap();
        let mut body = region.body();
        assert!(sent(&mut body).await == [[1; PIECE], [2; PIECE]].concat(), "there was room for one piece");
        assert!(sent(&mut body).await == vec![2; 2 * PIECE]);
    }

    #[tokio::test]
    async fn pieces_are_sent_in_their_order_and_again() {
        let content: Vec<u8> = (0..2 * PIECE + 9).map(|i| (i / 7) as u8).collect();
        let pieces: Vec<_> = content.chunks(PIECE).map(bytes::Bytes::copy_from_slice).collect();
        let region = PartSource::Pieces(pieces.into()).region(0..content.len() as u64);
        let mut body = region.body();
        assert_eq!((body.len(), body.is_replayable()), (content.len() as u64, true));
        for _ in 0..2 {
            assert!(sent(&mut body).await == content);
        }
        let (memory, done) = (Memory::of(0), 2 * PIECE);
        assert_eq!(region.piece(PIECE as u64, &memory).bytes(3..5), &content[PIECE + 3..PIECE + 5]);
        assert_eq!(region.piece(done as u64, &memory).bytes(0..PIECE), &content[done..]);
        assert!(region.piece(3 * PIECE as u64, &memory).bytes(0..PIECE).is_empty());
    }

    #[test]
    fn a_piece_is_part_of_its_region_and_of_no_other() {
        let content: Vec<u8> = (0..3 * PIECE).map(|i| (i / 7) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        let memory = Memory::of(0);
        let region = 5..2 * PIECE as u64 + 9;
        for source in [
            PartSource::Bytes(content.clone().into()),
            PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap())),
        ] {
            let region = source.region(region.clone());
            for (done, expected) in
                [(0, 5..PIECE + 5), (PIECE, PIECE + 5..2 * PIECE + 5), (2 * PIECE, 2 * PIECE + 5..2 * PIECE + 9)]
            {
                let mut piece = region.piece(done as u64, &memory);
                piece.read(0..100).unwrap();
                piece.read(100..PIECE).unwrap();
                assert!(piece.bytes(0..PIECE) == &content[expected.clone()]);
                assert!(piece.bytes(2..4) == &content[expected.start + 2..expected.start + 4]);
            }
            assert!(region.piece(3 * PIECE as u64, &memory).bytes(0..PIECE).is_empty());
        }
    }
}
