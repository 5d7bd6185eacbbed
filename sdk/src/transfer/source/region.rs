//! Some bytes of a source, and pieces of them.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::PartSource;
use crate::Body;
use crate::body::PIECE;

/// Some bytes of a source.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    source: PartSource,
    bytes: Range<u64>,
    /// What it takes up as long as it is there.
    _space: Option<Arc<OwnedSemaphorePermit>>,
}

impl Region {
    pub(super) fn of(source: PartSource, bytes: Range<u64>) -> Self {
        Self { source, bytes, _space: None }
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
            PartSource::File(file) => Body::of_file(Arc::clone(file), self.bytes.start, self.length()),
        }
    }

    /// Has the system fetch what will be read soon.
    pub(crate) fn fetch(&self, done: Range<u64>) {
        if let PartSource::File(file) = &self.source {
            let place = |done: u64| self.bytes.end.min(self.bytes.start + done);
            file.fetch(place(done.start)..place(done.end));
        }
    }

    /// Its bytes from `done` on, as many as there are and `scratch` has room for, which divides [`PIECE`]. What is in a file is
    /// read into it; something is done before that waits for a disk. Blocks.
    pub(crate) fn read<'a>(
        &'a self,
        done: u64,
        scratch: &'a mut [u8],
        before_waiting: impl FnOnce(),
    ) -> io::Result<&'a [u8]> {
        let left = self.length().saturating_sub(done).min(scratch.len() as u64);
        let start = self.bytes.start + done;
        match &self.source {
            _ if left == 0 => Ok(&[]),
            PartSource::Bytes(bytes) => Ok(&bytes[in_memory(&(start..start + left))]),
            PartSource::Pieces(pieces) => {
                let (piece, at) = (start / PIECE as u64, start % PIECE as u64);
                let piece = usize::try_from(piece).ok().and_then(|piece| pieces.get(piece));
                Ok(piece.and_then(|piece| piece.get(in_memory(&(at..at + left)))).unwrap_or_default())
            }
            PartSource::File(file) => {
                let scratch = &mut scratch[in_memory(&(0..left))];
                file.read_exact_at_after(before_waiting, scratch, start)?;
                Ok(scratch)
            }
        }
    }
}

/// Bytes that are in memory have no places that memory has not.
fn in_memory(range: &Range<u64>) -> Range<usize> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    place(range.start)..place(range.end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::body::OpenFile;

    #[tokio::test]
    async fn pieces_are_sent_in_their_order_and_again() {
        let content: Vec<u8> = (0..2 * PIECE + 9).map(|i| (i / 7) as u8).collect();
        let pieces: Vec<_> = content.chunks(PIECE).map(bytes::Bytes::copy_from_slice).collect();
        let region = PartSource::Pieces(pieces.into()).region(0..content.len() as u64);
        let mut body = region.body();
        assert_eq!((body.len(), body.is_replayable()), (content.len() as u64, true));
        for _ in 0..2 {
            assert!(body.sent().await == content);
        }
    }

    #[test]
    fn what_is_read_is_of_the_region_and_no_more() {
        let content: Vec<u8> = (0..3 * PIECE).map(|i| (i / 7) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        let (begin, end) = (5, 2 * PIECE + 9);
        let pieces: Vec<_> = content[begin..end].chunks(PIECE).map(bytes::Bytes::copy_from_slice).collect();
        let mut scratch = vec![0; PIECE / 4];
        for region in [
            PartSource::Bytes(content.clone().into()).region(begin as u64..end as u64),
            PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap())).region(begin as u64..end as u64),
            PartSource::Pieces(pieces.into()).region(0..(end - begin) as u64),
        ] {
            for done in (0..3 * PIECE).step_by(scratch.len()) {
                let expected = begin + done.min(end - begin)
                    ..(begin + done + scratch.len()).min(end).max(begin + done.min(end - begin));
                assert!(
                    region.read(done as u64, &mut scratch, || ()).unwrap() == &content[expected],
                    "{done} of {region:?}"
                );
            }
        }
    }
}
