//! MD5s of several parts of a source at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tasks::{FlagOnDrop, stopped};
use crate::body::{BufferPool, Source, unreadable};
use crate::error::Result;
use crate::md5_lanes::{Block, LANES, Md5Sum, PartHash};

/// Bytes of each part that are read and hashed in turn. They are hashed while they are in the processor's cache.
const CHUNK_SIZE: usize = 128 << 10;

/// Bytes of each part that the kernel is asked to read ahead, so that the disk works on all parts at once.
const READ_AHEAD: u64 = 2 << 20;

/// Returns the MD5s of the regions. Dropping the future stops the work.
pub(crate) async fn sums_of(regions: Vec<Source>) -> Result<Vec<Md5Sum>> {
    let dropped = FlagOnDrop::default();
    let mut sums = Vec::with_capacity(regions.len());
    for together in regions.chunks(LANES) {
        let (together, is_dropped) = (together.to_vec(), dropped.flag());
        let hashing = tokio::task::spawn_blocking(move || hash_together(&together, &is_dropped));
        sums.extend(hashing.await.map_err(stopped)?.map_err(unreadable)?);
    }
    Ok(sums)
}

/// Reads and hashes the regions in lockstep. Blocks; returns an error early if `is_dropped` becomes true.
fn hash_together(regions: &[Source], is_dropped: &AtomicBool) -> io::Result<Vec<Md5Sum>> {
    let mut hashes = vec![PartHash::new(regions.len()); regions.len()];
    let mut tails = vec![Vec::new(); regions.len()];
    let mut scratch: Vec<_> = regions.iter().map(|_| BufferPool::frames().buffer(CHUNK_SIZE as u64)).collect();
    let longest = regions.iter().map(Source::len).max().unwrap_or(0);
    let mut fetched = 0;
    for done in (0..longest).step_by(CHUNK_SIZE) {
        if is_dropped.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut chunks: Vec<&[Block]> = Vec::with_capacity(regions.len());
        for ((region, scratch), tail) in regions.iter().zip(&mut scratch).zip(&mut tails) {
            let fetch_all = || {
                if done >= fetched {
                    fetched = done + READ_AHEAD;
                    regions.iter().for_each(|region| region.prefetch(done..fetched));
                }
            };
            let (blocks, rest) = region.read(done, scratch.as_mut(), fetch_all)?.as_chunks();
            chunks.push(blocks);
            // Only the end of a region may be an incomplete block.
            tail.extend_from_slice(rest);
        }
        PartHash::update_each(&mut hashes, &chunks);
    }
    Ok(hashes.into_iter().zip(tails).map(|(hash, tail)| hash.finish(&tail)).collect())
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};

    use super::*;
    use crate::body::CHUNK_SIZE;
    use crate::transfer::part_size::PartLayout;

    async fn check(regions: Vec<Source>, bytes: &[u8], layout: &PartLayout) {
        let ranges = layout.parts().map(|part| part.bytes.start as usize..part.bytes.end as usize);
        let expected: Vec<Md5Sum> = ranges.map(|range| Md5::digest(&bytes[range]).into()).collect();
        assert_eq!(sums_of(regions).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn regions_have_the_md5s_of_their_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [70_000_077_u32, 21_000_077, 20 << 20, 4 << 20, 100, 64, 0] {
            let bytes: Vec<u8> = (0..length).map(|i| (i ^ i >> 8) as u8).collect();
            std::fs::write(file.path(), &bytes).unwrap();
            let layout = PartLayout::new(u64::from(length), 4 << 20).unwrap();
            for source in [Source::bytes(bytes.clone().into()), Source::open(file.path(), 0, None).unwrap()] {
                check(layout.parts().map(|part| source.region(part.bytes)).collect(), &bytes, &layout).await;
            }
            let chunks = |part: &[u8]| part.chunks(CHUNK_SIZE).map(bytes::Bytes::copy_from_slice).collect();
            let in_chunks = layout.parts().map(|part| {
                let part = &bytes[part.bytes.start as usize..part.bytes.end as usize];
                Source::chunks(chunks(part))
            });
            check(in_chunks.collect(), &bytes, &layout).await;
        }
    }

    #[test]
    fn hashing_ends_when_its_future_is_dropped() {
        let region = Source::bytes(vec![0; 100].into());
        let error = hash_together(&[region], &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
