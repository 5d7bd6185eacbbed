//! What `benches` measures and nobody else may use: it can change with every version.

use crate::Bucket;
use crate::error::Result;
use crate::md5_lanes::{Block, LANES, Md5Sum, PartHash, VECTOR};
use crate::operation::{ObjectScope, Operation};
use crate::transfer::part_size::PartLayout;

/// How many parts are hashed at once at the most.
pub const MD5_LANES: usize = LANES;
/// How many parts fit into one vector.
pub const MD5_VECTOR: usize = VECTOR;

/// Makes a request as sending does, signed, and sends it nowhere; how many headers it has.
pub fn make_request<I: Operation<Scope = ObjectScope>>(bucket: &Bucket, key: &str, input: I) -> Result<usize> {
    bucket.outgoing(key, input).map(|request| request.headers.len())
}

/// The MD5s of parts of equal length, a multiple of 64, side by side.
pub fn md5_of_parts(parts: &[&[u8]]) -> Vec<Md5Sum> {
    let mut hashes = vec![PartHash::new(parts.len()); parts.len()];
    let blocks: Vec<&[Block]> = parts.iter().map(|part| part.as_chunks().0).collect();
    PartHash::update_each(&mut hashes, &blocks);
    hashes.into_iter().map(|hash| hash.finish(&[])).collect()
}

/// How many parts `size` bytes make, and the sum of their lengths.
pub fn plan(size: u64, part_size: u64) -> Result<(u32, u64)> {
    let plan = PartLayout::new(size, part_size)?;
    Ok((plan.count(), plan.parts().map(|part| part.bytes.end - part.bytes.start).sum()))
}
