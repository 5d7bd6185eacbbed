//! Computes the MD5s of several parts at once.

use std::io;
use std::sync::{Arc, Weak};

use super::etag::Checksum;
use super::tasks::stopped;
use crate::body::{BufferPool, Source, unreadable};
use crate::error::Result;
use crate::md5_lanes::{Block, LANES, Md5Sum, PartHash};

/// Number of bytes of a part that are read at once. They are hashed while they are still in the processor's cache.
const CHUNK_SIZE: usize = 128 << 10;

/// Number of bytes of each part that the kernel is asked to read ahead, so that the disk reads all parts at the same time.
const READ_AHEAD: u64 = 2 << 20;

/// Returns the MD5s of the regions, in their order. Dropping the future stops the hashing.
pub(crate) async fn sums_of(regions: Vec<Source>) -> Result<Vec<Md5Sum>> {
    // A blocking thread cannot be cancelled. It stops when this value is dropped with the future.
    let alive = Arc::new(());
    let mut sums = Vec::with_capacity(regions.len());
    for together in regions.chunks(LANES) {
        let (together, alive) = (together.to_vec(), Arc::downgrade(&alive));
        let hashing = tokio::task::spawn_blocking(move || hash_together(&together, &alive));
        sums.extend(hashing.await.map_err(stopped)?.map_err(unreadable)?);
    }
    Ok(sums)
}

/// Returns the MD5s of the regions, or `None` for each region if there is no checksum.
pub(crate) async fn sums_if(checksum: Option<Checksum>, regions: Vec<Source>) -> Result<Vec<Option<Md5Sum>>> {
    match checksum {
        None => Ok(vec![None; regions.len()]),
        Some(Checksum::Md5) => Ok(sums_of(regions).await?.into_iter().map(Some).collect()),
    }
}

/// Reads and hashes the regions in parallel, chunk by chunk. Blocks. Stops with an error when `alive` is dropped.
fn hash_together(regions: &[Source], alive: &Weak<()>) -> io::Result<Vec<Md5Sum>> {
    let mut hashes = vec![PartHash::new(regions.len()); regions.len()];
    let mut tails = vec![Vec::new(); regions.len()];
    let mut scratch: Vec<_> = regions.iter().map(|_| BufferPool::frames().buffer(CHUNK_SIZE as u64)).collect();
    let longest = regions.iter().map(Source::len).max().unwrap_or(0);
    let mut prefetched = 0;
    for done in (0..longest).step_by(CHUNK_SIZE) {
        if alive.strong_count() == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut chunks: Vec<&[Block]> = Vec::with_capacity(regions.len());
        for ((region, scratch), tail) in regions.iter().zip(&mut scratch).zip(&mut tails) {
            // Called only if the chunk is not in memory or in the page cache.
            let prefetch_all = || {
                if done >= prefetched {
                    prefetched = done + READ_AHEAD;
                    regions.iter().for_each(|region| region.prefetch(done..prefetched));
                }
            };
            let (blocks, rest) = region.read(done, scratch.as_mut(), prefetch_all)?.as_chunks();
            chunks.push(blocks);
            // Only the last block of a region can be incomplete.
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
    use crate::transfer::part_size::PartLayout;

    async fn check(regions: Vec<Source>, bytes: &[u8], layout: &PartLayout) {
        let ranges = layout.parts().map(|part| part.bytes.start as usize..part.bytes.end as usize);
        let expected: Vec<Md5Sum> = ranges.map(|range| Md5::digest(&bytes[range]).into()).collect();
        assert_eq!(sums_of(regions).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn sums_of_returns_the_md5_of_each_region() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [70_000_077_u32, 21_000_077, 20 << 20, 4 << 20, 100, 64, 0] {
            let bytes: Vec<u8> = (0..length).map(|i| (i ^ i >> 8) as u8).collect();
            std::fs::write(file.path(), &bytes).unwrap();
            let layout = PartLayout::new(u64::from(length), 4 << 20).unwrap();
            for source in [Source::bytes(bytes.clone().into()), Source::open(file.path(), 0, None).unwrap()] {
                check(layout.parts().map(|part| source.region(part.bytes)).collect(), &bytes, &layout).await;
            }
            let chunks = |part: &[u8]| Source::chunks(part.chunks(300_001).map(bytes::Bytes::copy_from_slice));
            let in_chunks =
                layout.parts().map(|part| chunks(&bytes[part.bytes.start as usize..part.bytes.end as usize]));
            check(in_chunks.collect(), &bytes, &layout).await;
        }
    }

    #[test]
    fn hashing_stops_when_its_future_is_dropped() {
        let region = Source::bytes(vec![0; 100].into());
        let error = hash_together(&[region], &Weak::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
