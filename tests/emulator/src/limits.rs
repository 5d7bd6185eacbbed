//! Limits of QingStor, from its documentation, and limits of the emulator where the documentation has none.

/// Maximum number of parts in an upload.
pub(crate) const MAX_PARTS: usize = 10_000;
/// Maximum number of a part. The minimum is 0.
pub(crate) const MAX_PART_NUMBER: u64 = 10_000;
/// Minimum size, in bytes, of a part that is not the last one.
pub(crate) const MIN_PART_SIZE: u64 = 4 * 1024 * 1024;
/// Maximum size of a request body or of a copied object, in bytes.
pub(crate) const MAX_BODY: u64 = 5 * 1024 * 1024 * 1024;
/// Maximum size of an object, in bytes.
pub(crate) const MAX_OBJECT: u64 = 50 * 1024 * 1024 * 1024 * 1024;
/// Maximum number of keys in one request that deletes many objects.
pub(crate) const MAX_DELETES: usize = 1000;
/// Maximum number of entries in a page of a listing.
pub(crate) const MAX_PAGE: u64 = 1000;
/// Maximum size of a JSON body, in bytes. A limit of the emulator: a completion of 10,000 parts with all optional
/// fields is several times smaller.
pub(crate) const MAX_JSON: u64 = 8 * 1024 * 1024;
/// Maximum difference between a request's date and the server's clock, in seconds.
pub(crate) const MAX_CLOCK_SKEW: i64 = 15 * 60;
/// Maximum size of the fields before the file of a form, with their headers, in bytes. The fields after the file have
/// the same limit, which is one of the emulator.
pub(crate) const MAX_FORM: u64 = 1024 * 1024;
/// Maximum size of one field of a form, in bytes. A limit of the emulator.
pub(crate) const MAX_FORM_FIELD: u64 = 64 * 1024;
