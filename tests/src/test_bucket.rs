//! A bucket on an emulator that runs in the process of the test, and clients that use it.

use std::io;
use std::ops::Deref;
use std::time::Duration;

use qingstor_emulator::{Builder, Emulator, FaultPlan};
use qingstor_sdk::operations::{GetObjectInput, ListMultipartUploadsInput, PutObjectInput};
use qingstor_sdk::{Body, Bucket, Config, QingStor, Result, RetryConfig};

/// An empty bucket called `bucket`, on an emulator that runs until this value is dropped.
///
/// It dereferences to a [`Bucket`] whose client does not retry, so that the test sees every failure.
#[derive(Debug)]
pub struct TestBucket {
    emulator: Emulator,
    account: QingStor,
    bucket: Bucket,
}

impl TestBucket {
    /// Starts an emulator with the default settings.
    pub async fn start() -> io::Result<Self> {
        Self::on(Emulator::builder()).await
    }

    /// Starts an emulator with the given settings.
    pub async fn on(emulator: Builder) -> io::Result<Self> {
        let emulator = emulator.bucket("bucket").start().await?;
        let account = QingStor::new(config(&emulator)).map_err(io::Error::other)?;
        let bucket = account.bucket("bucket", emulator.zone());
        Ok(Self { emulator, account, bucket })
    }

    /// Returns the emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Returns the client for operations of the account, such as listing buckets.
    pub fn account(&self) -> &QingStor {
        &self.account
    }

    /// Returns the configuration of the client. Tests change it to create clients with other settings.
    pub fn config(&self) -> Config {
        config(&self.emulator)
    }

    /// Stores an object and returns its ETag.
    pub async fn put(&self, key: &str, body: impl Into<Body>) -> Result<String> {
        let output = self.put_object(key, PutObjectInput::new().body(body)).await?;
        Ok(output.etag.unwrap_or_default())
    }

    /// Returns the content of an object.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>> {
        let object = self.get_object(key, GetObjectInput::new()).await?;
        object.body.bytes().await.map(Vec::from)
    }

    /// Stops the emulator. Its access log is complete when this method returns.
    pub async fn stop(self) {
        self.emulator.stop().await;
    }
}

impl Deref for TestBucket {
    type Target = Bucket;

    fn deref(&self) -> &Bucket {
        &self.bucket
    }
}

fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryConfig::disabled())
}

/// Starts an emulator with faults. Returns its bucket twice: with a client that does not retry, and with a [retrying
/// client](retrying_bucket).
///
/// # Errors
///
/// Returns an error if the emulator cannot be started.
pub async fn bucket_with_faults(plan: FaultPlan) -> io::Result<(TestBucket, Bucket)> {
    let test = TestBucket::on(Emulator::builder().faults(plan)).await?;
    let retrying = retrying_bucket(&test)?;
    Ok((test, retrying))
}

/// Returns the bucket with a client that makes up to four attempts with a short backoff.
///
/// # Errors
///
/// Returns an error if the client cannot be created.
pub fn retrying_bucket(test: &TestBucket) -> io::Result<Bucket> {
    retrying_bucket_with_timeouts(test, Duration::from_secs(15), Duration::from_secs(20))
}

/// Like [`retrying_bucket`], but with the given timeouts.
///
/// # Errors
///
/// Returns an error if the client cannot be created.
pub fn retrying_bucket_with_timeouts(
    test: &TestBucket,
    idle_timeout: Duration,
    response_timeout: Duration,
) -> io::Result<Bucket> {
    let retry = RetryConfig::default().max_attempts(4).initial_backoff(Duration::from_millis(2));
    let config = test.config().retry(retry).idle_timeout(idle_timeout).response_timeout(response_timeout);
    let account = QingStor::new(config).map_err(io::Error::other)?;
    Ok(account.bucket(test.name(), test.zone()))
}

/// Returns the ids of all multipart uploads in the bucket that were neither completed nor aborted.
///
/// # Errors
///
/// Returns an error if the uploads cannot be listed.
pub async fn open_uploads(bucket: &Bucket) -> Result<Vec<String>> {
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await?;
    Ok(open.uploads.into_iter().map(|upload| upload.upload_id).collect())
}
