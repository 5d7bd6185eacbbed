//! A bucket to try things on.

use std::io;
use std::ops::Deref;

use qingstor_emulator::{Builder, Emulator};
use qingstor_sdk::operations::{GetObjectInput, PutObjectInput};
use qingstor_sdk::{Body, Bucket, Config, QingStor, Result, RetryConfig};

/// An empty bucket called `bucket`, on an emulator that runs in the test's own process as long as this lives.
///
/// It can be used like a [`Bucket`]. Nothing is retried, so that a failure is seen and not made good.
#[derive(Debug)]
pub struct TestBucket {
    emulator: Emulator,
    account: QingStor,
    bucket: Bucket,
}

impl TestBucket {
    /// On an emulator with the default settings.
    pub async fn start() -> io::Result<Self> {
        Self::on(Emulator::builder()).await
    }

    /// On an emulator with settings of the test's own.
    pub async fn on(emulator: Builder) -> io::Result<Self> {
        let emulator = emulator.bucket("bucket").start().await?;
        let account = QingStor::new(config(&emulator)).map_err(io::Error::other)?;
        let bucket = account.bucket("bucket", emulator.zone());
        Ok(Self { emulator, account, bucket })
    }

    /// The emulator it is on.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// The account it belongs to.
    pub fn account(&self) -> &QingStor {
        &self.account
    }

    /// What its account was made from, for further accounts that differ in something.
    pub fn config(&self) -> Config {
        config(&self.emulator)
    }

    /// Puts an object with nothing but content, and returns its ETag.
    pub async fn put(&self, key: &str, body: impl Into<Body>) -> Result<String> {
        let output = self.put_object(key, PutObjectInput::new().body(body)).await?;
        Ok(output.etag.unwrap_or_default())
    }

    /// Stops the emulator; afterwards its access log has all requests.
    pub async fn stop(self) {
        self.emulator.stop().await;
    }

    /// The whole content of an object.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>> {
        let object = self.get_object(key, GetObjectInput::new()).await?;
        object.body.bytes().await.map(Vec::from)
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
