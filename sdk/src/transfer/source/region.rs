//! Some bytes of a source, and pieces of them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::PartSource;
use crate::Body;
use crate::body::{HeldPieces, Memory, OpenFile, PIECE, Piece, Room};

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
    pub(crate) fn piece(&self, done: u64) -> RegionPiece<'_> {
        let left = self.length().saturating_sub(done).min(PIECE as u64);
        let start = self.bytes.start + done;
        let content = match &self.source {
            PartSource::Bytes(bytes) if left > 0 => Content::Slice(&bytes[in_memory(&(start..start + left))]),
            PartSource::Bytes(_) => Content::Slice(&[]),
            PartSource::Pieces(pieces) => {
                let number = usize::try_from(start / PIECE as u64).unwrap_or(usize::MAX);
                Content::Slice(pieces.get(number).map_or(&[], |piece| piece))
            }
            PartSource::File(file) => Content::OfFile { file, start, left: usize::try_from(left).unwrap_or(PIECE) },
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
    OfFile { file: &'a OpenFile, start: u64, left: usize },
    Held { file: &'a OpenFile, start: u64, piece: Piece },
}

impl<'a> RegionPiece<'a> {
    /// One that is held when it was read, if it is of a file.
    pub(crate) fn into_held(self, memory: &Memory) -> Self {
        let content = match self.content {
            Content::OfFile { file, start, left } if left > 0 => {
                Content::Held { file, start, piece: Piece::of(left as u64, memory.pool()) }
            }
            other => other,
        };
        Self { content, ..self }
    }

    /// Those of its bytes that are in the range, which nobody else has read. What is not held is read into `scratch`, which
    /// is as long as the range. Blocks.
    pub(crate) fn read<'b>(&'b mut self, range: Range<usize>, scratch: &'b mut [u8]) -> io::Result<&'b [u8]> {
        match &mut self.content {
            Content::Slice(bytes) => Ok(&bytes[within(&range, bytes.len())]),
            Content::OfFile { file, start, left } => {
                let range = within(&range, *left);
                let bytes = &mut scratch[..range.len()];
                file.read_exact_at(bytes, *start + range.start as u64)?;
                Ok(bytes)
            }
            Content::Held { file, start, piece } => {
                let range = within(&range, piece.as_ref().len());
                let bytes = &mut piece.as_mut()[range.clone()];
                file.read_exact_at(bytes, *start + range.start as u64)?;
                Ok(bytes)
            }
        }
    }

    /// Holds what was read until it is sent, as far as there is room.
    pub(crate) fn hold(self, room: &mut Room) {
        if let Content::Held { piece, .. } = self.content {
            self.region.held.hold(self.done, piece, room);
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
    use crate::body::Progress;

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
        let mut room = memory.room_for(1, &mut false).await;
        for done in [0, PIECE as u64] {
            let mut piece = region.piece(done).into_held(&memory);
            piece.read(0..PIECE, &mut []).unwrap();
            piece.hold(&mut room);
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
        let read = |done: usize, range| region.piece(done as u64).read(range, &mut []).unwrap().to_vec();
        assert_eq!(read(PIECE, 3..5), &content[PIECE + 3..PIECE + 5]);
        assert_eq!(read(2 * PIECE, 0..PIECE), &content[2 * PIECE..]);
        assert!(read(3 * PIECE, 0..PIECE).is_empty());
    }

    #[test]
    fn a_piece_is_part_of_its_region_and_of_no_other() {
        let content: Vec<u8> = (0..3 * PIECE).map(|i| (i / 7) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        let memory = Memory::of(0);
        let mut scratch = vec![0; PIECE];
        let region = 5..2 * PIECE as u64 + 9;
        for source in [
            PartSource::Bytes(content.clone().into()),
            PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap())),
        ] {
            let region = source.region(region.clone());
            for (done, expected) in
                [(0, 5..PIECE + 5), (PIECE, PIECE + 5..2 * PIECE + 5), (2 * PIECE, 2 * PIECE + 5..2 * PIECE + 9)]
            {
                let begin = expected.start;
                for mut piece in [region.piece(done as u64), region.piece(done as u64).into_held(&memory)] {
                    assert!(piece.read(0..PIECE, &mut scratch).unwrap() == &content[expected.clone()]);
                    assert!(piece.read(2..4, &mut scratch).unwrap() == &content[begin + 2..begin + 4]);
                }
            }
            assert!(region.piece(3 * PIECE as u64).read(0..PIECE, &mut scratch).unwrap().is_empty());
        }
    }
}
