//! An object in memory: its headers and the stretches of segments its data is made of.

use std::sync::Arc;

use super::segment::Segment;
use crate::clock::Moment;
use crate::metadata::Metadata;

/// A stretch of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) segment: Arc<Segment>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// The part of `extents` that starts at `start` and has `length` bytes. No data is touched: this is how copies are
/// made.
pub(crate) fn slice(extents: &[Extent], start: u64, length: u64) -> Vec<Extent> {
    let (mut skip, mut left) = (start, length);
    let mut slice = Vec::new();
    for extent in extents {
        if left == 0 {
            break;
        }
        if skip >= extent.length {
            skip -= extent.length;
            continue;
        }
        let taken = (extent.length - skip).min(left);
        slice.push(Extent { segment: Arc::clone(&extent.segment), offset: extent.offset + skip, length: taken });
        skip = 0;
        left -= taken;
    }
    slice
}

/// How many bytes `extents` hold together.
pub(crate) fn total(extents: &[Extent]) -> u64 {
    extents.iter().map(|extent| extent.length).sum()
}

/// What a request brings to become an object.
#[derive(Clone, Debug)]
pub(crate) struct NewObject {
    pub(crate) key: String,
    /// With its quotes.
    pub(crate) etag: String,
    /// Whether the ETag is the digest of the data, and not chosen by a client or made up.
    pub(crate) digested: bool,
    pub(crate) modified: Moment,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: String,
    /// The digest of the customer's key, if there is one.
    pub(crate) encryption: Option<String>,
    pub(crate) extents: Vec<Extent>,
}

/// An object as it is served. It never changes; a change is another object under the same key.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) size: u64,
    /// Whether it was made by appending, and can be appended to.
    pub(crate) is_appendable: bool,
    pub(crate) content: NewObject,
}
