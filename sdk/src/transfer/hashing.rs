//! The MD5s of parts of a source, several at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::md5::{Block, LANES, Md5Sum, PartHash};
use super::over::OverOnDrop;
use super::source::{Region, unreadable};
use super::tasks::stopped;
use crate::body::{AlignedBuffer, Memory, PIECE, Room};
use crate::error::Result;

/// Of each part, so much is read and hashed before it is the next one's turn, so that it is still in a cache then.
const CHUNK: usize = 128 << 10;

/// The sums of the regions, as many at once as there are lanes. Of those that are hashed together, as many as `memory` has
/// room for are held until they are sent, and it waits for that room unless somebody idles. Dropping the future ends it.
pub(crate) async fn sums_of(regions: Vec<Region>, memory: &Memory) -> Result<Vec<Md5Sum>> {
    let over = OverOnDrop::default();
    let mut sums = Vec::with_capacity(regions.len());
    for together in regions.chunks(LANES) {
        let mut hashing = Hashing::of(together.to_vec(), memory, over.flag());
        let mut was_late = false;
        while hashing.is_unfinished() {
            let room = memory.room_for(hashing.pieces_to_hold(), &mut was_late).await;
            let hashed = tokio::task::spawn_blocking(move || hashing.hash_row(room).map(|()| hashing));
            hashing = hashed.await.map_err(stopped)?.map_err(unreadable)?;
        }
        sums.extend(hashing.finish());
    }
    Ok(sums)
}

/// Up to [`LANES`] regions, read side by side.
struct Hashing {
    regions: Vec<Region>,
    hashes: Vec<PartHash>,
    tails: Vec<Vec<u8>>,
    done: u64,
    memory: Memory,
    /// How many of the regions are held.
    held: usize,
    scratch: Vec<AlignedBuffer>,
    is_over: Arc<AtomicBool>,
}

impl Hashing {
    fn of(regions: Vec<Region>, memory: &Memory, is_over: Arc<AtomicBool>) -> Self {
        let hashes = vec![PartHash::new(regions.len()); regions.len()];
        let tails = vec![Vec::new(); regions.len()];
        let mut room = memory.pieces();
        let fits = |region: &&Region| {
            let left = usize::try_from(region.length().div_ceil(PIECE as u64))
                .ok()
                .and_then(|pieces| room.checked_sub(pieces));
            left.inspect(|left| room = *left).is_some()
        };
        let held = regions.iter().take_while(fits).count();
        let scratch = regions.iter().map(|_| AlignedBuffer::zeroed(CHUNK)).collect();
        Self { regions, hashes, tails, done: 0, memory: memory.clone(), held, scratch, is_over }
    }

    fn is_unfinished(&self) -> bool {
        self.regions.iter().any(|region| region.length() > self.done)
    }

    /// Of the next row, which has a piece of each region.
    fn pieces_to_hold(&self) -> usize {
        self.regions[..self.held].iter().filter(|region| region.length() > self.done).count()
    }

    /// Blocks; ends early with an error once `is_over`.
    fn hash_row(&mut self, mut room: Room) -> io::Result<()> {
        let to_hold = self.held.min(room.pieces());
        let pieces = self.regions.iter().map(|region| region.piece(self.done)).enumerate();
        let mut pieces: Vec<_> = pieces
            .map(|(number, piece)| if number < to_hold { piece.into_held(&self.memory) } else { piece })
            .collect();
        for start in (0..PIECE).step_by(CHUNK) {
            if self.is_over.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let mut chunks: Vec<&[Block]> = Vec::with_capacity(pieces.len());
            for ((piece, scratch), tail) in pieces.iter_mut().zip(&mut self.scratch).zip(&mut self.tails) {
                let (blocks, rest) = blocks_and_tail(piece.read(start..start + CHUNK, scratch.as_mut())?);
                chunks.push(blocks);
                tail.extend_from_slice(rest);
            }
            PartHash::update_each(&mut self.hashes, &chunks);
        }
        for piece in pieces {
            piece.hold(&mut room);
        }
        self.done += PIECE as u64;
        Ok(())
    }

    fn finish(self) -> impl Iterator<Item = Md5Sum> {
        self.hashes.into_iter().zip(self.tails).map(|(hash, tail)| hash.finish(&tail))
    }
}

/// Only the last piece of a region is no whole number of blocks.
fn blocks_and_tail(bytes: &[u8]) -> (&[Block], &[u8]) {
    bytes.as_chunks()
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};

    use super::*;
    use crate::body::OpenFile;
    use crate::transfer::plan::PartPlan;
    use crate::transfer::source::PartSource;

    async fn check(source: &PartSource, bytes: &[u8], memory: &Memory) {
        let plan = PartPlan::new(bytes.len() as u64, 4 << 20).unwrap();
        let regions: Vec<_> = plan.parts().map(|part| source.region(part.bytes)).collect();
        let sums = sums_of(regions, memory).await.unwrap();
        let places = plan.parts().map(|part| part.bytes.start as usize..part.bytes.end as usize);
        let expected: Vec<Md5Sum> = places.map(|place| Md5::digest(&bytes[place]).into()).collect();
        assert_eq!(sums, expected);
    }

    #[tokio::test]
    async fn regions_have_the_sums_of_their_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [21_000_077_u32, 20 << 20, 4 << 20, 100, 64, 0] {
            let bytes: Vec<u8> = (0..length).map(|i| (i ^ i >> 8) as u8).collect();
            check(&PartSource::Bytes(bytes.clone().into()), &bytes, &Memory::of(0)).await;
            std::fs::write(file.path(), &bytes).unwrap();
            for memory in [0, 2 << 20, 9 << 20, 64 << 20] {
                let source = PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap()));
                check(&source, &bytes, &Memory::of(memory)).await;
            }
        }
    }

    #[test]
    fn nobody_hashes_what_nobody_waits_for() {
        let region = PartSource::Bytes(vec![0; 100].into()).region(0..100);
        let mut hashing = Hashing::of(vec![region], &Memory::of(0), Arc::new(AtomicBool::new(true)));
        let error = hashing.hash_row(Room::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
