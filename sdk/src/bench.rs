//! Internal functions for the benchmarks in `benches`. They are not part of the public API.

use crate::Bucket;
use crate::error::Result;
use crate::md5_lanes::{Block, LANES, Md5Sum, PartHash, VECTOR};
use crate::operation::{ObjectScope, Operation};
use crate::transfer::part_size::PartLayout;

/// Maximum number of parts that are hashed in parallel.
pub const MD5_LANES: usize = LANES;
/// Number of parts whose states fit into one vector.
pub const MD5_VECTOR: usize = VECTOR;

/// Encodes and signs a request without sending it, and returns the number of its headers.
pub fn encode_request<I: Operation<Scope = ObjectScope>>(bucket: &Bucket, key: &str, input: I) -> Result<usize> {
    bucket.outgoing(key, input).map(|request| request.headers.len())
}

/// Returns the MD5 digests of parts of equal length, which must be a multiple of 64 bytes.
pub fn md5_of_parts(parts: &[&[u8]]) -> Vec<Md5Sum> {
    let mut hashes = vec![PartHash::new(parts.len()); parts.len()];
    let blocks: Vec<&[Block]> = parts.iter().map(|part| part.as_chunks().0).collect();
    PartHash::update_each(&mut hashes, &blocks);
    hashes.into_iter().map(|hash| hash.finish(&[])).collect()
}

/// Divides an object into parts, and returns their number and the sum of their lengths.
pub fn part_layout(size: u64, part_size: u64) -> Result<(u32, u64)> {
    let layout = PartLayout::new(size, part_size)?;
    Ok((layout.count(), layout.parts().map(|part| part.bytes.end - part.bytes.start).sum()))
}
