//! Computes the MD5s of several parts at once.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Weak};

use bytes::{Buf, Bytes};

use super::etag::Checksum;
use super::tasks::stopped;
use crate::body::{BufferPool, Source, unreadable};
use crate::error::Result;
use crate::md5_lanes::{Block, LANES, Md5Sum, PartHash};
use crate::transfer::part_size::Part;

/// Number of bytes of a part that are read at once. The bytes of all parts together fit into a processor's own cache.
const CHUNK_SIZE: usize = 32 << 10;

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

/// Number of received bytes that wait to be hashed, so that there are bytes of several parts, which are hashed in parallel.
const MAX_WAITING: usize = 4 << 20;

/// The MD5s of parts that are received at the same time. The default has no parts and hashes nothing.
#[derive(Debug, Default)]
pub(crate) struct ReceivedHashes {
    /// Numbers of the parts that are hashed, in ascending order of their ranges.
    parts: Vec<Part>,
    receiving: BTreeMap<usize, ReceivedPart>,
    sums: BTreeMap<u32, Md5Sum>,
    waiting: usize,
    parallel_parts: usize,
}

/// A part of which some bytes were received.
#[derive(Debug)]
struct ReceivedPart {
    hash: PartHash,
    /// Bytes that follow the hashed ones.
    waiting: VecDeque<Bytes>,
    /// Number of bytes of the part that were not received yet.
    missing: u64,
}

impl ReceivedHashes {
    /// Creates the hashes of `parts`, of which up to `concurrency` are received at the same time.
    pub(crate) fn new(parts: Vec<Part>, concurrency: usize) -> Self {
        let parallel_parts = concurrency.min(parts.len());
        let mut this = Self { parts, receiving: BTreeMap::new(), sums: BTreeMap::new(), waiting: 0, parallel_parts };
        // An empty object has one empty part, for which no bytes are received.
        if let Some(Part { bytes: Range { start: 0, end: 0 }, .. }) = this.parts.first() {
            this.restart(0, 0);
        }
        this
    }

    /// Adds bytes that were received for `range`. The bytes of a part must be added in their order. The first byte of a
    /// part begins its hash again.
    pub(crate) fn add(&mut self, mut offset: u64, chunks: &[Bytes]) {
        for chunk in chunks {
            let mut chunk = chunk.clone();
            while !chunk.is_empty() {
                let index = self.parts.partition_point(|part| part.bytes.end <= offset);
                let Some(Range { start, end }) = self.parts.get(index).map(|part| part.bytes.clone()) else { return };
                let length = usize::try_from(end - offset).map_or(chunk.len(), |left| left.min(chunk.len()));
                let bytes = chunk.split_to(length);
                if offset == start {
                    self.restart(index, end - start);
                }
                if let Some(part) = self.receiving.get_mut(&index) {
                    part.missing = part.missing.saturating_sub(length as u64);
                    part.waiting.push_back(bytes);
                    self.waiting += length;
                }
                offset += length as u64;
            }
        }
        if self.waiting >= MAX_WAITING {
            self.hash(false);
        }
    }

    /// Returns the MD5s of the parts that were received as a whole, by the number of the part.
    pub(crate) fn finish(mut self) -> BTreeMap<u32, Md5Sum> {
        self.hash(true);
        self.sums
    }

    fn restart(&mut self, index: usize, length: u64) {
        let hash = PartHash::new(self.parallel_parts);
        let part = ReceivedPart { hash, waiting: VecDeque::new(), missing: length };
        if let Some(earlier) = self.receiving.insert(index, part) {
            self.waiting -= earlier.waiting.iter().map(Bytes::len).sum::<usize>();
        }
    }

    /// Hashes bytes that wait: all of them, or until a quarter of the parts have no bytes left, because the processor hashes
    /// many parts in the time of one.
    fn hash(&mut self, all: bool) {
        let mut min_parts = 1;
        loop {
            let mut parts = Vec::with_capacity(LANES);
            parts.extend(self.receiving.values_mut().filter_map(ReceivedPart::prepare).take(LANES));
            let Some(count) = parts.iter().map(|part| part.blocks().len()).min() else { break };
            if parts.len() < min_parts && self.waiting < 2 * MAX_WAITING {
                break;
            }
            if !all {
                min_parts = min_parts.max(3 * parts.len() / 4);
            }
            let mut hashes: Vec<PartHash> = parts.iter().map(|part| part.hash.clone()).collect();
            let blocks: Vec<&[Block]> = parts.iter().map(|part| &part.blocks()[..count]).collect();
            PartHash::update_each(&mut hashes, &blocks);
            for (part, hash) in parts.into_iter().zip(hashes) {
                part.hash = hash;
                self.waiting -= part.advance(count);
            }
        }
        self.receiving.retain(|index, part| {
            if !part.is_hashed() {
                return true;
            }
            let rest = Vec::from_iter(part.waiting.iter().flatten().copied());
            self.waiting -= rest.len();
            self.sums.insert(self.parts[*index].number, part.hash.clone().finish(&rest));
            false
        });
    }
}

impl ReceivedPart {
    /// Makes the next block contiguous. Returns `None` if less than a block waits.
    fn prepare(&mut self) -> Option<&mut Self> {
        if self.blocks().is_empty() {
            let mut block = Vec::with_capacity(size_of::<Block>());
            while block.len() < size_of::<Block>()
                && let Some(chunk) = self.waiting.front_mut()
            {
                let missing = size_of::<Block>() - block.len();
                block.extend_from_slice(&chunk.split_to(missing.min(chunk.len())));
                if chunk.is_empty() {
                    self.waiting.pop_front();
                }
            }
            self.waiting.push_front(block.into());
        }
        (!self.blocks().is_empty()).then_some(self)
    }

    /// Returns the whole blocks that are contiguous in memory.
    fn blocks(&self) -> &[Block] {
        self.waiting.front().map_or(&[], |chunk| chunk.as_chunks().0)
    }

    /// Removes blocks that were hashed, and returns their length in bytes.
    fn advance(&mut self, blocks: usize) -> usize {
        let length = blocks * size_of::<Block>();
        if let Some(chunk) = self.waiting.front_mut() {
            chunk.advance(length);
            if chunk.is_empty() {
                self.waiting.pop_front();
            }
        }
        length
    }

    /// Returns true if all bytes of the part were received, and less than a block of them waits.
    fn is_hashed(&self) -> bool {
        self.missing == 0 && self.waiting.iter().map(Bytes::len).sum::<usize>() < size_of::<Block>()
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn received_hashes_are_those_of_the_parts(
            size in 1..9_000_000_u32,
            part_size in 1_000_000..4_000_000_u64,
            chunk in 1_000..700_000_usize,
            restarted in any::<u8>(),
            concurrency in 1..9_usize,
        ) {
            let bytes: Vec<u8> = (0..size).map(|i| (i ^ i >> 8) as u8).collect();
            let ranges = (0..u64::from(size)).step_by(part_size as usize);
            let parts = ranges.map(|start| start..u64::from(size).min(start + part_size)).zip(0..);
            let parts = Vec::from_iter(parts.map(|(bytes, number)| Part { number, bytes }));
            let slice = |part: &Part| &bytes[part.bytes.start as usize..part.bytes.end as usize];
            let mut hashes = ReceivedHashes::new(parts.clone(), concurrency);
            let wrong = &parts[usize::from(restarted) % parts.len()];
            hashes.add(wrong.bytes.start, &[Bytes::copy_from_slice(&slice(wrong)[1..])]);
            // Chunks of the parts arrive in turn.
            for round in 0..(part_size as usize).div_ceil(chunk) {
                for part in &parts {
                    if let Some(received) = slice(part).chunks(chunk).nth(round) {
                        let middle = received.len() / 3;
                        let received = [&received[..middle], &received[middle..]].map(Bytes::copy_from_slice);
                        hashes.add(part.bytes.start + (round * chunk) as u64, &received);
                        assert!(hashes.waiting <= 2 * MAX_WAITING + chunk);
                    }
                }
            }
            let expected = parts.iter().map(|part| (part.number, Md5::digest(slice(part)).into()));
            assert_eq!(hashes.finish(), BTreeMap::from_iter(expected));
        }
    }

    #[test]
    fn empty_object_has_the_md5_of_no_bytes() {
        let hashes = ReceivedHashes::new(vec![Part { number: 0, bytes: 0..0 }], 8);
        assert_eq!(hashes.finish(), BTreeMap::from([(0, Md5::digest([]).into())]));
    }

    #[test]
    fn incomplete_parts_have_no_sum() {
        let part = |number: u32| Part { number, bytes: u64::from(number) * 100..u64::from(number + 1) * 100 };
        let mut hashes = ReceivedHashes::new(vec![part(1), part(7)], 2);
        hashes.add(700, &[Bytes::from(vec![0; 100])]);
        hashes.add(100, &[Bytes::from(vec![0; 99])]);
        assert_eq!(hashes.finish(), BTreeMap::from([(7, Md5::digest([0; 100]).into())]));
    }

    #[test]
    fn hashing_stops_when_its_future_is_dropped() {
        let region = Source::bytes(vec![0; 100].into());
        let error = hash_together(&[region], &Weak::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
