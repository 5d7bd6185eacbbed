//! What objects are made of.

use md5::{Digest, Md5};

/// Bytes that repeat at no distance that a part or a piece could have, others for each seed.
pub fn content(size: u64, seed: u64) -> Vec<u8> {
    let size = usize::try_from(size).expect("it is to be in memory");
    let mut bytes = Vec::with_capacity(size.next_multiple_of(8));
    let mut random = Random::new(seed);
    while bytes.len() < size {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// The entity tag that S3's tools, `aws s3 cp` for one, give an object made of parts of this size.
pub fn etag_of_parts(bytes: &[u8], part_size: u64) -> String {
    let part_size = usize::try_from(part_size).expect("it is in memory");
    let sums: Vec<u8> = bytes.chunks(part_size).flat_map(Md5::digest).collect();
    let hex: String = Md5::digest(sums).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}-{}\"", bytes.len().div_ceil(part_size))
}

/// Numbers that look like chance and are the same ones for the same seed: splitmix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        // Seeds that are neighbours have nothing in common.
        Self(seed.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "it has no end that an iterator would have to tell")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    /// One below this, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
