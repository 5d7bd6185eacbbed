//! The bucket of a feature: a whole bucket on an emulator, or a part of a bucket of any server.

use std::io;
use std::ops::Deref;
use std::time::Duration;

use qingstor_sdk::operations::*;
use qingstor_sdk::types::ObjectSummary;
use qingstor_sdk::{Body, Bucket, Config, PresignedRequest, QingStor, Result};

use crate::{PlainRequest, PlainResponse, TestBucket};

/// Maximum length of a key in QingStor, in bytes.
pub(crate) const MAX_KEY_LENGTH: usize = 1023;

/// A bucket whose methods prepend a prefix to all keys, and remove it from the keys in lists.
///
/// Steps therefore see a bucket of their own, although other features and other programs use the same bucket.
#[derive(Debug)]
pub(crate) struct ScenarioBucket {
    account: QingStor,
    bucket: Bucket,
    config: Config,
    prefix: String,
    http: reqwest::Client,
    /// The emulator that serves the bucket, unless it is on another server.
    _emulator: Option<TestBucket>,
}

/// Defines methods that call the method of [`Bucket`] with the same name with the full key.
macro_rules! with_full_key {
    ($($method:ident($input:ident) -> $output:ident;)+) => {
        $(pub(crate) async fn $method(&self, key: &str, input: $input) -> Result<$output> {
            self.bucket.$method(&self.key(key), input).await
        })+
    };
}

impl ScenarioBucket {
    /// Starts an emulator and returns its bucket.
    pub(crate) async fn on_emulator() -> io::Result<Self> {
        let test = TestBucket::start().await?;
        let (account, bucket) = (test.account().clone(), (*test).clone());
        let mut bucket = Self::new(account, bucket, test.config(), String::new())?;
        bucket._emulator = Some(test);
        Ok(bucket)
    }

    /// Returns the part of a bucket whose keys begin with `prefix`.
    pub(crate) fn new(account: QingStor, bucket: Bucket, config: Config, prefix: String) -> io::Result<Self> {
        let http = crate::http_client()?;
        Ok(Self { account, bucket, config, prefix, http, _emulator: None })
    }

    pub(crate) fn account(&self) -> &QingStor {
        &self.account
    }

    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Returns the full key. If it would be too long, the beginning of `key` is left out.
    pub(crate) fn key(&self, key: &str) -> String {
        let excess = (self.prefix.len() + key.len()).saturating_sub(MAX_KEY_LENGTH);
        let start = (excess..).find(|index| key.is_char_boundary(*index)).unwrap_or_default();
        format!("{}{}", self.prefix, &key[start..])
    }

    /// Returns the key that a step knows.
    fn local<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&self.prefix).unwrap_or(key)
    }

    /// Returns the prefix for a list, or `None` if the list has to contain all keys of the bucket.
    fn listed(&self, prefix: Option<String>) -> Option<String> {
        let prefix = self.key(&prefix.unwrap_or_default());
        (!prefix.is_empty()).then_some(prefix)
    }

    with_full_key! {
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
        append_object(AppendObjectInput) -> AppendObjectOutput;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        get_object(GetObjectInput) -> GetObjectOutput;
        head_object(HeadObjectInput) -> HeadObjectOutput;
        image_process(ImageProcessInput) -> ImageProcessOutput;
        initiate_multipart_upload(InitiateMultipartUploadInput) -> InitiateMultipartUploadOutput;
        list_multipart(ListMultipartInput) -> ListMultipartOutput;
        options_object(OptionsObjectInput) -> OptionsObjectOutput;
        put_object(PutObjectInput) -> PutObjectOutput;
        upload_multipart(UploadMultipartInput) -> UploadMultipartOutput;
    }

    /// Stores an object.
    pub(crate) async fn put(&self, key: &str, body: impl Into<Body>) -> Result<()> {
        self.put_object(key, PutObjectInput::new().body(body)).await.map(drop)
    }

    /// Returns the content of an object.
    pub(crate) async fn read(&self, key: &str) -> Result<Vec<u8>> {
        let object = self.get_object(key, GetObjectInput::new()).await?;
        object.body.bytes().await.map(Vec::from)
    }

    pub(crate) fn presign_object(
        &self,
        key: &str,
        input: GetObjectInput,
        lifetime: Duration,
    ) -> Result<PresignedRequest> {
        self.bucket.presign_object(&self.key(key), input, lifetime)
    }

    /// Sends a request without any knowledge of QingStor.
    pub(crate) async fn send(&self, request: &PlainRequest) -> io::Result<PlainResponse> {
        request.send_with(&self.http).await
    }

    pub(crate) async fn post_object(&self, mut input: PostObjectInput) -> Result<PostObjectOutput> {
        input.key = self.key(&input.key);
        self.bucket.post_object(input).await
    }

    pub(crate) async fn list_objects(&self, mut input: ListObjectsInput) -> Result<ListObjectsOutput> {
        input.prefix = self.listed(input.prefix);
        self.bucket.list_objects(input).await.map(|output| self.local_objects(output))
    }

    /// Returns all pages of the list of objects.
    pub(crate) async fn pages_of_objects(&self, limit: u32) -> Result<Vec<ListObjectsOutput>> {
        let mut input = ListObjectsInput::new().limit(limit);
        input.prefix = self.listed(None);
        let mut pages = self.bucket.paginate(input).pages();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.push(self.local_objects(page?));
        }
        Ok(all)
    }

    fn local_objects(&self, mut output: ListObjectsOutput) -> ListObjectsOutput {
        output.keys.iter_mut().for_each(|object| self.make_local(&mut object.key));
        output.common_prefixes.iter_mut().for_each(|prefix| self.make_local(prefix));
        output
    }

    fn make_local(&self, key: &mut String) {
        *key = self.local(key).to_owned();
    }

    pub(crate) async fn list_object_versions(
        &self,
        mut input: ListObjectVersionsInput,
    ) -> Result<ListObjectVersionsOutput> {
        input.prefix = self.listed(input.prefix);
        let mut output = self.bucket.list_object_versions(input).await?;
        output.keys.iter_mut().for_each(|version| self.make_local(&mut version.key));
        Ok(output)
    }

    pub(crate) async fn list_multipart_uploads(
        &self,
        mut input: ListMultipartUploadsInput,
    ) -> Result<ListMultipartUploadsOutput> {
        input.prefix = self.listed(input.prefix);
        let mut output = self.bucket.list_multipart_uploads(input).await?;
        output.uploads.iter_mut().for_each(|upload| self.make_local(&mut upload.key));
        Ok(output)
    }

    pub(crate) async fn delete_multiple_objects(
        &self,
        objects: Vec<ObjectSummary>,
        quiet: bool,
    ) -> Result<DeleteMultipleObjectsOutput> {
        let full = objects.into_iter().map(|mut object| {
            object.key = self.key(&object.key);
            object
        });
        let input = DeleteMultipleObjectsInput::new(full.collect::<Vec<_>>()).quiet(quiet);
        let mut output = self.bucket.delete_multiple_objects(input).await?;
        output.deleted.iter_mut().for_each(|object| self.make_local(&mut object.key));
        Ok(output)
    }
}

impl Deref for ScenarioBucket {
    type Target = Bucket;

    fn deref(&self) -> &Bucket {
        &self.bucket
    }
}
