//! What became of a download.

/// What [`Download::send`](super::Download::send) returns: the file is there, with all bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The object's key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Whether its bytes were found to be what the entity tag says. Not every tag says something of them: that of an
    /// encrypted object does not, nor does one that somebody made up.
    pub is_verified: bool,
    /// How many ranges it was fetched in.
    pub parts: u32,
    /// How many requests fetched them, or tried to.
    pub attempts: u32,
    /// Bytes that an earlier download had fetched, and that were not fetched again.
    pub resumed_bytes: u64,
}
