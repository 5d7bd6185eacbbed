//! The MD5s of parts of a source, several at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::md5::{Block, LANES, Md5Sum, PartHash};
use super::source::Region;
use crate::body::AlignedBuffer;

/// Of each part, so much is read and hashed before it is the next one's turn: eight of them fit into a core's own cache.
const CHUNK: usize = 32 << 10;

/// The sums of up to [`LANES`] regions, read side by side. Blocks; ends early with an error once `is_over`.
pub(crate) fn md5_of_each(regions: &[Region], is_over: &AtomicBool) -> io::Result<Vec<Md5Sum>> {
    debug_assert!(regions.len() <= LANES);
    let mut hashes = vec![PartHash::new(); regions.len()];
    let mut buffers: Vec<AlignedBuffer> = regions.iter().map(|_| AlignedBuffer::zeroed(CHUNK)).collect();
    let mut done = vec![0; regions.len()];
    loop {
        if is_over.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut chunks: Vec<&[Block]> = Vec::with_capacity(regions.len());
        for ((region, done), buffer) in regions.iter().zip(&mut done).zip(&mut buffers) {
            let left = region.length() - *done;
            let blocks = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK) / size_of::<Block>();
            let bytes = &mut buffer.as_mut()[..blocks * size_of::<Block>()];
            region.read_exact_at(bytes, *done)?;
            *done += bytes.len() as u64;
            chunks.push(bytes.as_chunks().0);
        }
        if chunks.iter().all(|blocks| blocks.is_empty()) {
            break;
        }
        PartHash::update_each(&mut hashes, &chunks);
    }
    let rests = regions.iter().zip(done).zip(&mut buffers).map(|((region, done), buffer)| {
        let rest = usize::try_from(region.length() - done).unwrap_or(0);
        let bytes = &mut buffer.as_mut()[..rest];
        region.read_exact_at(bytes, done).map(|()| &*bytes)
    });
    hashes.into_iter().zip(rests).map(|(hash, rest)| rest.map(|rest| hash.finish(rest))).collect()
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};

    use super::*;
    use crate::transfer::plan::PartPlan;
    use crate::transfer::source::PartSource;

    #[test]
    fn regions_have_the_sums_of_their_bytes() {
        let bytes: Vec<u8> = (0..21_000_077_u32).map(|i| (i ^ i >> 8) as u8).collect();
        let source = PartSource::Bytes(bytes.clone().into());
        let parts = PartPlan::new(bytes.len() as u64, 4 << 20).unwrap().parts();
        let regions: Vec<_> = parts.map(|part| source.region(part.bytes)).collect();
        let sums = md5_of_each(&regions, &AtomicBool::new(false)).unwrap();
        let expected: Vec<Md5Sum> = bytes.chunks(4 << 20).map(|part| Md5::digest(part).into()).collect();
        assert_eq!(sums, expected);
    }

    #[test]
    fn nobody_hashes_what_nobody_waits_for() {
        let region = PartSource::Bytes(vec![0; 100].into()).region(0..100);
        let error = md5_of_each(&[region], &AtomicBool::new(true)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
