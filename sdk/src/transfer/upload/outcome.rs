//! What became of an upload.

/// What [`Upload::send`](super::Upload::send) returns: the object is there, with all bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The object's key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag, as the server has it.
    pub etag: Option<String>,
    /// Whether the server kept the entity tag that was made of the parts' MD5s, the one S3's tools compute; none if none
    /// was made, or the object must not be looked at. Servers may make one of their own: the parts were checked all the
    /// same.
    pub etag_kept: Option<bool>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The id of the upload in parts; none if one request was enough.
    pub upload_id: Option<String>,
    /// How many parts it was made of; 0 if one request was enough.
    pub parts: u32,
    /// How many requests carried its bytes, or tried to.
    pub attempts: u32,
    /// Bytes that were sent in vain and had to be sent again.
    pub retried_bytes: u64,
    /// Bytes that an earlier upload had sent, and that were not sent again.
    pub resumed_bytes: u64,
    /// Whether there was a checkpoint of an upload that the server did not know any more, so that this one began anew.
    pub restarted: bool,
}
