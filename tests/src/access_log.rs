//! What a server tells of the requests that came to it.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// Reads the requests from an emulator's access log. The log is complete when the emulator has
/// [stopped](crate::TestBucket::stop).
///
/// # Errors
///
/// If there is no such log.
pub fn requests(log: &Path) -> io::Result<Vec<Value>> {
    Ok(fs::read_to_string(log)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Reads the [`requests`] for one operation.
///
/// # Errors
///
/// If there is no such log.
pub fn logged(log: &Path, operation: &str) -> io::Result<Vec<Value>> {
    Ok(requests(log)?.into_iter().filter(|request| request["operation"] == operation).collect())
}

/// How many bytes of objects came to it, in parts or at once, in vain or not.
///
/// # Errors
///
/// If there is no such log.
pub fn received(log: &Path) -> io::Result<u64> {
    let mut received = 0;
    for operation in ["UploadMultipart", "PutObject"] {
        let requests = logged(log, operation)?;
        received += requests.iter().filter_map(|request| request["bytes_received"].as_u64()).sum::<u64>();
    }
    Ok(received)
}
