//! Behaviour that QingStor's documentation leaves open.

use clap::ValueEnum;

/// A behaviour other than the emulator's default, for a point that QingStor's documentation leaves open.
///
/// [`Builder::variant`](crate::Builder::variant) turns it on. The names for the command are those of the variants with
/// hyphens, such as `no-part-etag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Variant {
    /// PutObject and CompleteMultipartUpload evaluate `If-Match` and `If-None-Match`. By default, they ignore both.
    ConditionalWrites,
    /// The ETag of a multipart object is the MD5 of its content, if the completion proposes no ETag. By default, it is
    /// an MD5 of the parts' MD5s, followed by their number.
    Md5OfMultipart,
    /// UploadMultipart returns no ETag. By default, it returns the MD5 of the part.
    NoPartEtag,
    /// `count` in the response of ListMultipart is the number of parts in the page. By default, it is the number of
    /// parts in the upload.
    CountOfPage,
    /// ListMultipart with `part_number_marker=0` lists part 0. By default, it lists the parts after part 0.
    MarkerZeroListsPartZero,
    /// ListObjects returns at most 100 keys in a page. By default, it returns at most 1,000.
    #[value(name = "list-limit-100")]
    ListLimit100,
}
