//! The MD5s of parts of a source, several at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::md5::{Block, LANES, Md5Sum, PartHash};
use super::over::OverOnDrop;
use super::source::{Region, unreadable};
use super::upload::stopped;
use crate::body::{Memory, PIECE};
use crate::error::Result;

/// Of each part, so much is read and hashed before it is the next one's turn, so that it is still in a cache then.
const CHUNK: usize = 128 << 10;

/// The sums of the regions, as many at once as there are lanes. What there is room for in `memory` is held until it is sent.
/// Dropping the future ends it.
pub(crate) async fn sums_of(regions: Vec<Region>, memory: &Memory) -> Result<Vec<Md5Sum>> {
    let over = OverOnDrop::default();
    let (is_over, memory) = (over.flag(), memory.clone());
    let hashing = tokio::task::spawn_blocking(move || {
        let mut sums = Vec::with_capacity(regions.len());
        for together in regions.chunks(LANES) {
            sums.extend(md5_of_each(together, &memory, &is_over)?);
        }
        Ok(sums)
    });
    hashing.await.map_err(stopped)?.map_err(unreadable)
}

/// The sums of up to [`LANES`] regions, read side by side. Blocks; ends early with an error once `is_over`.
fn md5_of_each(regions: &[Region], memory: &Memory, is_over: &AtomicBool) -> io::Result<Vec<Md5Sum>> {
    debug_assert!(regions.len() <= LANES);
    let mut hashes = vec![PartHash::new(regions.len()); regions.len()];
    let mut tails = vec![Vec::new(); regions.len()];
    let longest = regions.iter().map(Region::length).max().unwrap_or(0);
    for done in (0..longest).step_by(PIECE) {
        let mut pieces: Vec<_> = regions.iter().map(|region| region.piece(done, memory)).collect();
        for start in (0..PIECE).step_by(CHUNK) {
            if is_over.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            for piece in &mut pieces {
                piece.read(start..start + CHUNK)?;
            }
            let chunks: Vec<&[Block]> =
                pieces.iter().map(|piece| blocks_and_tail(piece.bytes(start..start + CHUNK)).0).collect();
            PartHash::update_each(&mut hashes, &chunks);
        }
        for (piece, tail) in pieces.into_iter().zip(&mut tails) {
            tail.extend_from_slice(blocks_and_tail(piece.bytes(0..PIECE)).1);
            piece.hold(memory);
        }
    }
    Ok(hashes.into_iter().zip(tails).map(|(hash, tail)| hash.finish(&tail)).collect())
}

/// Only the last piece of a region is no whole number of blocks.
fn blocks_and_tail(bytes: &[u8]) -> (&[Block], &[u8]) {
    bytes.as_chunks()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use md5::{Digest, Md5};

    use super::*;
    use crate::body::OpenFile;
    use crate::transfer::plan::PartPlan;
    use crate::transfer::source::PartSource;

    fn check(source: &PartSource, bytes: &[u8], memory: &Memory) {
        let plan = PartPlan::new(bytes.len() as u64, 4 << 20).unwrap();
        let regions: Vec<_> = plan.parts().map(|part| source.region(part.bytes)).collect();
        let sums = md5_of_each(&regions, memory, &AtomicBool::new(false)).unwrap();
        let places = plan.parts().map(|part| part.bytes.start as usize..part.bytes.end as usize);
        let expected: Vec<Md5Sum> = places.map(|place| Md5::digest(&bytes[place]).into()).collect();
        assert_eq!(sums, expected);
    }

    #[test]
    fn regions_have_the_sums_of_their_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [21_000_077_u32, 20 << 20, 4 << 20, 100, 64, 0] {
            let bytes: Vec<u8> = (0..length).map(|i| (i ^ i >> 8) as u8).collect();
            check(&PartSource::Bytes(bytes.clone().into()), &bytes, &Memory::of(0));
            std::fs::write(file.path(), &bytes).unwrap();
            for memory in [0, 2 << 20, 64 << 20] {
                let source = PartSource::File(Arc::new(OpenFile::open(file.path()).unwrap()));
                check(&source, &bytes, &Memory::of(memory));
            }
        }
    }

    #[test]
    fn nobody_hashes_what_nobody_waits_for() {
        let region = PartSource::Bytes(vec![0; 100].into()).region(0..100);
        let error = md5_of_each(&[region], &Memory::of(0), &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
