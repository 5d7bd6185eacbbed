//! The service's limits.

/// The most parts an upload may have.
pub(crate) const PARTS: usize = 10_000;
/// The highest part number; the lowest is 0.
pub(crate) const PART_NUMBER: u64 = 10_000;
/// The least size of a part that is not the last.
pub(crate) const PART_MIN: u64 = 4 * 1024 * 1024;
/// The most bytes one request may bring, or one copy may take.
pub(crate) const BODY: u64 = 5 * 1024 * 1024 * 1024;
/// The most bytes an object may have.
pub(crate) const OBJECT: u64 = 50 * 1024 * 1024 * 1024 * 1024;
/// The most keys one request may delete.
pub(crate) const DELETES: usize = 1000;
/// The most lines a page of a listing has.
pub(crate) const PAGE: u64 = 1000;
/// The most bytes of JSON that are read: a completion of 10,000 parts with every optional field fits several times.
pub(crate) const JSON: u64 = 8 * 1024 * 1024;
/// How far a request's date may be from the server's clock, in seconds.
pub(crate) const CLOCK_SKEW: i64 = 15 * 60;
/// The most bytes that the fields before the file of a form have together, headers included, and the fields after it.
pub(crate) const FORM: u64 = 1024 * 1024;
/// The most bytes one of these fields has.
pub(crate) const FORM_FIELD: u64 = 64 * 1024;
