//! What QingStor allows of a multipart upload, and what is chosen where nobody says.

use std::time::Duration;

/// A mebibyte: 1,048,576 bytes.
pub const MIB: u64 = 1 << 20;

/// Every part but the last has at least this.
pub(crate) const SMALLEST_PART: u64 = 4 * MIB;
pub(crate) const LARGEST_PART: u64 = 5 << 30;
pub(crate) const MOST_PARTS: u32 = 10_000;
/// What QingStor calls 50 TB: 10,000 parts of 5 GiB.
pub(crate) const LARGEST_OBJECT: u64 = MOST_PARTS as u64 * LARGEST_PART;
/// What one request without parts may store or copy.
pub(crate) const LARGEST_SINGLE: u64 = 5 << 30;

/// How long nothing may move before a request is cut and made again.
pub(crate) const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) const DEFAULT_PART: u64 = 8 * MIB;

/// How many requests are under way at the same time.
pub(crate) const DEFAULT_CONCURRENCY: usize = 8;
