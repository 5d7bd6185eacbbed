//! A server that misbehaves, and clients that do not wait long.

use std::io;
use std::time::Duration;

use qingstor_emulator::{Emulator, FaultPlan};
use qingstor_sdk::operations::ListMultipartUploadsInput;
use qingstor_sdk::{Bucket, QingStor, Result, RetryConfig};

use crate::TestBucket;

/// A bucket on an emulator with these faults, as one that sees to failures itself, and as one that tries four times.
///
/// # Errors
///
/// If the emulator does not start.
pub async fn faulty(plan: FaultPlan) -> io::Result<(TestBucket, Bucket)> {
    let test = TestBucket::on(Emulator::builder().faults(plan)).await?;
    let patient = patient(&test)?;
    Ok((test, patient))
}

/// The same bucket for a client that tries four times, soon after each other.
///
/// # Errors
///
/// If there is no such client.
pub fn patient(test: &TestBucket) -> io::Result<Bucket> {
    patient_for(test, Duration::from_secs(15), Duration::from_secs(20))
}

/// Like [`patient`], with these limits.
///
/// # Errors
///
/// If there is no such client.
pub fn patient_for(test: &TestBucket, idle_timeout: Duration, response_timeout: Duration) -> io::Result<Bucket> {
    let retry = RetryConfig::default().max_attempts(4).initial_backoff(Duration::from_millis(2));
    let config = test.config().retry(retry).idle_timeout(idle_timeout).response_timeout(response_timeout);
    let account = QingStor::new(config).map_err(io::Error::other)?;
    Ok(account.bucket(test.name(), test.zone()))
}

/// The ids of uploads in parts that were neither completed nor aborted.
///
/// # Errors
///
/// If they cannot be listed.
pub async fn open_uploads(bucket: &Bucket) -> Result<Vec<String>> {
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await?;
    Ok(open.uploads.into_iter().map(|upload| upload.upload_id).collect())
}
