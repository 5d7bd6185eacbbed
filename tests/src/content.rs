//! Pseudo-random content of objects, and the ETags of multipart objects.

use md5::{Digest, Md5};

/// Returns `size` pseudo-random bytes, which are the same for the same seed.
///
/// The bytes do not repeat, so that a part or chunk in the wrong place changes the content.
pub fn content(size: u64, seed: u64) -> Vec<u8> {
    let size = usize::try_from(size).expect("the content fits in memory");
    let mut bytes = Vec::with_capacity(size.next_multiple_of(8));
    let mut random = Random::new(seed);
    while bytes.len() < size {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Returns the ETag that S3 tools, such as `aws s3 cp`, give an object with this content and parts of this size.
pub fn etag_of_parts(bytes: &[u8], part_size: u64) -> String {
    let part_size = usize::try_from(part_size).expect("the part fits in memory");
    let digests: Vec<u8> = bytes.chunks(part_size).flat_map(Md5::digest).collect();
    let hex: String = Md5::digest(digests).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}-{}\"", bytes.len().div_ceil(part_size))
}

/// A pseudo-random number generator (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator that returns the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        // splitmix64 adds a constant to its state for every number. The factor keeps the states of neighbouring seeds
        // apart.
        Self(seed.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// Returns a number from the whole range of `u64`.
    #[expect(clippy::should_implement_trait, reason = "an iterator would return an `Option` that is never `None`")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    /// Returns a number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
