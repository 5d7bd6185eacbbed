//! Reads the access log of an emulator.
//!
//! The log is complete once the emulator has [stopped](crate::TestBucket::stop).

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// Returns all requests in an access log, one JSON object for each.
///
/// # Errors
///
/// Returns an error if the log cannot be read or contains a line that is not JSON.
pub fn logged_requests(log: &Path) -> io::Result<Vec<Value>> {
    Ok(fs::read_to_string(log)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Returns the requests in an access log that call one operation.
///
/// # Errors
///
/// See [`logged_requests`].
pub fn logged_requests_of(log: &Path, operation: &str) -> io::Result<Vec<Value>> {
    Ok(logged_requests(log)?.into_iter().filter(|request| request["operation"] == operation).collect())
}

/// Returns the number of body bytes that the emulator received in `PutObject` and `UploadMultipart` requests, including
/// those that it refused.
///
/// # Errors
///
/// See [`logged_requests`].
pub fn logged_upload_bytes(log: &Path) -> io::Result<u64> {
    let is_upload = |request: &Value| request["operation"] == "PutObject" || request["operation"] == "UploadMultipart";
    let requests = logged_requests(log)?.into_iter().filter(is_upload);
    Ok(requests.filter_map(|request| request["bytes_received"].as_u64()).sum())
}
