//! What a server tells of the requests that came to it.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// The requests for an operation, as an emulator's access log has them: all of them once it has
/// [stopped](crate::TestBucket::stop).
///
/// # Errors
///
/// If there is no such log.
pub fn logged(log: &Path, operation: &str) -> io::Result<Vec<Value>> {
    let text = fs::read_to_string(log)?;
    let requests: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    Ok(requests?.into_iter().filter(|request| request["operation"] == operation).collect())
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
